"""Hear, reply, note, take back: what is said on a ticket, and where it leaves the ticket."""

from datetime import timedelta

import pytest

from tests.cast import MONDAY, a_ticket, jonas, later, mira, ravi
from tickets import conversation, desk, intake, joining, lifecycle
from tickets.channels.base import Inbound, Sender
from tickets.errors import Refused
from tickets.models import (
    Channel,
    Draft,
    EventKind,
    IdentityKind,
    Message,
    MessageKind,
    OutboxMail,
    OutboxStatus,
    State,
    Ticket,
    TicketEvent,
)  # fmt: skip

pytestmark = pytest.mark.django_db


def fetch(ticket):
    return Ticket.objects.get(pk=ticket.pk)


def say(ticket, body="Any news?", **more):
    return conversation.hear(ticket, body=body, customer=ticket.customer, channel=Channel.WEB, **more)


def test_reply_answers_moves_and_writes_one_mail_held_for_undo(settings):
    agent, ticket = mira(), a_ticket(now=MONDAY)
    message = conversation.reply(
        ticket, body="On its way.", by=agent, next_state=State.PENDING_CUSTOMER, now=later(minutes=5)
    )
    ticket = fetch(ticket)
    assert (ticket.state, ticket.assignee, ticket.first_responded_at) == (
        State.PENDING_CUSTOMER, ticket.assignee, later(minutes=5),
    )  # fmt: skip
    assert (ticket.preview, ticket.last_from_customer, ticket.waiting_since) == ("On its way.", False, None)
    mail = OutboxMail.objects.get(ticket=ticket, kind="reply")
    assert (mail.message, mail.to, mail.next_at) == (message, "ravi@menon.example", later(minutes=5, seconds=10))
    kinds = list(TicketEvent.objects.filter(ticket=ticket, by=agent).values_list("kind", flat=True))
    assert kinds[-3:] == [EventKind.REPLIED, EventKind.ACKNOWLEDGED, EventKind.WAITING_CUSTOMER]


def test_an_unassigned_ticket_becomes_its_answerers():
    ticket = a_ticket()
    agent = mira()
    assert ticket.assignee is None
    conversation.reply(ticket, body="Hello", by=agent)
    assert fetch(ticket).assignee == agent


def test_the_same_form_sent_twice_says_it_once():
    ticket, agent = a_ticket(), mira()
    first = conversation.reply(ticket, body="Hello", by=agent, dedupe_key="form-1")
    second = conversation.reply(ticket, body="Hello", by=agent, dedupe_key="form-1")
    assert second == first
    assert Message.objects.filter(ticket=ticket, kind=MessageKind.REPLY).count() == 1
    assert OutboxMail.objects.filter(ticket=ticket, kind="reply").count() == 1


def test_reply_is_refused_when_somebody_wrote_meanwhile():
    ticket, agent = a_ticket(now=MONDAY), mira()
    say(ticket, "One more thing", now=later(minutes=3))
    with pytest.raises(Refused, match="Somebody wrote while you did"):
        conversation.reply(ticket, body="Hello", by=agent, seen=MONDAY, now=later(minutes=4))
    conversation.reply(ticket, body="Hello", by=agent, seen=later(minutes=3), now=later(minutes=5))
    assert Message.objects.filter(ticket=ticket, kind=MessageKind.REPLY).count() == 1


def test_the_customers_answer_brings_a_waiting_ticket_back():
    ticket, agent = a_ticket(now=MONDAY), mira()
    conversation.reply(ticket, body="Which order?", by=agent, next_state=State.PENDING_CUSTOMER, now=later(hours=1))
    say(ticket, now=later(hours=2))
    ticket = fetch(ticket)
    assert (ticket.state, ticket.last_from_customer, ticket.waiting_since) == (State.IN_PROGRESS, True, later(hours=2))


def test_the_customers_answer_reopens_a_resolved_ticket():
    ticket = lifecycle.resolve(a_ticket(), by=mira())
    say(ticket)
    assert (fetch(ticket).state, fetch(ticket).reopen_count) == (State.IN_PROGRESS, 1)


def test_a_late_answer_to_a_closed_ticket_opens_one_that_follows_it():
    agent, customer = mira(), ravi()
    ticket = a_ticket(customer=customer, now=MONDAY)
    lifecycle.resolve(ticket, by=agent, now=later(hours=1))
    ticket = lifecycle.close(ticket, by=None, now=later(hours=49))
    inbound = Inbound(Channel.WEB, Sender(IdentityKind.EMAIL, customer.email), "It is back.")
    message = intake.answer(ticket, inbound, now=ticket.closed_at + timedelta(days=15))
    assert fetch(ticket).state == State.CLOSED
    assert (message.ticket.follows, message.ticket.subject) == (ticket, ticket.subject)


