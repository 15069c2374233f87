"""YAML whose every value knows its line, read against a described shape; each fault says where it is and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

MAX_CHARACTERS = 1_000_000
MAX_NODES = 50_000
MAX_DEPTH = 20


@dataclass(frozen=True, order=True)
class Problem:
    """A fault at `line` (counted from 1), and the `fix` in words."""

    line: int
    message: str
    fix: str = ""


class Faulty(ValueError):
    """A value that cannot be read as what it should be."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message, self.fix = message, fix


@dataclass(frozen=True)
class Node:
    """A value and its line: a dict or list of further nodes, or one plain value with the `text` it was written as.

    `key_lines`: of a dict, the line each key stands on.
    """

    line: int
    value: Any
    text: str = ""
    key_lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_map(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def is_list(self) -> bool:
        return isinstance(self.value, list)

    def plain(self) -> Any:
        """The value without its lines, for data that is checked elsewhere."""
        if self.is_map:
            return {key: node.plain() for key, node in self.value.items()}
        if self.is_list:
            return [node.plain() for node in self.value]
        return self.value


def parse(text: str) -> tuple[Node | None, list[Problem]]:
    """The file's root node, or None with the problems that keep it from being read (syntax, doubled keys, size)."""
    if len(text) > MAX_CHARACTERS:
        return None, [Problem(1, "the file is too large", f"keep it under {MAX_CHARACTERS:,} characters")]
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
    except yaml.YAMLError as error:
        return None, [_syntax(error, text)]
    except RecursionError:
        return None, [Problem(1, "the file is nested too deeply", "write it flatter")]
    if root is None:
        return None, [Problem(1, "the file is empty", "start with “playbook: name”")]
    reader = _Reader(loader)
    node = reader.node(root, 0)
    return (None, sorted(reader.problems)) if reader.problems else (node, [])


class _Reader:
    def __init__(self, loader: yaml.SafeLoader) -> None:
        self.loader = loader
        self.problems: list[Problem] = []
        self.count = 0

    def node(self, raw: yaml.Node, depth: int) -> Node:
        line = raw.start_mark.line + 1
        self.count += 1
        if depth > MAX_DEPTH or self.count > MAX_NODES:
            if not self.problems:
                self.problems.append(Problem(line, "the file is nested too deeply or too large", "write it flatter"))
            return Node(line, None)
        if isinstance(raw, yaml.MappingNode):
            lines: dict[str, int] = {}
            return Node(line, self.entries(raw, depth, lines), key_lines=lines)
        if isinstance(raw, yaml.SequenceNode):
            return Node(line, [self.node(item, depth + 1) for item in raw.value])
        try:
            return Node(line, self.loader.construct_object(raw), raw.value)
        except (yaml.YAMLError, ValueError) as error:
            self.problems.append(Problem(line, f"“{raw.value}” cannot be read ({error})", "put it in quotes"))
            return Node(line, None)

    def entries(self, raw: yaml.MappingNode, depth: int, lines: dict[str, int]) -> dict[str, Node]:
        found: dict[str, Node] = {}
        for key, value in raw.value:
            line = key.start_mark.line + 1
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if not name:
                self.problems.append(Problem(line, "a key must be a plain word", "write it as “key: value”"))
            elif name in found:
                self.problems.append(Problem(line, f"“{name}” is given twice", "keep one of the two"))
            else:
                lines[name] = line
                found[name] = self.node(value, depth + 1)
        return found


def _syntax(error: yaml.YAMLError, text: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    position = getattr(error, "position", None)
    line = mark.line + 1 if mark else text.count("\n", 0, position) + 1 if isinstance(position, int) else 1
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "it is not YAML"
    return Problem(line, f"the file cannot be read: {what}", "look at the indentation, colons and quotes of this line")


# What a value must be: each reads a node into a plain value or raises Faulty, and `write` turns it back for the file.


@dataclass(frozen=True)
class Kind:
    read: Callable[[Node], Any]
    write: Callable[[Any], Any] = lambda value: value


@dataclass(frozen=True)
class Key:
    """One key of a mapping. Left out, it is `default`, or a fault if `is_required`."""

    name: str
    kind: Kind
    default: Any = None
    is_required: bool = False


@dataclass
class Record:
    """A mapping that was read: plain values by key, and the lines they stand on."""

    line: int
    values: dict[str, Any]
    lines: dict[str, int] = field(default_factory=dict)

    def line_of(self, key: str) -> int:
        return self.lines.get(key, self.line)


def record(node: Node, keys: Iterable[Key], problems: list[Problem]) -> Record | None:
    """Read a mapping; what is wrong is added to `problems`. None when it is no mapping or a key is faulty."""
    keys = list(keys)
    if not node.is_map:
        problems.append(Problem(node.line, "here should stand “key: value” lines", f"for example “{keys[0].name}: …”"))
        return None
    before = len(problems)
    meant = unknown(node, [key.name for key in keys], problems)
    read = Record(node.line, {})
    for key in keys:
        if key.name not in node.value:
            if key.is_required and key.name not in meant:
                problems.append(Problem(node.line, f"“{key.name}” is missing", f"add “{key.name}: …”"))
            read.values[key.name] = key.default
            continue
        value = node.value[key.name]
        read.lines[key.name] = node.key_lines.get(key.name, value.line)
        try:
            read.values[key.name] = key.kind.read(value)
        except Faulty as error:
            problems.append(Problem(read.line_of(key.name), f"{key.name}: {error.message}", error.fix))
    return read if len(problems) == before else None


def records(node: Node | None, keys: Iterable[Key], unique: str, problems: list[Problem]) -> list[Record]:
    """Read a list of mappings in which `unique` (the name of a key) never comes twice."""
    keys = list(keys)
    if node is None or node.value is None:
        return []
    if not node.is_list:
        problems.append(Problem(node.line, "here should stand a list", f"start each entry with “- {keys[0].name}: …”"))
        return []
    found = [read for item in node.value if (read := record(item, keys, problems))]
    seen: dict[Any, int] = {}
    for read in found:
        value = read.values[unique]
        if value in seen:
            message = f"“{value}” is given twice, first in line {seen[value]}"
            problems.append(Problem(read.line_of(unique), message, f"give each entry its own {unique}"))
        seen.setdefault(value, read.line_of(unique))
    return found


def unknown(node: Node, known: Iterable[str], problems: list[Problem]) -> set[str]:
    """Add a problem for each key of the mapping that nobody reads; returns the keys that were probably meant."""
    known, meant = list(known), set()
    for name, value in node.value.items():
        if name not in known:
            line = node.key_lines.get(name, value.line)
            problems.append(Problem(line, f"“{name}” is not known here", nearest(name, known)))
            meant.add(_closest(name, known))
    return meant


def _closest(word: str, known: list[str]) -> str:
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=0.6)), "")


