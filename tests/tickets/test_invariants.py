"""Random people do random things to a ticket in random order; what must always hold, holds after every step."""

from contextlib import suppress
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as some

from tests.cast import MONDAY, SlaPolicyFactory, a_ticket, jonas, lena, mira, olaf, ravi
from tickets import assignment, conversation, deadlines, details, intake, joining, lifecycle
from tickets.channels.base import Inbound, Sender
from tickets.errors import Refused
from tickets.models import (
    OPEN_STATES,
    OUR_TURN,
    Channel,
    Deadline,
    DeadlineKind,
    EventKind,
    IdentityKind,
    Message,
    MessageKind,
    OutboxMail,
    Priority,
    State,
    Ticket,
    TicketEvent,
)  # fmt: skip
from tickets.models.ticket import LAST_IN_QUEUE

pytestmark = pytest.mark.django_db


def write(ticket, by, now):
    inbound = Inbound(Channel.WEB, Sender(IdentityKind.EMAIL, ticket.customer.email), "And another thing.")
    intake.answer(ticket, inbound, now=now)


def reply(state):
    return lambda ticket, by, now: conversation.reply(
        ticket, body="Here is the answer.", by=by, next_state=state, cause="cause", fix="fix", now=now
    )


def take_back(ticket, by, now):
    last = Message.objects.standing().filter(ticket=ticket, kind=MessageKind.REPLY).last()
    if last:
        conversation.withdraw(last, by=last.author, now=last.created_at + timedelta(seconds=5))


def merge(ticket, by, now):
    joining.merge(ticket, into=a_ticket(customer=ticket.customer, now=now), by=by, now=now)


DEEDS = {
    "acknowledge": lambda ticket, by, now: lifecycle.acknowledge(ticket, by=by, now=now),
    "start": lambda ticket, by, now: lifecycle.start(ticket, by=by, now=now),
    "wait for customer": lambda ticket, by, now: lifecycle.wait_for_customer(ticket, by=by, now=now),
    "wait for us": lambda ticket, by, now: lifecycle.wait_for_us(ticket, by=by, reason="parts", now=now),
    "resolve": lambda ticket, by, now: lifecycle.resolve(ticket, by=by, cause="a", fix="b", now=now),
    "close": lambda ticket, by, now: lifecycle.close(ticket, by=by, now=now),
    "reopen": lambda ticket, by, now: lifecycle.reopen(ticket, by=by, now=now),
    "customer confirms": lambda ticket, by, now: lifecycle.confirm_solved(ticket, customer=ticket.customer, now=now),
    "customer reopens": lambda ticket, by, now: lifecycle.reopen_by_customer(ticket, customer=ticket.customer, now=now),
    "customer writes": write,
    "reply": reply(None),
    "reply, wait": reply(State.PENDING_CUSTOMER),
    "reply, resolve": reply(State.RESOLVED),
    "take back": take_back,
    "note": lambda ticket, by, now: conversation.note(ticket, body="@jonas look", by=by, now=now),
    "urgent": lambda ticket, by, now: details.set_priority(ticket, priority=Priority.URGENT, by=by, now=now),
    "low": lambda ticket, by, now: details.set_priority(ticket, priority=Priority.LOW, by=by, now=now),
    "assign": lambda ticket, by, now: assignment.assign(ticket, to=by, by=by, now=now),
    "unassign": lambda ticket, by, now: assignment.unassign(ticket, by=by, now=now),
    "snooze": lambda ticket, by, now: details.snooze(ticket, until=now + timedelta(hours=3), by=by, now=now),
    "spam": lambda ticket, by, now: joining.mark_spam(ticket, by=by, now=now),
    "not spam": lambda ticket, by, now: joining.unmark_spam(ticket, by=by, now=now),
    "merge": merge,
    "unmerge": lambda ticket, by, now: joining.unmerge(ticket, by=by, now=now),
    "sweep": lambda ticket, by, now: deadlines.sweep(now),
}
STEPS = some.lists(
    some.tuples(some.sampled_from(sorted(DEEDS)), some.integers(0, 2), some.sampled_from([1, 20, 130, 600, 3000])),
    min_size=1,
    max_size=12,
)


@given(steps=STEPS)
def test_whatever_people_do_the_invariants_hold(steps):
    with transaction.atomic():
        SlaPolicyFactory(update_every=240)
        customer, staff, stranger = ravi(), [mira(), jonas(), lena()], olaf()
        ticket, now = a_ticket(customer=customer, now=MONDAY), MONDAY
        for deed, actor, minutes in steps:
            now += timedelta(minutes=minutes)
            fresh = Ticket.objects.select_related("customer").get(pk=ticket.pk)
            with suppress(Refused):  # the verb may say no
                DEEDS[deed](fresh, staff[actor], now)
            for one in Ticket.objects.all():
                check(one, now)
            assert not Ticket.objects.visible_to(stranger).exists()
        transaction.set_rollback(True)


def check(ticket, now):
    moves = list(TicketEvent.objects.filter(ticket=ticket).exclude(to_state="").values_list("from_state", "to_state"))
    assert moves[-1][1] == ticket.state, "the last event tells the state"
    assert all(before[1] == after[0] for before, after in pairwise(moves)), "events join up"
    open_deadlines = {deadline.kind: deadline for deadline in Deadline.objects.filter(ticket=ticket, done_at=None)}
    check_clocks(ticket, open_deadlines)
    assert (ticket.waiting_since is not None) <= (ticket.state in OUR_TURN)
    assert (ticket.closed_at is not None) == (ticket.state == State.CLOSED)
    assert (ticket.resolved_at is not None) >= (ticket.state == State.RESOLVED)
    assert (ticket.merged_into_id is None) or ticket.state == State.CLOSED
    replies = Message.objects.filter(ticket=ticket, kind=MessageKind.REPLY)
    for message in replies:
        assert OutboxMail.objects.filter(message=message, kind="reply").count() == 1
    notes = Message.objects.filter(ticket=ticket, kind=MessageKind.NOTE)
    assert not Message.objects.public().filter(pk__in=notes).exists()
    assert TicketEvent.objects.filter(ticket=ticket, kind=EventKind.RECEIVED).count() == 1


def check_clocks(ticket, open_deadlines):
    for deadline in Deadline.objects.filter(ticket=ticket):
        assert deadline.spent >= 0
        assert deadline.due_at is None or deadline.due_at >= deadline.started_at
        assert deadline.done_at is None or deadline.done_at >= deadline.started_at
    if ticket.first_responded_at:
        assert DeadlineKind.FIRST_RESPONSE not in open_deadlines
    if ticket.state not in OPEN_STATES:
        assert not set(open_deadlines) & {DeadlineKind.FIRST_RESPONSE, DeadlineKind.RESOLUTION, DeadlineKind.UPDATE}
    if ticket.state == State.PENDING_CUSTOMER:
        running = [kind for kind in (DeadlineKind.RESOLUTION, DeadlineKind.UPDATE) if kind in open_deadlines]
        assert all(open_deadlines[kind].due_at is None for kind in running), "the clock stops while the customer has it"
    assert (DeadlineKind.FOLLOW_UP in open_deadlines) <= (ticket.state == State.PENDING_CUSTOMER)
    assert (DeadlineKind.AUTO_CLOSE in open_deadlines) <= (ticket.state == State.RESOLVED)
    assert (DeadlineKind.INTERNAL_AGE in open_deadlines) <= (ticket.state == State.PENDING_INTERNAL)
    assert ticket.due_at is None or ticket.queue_at in (ticket.due_at, LAST_IN_QUEUE)