def test_a_note_changes_neither_state_nor_assignee_and_reaches_whom_it_names():
    ticket, agent, colleague = a_ticket(), mira(), jonas()
    before = fetch(ticket)
    note = conversation.note(ticket, body="@jonas can you look? @nobody too", by=agent)
    after = fetch(ticket)
    assert (after.state, after.assignee, after.preview) == (before.state, before.assignee, before.preview)
    assert list(note.mentions.all()) == [colleague]
    event = TicketEvent.objects.filter(ticket=ticket).last()
    assert (event.kind, event.data["mentions"]) == (EventKind.NOTED, [colleague.pk])
    assert not OutboxMail.objects.filter(ticket=ticket, message=note).exists()


def test_an_ambiguous_first_name_names_nobody():
    mira()
    other = jonas()
    other.name, other.email = "Mira Second", "mira2@desk.example"
    other.save()
    assert conversation.mentions_in("@mira please", desk.current()) == set()


def test_taking_a_reply_back_restores_ticket_clocks_and_text():
    agent, ticket = mira(), a_ticket(now=MONDAY)
    columns = [field.attname for field in Ticket._meta.concrete_fields if field.name != "updated_at"]
    before = Ticket.objects.values(*columns).get(pk=ticket.pk)
    deadlines = list(ticket.deadlines.values("kind", "due_at", "next_at", "spent", "resumed_at", "done_at"))
    message = conversation.reply(
        ticket, body="Wrong window", by=agent, next_state=State.RESOLVED, cause="a", fix="b", now=later(minutes=5)
    )
    conversation.withdraw(message, by=agent, now=later(minutes=5, seconds=8))
    assert Ticket.objects.values(*columns).get(pk=ticket.pk) == before
    standing = ticket.deadlines.filter(done_at__isnull=True)
    assert list(standing.values("kind", "due_at", "next_at", "spent", "resumed_at", "done_at")) == deadlines
    assert OutboxMail.objects.get(kind="reply").status == OutboxStatus.CANCELLED
    assert Draft.objects.get(ticket=ticket, user=agent).body == "Wrong window"
    assert list(Message.objects.standing().filter(ticket=ticket, kind=MessageKind.REPLY)) == []


def test_a_reply_cannot_be_taken_back_too_late_nor_by_another():
    agent, ticket = mira(), a_ticket(now=MONDAY)
    message = conversation.reply(ticket, body="Hello", by=agent, now=later(minutes=5))
    with pytest.raises(Refused):
        conversation.withdraw(message, by=jonas(), now=later(minutes=5, seconds=3))
    with pytest.raises(Refused, match="Too late"):
        conversation.withdraw(message, by=agent, now=later(minutes=5, seconds=11))


@pytest.mark.parametrize("body", ["", "   \n\t ", "\x00"])
def test_nothing_written_is_refused_in_words(body):
    with pytest.raises(Refused, match="nothing written"):
        conversation.reply(a_ticket(), body=body, by=mira())


def test_an_angry_answer_flags_the_ticket():
    ticket = a_ticket()
    say(ticket, "This is UNACCEPTABLE!!! You people are useless, I am furious and want my money back NOW!!!")
    assert (fetch(ticket).is_angry, fetch(ticket).sentiment) == (True, "angry")


def test_a_reply_nobody_would_get_is_refused():
    agent, spam, target = mira(), a_ticket(), a_ticket()
    joining.mark_spam(spam, by=agent)
    with pytest.raises(Refused, match="marked as spam"):
        conversation.reply(spam, body="Hello", by=agent)
    merged = joining.merge(a_ticket(), into=target, by=agent)
    with pytest.raises(Refused, match=f"merged into #{target.number}"):
        conversation.reply(merged, body="Hello", by=agent)
    assert not OutboxMail.objects.filter(kind="reply").exists()


def test_a_reply_stays_once_something_else_happened_on_the_ticket():
    agent, ticket = mira(), a_ticket(now=MONDAY)
    message = conversation.reply(ticket, body="Hello", by=agent, next_state=State.RESOLVED, now=later(minutes=5))
    lifecycle.confirm_solved(ticket, customer=ticket.customer, now=later(minutes=5, seconds=4))
    with pytest.raises(Refused, match="something else happened"):
        conversation.withdraw(message, by=agent, now=later(minutes=5, seconds=6))
    assert fetch(ticket).state == State.CLOSED
    assert OutboxMail.objects.get(kind="reply").status == OutboxStatus.PENDING
