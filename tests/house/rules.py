"""Conventions of Python, pages, styles and scripts: each function takes a file's path and text, returns faults."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

Rule = Callable[[Path, str], list[str]]

# Doors check and call a verb; they never write a ticket themselves, not even inside the tickets room.
DOORS = {"views", "admin", "api", "jobs", "forms", "urls", "commands", "management", "templatetags"}
EMPTY_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "manager",
    "managers",
    "handler",
    "handlers",
    "service",
    "services",
}
SIGNALS = {"pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed", "pre_init", "post_init"}
JS_LINES = 100

JINJA_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
TAG = re.compile(r"<[a-zA-Z][^<>]*>", re.DOTALL)
SCRIPT_ATTRIBUTE = re.compile(r"\son[a-z]+\s*=", re.IGNORECASE)
STYLE_ATTRIBUTE = re.compile(r"\sstyle\s*=", re.IGNORECASE)
DATA_BLOCK = re.compile(r"\btype\s*=\s*[\"']application/(ld\+)?json[\"']")
UNESCAPED = re.compile(r"\|\s*safe\b|\bautoescape\s+(false|off)")
EMOJI = re.compile("[\u2600-\u27bf\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\ufe0f\U0001f000-\U0001faff]")
# Written in pieces so that this file does not hold what it looks for.
MACHINE_PATH = re.compile(r"(?:^|[^A-Za-z0-9_.])/(?:wor[k]|roo[t]|hom[e]/[a-z]+|opt/pyp[i]|Use[r]s)/")
INDEX_ADDRESS = re.compile(r"--(?:extra-)?index-url[ =]+http|pypi\.or[g]/simple|files\.pythonhoste[d]\.org")
PHYSICAL_SIDE = re.compile(
    r"(?:^|[{;\s])(?:(?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right)(?:-[a-z]+)?|left|right)\s*:"
    r"|(?:text-align|float|clear)\s*:\s*(?:left|right)"
)


def state_written_past_the_guard(path: Path, source: str) -> list[str]:
    """`queryset.update(state=…)` and `bulk_update(…, ["state"])` move a ticket without its transition."""
    return [
        f"{path}:{call.lineno} writes `state` past the state machine"
        for call in _calls(source)
        if (_name(call) == "update" and any(k.arg == "state" for k in call.keywords))
        or (_name(call) == "bulk_update" and "'state'" in ast.unparse(call))
    ]


def ticket_refreshed(path: Path, source: str) -> list[str]:
    """`refresh_from_db` on a ticket flips the state machine's guard for the whole class: fetch it again instead."""
    return [
        f"{path}:{call.lineno} fetch the ticket again, never refresh it"
        for call in _calls(source)
        if _name(call) == "refresh_from_db" and _receiver(call).lower().endswith("ticket")
    ]


def ticket_saved_outside_a_verb(path: Path, source: str) -> list[str]:
    """Only a verb of `tickets/` saves a ticket, never a door or another room."""
    if path.parts[0] == "tickets" and not DOORS & set(path.with_suffix("").parts):
        return []
    return [
        f"{path}:{call.lineno} saves a ticket; call a verb of tickets/"
        for call in _calls(source)
        if _name(call) == "save" and _receiver(call).lower().endswith("ticket")
    ]


def signals_connected(path: Path, source: str) -> list[str]:
    """What follows an event stands in helpdesk/reactions.py: no model signals."""
    imported = (n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.ImportFrom))
    return [f"{path}:{n.lineno} uses a model signal" for n in imported for a in n.names if a.name in SIGNALS]


def empty_module_name(path: Path, source: str) -> list[str]:
    """A module is named by what it owns; these names own nothing."""
    return [f"{path} has a name that says nothing"] if EMPTY_NAMES & {*path.parent.parts, path.stem} else []


