"""Hundreds of real messages with known outcomes: the shares that must come out right."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from helpdesk import mailcheck
from helpdesk.lib.mailparse.parse import parse

EMAIL = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "email"
MIME = ("stalwart", "discourse", "chatwoot", "freescout", "cpython")

pytestmark = pytest.mark.skipif(
    not (EMAIL / "sisimai.jsonl").exists(), reason="the real mail is not beside this project"
)


@cache
def checked(*corpora: str) -> dict[str, Any]:
    check = mailcheck.MailCheck()
    for corpus in corpora:
        for _ in check.run(EMAIL / f"{corpus}.jsonl"):
            pass
    return check.summary()


def share(counted: dict[str, Any], names: Iterable[str]) -> float:
    found = [counted["expectations"][name] for name in names if name in counted["expectations"]]
    return sum(one["right"] for one in found) / sum(one["total"] for one in found)


def test_none_is_a_crash():
    assert checked(*MIME)["crashes"] == 0
    assert checked("sisimai")["crashes"] == 0
    assert checked(*MIME)["rows"] > 300


@pytest.mark.parametrize(
    ("names", "least"),
    [
        (("subject",), 0.98),
        (("from_email", "from_display_name", "from_name", "sender_name", "no_sender"), 0.98),
        (("attachments", "n_attachments", "original_filename"), 0.95),
        (("body_text", "body_contains", "empty_body"), 0.95),
        (("is_auto_reply", "is_bounce"), 1.0),
        (("in_reply_to", "references"), 1.0),
    ],
)
def test_messages_are_read(names, least):
    assert share(checked(*MIME)["kinds"]["mime"], names) >= least


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("is_bounce", 0.98), ("is_feedback_report", 1.0), ("is_delivery_notice", 1.0), ("is_auto_reply", 1.0), ("n",
        0.98),
        ("recipients", 0.98), ("recipients.hard", 0.92), ("recipients.reason", 0.88), ("recipients.status", 0.97),
        ("recipients.reply_code", 0.97),
    ],
)  # fmt: skip
def test_bounces_are_read(name, least):
    assert share(checked("sisimai")["kinds"]["bounce"], (name,)) >= least


@pytest.mark.parametrize(
    "headers",
    [
        "From: Dana <dana@example.com>\nReturn-Path: <dana@example.com>\n",
        "From: Dana <noreply@example.com>\nReturn-Path: <>\n",
        "From: Postmaster <postmaster@example.com>\nPrecedence: list\nList-Id: <users.example.com>\n",
        "From: Dana <dana@example.com>\nX-Auto-Response-Suppress: All\nIn-Reply-To: <1@desk.example>\n",
    ],
)
def test_what_real_customers_write_is_never_taken_for_a_machine(headers):
    with (EMAIL.parent / "messages.jsonl").open(encoding="utf-8") as rows:
        bodies = [json.loads(row)["body"] for row in rows]
    assert len(bodies) > 1000
    for body in bodies:
        raw = f"{headers}Subject: {' '.join(body.split())[:70]}\nContent-Type: text/plain; charset=utf-8\n\n{body}"
        parsed = parse(raw.encode())
        found = (parsed.is_bounce, parsed.is_auto_reply, parsed.is_feedback_report, parsed.is_delivery_notice)
        assert not any(found), (parsed.automatic_because, body)
