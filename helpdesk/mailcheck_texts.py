"""The kinds `reply`, `forward` and `sanitize` of a mail corpus: what was written, passed on, may be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from helpdesk.lib.mailparse import clean_html, forwards, quotes
from helpdesk.mailcheck_compare import flat, holds, same

# What must not be in HTML that is shown, whatever else of it is kept.
_ACTIVE = frozenset({
    "script", "iframe", "object", "embed", "form", "input", "button", "textarea", "select", "base", "meta", "link",
    "style", "svg", "math", "template", "noscript",
})  # fmt: skip
_SCHEMES = re.compile(r"[\s\x00-\x20]*(?:javascript|vbscript|data)\s*:", re.IGNORECASE)
_ADDRESSES = frozenset({"href", "src", "action", "formaction", "xlink:href", "background", "poster", "srcset"})
_FETCHED = frozenset({"src", "background", "poster", "srcset"})


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
    """What was passed on; where the corpus calls it a quote or a reply, that nothing was, and what was quoted."""
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n")
    wanted = (row.get("expect") or {}).get("unwrap")
    found = forwards.find(text)
    if wanted is None:
        return {"unwrap": found is None}
    if wanted.get("type", "forward") != "forward":
        cut = quotes.split(text)
        top = flat(wanted.get("text_top") or "")
        quoted = cut.quoted.replace("\n>", "\n")
        return {"unwrap": found is None and flat(cut.reply).startswith(top) and holds(quoted, wanted.get("text") or "")}
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
    """The reference's output is one of many safe ones: what counts is that nothing in ours runs, submits or fetches.

    It is looked at as a browser reads it, which is where markup that mutates comes alive.
    """
    shown = clean_html.clean(raw.decode("utf-8", "replace"), remote=False, inline={}).html
    nodes = [(node.tag or "", node.attributes) for node in LexborHTMLParser(shown).css("*")]
    return {
        "any_of": not any(_is_active(tag, attributes) for tag, attributes in nodes),
        "any_of.nothing_fetched": not any(
            value for _, attributes in nodes for name, value in attributes.items() if name.lower() in _FETCHED
        ),
    }


def _is_active(tag: str, attributes: Mapping[str, str | None]) -> bool:
    return tag.lower() in _ACTIVE or any(
        name.lower().startswith("on")
        or (name.lower() == "style" and "url(" in (value or "").lower())
        or (name.lower() in _ADDRESSES and bool(_SCHEMES.match(value or "")))
        for name, value in attributes.items()
    )
