"""Words planted where only some may look turn up nowhere else: not in pages, search, palette, polls, files or mails."""

import re

import pytest
from django.core import mail
from django.utils import timezone

from helpdesk import jobs
from tests import world as worlds
from tests.world import INTERNAL, LURE, OTHERS, RESTRICTED
from tickets import outbox
from tickets.models import Draft, Notification, OutboxMail

pytestmark = pytest.mark.django_db
STRANGERS = ("anonymous", "owner", "outsider")
# Who must not read what. Staff read notes; a draft is its writer's (the agent's) alone.
CLOSED_TO = {
    "anonymous": (*INTERNAL, *OTHERS, *RESTRICTED, "zqview"),
    "owner": (*INTERNAL, *OTHERS, *RESTRICTED, "zqview"),
    "outsider": (*INTERNAL, *OTHERS, *RESTRICTED, "zqview", "nothing works"),
    "agent": (*RESTRICTED, "zqview"),
    "colleague": (*RESTRICTED, "zqdraft", "zqwithdrawn"),
    "lead": (*RESTRICTED, "zqview", "zqdraft"),
}
QUERIES = {
    "search": [{"q": LURE}, {"q": "hugo"}, {"q": "zqhi"}],
    "palette": [{"q": LURE}, {"q": "hugo"}, {"q": "4"}],
    "customers": [{"q": "hugo"}],
    "queue": [{"state": "pending_internal"}, {"tag": "zqhiddentag"}, {"sort": "updated"}],
    "rule_new": [{"stage": "category"}],
    "outbox": [{"show": "dead"}, {"show": "waiting"}],
    "quarantine": [{"show": "quarantined"}, {"show": "kept"}],
    "request_suggestions": [{"subject": LURE, "body": LURE}],
    "request_new": [{"reference": "4"}],
}


