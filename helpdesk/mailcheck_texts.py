"""The kinds `reply`, `forward` and `sanitize` of a mail corpus: what was written now, what was passed on, what may be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from helpdesk.lib.mailparse import clean_html, forwards, quotes
from helpdesk.mailcheck_compare import flat, holds, same

# What must not be in HTML that is shown, whatever else of it is kept.
_ACTIVE = re.compile(
    r"<\s*/?\s*(?:script|iframe|object|embed|form|input|button|textarea|select|base|meta|link|style|svg|math|template|noscript)\b"
    r"|<[^>]*\son[a-z]+\s*=|<[^>]*(?:href|src|action|formaction|xlink:href)\s*=\s*[\"']?\s*(?:javascript|vbscript|data)\s*:",
    re.IGNORECASE,
)
_REMOTE = re.compile(r"<(?:img|source|video|audio)[^>]*\bsrc\s*=\s*[\"']?\s*(?:https?:)?//", re.IGNORECASE)


def reply(row: Mapping[str, Any], raw: bytes) -> dict[str, bool]:
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n")
    cut = quotes.split(text)
    met: dict[str, bool] = {}
    for name, expected in (row.get("expect") or {}).items():
        if name == "reply_text":
            met[name] = same(expected, cut.reply)
        elif name == "reply_contains":
            met[name] = all(holds(cut.reply, piece) for piece in expected)
        elif name == "reply_not_contains":
            met[name] = not any(holds(cut.reply, piece) for piece in expected)
        elif name == "reply_starts":
            met[name] = flat(cut.reply).startswith(flat(expected))
        elif name == "reply_is_whole":
            met[name] = same(text, cut.reply) is bool(expected)
        elif name == "elided_text":
            met[name] = same(expected, cut.quoted)
    return met or {"read": True}


def forward(row: Mapping[str, Any], raw: bytes) -> dict[str, bool]:
    wanted = (row.get("expect") or {}).get("unwrap")
    found = forwards.find(raw.decode("utf-8", "replace").replace("\r\n", "\n"))
    if wanted is None:
        return {"unwrap": found is None}
    if found is None:
        return {"unwrap": False}
    met = {"unwrap": True}
    if wanted.get("from"):
        sender = flat(wanted["from"]).lower()
        met["unwrap.from"] = any(piece and piece.lower() in sender for piece in (found.sender.email, found.sender.name))
    if wanted.get("subject"):
        met["unwrap.subject"] = same(wanted["subject"], found.subject)
    if wanted.get("text"):
        met["unwrap.text"] = same(wanted["text"], found.body)
    return met


def sanitize(row: Mapping[str, Any], raw: bytes) -> dict[str, bool]:
    """The reference's own output is one of many safe ones: what counts is that nothing in ours runs, submits or fetches."""
    html = raw.decode("utf-8", "replace")
    shown = clean_html.clean(html, remote=False, inline={}).html
    again = clean_html.clean(shown, remote=False, inline={}).html
    return {
        "any_of": not _ACTIVE.search(shown),
        "any_of.nothing_fetched": not _REMOTE.search(shown),
        "any_of.stable": again == shown,
    }
