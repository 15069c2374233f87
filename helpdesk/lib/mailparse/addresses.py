"""Address headers to mailboxes, in one pass over the letters, whatever was written there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from helpdesk.lib.mailparse import words
from helpdesk.lib.mailparse.limits import LONGEST_LIST
from helpdesk.lib.mailparse.parsed import Address

_BARE = re.compile(r"[^\s<>()\[\],;:\"'|]{1,200}@[^\s<>()\[\],;:\"'|]{1,255}")
_MAILTO = re.compile(r"^(?:mailto|smtp):", re.IGNORECASE)
_LONGEST_NAME = 200
_WORD_START = re.compile(rb"=\?[^?\s=]{1,60}\?[bBqQ]\?")


@dataclass
class _Entry:
    """One entry of the list while it is read: what stands outside brackets, in <…> and in (…)."""

    phrase: bytearray = field(default_factory=bytearray)
    angle: bytearray | None = None
    comment: bytearray = field(default_factory=bytearray)


def parse(raw: bytes, hint: str = "") -> tuple[Address, ...]:
    """The mailboxes of a header's value; groups are opened, entries without an address keep their name."""
    found: list[Address] = []
    for entry in _entries(raw):
        address = _address(entry, hint)
        if address.email or address.name:
            found.append(address)
    return tuple(found[:LONGEST_LIST])


def email_in(text: str) -> str:
    """The address in a piece of text, lower-cased; "" where there is none."""
    text = _MAILTO.sub("", text.strip().strip("<>\"' \t"))
    if ":" in text and text.startswith("@"):  # a source route: <@relay:somebody@example.com>
        text = text.split(":", 1)[1]
    found = _BARE.search(text)
    if found is None:
        return ""
    email = found[0].strip("\"'.,;").lower()
    local, _, domain = email.rpartition("@")
    return email if local and domain.strip(".-") else ""


def _entries(raw: bytes) -> list[_Entry]:
    entries = [_Entry()]
    at, length = 0, len(raw)
    is_quoted = False
    depth = 0  # of comments
    end_of_word = -1
    while at < length and len(entries) <= LONGEST_LIST:
        entry = entries[-1]
        byte = raw[at : at + 1]
        if byte == b"\\" and (is_quoted or depth) and at + 1 < length:
            (entry.comment if depth else entry.phrase).extend(raw[at + 1 : at + 2])
            at += 2
            continue
        if byte == b"=" and not depth and (start := _WORD_START.match(raw, at)):
            # an encoded word is one piece, commas and brackets in it included
            if end_of_word < start.end():
                end_of_word = raw.find(b"?=", start.end())
            if end_of_word > 0:
                (entry.phrase if entry.angle is None else entry.comment).extend(raw[at : end_of_word + 2])
                at = end_of_word + 2
                continue
        if is_quoted:
            if byte == b'"':
                is_quoted = False
            else:
                entry.phrase += byte
        elif depth:
            depth += (byte == b"(") - (byte == b")")
            if depth:
                entry.comment += byte
        elif byte == b'"':
            is_quoted = raw.find(b'"', at + 1) > 0
        elif byte == b"(":
            depth = 1
        elif byte == b"<":
            end = raw.find(b">", at)
            cut = end if end > 0 else length
            entry.angle = bytearray(raw[at + 1 : cut])
            at = cut
        elif byte in b",;":
            if not _is_name_first(entry, raw, at, byte):
                entries.append(_Entry())
            else:
                entry.phrase += byte
        elif byte == b":" and entry.angle is None and b"@" not in entry.phrase:
            if not entry.phrase.strip().lower() in (b"mailto", b"smtp"):
                entry.phrase.clear()  # the name of a group
        else:
            entry.phrase += byte
        at += 1
    return entries


def _is_name_first(entry: _Entry, raw: bytes, at: int, byte: bytes) -> bool:
    """Whether a comma stands in an unquoted name: `Marston, John <john@example.com>`."""
    if byte != b"," or entry.angle is not None or b"@" in entry.phrase or not entry.phrase.strip():
        return False
    rest = raw[at + 1 : at + 80]
    until = len(rest)
    for mark in (b",", b";", b"\n"):
        if 0 <= (place := rest.find(mark)) < until:
            until = place
    bracket = rest.find(b"<")
    return 0 < bracket < until and b"@" not in rest[:bracket] and not rest[:bracket].lstrip().startswith(b'"')


def _address(entry: _Entry, hint: str) -> Address:
    phrase = words.text(bytes(entry.phrase), hint)
    comment = words.text(bytes(entry.comment), hint)
    if entry.angle is not None:
        email = email_in(words.text(bytes(entry.angle), hint))
        name = phrase or comment
        if not email:
            email = email_in(phrase)
            name = "" if email and phrase.lower() == email else name
        return Address(email, _name(name))
    email = email_in(phrase)
    rest = "" if email else phrase
    return Address(email, _name(comment or rest))


def _name(name: str) -> str:
    name = " ".join(name.replace('"', "").split())
    if len(name) > 1 and name[0] == name[-1] == "'":
        name = name[1:-1].strip()
    return name[:_LONGEST_NAME]
