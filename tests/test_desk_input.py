"""Whatever is typed into any form of the desk: never a 500, and what was typed comes back when it is refused."""

import re

import pytest
from django.db import transaction

from tests import cast
from tests import world as worlds
from tests.test_bad_input import HUGE, shows
from tickets import desk
from tickets.models import Customer, Message, Ticket

pytestmark = pytest.mark.django_db
ODD = {
    "long line": "x" * 10_000,
    "null": "before\x00after",
    "script": "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈",
    "right to left": "مرحبا \u202e abc",
    "lone surrogate": b"a\xed\xa0\x80b \xff\xfe".decode("utf-8", "replace"),
    "template": "{{7*7}} {% debug %} ${x} __class__",
    "lines": "a\r\nBcc: everybody@example.com\r\n\r\nb",
    "number": "9" * 400,
}
# Every form of the desk with the fields a person types or chooses in it.
FORMS = {
    "ticket_reply": ("body", "cause", "fix", "next_state", "then", "seen", "macro", "dedupe_key"),
    "ticket_note": ("body", "dedupe_key"),
    "ticket_draft": ("body", "kind"), "ticket_state": ("state", "reason"), "ticket_resolution": ("cause", "fix"),
    "ticket_assignee": ("assignee",), "ticket_handover": ("team", "note"),
    "ticket_details": ("priority", "category", "subject", "reference", "tags", "team"), "ticket_merge": ("into",
    "number"),
    "ticket_split": ("message", "subject", "dedupe_key"), "ticket_links": ("number", "remove"),
    "ticket_spam": ("undo",),
    "ticket_snooze": ("until", "date"), "ticket_presence": ("writing", "working"), "message_withdrawal": ("x",),
    "ticket_new": ("channel", "address", "name", "subject", "body", "category", "reference", "dedupe_key"),
    "customer": ("name", "organisation", "own_tier", "language", "time_zone", "notes"), "customer_merge": ("into",),
    "bulk": ("do", "assignee", "tags", "tickets", "next"), "views": ("name", "filters"), "view_edit": ("name",),
    "availability": ("availability",), "notifications": ("id",), "preferences": ("language", "time_zone", "theme",
    "after_send"),
    "password_change": ("old_password", "new_password1", "new_password2"),
    "rule_new": ("stage", "name", "match", "condition-0-field", "condition-0-op", "condition-0-value", "action-0-do",
    "action-0-value", "do"),
    "rule": ("name", "condition-0-value", "action-0-value", "do"), "rule_standing": ("on",), "rule_place": ("to",),
}  # fmt: skip


@pytest.fixture
def world(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    return worlds.a_world()


@pytest.mark.parametrize("odd", ODD)
def test_odd_text_in_any_field_of_the_desk_breaks_nothing(world, odd):
    """No field of any form of the desk answers with a fault, and what a refused form held comes back."""
    lead, broken = world.client("lead"), []
    for name, fields in FORMS.items():
        ways = [dict.fromkeys(fields, ODD[odd]), *({**SOUND, field: ODD[odd]} for field in fields)]
        for given in ways:
            with transaction.atomic():
                answer = lead.post(world.path(name), given)
                transaction.set_rollback(True)
            desk.forget()
            if answer.status_code >= 500:
                broken.append((name, [field for field in given if given[field] == ODD[odd]], answer.status_code))
    assert "\n".join(map(str, broken)) == ""


SOUND = {
    "body": "x",
    "subject": "x",
    "name": "x",
    "address": "a@b.example",
    "channel": "phone",
    "note": "x",
    "until": "date",
    "state": "in_progress",
    "next_state": "resolved",
    "cause": "x",
    "fix": "x",
    "x": "x",
    "do": "save",
}


@pytest.mark.parametrize("odd", ["script", "emoji", "right to left", "template", "lines"])
@pytest.mark.parametrize(
    ("name", "field", "wrong"),
    [
        ("ticket_new", "body", {"address": "nonsense"}), ("ticket_new", "subject", {"address": "nonsense"}),
        ("ticket_handover", "note", {"team": "nonsense"}), ("ticket_split", "subject", {"message": "nonsense"}),
        ("customer", "notes", {"time_zone": "Moon/Crater"}), ("customer", "name", {"time_zone": "Moon/Crater"}),
        ("ticket_reply", "body", {"seen": "2020-01-01T00:00:00Z"}), ("rule_new", "name", {"do": "save",
        "action-0-do": "nonsense"}),
    ],
)  # fmt: skip
def test_what_was_typed_on_the_desk_comes_back_when_it_is_refused(world, odd, name, field, wrong):
    answer = world.client("lead").post(world.path(name), {**SOUND, **wrong, field: ODD[odd]})
    assert answer.status_code in (409, 422)
    typed = ODD[odd] if field in ("body", "note", "notes") else " ".join(ODD[odd].split())
    assert shows(answer, typed) or shows(answer, ODD[odd])
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    ("name", "field"),
    [("ticket_reply", "body"), ("ticket_note", "body"), ("ticket_new", "body"), ("ticket_handover", "note"),
    ("customer", "notes"),
     ("ticket_resolution", "cause")],
)  # fmt: skip
def test_a_megabyte_is_kept_whole_or_comes_back_with_the_limit(world, name, field):
    """Never cut silently."""
    team = cast.TeamFactory(slug="tier-2", tier=2)
    given = {**SOUND, "team": str(team.pk), "language": "en", "time_zone": "UTC", field: HUGE}
    answer = world.client("lead").post(world.path(name), given)
    assert answer.status_code < 500
    if answer.status_code == 302:
        assert any(HUGE.strip() in row for row in _texts())
    else:
        assert shows(answer, HUGE.strip())
        assert re.search(r"at most [\d,]+", answer.text)


def _texts() -> list[str]:
    yes = [*Message.objects.values_list("body", flat=True), *Customer.objects.values_list("notes", flat=True)]
    return [*yes, *Ticket.objects.values_list("cause", flat=True)]


def test_more_than_a_request_may_carry_is_refused_in_words(world):
    answer = world.client("agent").post(world.path("ticket_reply"), {"body": "x" * (4 * 1024 * 1024)})
    assert answer.status_code in (400, 413)
    assert "<h1>" in answer.text


@pytest.mark.parametrize("number", ["0", "99999999", str(2**63 - 1), str(2**63), "9" * 30])
def test_a_number_that_is_not_there_is_a_page_that_says_so(world, number):
    lead, wrong = world.client("manager"), []
    for name, pattern in worlds.routes():
        if (
            name == worlds.ADMIN
            or not pattern.pattern.converters
            or name.startswith(("my_requests", "password", "article", "surveys", "api:"))
        ):
            continue
        path = re.sub(r"(?<=/)\d+(?=/)", number, world.path(name))
        for ask in (lead.get, lead.post):
            with transaction.atomic():
                answer = ask(path)
                transaction.set_rollback(True)
            desk.forget()
            expected = (
                {404, 405} if not name.startswith("request_") or name == "request_file" else {200, 302, 404, 405, 422}
            )
            if answer.status_code not in expected:
                wrong.append((name, ask.__name__, answer.status_code))
    assert wrong == []