def module_without_a_word(path: Path, source: str) -> list[str]:
    """A module that holds code opens with one sentence on what it owns."""
    tree = ast.parse(source)
    return [f"{path} has no docstring"] if tree.body and not ast.get_docstring(tree) else []


def unescaped_markup(path: Path, text: str) -> list[str]:
    """Text past the escaping is allowed only where its line says why, `{# safe: … #}`; ruff minds Python (S704)."""
    return [
        f"{path}:{number} unescaped markup without a `safe: why` comment"
        for number, line in enumerate(text.splitlines(), 1)
        if UNESCAPED.search(line) and "safe: " not in line
    ]


def inline_script(path: Path, text: str) -> list[str]:
    """No on… attribute, no script element without a source, no `javascript:` address: the page's policy blocks them."""
    return [
        f"{path}:{line} script inside the page: {tag[:60]}"
        for line, tag in _tags(text)
        if SCRIPT_ATTRIBUTE.search(_without_values(tag))
        or "javascript:" in tag.lower()
        or (tag.lower().startswith("<script") and " src=" not in tag and not DATA_BLOCK.search(tag))
    ]


def inline_style(path: Path, text: str) -> list[str]:
    """No style attribute and no style element; mails are the exception, for mail readers know nothing else."""
    if "emails" in path.parts:
        return []
    return [
        f"{path}:{line} style inside the page: {tag[:60]}"
        for line, tag in _tags(text)
        if STYLE_ATTRIBUTE.search(_without_values(tag)) or re.match(r"<style\b", tag, re.IGNORECASE)
    ]


def emoji_as_icon(path: Path, text: str) -> list[str]:
    """Icons are drawings of ours; an emoji looks different, and reads aloud differently, on every machine."""
    return [
        f"{path}:{number} emoji or dingbat U+{ord(found.group()):04X}"
        for number, line in enumerate(text.splitlines(), 1)
        if (found := EMOJI.search(line))
    ]


def physical_side(path: Path, text: str) -> list[str]:
    """Left and right are start and end, so that the page turns around for right-to-left scripts."""
    bare = re.sub(r"/\*.*?\*/", lambda comment: "\n" * comment.group().count("\n"), text, flags=re.DOTALL)
    return [
        f"{path}:{number} physical side: {line.strip()[:60]}"
        for number, line in enumerate(bare.splitlines(), 1)
        if PHYSICAL_SIDE.search(line) and "rtl: " not in line
    ]


def script_too_long(path: Path, text: str) -> list[str]:
    """One behaviour per file, under a hundred lines."""
    return [f"{path} has {lines} lines"] if (lines := len(text.splitlines())) >= JS_LINES else []


def place_of_one_machine(path: Path, text: str) -> list[str]:
    """No path of somebody's machine and no address of a package index."""
    return [
        f"{path}:{number} names a place of one machine: {line.strip()[:80]}"
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE_PATH.search(line) or INDEX_ADDRESS.search(line)
    ]


def claimless_test(path: Path, source: str) -> list[str]:
    """A test that asserts nothing passes whatever happens."""
    return [
        f"{path}:{node.lineno} {node.name} asserts nothing"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not any(_claims(node))
    ]


def _claims(function: ast.FunctionDef) -> Iterator[bool]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            yield True
        if isinstance(node, ast.Call):
            yield bool(re.search(r"assert|raises|^fail$|^expect|run_state_machine|^_?check_|^_?must_", _name(node)))


def _calls(source: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _receiver(call: ast.Call) -> str:
    return ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""


def _tags(text: str) -> Iterator[tuple[int, str]]:
    bare = JINJA_COMMENT.sub(lambda comment: "\n" * comment.group().count("\n"), text)
    return ((bare.count("\n", 0, tag.start()) + 1, tag.group()) for tag in TAG.finditer(bare))


def _without_values(tag: str) -> str:
    """The tag with its quoted values emptied, so that words inside them are not taken for attributes."""
    return re.sub(r"\"[^\"]*\"|'[^']*'", '""', tag)
