"""A playbook: one readable file that holds a way of working; reads, checks, loads, compares and writes it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from escalation.playbook import section as escalation_section
from helpdesk.lib.lined_yaml import (
    MAX_CHARACTERS,
    Key,
    Node,
    Problem,
    nearest,
    parse,
    record,
    slug,
    text,
    unknown,
    words,
)
from helpdesk.lib.section import Change, Section, Unloadable
from knowledge.playbook import section as knowledge_section
from tickets.models import DeskVersion, PlaybookLoad
from tickets.playbook import section as tickets_section

PLAYBOOKS = Path(__file__).resolve().parent / "playbooks"
# In the order they are loaded: a section may name what an earlier one made. A room adds its section here.
SECTIONS: tuple[Section, ...] = (tickets_section, knowledge_section, escalation_section)
HEAD = (Key("playbook", slug, is_required=True), Key("title", words(120), ""), Key("about", text(4000), ""))


class Broken(Exception):
    """The playbook has faults; nothing of it was loaded."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} problems in {file}")
        self.file, self.problems = file, sorted(problems)

    def lines(self) -> list[str]:
        """One line a fault: file, line, what is wrong, what to do."""
        return [
            f"{self.file}:{problem.line}: {problem.message}" + (f" – {problem.fix}" if problem.fix else "")
            for problem in self.problems
        ]


@dataclass(frozen=True)
class Playbook:
    """A file that was read and found right: its name, its text, and the data of each section."""

    name: str
    text: str
    data: dict[str, Any]


def shipped() -> list[str]:
    """Names of the playbooks that come with the product."""
    return sorted(path.stem for path in PLAYBOOKS.glob("*.yaml"))


def find(name_or_file: str) -> Path:
    """The file of a shipped playbook, or the given file. Raises Broken naming what there is."""
    if name_or_file in shipped():
        return PLAYBOOKS / f"{name_or_file}.yaml"
    path = Path(name_or_file)
    if path.is_file():
        return path
    raise Broken(name_or_file, [Problem(0, "there is no such playbook or file", nearest(name_or_file, shipped()))])


def open_playbook(name_or_file: str) -> Playbook:
    """Read and check a playbook by name or file. Raises Broken with every fault that was found."""
    path = find(name_or_file)
    try:
        with path.open("rb") as file:
            content = file.read(4 * MAX_CHARACTERS + 1).decode()
    except UnicodeDecodeError as error:
        problem = Problem(1, f"the file is not UTF-8 (byte {error.start})", "save it with the encoding UTF-8")
        raise Broken(str(name_or_file), [problem]) from error
    return read(content, file=str(name_or_file) if path.parent != PLAYBOOKS else path.name)


def read(content: str, *, file: str = "playbook") -> Playbook:
    """Check a playbook's text against the house. Raises Broken; `file` is what its faults are reported under."""
    root, problems = parse(content)
    if root is None:
        raise Broken(file, problems)
    if not root.is_map:
        raise Broken(file, [Problem(root.line, "a playbook is made of sections", "start with “playbook: name”")])
    sections = {section.key: section for section in SECTIONS}
    unknown(root, [*(key.name for key in HEAD), *sections], problems)
    names = {key.name for key in HEAD}
    head = {name: node for name, node in root.value.items() if name in names}
    read_head = record(Node(root.line, head, key_lines=root.key_lines), HEAD, problems)
    data = {}
    for section in SECTIONS:
        if section.key in root.value:
            data[section.key], found = section.read(root.value[section.key])
            problems += found
    if problems or read_head is None:
        raise Broken(file, problems)
    return Playbook(read_head.values["playbook"], content, data)


def load(playbook: Playbook) -> list[Change]:
    """Load every section in one transaction; a second time it writes nothing. Returns what was done, row by row."""
    with transaction.atomic():
        changes = _apply(playbook)
        digest = hashlib.sha256(playbook.text.encode()).hexdigest()
        last = PlaybookLoad.objects.filter(name=playbook.name).first()
        if any(change.is_real for change in changes):
            DeskVersion.bump()
        elif last and last.sha256 == digest:
            return changes
        PlaybookLoad.objects.create(name=playbook.name, sha256=digest, text=playbook.text)
    return changes


def differences(playbook: Playbook) -> list[Change]:
    """What loading would do now, and rows that stand in the database only. Tried out and undone."""
    with transaction.atomic():
        changes = _apply(playbook)
        transaction.set_rollback(True)
    return [change for change in changes if change.kind != "same"]


def export(name: str) -> str:
    """The desk as it is now, as a playbook of that name."""
    content = {"playbook": name, **{section.key: section.export() for section in SECTIONS}}
    return yaml.dump(content, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=110)


def _apply(playbook: Playbook) -> list[Change]:
    # One load at a time: whoever comes second waits here and then finds nothing to do.
    DeskVersion.objects.select_for_update().filter(pk=1).first()
    try:
        return [
            change
            for section in SECTIONS
            if section.key in playbook.data
            for change in section.load(playbook.data[section.key])
        ]
    except Unloadable as error:
        raise Broken(playbook.name, error.problems) from error


class _Writer(yaml.SafeDumper):
    """Long texts as blocks, rules and filters on one line, lists indented under their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        return super().increase_indent(flow, False)


def _write_text(writer: _Writer, value: str) -> yaml.ScalarNode:
    return writer.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Writer.add_representer(str, _write_text)
