"""Random deeds of people and time on an escalated ticket; what must always hold, holds after every step."""

from contextlib import suppress
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as some

from escalation import ladder
from escalation.models import OPEN, Escalation, StepKind
from helpdesk import reactions, timers
from tests import cast
from tests.cast import MONDAY, CategoryFactory
from tests.escalation import ladders as made
from tickets import assignment, conversation, joining, lifecycle
from tickets.errors import Refused
from tickets.models import Deadline, DeadlineKind, EscalationReason, Message, MessageKind, State, Ticket

pytestmark = pytest.mark.django_db


def open_one(ticket):
    found = Escalation.objects.select_related("ticket").filter(ticket=ticket).last()
    if found is None:
        raise Refused("nothing to act on")
    return found


def take_back(ticket, by, now):
    last = Message.objects.standing().filter(ticket=ticket, kind=MessageKind.REPLY).last()
    if last:
        conversation.withdraw(last, by=last.author, now=last.created_at + timedelta(seconds=5))


def reply(state):
    return lambda ticket, by, now: conversation.reply(
        ticket, body="Here.", by=by, next_state=state, cause="a", fix="b", now=now
    )


DEEDS = {
    "escalate": lambda t, by, now: ladder.escalate(t, reason=EscalationReason.LEGAL, by=by, now=now),
    "acknowledge": lambda t, by, now: ladder.acknowledge(open_one(t), by=by, now=now),
    "climb": lambda t, by, now: ladder.climb(open_one(t), by=by, now=now),
    "hand down": lambda t, by, now: ladder.hand_down(open_one(t), by=by, note="Here.", now=now),
    "settle": lambda t, by, now: ladder.resolve(open_one(t), by=by, now=now),
    "wait for customer": lambda t, by, now: lifecycle.wait_for_customer(t, by=by, now=now),
    "customer writes": lambda t, by, now: conversation.hear(
        t, body="And?", customer=t.customer, channel=t.channel, now=now
    ),
    "reply": reply(None),
    "resolve": reply(State.RESOLVED),
    "take back": take_back,
    "close": lambda t, by, now: lifecycle.close(t, by=by, now=now),
    "reopen": lambda t, by, now: lifecycle.reopen(t, by=by, now=now),
    "spam": lambda t, by, now: joining.mark_spam(t, by=by, now=now),
    "not spam": lambda t, by, now: joining.unmark_spam(t, by=by, now=now),
    "assign": lambda t, by, now: assignment.assign(t, to=by, by=by, now=now),
    "time passes": lambda t, by, now: timers.sweep(now),
}
STEPS = some.lists(
    some.tuples(some.sampled_from(sorted(DEEDS)), some.integers(0, 2), some.sampled_from([0, 1, 20, 61, 300])),
    min_size=1, max_size=10,
)  # fmt: skip


@given(steps=STEPS)
def test_whatever_happens_an_escalation_stays_in_order(steps):
    with transaction.atomic(), time_machine.travel(MONDAY, tick=False) as clock:
        people = made.people()
        made.quick()
        made.trigger("words", words=["and"])
        made.trigger("unsolved", minutes=120)
        category = CategoryFactory(slug="technical")
        ticket, now = cast.a_ticket(now=MONDAY, category_id=category.pk), MONDAY
        staff = [people["mira"], people["sara"], people["eng"]]
        for deed, actor, minutes in steps:
            now += timedelta(minutes=minutes)
            clock.move_to(now)
            fresh = Ticket.objects.select_related("customer").get(pk=ticket.pk)
            with suppress(Refused):  # the verb may say no
                DEEDS[deed](fresh, staff[actor], now)
            reactions.react(now=now)
            check(Ticket.objects.get(pk=ticket.pk))
        transaction.set_rollback(True)
    made.known_no_more()
    assert not Escalation.objects.exists(), "each example begins on an empty desk"


def check(ticket):
    standing = list(Escalation.objects.filter(ticket=ticket, status__in=OPEN).select_related("level"))
    assert len(standing) <= 1, "at most one is open"
    limits = Deadline.objects.filter(ticket=ticket, kind=DeadlineKind.ESCALATION, done_at=None)
    assert limits.count() == len(standing), "its time runs exactly while it is open"
    assert ticket.escalation_rank == (standing[0].level.rank if standing else None), "the ticket's row says so"
    assert not standing or ticket.is_open
    for one in Escalation.objects.filter(ticket=ticket):
        steps = list(one.steps.select_related("level"))
        assert steps[0].kind == StepKind.OPENED
        ranks = [step.level.rank for step in steps if step.kind in (StepKind.OPENED, StepKind.CLIMBED)]
        assert ranks == sorted(set(ranks)), "each climb leads higher"
        assert (one.closed_at is not None) == (not one.is_open)
