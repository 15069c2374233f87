"""The pulse: what changed of what one looks at, who is there, the counts now and then; changes nothing."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from tests import cast
from tests.cast import TeamFactory, TicketFactory
from tickets import details
from tickets.models import Notification, Presence, SavedView, TicketEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def mira(client):
    user = cast.mira()
    client.force_login(user)
    return user


def beat(client, **query):
    return client.get(reverse("pulse"), query).json()


def newest():
    return TicketEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def test_only_tickets_looked_at_that_changed_since_are_named(client, mira):
    looked_at, other, still = TicketFactory(), TicketFactory(), TicketFactory()
    details.set_priority(still, priority=1, by=mira)
    since = newest()
    details.set_priority(looked_at, priority=1, by=mira)
    details.set_subject(looked_at, subject="New words", by=mira)
    details.set_priority(other, priority=1, by=mira)
    answer = beat(client, since=since, tickets=f"{looked_at.pk},{still.pk}")
    assert answer == {"since": newest(), "changed": [looked_at.pk], "here": {}}
    assert beat(client, since=answer["since"], tickets=f"{looked_at.pk}")["changed"] == []


def test_a_page_that_begins_to_ask_learns_where_to_go_on_from(client, mira):
    ticket = TicketFactory()
    details.set_priority(ticket, priority=1, by=mira)
    assert beat(client, tickets=ticket.pk) == {"since": newest(), "changed": [], "here": {}}
    assert beat(client) == {"since": newest(), "changed": [], "here": {}}
    assert beat(client, since="x", tickets="y,,9x") == {"since": newest(), "changed": [], "here": {}}


def test_who_is_here_is_told_of_others_only_and_while_it_is_true(client, mira):
    now, ticket, jonas, sara = timezone.now(), TicketFactory(), cast.jonas(), cast.sara()
    Presence.objects.create(ticket=ticket, user=mira, seen_at=now)
    Presence.objects.create(ticket=ticket, user=jonas, seen_at=now - timedelta(seconds=20))
    Presence.objects.create(ticket=ticket, user=cast.lena(), seen_at=now - timedelta(seconds=60))
    Presence.objects.create(ticket=ticket, user=sara, is_writing=True, seen_at=now)
    assert beat(client, tickets=ticket.pk)["here"] == {str(ticket.pk): "Sara A. is writing, Jonas T. is looking"}


def test_nothing_leaks_of_a_ticket_one_may_not_see(client, mira):
    hidden = TicketFactory(team=TeamFactory(slug="security", is_restricted=True))
    since = newest()
    details.set_priority(hidden, priority=1, by=None)
    Presence.objects.create(ticket=hidden, user=cast.sara(), seen_at=timezone.now())
    answer = beat(client, since=since or 1, tickets=hidden.pk)
    assert (answer["changed"], answer["here"]) == ([], {})


def test_counts_come_when_asked_for(client, mira):
    SavedView.objects.create(slug="phone", name="Phone calls", filters={"channel": ["phone"]})
    SavedView.objects.create(slug="late", name="Late", filters={"due": "over"}, position=200)
    now = timezone.now()
    TicketFactory(channel="phone", assignee=mira, due_at=now - timedelta(hours=1), queue_at=now - timedelta(hours=1))
    TicketFactory()
    Notification.objects.create(user=mira, kind="mention", text="!", dedupe_key="x", created_at=now)
    answer = beat(client, counts=1)
    assert answer["views"] == [
        {"slug": "phone", "count": "1", "is_hot": False}, {"slug": "late", "count": "1", "is_hot": True},
    ]  # fmt: skip
    assert (answer["count"], answer["unread"], answer["load"]) == ("2", 1, "1 of 20")
    assert beat(client, counts=1, view="phone")["count"] == "1"
    assert beat(client, counts=1, f=1, channel="email")["count"] == "0"


def test_asking_writes_nothing_and_stays_small(client, mira, django_assert_num_queries):
    tickets = TicketFactory.create_batch(3)
    beat(client)
    with django_assert_num_queries(3) as asked:
        beat(client, since=1, tickets=",".join(str(ticket.pk) for ticket in tickets))
    assert [query["sql"] for query in asked if not query["sql"].lstrip().startswith(("SELECT", "BEGIN"))] == []
    with time_machine.travel(timezone.now(), tick=False):  # shared counts are kept for some seconds
        for most in (5, 4):  # what all views share is counted for the first one who asks
            with django_assert_num_queries(most):
                beat(client, since=1, tickets=tickets[0].pk, counts=1)
