"""Replies and forwards of corpora that lie beside the project, with what people found the right cut."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from helpdesk.lib.mailparse import forwards, quotes

EMAIL = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "email"
CORPORA = ("crisp_erp", "github_erp", "willdurand_erp", "mpr", "quotequail")

pytestmark = pytest.mark.skipif(not EMAIL.exists(), reason="the real mails are not beside this project")


def rows(kind: str) -> list[dict[str, Any]]:
    lines = [line for name in CORPORA for line in (EMAIL / f"{name}.jsonl").read_text().split("\n") if line]
    return [row for row in map(json.loads, lines) if row["kind"] == kind and row["expect"]]


def text_of(row: dict[str, Any]) -> str:
    return row["input"] if "input" in row else (EMAIL / row["file"]).read_bytes().decode("utf-8", "replace")


def flat(text: str) -> str:
    return " ".join(text.split())


def is_right(found: quotes.Split, text: str, expect: dict[str, Any]) -> bool:
    reply = flat(found.reply)
    return (
        reply == flat(expect.get("reply_text", reply))
        and reply.startswith(flat(expect.get("reply_starts", "")))
        and all(flat(part) in reply for part in expect.get("reply_contains", []))
        and not any(flat(part) in reply for part in expect.get("reply_not_contains", []))
        and (not expect.get("reply_is_whole") or reply == flat(text))
    )


def test_replies():
    every = rows("reply")
    wrong = [row["id"] for row in every if not is_right(quotes.split(text_of(row)), text_of(row), row["expect"])]
    assert len(wrong) <= len(every) * 0.05, wrong


def test_messages_in_a_thread():
    every = [row for row in rows("reply") if "replies_in_thread" in row["expect"]]
    wrong = [row["id"] for row in every if quotes.split(text_of(row)).messages != row["expect"]["replies_in_thread"]]
    assert len(wrong) <= len(every) * 0.15, wrong


def test_nothing_is_lost():
    for row in rows("reply"):
        text, found = text_of(row), quotes.split(text_of(row))
        assert lines(found.reply, found.quoted, found.signature) == lines(text), row["id"]


def lines(*texts: str) -> Counter[str]:
    return Counter(line.strip() for text in texts for line in text.split("\n") if line.strip())


def test_forwards():
    every = rows("forward")
    wrong = [row["id"] for row in every if unwrapped(text_of(row)) != row["expect"]["unwrap"]]
    assert len(wrong) <= len(every) * 0.1, wrong


def unwrapped(text: str) -> dict[str, str] | None:
    found = forwards.unwrap(text)
    if found is None:
        return None
    told = {"type": found.kind, "text_top": found.above, "text": found.body, "text_bottom": found.below}
    told |= {kind: found.headers.get(kind, "") for kind in ("from", "date", "to", "subject", "reply-to")}
    return {name: value for name, value in told.items() if value}
