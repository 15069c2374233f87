"""A message that a server sent, as it is looked at, and what came of it: shared by everything that reads bounces."""

from __future__ import annotations

import re
from dataclasses import dataclass

from helpdesk.lib.mailparse import addresses, bounce_text, charsets, parts
from helpdesk.lib.mailparse.parsed import Address, Undelivered
from helpdesk.lib.mailparse.parts import Part

_ORIGINALS = ("message/rfc822", "text/rfc822-headers", "text/rfc822-header", "message/partial")
_MESSAGE_ID = re.compile(r"^message-id[ \t]{0,3}:[ \t\n]{0,4}<?([^<>\s]{3,900})>?", re.IGNORECASE | re.MULTILINE)
_TO = re.compile(r"^(?:to|x-envelope-to|envelope-to)[ \t]{0,3}:(.{0,500})", re.IGNORECASE | re.MULTILINE)
READ_TEXT = 200_000  # characters of a bounce that are looked at


@dataclass(frozen=True)
class Returned:
    """What a server told; `because`: the sign it was known by, in English."""

    because: str
    undelivered: tuple[Undelivered, ...] = ()
    original_message_id: str = ""
    is_bounce: bool = False
    is_feedback_report: bool = False
    is_delivery_notice: bool = False


@dataclass(frozen=True)
class Mail:
    """The message under question, and what it quotes of the one it speaks of."""

    root: Part
    leaves: list[Part]
    subject: str
    sender: Address
    whole: str  # the text
    said: str  # of it, what is written to people
    original: str  # headers and beginning of the message that came back

    def part(self, *types: str) -> Part | None:
        return next((part for part in self.leaves if part.type in types), None)

    @property
    def original_message_id(self) -> str:
        return id_of(self.original)

    @property
    def written_to(self) -> tuple[str, ...]:
        found = [address.email for line in _TO.findall(self.original)[:5] for address in addresses.parse(line.encode())]
        return tuple(dict.fromkeys(email for email in found if email))


def open_mail(root: Part, subject: str, sender: Address, text: str) -> Mail:
    leaves = parts.leaves(root)
    whole = text[:READ_TEXT]
    # some servers put line ends of their own before the MIME parts, and whole headers into the text
    said, rest = bounce_text.cut(whole)
    if not said.strip():
        said = whole
    inner = next((part for part in leaves if part.type in _ORIGINALS), None)
    original = charsets.decode(inner.content[:70_000], inner.charset).replace("\r\n", "\n") if inner else rest
    return Mail(root, leaves, subject, sender, whole, said, original or _second_text(leaves))


def _second_text(leaves: list[Part]) -> str:
    return (
        charsets.decode(leaves[1].content[:70_000], "")
        if len(leaves) > 1 and leaves[1].type.startswith("text/")
        else ""
    )


def id_of(text: str) -> str:
    found = _MESSAGE_ID.search(text)
    return found[1] if found else ""
