"""Moves from state to state: who did them, what they need first, and who came too late."""

from datetime import timedelta

import pytest

from tests.cast import MONDAY, a_ticket, dana, jonas, later, mira, ravi
from tickets import lifecycle
from tickets.errors import Refused
from tickets.models import Category, EventKind, MoveCondition, State, Ticket, TicketEvent

pytestmark = pytest.mark.django_db


def events_of(ticket):
    return [(event.kind, event.from_state, event.to_state) for event in TicketEvent.objects.filter(ticket=ticket)]


def test_acknowledge_moves_a_new_ticket_and_tells_who():
    agent, ticket = mira(), a_ticket(now=MONDAY)
    ticket = lifecycle.acknowledge(ticket, by=agent, now=later(minutes=4))
    assert ticket.state == State.FIRST_RESPONSE
    assert ticket.first_responded_at == later(minutes=4)
    last = TicketEvent.objects.filter(ticket=ticket).last()
    assert (last.kind, last.by, last.from_state, last.to_state) == (
        EventKind.ACKNOWLEDGED,
        agent,
        "new",
        "first_response",
    )


def test_every_open_state_reaches_resolved_and_resolved_reaches_closed():
    agent = mira()
    for path in (
        [],
        [lifecycle.acknowledge],
        [lifecycle.start],
        [lifecycle.wait_for_customer],
        [lifecycle.wait_for_us],
        [lifecycle.acknowledge, lifecycle.start, lifecycle.wait_for_us, lifecycle.start],
    ):
        ticket = a_ticket()
        for verb in path:
            ticket = verb(ticket, by=agent)
        ticket = lifecycle.resolve(ticket, by=agent, cause="Card expired", fix="New card added")
        assert (ticket.state, ticket.cause, ticket.fix) == (State.RESOLVED, "Card expired", "New card added")
        assert lifecycle.close(ticket, by=None, reason="48 h").state == State.CLOSED


def test_a_second_agent_is_told_who_was_first():
    ticket = a_ticket()
    seen_by_both = Ticket.objects.get(pk=ticket.pk)
    lifecycle.resolve(ticket, by=mira())
    with pytest.raises(Refused, match="Mira Kovac set it to “Resolved”"):
        lifecycle.acknowledge(seen_by_both, by=jonas())
    assert Ticket.objects.get(pk=ticket.pk).state == State.RESOLVED


def test_closed_needs_resolved_first():
    with pytest.raises(Refused):
        lifecycle.close(a_ticket(), by=mira())


def test_a_refused_move_leaves_no_event():
    ticket = a_ticket()
    before = events_of(ticket)
    with pytest.raises(Refused):
        lifecycle.close(ticket, by=mira())
    assert events_of(ticket) == before


def test_a_condition_on_a_move_names_what_is_missing_and_lets_pass_once_it_is_there():
    MoveCondition.objects.create(state=State.RESOLVED, needs=MoveCondition.Needs.CAUSE)
    MoveCondition.objects.create(state=State.RESOLVED, needs=MoveCondition.Needs.FIX)
    ticket, agent = a_ticket(), mira()
    with pytest.raises(Refused) as refusal:
        lifecycle.resolve(ticket, by=agent)
    assert refusal.value.missing == ("cause", "fix")
    assert "what was wrong, what fixed it" in refusal.value.message
    assert lifecycle.resolve(ticket, by=agent, cause="a", fix="b").state == State.RESOLVED


def test_a_condition_of_one_category_leaves_others_alone():
    billing = Category.objects.create(slug="billing", name="Billing")
    MoveCondition.objects.create(state=State.IN_PROGRESS, needs=MoveCondition.Needs.REFERENCE, only_category=billing)
    agent = mira()
    assert lifecycle.start(a_ticket(), by=agent).state == State.IN_PROGRESS
    with pytest.raises(Refused):
        lifecycle.start(a_ticket(category_id=billing.pk), by=agent)
    assert lifecycle.start(a_ticket(category_id=billing.pk, reference="A-1"), by=agent).state == State.IN_PROGRESS


def test_conditions_bind_people_not_the_customer():
    MoveCondition.objects.create(state=State.RESOLVED, needs=MoveCondition.Needs.CAUSE)
    customer = ravi()
    ticket = a_ticket(customer=customer)
    assert lifecycle.confirm_solved(ticket, customer=customer).state == State.CLOSED


def test_reopening_keeps_the_resolution_in_the_history_and_counts():
    agent, ticket = mira(), a_ticket(now=MONDAY)
    ticket = lifecycle.resolve(ticket, by=agent, cause="Cable", fix="Plugged in", now=later(hours=1))
    ticket = lifecycle.reopen(ticket, by=agent, reason="Loose again", now=later(hours=2))
    assert (ticket.state, ticket.reopen_count, ticket.cause, ticket.resolved_at) == (State.IN_PROGRESS, 1, "", None)
    event = TicketEvent.objects.get(ticket=ticket, kind=EventKind.REOPENED)
    assert (event.reason, event.data["cause"], event.data["fix"]) == ("Loose again", "Cable", "Plugged in")


def test_a_customer_reopens_only_within_the_window():
    customer, agent = dana(), mira()
    ticket = a_ticket(customer=customer, now=MONDAY)
    lifecycle.resolve(ticket, by=agent, now=later(hours=1))
    ticket = lifecycle.close(ticket, by=None, now=later(hours=49))
    late = ticket.closed_at + timedelta(days=14, minutes=1)
    with pytest.raises(Refused):
        lifecycle.reopen_by_customer(ticket, customer=customer, now=late)
    ticket = lifecycle.reopen_by_customer(ticket, customer=customer, now=late - timedelta(minutes=2))
    assert ticket.state == State.IN_PROGRESS


def test_moves_offers_what_is_possible():
    agent, ticket = mira(), a_ticket()
    assert lifecycle.moves(ticket) == [
        State.FIRST_RESPONSE, State.IN_PROGRESS, State.PENDING_CUSTOMER, State.PENDING_INTERNAL, State.RESOLVED,
    ]  # fmt: skip
    ticket = lifecycle.resolve(ticket, by=agent)
    assert lifecycle.moves(ticket) == [State.IN_PROGRESS, State.CLOSED]
    assert lifecycle.moves(lifecycle.close(ticket, by=agent)) == [State.IN_PROGRESS]


def test_waiting_since_follows_whose_turn_it_is():
    agent, ticket = mira(), a_ticket(now=MONDAY)
    assert ticket.waiting_since == MONDAY
    ticket = lifecycle.wait_for_customer(ticket, by=agent, now=later(hours=1))
    assert ticket.waiting_since is None
    ticket = lifecycle.start(ticket, by=agent, now=later(hours=2))
    assert ticket.waiting_since == later(hours=2)


def test_the_state_cannot_be_written_past_the_machine():
    ticket = a_ticket()
    with pytest.raises(AttributeError):
        ticket.state = State.CLOSED
