"""The kind `bounce` of a mail corpus: whom a message did not reach, why, and whether for good."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from helpdesk.lib.mailparse.guarded import parse_guarded
from helpdesk.lib.mailparse.parsed import Parsed, Undelivered

_FLAGS = ("is_bounce", "is_feedback_report", "is_delivery_notice", "is_auto_reply")


def bounce(row: Mapping[str, Any], raw: bytes) -> dict[str, bool]:
    """Recognised as what it is; as many recipients; each with the reason, the codes, hard or soft.

    The recipients of the corpus have no addresses: they are compared in their order, and, if their number differs, none is met.
    """
    parsed = parse_guarded(raw)
    expected = row.get("expect") or {}
    met = {name: getattr(parsed, name) is expected[name] for name in _FLAGS if name in expected}
    wanted = expected.get("recipients") or []
    if not parsed.is_bounce and not parsed.is_feedback_report and not parsed.is_delivery_notice:
        met["recipients"] = expected.get("is_auto_reply", False) is True  # an automatic answer has none
        return met
    met["recipients"] = _each(parsed, wanted, lambda one, want: "email" not in want or one.recipient == want["email"])
    if "n" in expected:
        met["n"] = len(parsed.undelivered) == expected["n"]
    met["recipients.hard"] = _each(parsed, wanted, lambda one, want: one.is_hard is bool(want.get("hard")))
    met["recipients.reason"] = _each(parsed, wanted, lambda one, want: one.reason == want.get("reason", one.reason))
    met["recipients.status"] = _each(parsed, wanted, _is_status)
    met["recipients.reply_code"] = _each(parsed, wanted, lambda one, want: want.get("reply_code", "") in ("", one.reply_code))
    return met


def _each(parsed: Parsed, wanted: list[dict[str, Any]], is_met: Callable[[Undelivered, dict[str, Any]], bool]) -> bool:
    got = list(parsed.undelivered)
    return len(got) == len(wanted) and all(is_met(one, want) for one, want in zip(got, wanted, strict=True))


def _is_status(one: Undelivered, want: Mapping[str, Any]) -> bool:
    """x.0.9nn are codes the corpus' own reader made up where the server gave none."""
    status = str(want.get("dsn") or "")
    is_made_up = len(status) == 7 and status[1:5] == ".0.9"
    return not status or is_made_up or one.status == status
