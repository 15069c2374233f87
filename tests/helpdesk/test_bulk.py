"""Tickets written in bulk stand as the verbs would have left them."""

from datetime import timedelta
from typing import Any

import pytest

from helpdesk import bulk
from helpdesk.bulk import Line, Story
from tests.cast import MONDAY, CategoryFactory, SlaPolicyFactory, a_ticket, mira, ravi
from tickets import conversation, deadlines, lifecycle, satisfaction
from tickets.models import (
    Category,
    Channel,
    Customer,
    Deadline,
    DeskVersion,
    EventKind,
    HandleTime,
    Message,
    Satisfaction,
    State,
    Ticket,
    TicketEvent,
    User,
)  # fmt: skip

pytestmark = pytest.mark.django_db

# What is drawn by chance, counted by the database or kept only for undoing.
OWN = {"id", "access_key"}
# The state, clocks and columns after each of these must be the same, whichever way it was told.
LIVES = {
    "nothing yet": [],
    "asked": [("reply", 20, State.PENDING_CUSTOMER)],
    "asked and heard": [("reply", 20, State.PENDING_CUSTOMER), ("hear", 90, "")],
    "passed on": [("reply", 20, State.PENDING_INTERNAL), ("note", 25, "")],
    "answered, work goes on": [("reply", 20, State.IN_PROGRESS), ("hear", 90, ""), ("reply", 100, State.IN_PROGRESS)],
    "solved": [("reply", 20, State.RESOLVED)],
    "solved, came back": [("reply", 20, State.RESOLVED), ("hear", 200, "")],
    "solved twice": [("reply", 20, State.RESOLVED), ("hear", 200, ""), ("reply", 220, State.RESOLVED)],
    "answered late": [("reply", 400, State.IN_PROGRESS)],
}  # fmt: skip


@pytest.fixture
def floor() -> tuple[User, Customer, Category]:
    SlaPolicyFactory(update_every=240)
    agent, customer, category = mira(), ravi(), CategoryFactory()
    DeskVersion.bump()
    return agent, customer, category


def at(minutes: float):
    return MONDAY + timedelta(minutes=minutes)


def by_verbs(life: list[tuple], agent: User, customer: Customer, category: Category) -> Ticket:
    ticket = a_ticket(customer=customer, now=MONDAY, category_id=category.pk, body="It does not work.")
    for what, minutes, state in life:
        if what == "reply":
            note = {"cause": "a", "fix": "b"} if state == State.RESOLVED else {}
            conversation.reply(ticket, body="Hello.", by=agent, next_state=state, now=at(minutes), **note)
        elif what == "note":
            conversation.note(ticket, body="Seen before.", by=agent, now=at(minutes))
        else:
            conversation.hear(ticket, body="Hm.", customer=customer, channel=Channel.WEB, now=at(minutes))
    return Ticket.objects.get(pk=ticket.pk)


def in_bulk(life: list[tuple], like: Ticket, agent: User, *, now) -> Ticket:
    ticket = Ticket(
        subject=like.subject, customer=like.customer, customer_name=like.customer_name, category=like.category,
        team=like.team, tier=like.tier, created_at=MONDAY, language=like.language, organisation=like.organisation,
        assignee=User.objects.filter(pk=first_assignee(like)).first(), sentiment=like.sentiment,
    )  # fmt: skip
    words = {"reply": "Hello.", "note": "Seen before.", "hear": "Hm."}
    lines = [
        Line(at(minutes), words[what], None if what == "hear" else agent.pk, str(state), is_note=what == "note")
        for what, minutes, state in life
    ]
    bulk.write([Story(ticket, [Line(MONDAY, "It does not work."), *lines], cause="a", fix="b")], now=now)
    return Ticket.objects.latest("pk")


def first_assignee(ticket: Ticket) -> int | None:
    event = ticket.events.filter(kind=EventKind.ASSIGNED, by=None).first()
    return event.data["assignee"] if event else None


def columns(ticket: Ticket) -> dict[str, Any]:
    return {name: value for name, value in vars(ticket).items() if not name.startswith("_") and name not in OWN}


def open_deadlines(ticket: Ticket) -> list[tuple]:
    rows = Deadline.objects.filter(ticket=ticket, done_at=None).order_by("kind")
    return list(rows.values_list("kind", "due_at", "next_at", "budget", "spent", "resumed_at", "breached_at"))


def moves(ticket: Ticket) -> list[tuple]:
    kinds = ticket.events.exclude(from_state="", to_state="").order_by("at", "pk")
    return list(kinds.values_list("kind", "from_state", "to_state", "by", "at"))


@pytest.mark.parametrize("life", LIVES)
def test_bulk_tells_what_verbs_do(life, floor):
    agent, customer, category = floor
    spoken = by_verbs(LIVES[life], agent, customer, category)
    now = at(LIVES[life][-1][1] if LIVES[life] else 0)
    written = in_bulk(LIVES[life], spoken, agent, now=now)
    assert columns(written) == columns(spoken)
    assert open_deadlines(written) == open_deadlines(spoken)
    assert moves(written) == moves(spoken)
    said = ("kind", "body", "author", "author_name", "customer", "created_at")
    assert list(written.messages.values_list(*said)) == list(spoken.messages.values_list(*said))


def test_bulk_marks_what_came_due(floor):
    agent, customer, category = floor
    spoken = by_verbs([], agent, customer, category)
    deadlines.sweep(at(60 * 30))
    written = in_bulk([], spoken, agent, now=at(60 * 30))
    assert written.has_breached is True
    assert [row[-1] for row in open_deadlines(written)] == [at(4 * 60), at(24 * 60)]
    assert [row[2] for row in open_deadlines(written)] == [None, None]
    assert written.events.filter(kind=EventKind.BREACHED).count() == 2


def test_bulk_writes_the_end_of_a_story(floor):
    agent, customer, category = floor
    ticket = Ticket(
        subject="Bill", customer=customer, customer_name="Ravi", category=category, created_at=MONDAY, assignee=agent
    )
    story = Story(
        ticket, [Line(MONDAY, "Wrong."), Line(at(5), "Corrected.", agent.pk, State.RESOLVED)], cause="a", fix="b",
        closes_at=at(60), score=5, comment="Thanks", rated_at=at(70), worked=((agent.pk, MONDAY.date(), 120),),
    )  # fmt: skip
    assert bulk.write([story], now=at(100)) == 1
    written = Ticket.objects.get()
    assert (written.state, written.closed_at, written.cause, written.handle_seconds) == (State.CLOSED, at(60), "a", 120)
    assert Satisfaction.objects.values_list("score", "comment", "agent").get() == (5, "Thanks", agent.pk)
    assert HandleTime.objects.values_list("seconds", "user").get() == (120, agent.pk)
    assert list(written.events.values_list("kind", flat=True)) == [
        "received", "sorted", "routed", "assigned", "replied", "acknowledged", "resolved", "closed", "rated",
    ]  # fmt: skip
    assert TicketEvent.objects.filter(reacted_at=None).count() == 0


def test_tickets_written_in_bulk_go_on_by_verbs(floor):
    agent, customer, category = floor
    spoken = by_verbs([], agent, customer, category)
    written = in_bulk([("reply", 20, State.RESOLVED)], spoken, agent, now=at(30))
    closed = lifecycle.confirm_solved(written, customer=customer, now=at(40))
    satisfaction.rate(closed, score=4, now=at(41))
    assert Ticket.objects.get(pk=written.pk).state == State.CLOSED
    assert a_ticket(customer=customer, now=at(50)).pk == written.pk + 1
    assert Message.objects.filter(ticket=written).count() == 2
