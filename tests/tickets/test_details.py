"""Verbs that sort and name a ticket, and snooze."""

from datetime import timedelta

import pytest

from tests import cast
from tickets import details
from tickets.errors import Refused
from tickets.models import Deadline, EventKind, Priority, Tag, Ticket
from tickets.models.ticket import LAST_IN_QUEUE

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket():
    return cast.a_ticket(now=cast.MONDAY)


def last(ticket):
    return ticket.events.last()


def test_set_priority_chooses_the_policy_anew_and_says_who_did_it(ticket):
    normal = cast.SlaPolicyFactory(name="Normal", priority=Priority.NORMAL)
    urgent = cast.SlaPolicyFactory(name="Urgent", priority=Priority.URGENT, first_response=15, resolution=240)
    ticket = cast.a_ticket(now=cast.MONDAY)
    assert ticket.policy == normal
    changed = details.set_priority(ticket, priority=Priority.URGENT, by=cast.mira(), now=cast.later(minutes=5))
    assert (changed.priority, changed.policy) == (Priority.URGENT, urgent)
    assert changed.first_response_due_at == cast.later(minutes=15)
    event = last(ticket)
    assert (event.kind, event.by, event.data) == (
        EventKind.CHANGED, cast.mira(), {"field": "priority", "old": 3, "new": 1},
    )  # fmt: skip


def test_the_same_value_again_changes_nothing_and_tells_nothing(ticket):
    before = ticket.events.count()
    details.set_priority(ticket, priority=ticket.priority, by=cast.mira())
    details.set_subject(ticket, subject=ticket.subject, by=cast.mira())
    details.add_tags(ticket, names=[], by=cast.mira())
    assert ticket.events.count() == before


def test_an_unknown_priority_is_refused(ticket):
    with pytest.raises(Refused):
        details.set_priority(ticket, priority=9, by=cast.mira())


def test_set_category_meets_the_deadline_for_sorting(ticket):
    assert Deadline.objects.get(ticket=ticket, kind="classify").done_at is None
    billing = cast.CategoryFactory(slug="billing")
    changed = details.set_category(ticket, category=billing, by=cast.mira())
    assert changed.category == billing
    assert Deadline.objects.get(ticket=ticket, kind="classify").outcome == "met"
    assert last(ticket).data == {"field": "category", "old": None, "new": billing.pk}
    assert details.set_category(ticket, category=None, by=cast.mira()).category is None


def test_set_subject_keeps_one_line_and_refuses_an_empty_one(ticket):
    assert details.set_subject(ticket, subject=" New\n name\x00 ", by=cast.mira()).subject == "New name"
    with pytest.raises(Refused) as refusal:
        details.set_subject(ticket, subject=" \n", by=cast.mira())
    assert refusal.value.missing == ("subject",)


def test_set_reference_and_resolution_are_told(ticket):
    details.set_reference(ticket, reference="INV-7741", by=cast.mira())
    changed = details.set_resolution(ticket, cause="Charged twice", fix="Refunded", by=cast.mira())
    assert (changed.reference, changed.cause, changed.fix) == ("INV-7741", "Charged twice", "Refunded")
    told = [event.data["field"] for event in ticket.events.filter(kind=EventKind.CHANGED)]
    assert told == ["reference", "cause", "fix"]


def test_tags_are_cleaned_added_once_and_removed(ticket):
    details.add_tags(ticket, names=["Needs Refund", "#VIP", "vip"], by=cast.mira())
    assert set(ticket.tags.values_list("name", flat=True)) == {"needs-refund", "vip"}
    assert last(ticket).data == {"added": ["needs-refund", "vip"], "removed": []}
    details.set_tags(ticket, names=["vip", "late"], by=cast.mira())
    assert last(ticket).data == {"added": ["late"], "removed": ["needs-refund"]}
    details.remove_tags(ticket, names=["vip", "unknown"], by=cast.mira())
    assert last(ticket).data == {"added": [], "removed": ["vip"]}
    assert list(ticket.tags.values_list("name", flat=True)) == ["late"]


def test_more_tags_than_anyone_reads_are_refused(ticket):
    with pytest.raises(Refused):
        details.add_tags(ticket, names=[f"tag-{number}" for number in range(31)], by=cast.mira())
    assert Tag.objects.count() == 0


def test_snooze_hides_until_a_moment_and_wake_brings_back(ticket):
    until = cast.later(days=1)
    asleep = details.snooze(ticket, until=until, by=cast.mira(), now=cast.MONDAY)
    assert asleep.snoozed_until == until
    assert list(Ticket.objects.awake(cast.MONDAY + timedelta(hours=1))) == []
    assert Deadline.objects.get(ticket=ticket, kind="snooze").next_at == until
    awake = details.wake(ticket, by=cast.mira(), now=cast.later(hours=1))
    assert awake.snoozed_until is None
    assert [event.kind for event in ticket.events.all()][-2:] == [EventKind.SNOOZED, EventKind.WOKEN]


def test_snooze_until_reply_has_no_end_of_its_own(ticket):
    asleep = details.snooze(ticket, until=None, by=cast.mira())
    assert asleep.snoozed_until == LAST_IN_QUEUE
    assert last(ticket).data == {"until": ""}


def test_snooze_refuses_the_past(ticket):
    with pytest.raises(Refused):
        details.snooze(ticket, until=cast.MONDAY - timedelta(minutes=1), by=cast.mira(), now=cast.MONDAY)


def test_set_team_moves_it_and_keeps_the_assignee(ticket):
    team = cast.TeamFactory(slug="tier-2", tier=2)
    changed = details.set_team(ticket, team=team, by=cast.mira(), reason="Looks like a bug")
    assert changed.team == team
    assert (last(ticket).data["field"], last(ticket).reason) == ("team", "Looks like a bug")