def nearest(word: str, known: Iterable[Any]) -> str:
    """“did you mean …?”, or the list of what there is."""
    names = [str(name) for name in known]
    if close := _closest(word, names):
        return f"did you mean “{close}”?"
    return "use one of: " + ", ".join(names) if names else "take it out"


def _text(longest: int, pattern: Callable[[str], bool] | None, hint: str) -> Callable[[Node], str]:
    def read(node: Node) -> str:
        if node.is_map or node.is_list:
            raise Faulty("this should be text", "write the words behind the colon")
        text = "" if node.value is None and node.text in ("", "~", "null") else node.text
        if len(text) > longest:
            raise Faulty(f"the text is {len(text)} characters long", f"keep it under {longest} characters")
        if "\x00" in text or (pattern and not pattern(text)):
            raise Faulty(f"“{text[:60]}” does not fit here", hint)
        return text

    return read


def _is_slug(text: str) -> bool:
    return bool(text) and all(c.isascii() and (c.isalnum() or c in "-_") for c in text)


def text(longest: int = 10_000) -> Kind:
    return Kind(_text(longest, None, ""))


def words(longest: int) -> Kind:
    """Text that may not be empty."""
    return Kind(_text(longest, lambda value: bool(value.strip()), "write at least one word"))


slug = Kind(_text(60, _is_slug, "use letters without accents, digits and hyphens"))


def _truth(node: Node) -> bool:
    if not isinstance(node.value, bool):
        raise Faulty(f"“{node.text}” is neither yes nor no", "write yes or no")
    return node.value


truth = Kind(_truth)


def number(least: float, most: float, *, whole: bool = True) -> Kind:
    def read(node: Node) -> float:
        value = node.value
        fits = isinstance(value, int) if whole else isinstance(value, int | float)
        if isinstance(value, bool) or not fits or not least <= value <= most:
            raise Faulty(f"“{node.text}” is not a number that fits", f"write a number from {least:g} to {most:g}")
        return value

    return Kind(read)


MINUTES = {"min": 1, "h": 60, "d": 24 * 60}


def _minutes(node: Node) -> int:
    if node.text == "at once":
        return 0
    total, parts = 0, node.text.split()
    if not parts or len(parts) % 2:
        raise Faulty(f"“{node.text}” is not a length of time", "write it like “15 min”, “4 h”, “1 h 30 min” or “2 d”")
    for amount, unit in zip(parts[::2], parts[1::2], strict=True):
        if not (amount.isascii() and amount.isdigit() and len(amount) < 7) or unit not in MINUTES:
            raise Faulty(
                f"“{node.text}” is not a length of time", "write it like “15 min”, “4 h”, “1 h 30 min” or “2 d”"
            )
        total += int(amount) * MINUTES[unit]
    return total


def in_words(minutes: int) -> str:
    """Minutes as the file writes them: “at once”, “15 min”, “4 h”, “1 h 30 min”, days from two on (“14 d”)."""
    if not minutes:
        return "at once"
    if minutes % MINUTES["d"] == 0 and minutes > 3 * MINUTES["d"]:
        return f"{minutes // MINUTES['d']} d"
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest))


minutes = Kind(_minutes, in_words)


def choice(words_of: Mapping[str, Any]) -> Kind:
    """One of the given words, each standing for a value."""

    def read(node: Node) -> Any:
        if node.text not in words_of:
            raise Faulty(f"“{node.text}” is not one of the choices", nearest(node.text, words_of))
        return words_of[node.text]

    back = {value: word for word, value in words_of.items()}
    return Kind(read, lambda value: back.get(value, value))


def list_of(kind: Kind) -> Kind:
    def read(node: Node) -> list[Any]:
        if not node.is_list:
            raise Faulty("this should be a list", "write [one, two] or one entry a line behind “- ”")
        return [kind.read(item) for item in node.value]

    return Kind(read, lambda values: [kind.write(value) for value in values])


# Conditions, actions and filters: their own room checks what they mean.
anything = Kind(lambda node: node.plain())
