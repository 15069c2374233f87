"""The machine-readable part of a delivery notice (RFC 3464), also where it stands as text in a broken message."""

from __future__ import annotations

import re
from dataclasses import dataclass

from helpdesk.lib.mailparse import addresses
from helpdesk.lib.mailparse.limits import LONGEST_LIST
from helpdesk.lib.mailparse.parsed import Undelivered

_FIELD = re.compile(r"[ \t]{0,4}([A-Za-z-]{3,40})[ \t]*:[ \t]*(.*)")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
_PAIRED = re.compile(r"(?<![\d.])[245][0-5]\d[ -][\"'#(]?([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
_CODE = re.compile(r"(?<![\d.])([245][0-5]\d)(?=[ \-:.,]|$)(?!\.\d)")
_FIELDS = frozenset({
    "final-recipient", "original-recipient", "x-actual-recipient", "action", "status", "diagnostic-code", "remote-mta",
})  # fmt: skip
_LONGEST_WORDS = 500
_DONE = frozenset({"delivered", "relayed", "expanded", "deliverable"})


@dataclass(frozen=True)
class Recipient:
    """One group of fields: the person, what was done, and the server's answer."""

    email: str
    action: str
    status: str
    diagnostic: str

    @property
    def is_delivered(self) -> bool:
        return self.action in _DONE

    @property
    def is_delayed(self) -> bool:
        return self.action == "delayed"


def read(text: str) -> list[Recipient]:
    """Every recipient the text has fields for, in order."""
    found: list[Recipient] = []
    group: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        field = _FIELD.match(line)
        if field and field[1].lower() in _FIELDS:
            last = field[1].lower()
            if last in ("final-recipient", "original-recipient") and last in group:
                _close(group, found)
            group.setdefault(last, field[2].strip())
        elif field:
            last = ""
        elif last and line[:1] in " \t" and line.strip():
            group[last] = f"{group[last]} {line.strip()}"[:2000]
        elif not line.strip():
            last = ""
            if "final-recipient" in group and ("action" in group or "status" in group):
                _close(group, found)
    _close(group, found)
    return found[:LONGEST_LIST]


def codes(text: str, field_status: str = "") -> tuple[str, str]:
    """(enhanced status, SMTP code) a server's answer names; its own status counts before the one of the field."""
    paired = _PAIRED.search(text)
    said = [paired[1]] if paired and not paired[1].endswith(".0.0") else []
    said += [status for status in _STATUS.findall(text) if not status.endswith(".0.0")]
    field = _STATUS.search(field_status)
    own = field[1] if field else ""
    status = next((s for s in said if s[0] in "45"), said[0] if said else "") or own
    if not status and (vague := _STATUS.search(text)):
        status = vague[1]
    codes_found = [code for code in _CODE.findall(_STATUS.sub(" ", text)) if code[0] in "245"]
    return status, next((code for code in codes_found if code[0] in "45"), codes_found[0] if codes_found else "")


def one_line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_WORDS]


def plain(recipient: Recipient, reason: str, *, hard: bool, words: str) -> Undelivered:
    status, code = codes(recipient.diagnostic or words, recipient.status)
    return Undelivered(recipient.email, status, code, reason, hard, one_line(recipient.diagnostic or words))


def _close(group: dict[str, str], found: list[Recipient]) -> None:
    if any(name in group for name in ("final-recipient", "original-recipient", "x-actual-recipient")):
        found.append(
            Recipient(
                email=_email(group),
                action=group.get("action", "").split(" ", 1)[0].lower(),
                status=group.get("status", ""),
                diagnostic=re.sub(r"^[A-Za-z0-9-]{1,30}\s?;\s*", "", group.get("diagnostic-code", "")),
            )
        )
    group.clear()


def _email(group: dict[str, str]) -> str:
    """The person as the sender wrote them, if told; else where it really went."""
    for name in ("final-recipient", "original-recipient", "x-actual-recipient"):
        value = group.get(name, "").partition(";")[2] or group.get(name, "")
        email = addresses.email_in(value)
        if email:
            return email
    return ""
