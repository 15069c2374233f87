"""The kinds `mime` and `robust` of a mail corpus: headers, body, attachments, what was recognised."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from helpdesk.lib.mailparse import html_text, names
from helpdesk.lib.mailparse.guarded import parse_guarded
from helpdesk.lib.mailparse.parsed import Attached, Parsed, Unreadable
from helpdesk.mailcheck_compare import flat, holds, same, without_markdown

_HTML = re.compile(r"<(?:html|body|div|p|br|font|table|img|!doctype|meta|head|span)\b", re.IGNORECASE)


def readable(row: Mapping[str, Any], raw: bytes) -> dict[str, bool]:
    """Met if it is read, or set aside for a person to look at; anything else raised is a crash."""
    try:
        parse_guarded(raw)
    except Unreadable:
        return {"read_or_set_aside": True}
    return {"read_or_set_aside": True}


def message(row: Mapping[str, Any], raw: bytes) -> dict[str, bool]:
    parsed = parse_guarded(raw)
    met: dict[str, bool] = {}
    for name, expected in (row.get("expect") or {}).items():
        check = _EXPECTATIONS.get(name)
        if check is not None:
            met[name] = check(parsed, expected)
    return met


def _subject(parsed: Parsed, expected: str | None) -> bool:
    return same(expected or "", parsed.subject)


def _from_email(parsed: Parsed, expected: str | None) -> bool:
    return parsed.sender.email == (expected or "").strip().lower()


def _sender_email(parsed: Parsed, expected: str | None) -> bool:
    """Who wrote it: the author, behind a mailing list too, or whose message was passed on."""
    forwarded = parsed.forwarded.sender.email if parsed.forwarded else ""
    return (expected or "").lower() in (parsed.written_by.email, forwarded)


def _from_name(parsed: Parsed, expected: str | None) -> bool:
    return same((expected or "").strip("'\""), parsed.sender.name)


def _addresses(kind: str) -> Callable[[Parsed, Any], bool]:
    def check(parsed: Parsed, expected: Any) -> bool:
        wanted = re.split(r"[;,]", expected) if isinstance(expected, str) else expected or []
        emails = [one.get("email", "") if isinstance(one, dict) else str(one) for one in wanted]
        got = [address.email for address in getattr(parsed, kind)]
        return sorted(email.strip().lower() for email in emails if email.strip()) == sorted(got)

    return check


def _body_text(parsed: Parsed, expected: str | None) -> bool:
    """The same text; where the reference gives HTML, the same as we make of that HTML, or the HTML itself.

    The message may hold more text than the one part the reference shows.
    """
    wanted = expected or ""
    if not flat(wanted):
        return True
    if _HTML.search(wanted[:500]):
        return same(wanted, parsed.html) or holds(parsed.html, wanted) or holds(parsed.text, html_text.to_text(wanted))
    return holds(parsed.text, wanted)


def _body_contains(parsed: Parsed, expected: list[str]) -> bool:
    return all(holds(parsed.text, piece) or holds(parsed.html, piece) for piece in expected)


def _attachments(parsed: Parsed, expected: list[dict[str, Any]]) -> bool:
    """One file of ours for each expected, and no more; names as they are after being made safe.

    A text part without a name is either a file or more of the body: both show it.
    """
    left = list(parsed.attachments)
    for wanted in sorted(expected, key=lambda one: not one.get("name")):
        found = next((file for file in left if _is_file(file, wanted)), None)
        if found is not None:
            left.remove(found)
        elif wanted.get("name") or wanted.get("kind") != "Text":
            return False
    return not left


def _is_file(file: Attached, wanted: Mapping[str, Any]) -> bool:
    if wanted.get("name") and not _is_name(file.name, str(wanted["name"])):
        return False
    if wanted.get("size") is not None and len(file.content) != wanted["size"]:
        return False
    return not wanted.get("md5") or hashlib.md5(file.content, usedforsecurity=False).hexdigest() == wanted["md5"]


def _is_name(ours: str, expected: str) -> bool:
    """We keep the last piece of a path, and replace what is no part of a name."""
    return same(names.safe(expected), ours) or (":" in expected and expected.endswith(ours.rpartition("\\")[2]))


def _n_attachments(parsed: Parsed, expected: int) -> bool:
    return len(parsed.attachments) == expected


def _filename(parsed: Parsed, expected: str) -> bool:
    return any(_is_name(file.name, expected) for file in parsed.attachments)


def _reply_text(parsed: Parsed, expected: str) -> bool:
    return same(without_markdown(expected), without_markdown(parsed.reply))


def _reply_match(parsed: Parsed, expected: list[str]) -> bool:
    return all(holds(without_markdown(parsed.text), without_markdown(piece)) for piece in expected)


def _ids(kind: str) -> Callable[[Parsed, Any], bool]:
    def check(parsed: Parsed, expected: Any) -> bool:
        got = getattr(parsed, kind)
        if isinstance(expected, list):
            return [str(id).strip("<>") for id in expected] == list(got)
        return (str(expected).strip("<>") == got[0] if got else False) if expected else not got

    return check


def _flag(kind: str) -> Callable[[Parsed, Any], bool]:
    return lambda parsed, expected: getattr(parsed, kind) is bool(expected)


_EXPECTATIONS: dict[str, Callable[[Parsed, Any], bool]] = {
    "subject": _subject,
    "from_email": _from_email,
    "from_name": _from_name,
    "from_display_name": _from_name,
    "sender_name": _from_name,
    "sender_email": _sender_email,
    "from_address": _sender_email,
    "to": _addresses("to"),
    "cc": _addresses("cc"),
    "to_addresses": _addresses("to"),
    "cc_addresses": _addresses("cc"),
    "body_text": _body_text,
    "body_contains": _body_contains,
    "attachments": _attachments,
    "n_attachments": _n_attachments,
    "original_filename": _filename,
    "reply_text": _reply_text,
    "reply_match": _reply_match,
    "in_reply_to": _ids("in_reply_to"),
    "references": _ids("references"),
    "message_id": lambda parsed, expected: parsed.message_id == str(expected or "").strip("<>"),
    "is_auto_reply": _flag("is_auto_reply"),
    "is_bounce": _flag("is_bounce"),
    "is_list": _flag("is_list"),
    "is_feedback_report": _flag("is_feedback_report"),
    "is_delivery_notice": _flag("is_delivery_notice"),
    "no_sender": lambda parsed, expected: (not parsed.sender.email) is bool(expected),
    "empty_body": lambda parsed, expected: (not parsed.text.strip()) is bool(expected),
}
