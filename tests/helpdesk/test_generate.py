"""`manage.py generate`: a large desk, consistent however large."""

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count

from helpdesk.management.commands import generate
from tickets.models import (
    OPEN_STATES,
    Customer,
    Deadline,
    DeadlineKind,
    Message,
    State,
    Ticket,
    TicketEvent,
    User,
)  # fmt: skip

pytestmark = pytest.mark.django_db


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(generate, "CUSTOMERS", 30)
    monkeypatch.setattr(generate, "AGENTS", 5)
    monkeypatch.setattr("helpdesk.bulk.BATCH", 70)


def test_generate_writes_tickets_with_three_messages(few):
    call_command("generate", tickets=200, verbosity=0)
    assert Ticket.objects.count() == 200
    assert Message.objects.count() == 600
    assert (Customer.objects.count(), User.objects.count()) == (30, 5)
    assert set(Ticket.objects.annotate(said=Count("messages")).values_list("said", flat=True)) == {3}


def test_generated_states_match_their_events(few):
    call_command("generate", tickets=200, verbosity=0)
    for ticket in Ticket.objects.all():
        last = ticket.events.exclude(to_state="").last()
        assert ticket.state == last.to_state
    assert TicketEvent.objects.filter(reacted_at=None).count() == 0


def test_generated_open_tickets_have_one_open_deadline_a_kind_and_closed_ones_none(few):
    call_command("generate", tickets=300, verbosity=0)
    pending = Deadline.objects.filter(done_at=None)
    assert pending.filter(ticket__state=State.CLOSED, kind__in=("first_response", "resolution", "update")).count() == 0
    waiting = Ticket.objects.filter(state__in=OPEN_STATES).exclude(policy=None)
    assert waiting.count() > 10
    resolving = pending.filter(kind=DeadlineKind.RESOLUTION, ticket__state__in=OPEN_STATES)
    assert resolving.values("ticket").distinct().count() == waiting.count()


def test_generate_goes_on_where_it_stopped(few):
    call_command("generate", tickets=20, verbosity=0)
    call_command("generate", tickets=20, verbosity=0)
    assert (Ticket.objects.count(), Customer.objects.count()) == (40, 30)


def test_generate_refuses_nothing(few):
    with pytest.raises(CommandError):
        call_command("generate", tickets=0, verbosity=0)