@pytest.fixture
def world(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    return worlds.a_world()


def words_in(response) -> str:
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return f"{body.decode(errors='replace')} {response.headers}".lower()


def asked(world, role):
    """Every address by GET, with everybody's numbers filled in, and with queries that would find what is hidden."""
    client, everything = world.client(role), ",".join(str(number) for number in range(1, 20))
    for name, pattern in worlds.routes():
        if name == worlds.ADMIN:
            continue
        ways = [False, True] if pattern.pattern.converters else [False]
        # A customer's link is the key itself: who holds one may read; nobody here is given another's.
        if name.startswith("request_"):
            ways = [False] if role == "owner" else ways[:0] if pattern.pattern.converters else [False]
        for hidden in ways:
            for query in ({}, *QUERIES.get(name, [])):
                yield name, query, client.get(world.path(name, hidden=hidden), query)
    for name, query in (("queue_rows", {"tickets": everything}), ("pulse", {"tickets": everything, "counts": "1"})):
        yield name, query, client.get(world.path(name), query)
    for name in ("customer", "ticket_timeline", "ticket_merge", "ticket_clocks"):
        for number in range(1, 9):
            path = world.path(name).replace(
                f"/{world.dana.pk if name == 'customer' else world.ticket.pk}/", f"/{number}/"
            )
            yield name, {"number": number}, client.get(path)


@pytest.mark.parametrize("role", CLOSED_TO)
def test_nothing_planted_shows_where_its_reader_may_not_look(world, role):
    leaks = []
    for name, query, answer in asked(world, role):
        assert answer.status_code != 500, name
        found = words_in(answer)
        # What one typed oneself comes back in the page.
        leaks += [(name, query, word) for word in CLOSED_TO[role] if word in found and word not in str(query)]
    assert leaks == []


def test_the_words_are_planted_where_their_readers_find_them(world):
    """Without this the test above could pass on an empty desk."""
    insider, manager, agent = world.client("insider"), world.client("manager"), world.client("agent")
    page = words_in(insider.get(world.path("ticket", hidden=True)))
    assert {word for word in RESTRICTED if word not in page} <= {"zqhiddenreason", "zqhiddenhtml"}
    assert "zqhiddenhtml" in words_in(insider.get(world.path("message_html", hidden=True)))
    assert "zqseenhtml" in words_in(agent.get(world.path("message_html")))
    assert "zqhiddenreason" in words_in(insider.get(world.path("ticket_timeline", hidden=True)))
    assert "zqhidden" in words_in(manager.get(world.path("search"), {"q": LURE}))
    found = words_in(agent.get(world.path("search"), {"q": LURE}))
    assert "zqothersubject" in found
    page = words_in(agent.get(world.path("ticket")))
    assert [word for word in ("zqnote", "zqdraft", "zqnotefile", "zqtag", "zqmacro") if word not in page] == []
    assert "zqreason" in words_in(agent.get(world.path("ticket_timeline")))
    assert "zqprofile" in words_in(agent.get(world.path("customer")))


def test_a_poll_says_nothing_about_numbers_one_may_not_see(world):
    for role in ("agent", "lead"):
        answer = world.client(role).get(
            world.path("pulse"), {"tickets": f"{world.ticket.pk},{world.hidden.pk}", "since": "1"}
        )
        assert world.hidden.pk not in answer.json()["changed"]
        assert str(world.hidden.pk) not in answer.json()["here"]


def test_no_mail_carries_what_its_reader_may_not_read(world, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    customers = {"dana@whitfield.example", "ravi@menon.example", world.hidden.customer.email}
    OutboxMail.objects.filter(status="dead").delete()
    jobs.tick()
    OutboxMail.objects.filter(status="pending").update(next_at=timezone.now())
    outbox.drain()
    sent = {(letter.to[0], str(letter.message()).lower()) for letter in mail.outbox}
    assert {to for to, _text in sent} >= {"dana@whitfield.example"}
    leaks = []
    for to, text in sent:
        if to in customers:
            closed = [word for word in INTERNAL if word in text]
            closed += [word for word in OTHERS if word in text and to != "ravi@menon.example"]
            closed += [word for word in RESTRICTED[1:] if word in text and word != "zqhiddenref"]
        elif to in ("jonas@desk.example", "lena@desk.example", "mira@desk.example"):
            closed = [word for word in RESTRICTED if word in text]
        else:
            closed = []
        leaks += [(to, word) for word in closed]
    assert leaks == []
    assert OutboxMail.objects.filter(status="sent").count() == len(mail.outbox)


def test_no_notice_in_the_app_tells_of_a_ticket_that_is_hidden(world):
    jobs.tick()
    told = Notification.objects.filter(ticket=world.hidden).values_list("user__email", flat=True)
    assert set(told) & {"jonas@desk.example", "lena@desk.example"} == set()


def test_files_of_notes_and_of_others_are_not_handed_out(world):
    note_file = world.ticket.messages.get(kind="note").files.get()
    path = world.path("request_file")
    assert words_in(world.client("owner").get(path)).count("zqnotefile") == 0
    assert world.client("owner").get(re.sub(r"/\d+/$", f"/{note_file.pk}/", path)).status_code == 404
    theirs = world.other.messages.get(has_files=True).files.get()
    assert world.client("owner").get(re.sub(r"/\d+/$", f"/{theirs.pk}/", path)).status_code == 404
    assert world.client("owner").get(f"/desk/files/{theirs.pk}/").status_code == 403


def test_a_draft_is_its_writers_alone(world):
    assert Draft.objects.filter(body__contains="zqdraft").count() == 1
    page = world.path("ticket")
    readers = {
        role: "zqdraft" in words_in(world.client(role).get(page)) for role in ("agent", "colleague", "lead", "manager")
    }
    assert readers == {"agent": True, "colleague": False, "lead": False, "manager": False}


def test_what_was_taken_back_leaves_no_trace_for_the_customer(world):
    page = words_in(world.client("owner").get(world.path("request_page")))
    assert "we are on it" in page
    assert "zqwithdrawn" not in page
    assert world.ticket.messages.filter(withdrawn_at__lte=timezone.now()).count() == 1
