"""Each due time in words: the steps add up, and a reader can follow them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import transaction

from helpdesk.lib import clock
from helpdesk.lib.clock import Calendar
from tests import cast
from tickets import desk as desk_settings
from tickets import details, lifecycle
from tickets.change import changing
from tickets.clocks_explained import Clock, Stretch, explain, waiting
from tickets.models import (
    DeadlineKind,
    EventKind,
    Holiday,
    LifecycleTiming,
    OpeningHours,
    Priority,
    SlaPolicy,
    State,
    Ticket,
    TicketEvent,
)
from tickets.sla import Clocks

MONDAY = cast.MONDAY
OFFICE = Calendar("UTC", (((time(9), time(17)),),) * 5 + ((), ()), frozenset({date(2026, 3, 3)}))
FIRST, RESOLUTION = DeadlineKind.FIRST_RESPONSE, DeadlineKind.RESOLUTION


def at(**span: float) -> datetime:
    return MONDAY + timedelta(**span)


@pytest.fixture
def ticket(db) -> Ticket:
    """Monday 09:00 at an office open 9 to 17 and closed on Tuesday for a holiday; 2 h to answer, 8 h to solve."""
    LifecycleTiming.objects.create()
    SlaPolicy.objects.create(name="Standard", first_response=120, resolution=8 * 60)
    team: Any = cast.TeamFactory(slug="office", is_always_open=False)
    for weekday in range(5):
        OpeningHours.objects.create(team=team, weekday=weekday, opens=time(9), closes=time(17))
    Holiday.objects.create(team=team, date=date(2026, 3, 3), name="Founders’ day")
    desk_settings.forget()
    desk = desk_settings.current()
    fresh = cast.TicketFactory.build(
        customer=cast.ravi(), team=team, category=cast.CategoryFactory(), created_at=MONDAY
    )
    with transaction.atomic():
        clocks = Clocks.new(fresh, desk=desk, now=MONDAY)
        clocks.begin()
        fresh.save(force_insert=True)
        clocks.save()
    return fresh


def explained(ticket: Ticket, kind: str, now: datetime) -> Clock:
    return next(each for each in explain(ticket, desk_settings.current(), now) if each.kind == kind)


def test_a_running_clock_reads_as_a_sum(ticket):
    first = explained(ticket, FIRST, at(hours=1))
    assert first.sentence == "today 09:00, + 2 h working time → due today 11:00"
    assert (first.label, first.status, first.tone, first.is_open, first.due_at) == (
        "First response", "runs", "ok", True, at(hours=2),
    )  # fmt: skip


def test_pauses_nights_and_holidays_are_named(ticket):
    lifecycle.wait_for_customer(ticket, by=None, now=at(hours=1))
    lifecycle.start(ticket, by=None, now=at(hours=2, minutes=20))
    resolution = explained(ticket, RESOLUTION, at(hours=3))
    assert resolution.sentence == (
        "today 09:00, + 8 h working time, paused 1 h 20 waiting on the customer today 10:00, "
        "left out: nights and breaks, holidays → due 4 Mar 10:20"
    )
    assert resolution.due_at == at(days=2, hours=1, minutes=20)


def test_a_weekend_is_days_off(ticket):
    friday = at(days=4, hours=7)
    lifecycle.resolve(ticket, by=None, now=at(hours=1))
    lifecycle.reopen(ticket, by=None, now=friday)
    resolution = explained(ticket, RESOLUTION, friday)
    assert resolution.sentence == (
        "today 16:00, + 8 h working time, left out: nights and breaks, days off → due 9 Mar 16:00"
    )


def test_a_start_outside_working_hours_says_from_when_it_counts(ticket):
    saturday = at(days=5)
    lifecycle.resolve(ticket, by=None, now=at(hours=1))
    lifecycle.reopen(ticket, by=None, now=saturday)
    steps = [(step.text, step.at) for step in explained(ticket, RESOLUTION, saturday).steps]
    assert ("outside working hours, so it counts from", at(days=7)) in steps


def test_a_paused_clock_says_what_is_left(ticket):
    lifecycle.wait_for_customer(ticket, by=None, now=at(hours=3))
    resolution = explained(ticket, RESOLUTION, at(hours=4))
    assert (resolution.status, resolution.tone, resolution.due_at) == ("paused", "muted", None)
    assert resolution.sentence.endswith("→ stands still with 5 h left")


def test_kept_late_and_dropped_clocks_say_so(ticket):
    with changing(ticket, now=at(hours=2.5)) as change:
        change.clocks.answered()
    lifecycle.start(ticket, by=None, now=at(hours=2.5))
    lifecycle.resolve(ticket, by=None, now=at(hours=3))
    now = at(hours=4)
    first, resolution = explained(ticket, FIRST, now), explained(ticket, RESOLUTION, now)
    assert (first.status, first.tone) == ("kept late", "bad")
    assert first.sentence.endswith("→ kept late, after 2 h 30 of 2 h: today 11:30")
    assert (resolution.status, resolution.tone) == ("kept", "ok")
    assert resolution.sentence.endswith("→ kept after 3 h of 8 h: today 12:00")
    assert explained(ticket, DeadlineKind.UPDATE, now).status == "not needed"
    closing = explained(ticket, DeadlineKind.AUTO_CLOSE, now)
    assert closing.sentence == "today 12:00, + 2 days → due 4 Mar 12:00"


def test_a_broken_clock_is_broken_before_the_sweeper_says_so(ticket):
    assert explained(ticket, FIRST, at(hours=3)).status == "broken"


def test_a_change_of_priority_is_a_step(ticket):
    SlaPolicy.objects.create(name="Urgent", position=1, priority=Priority.URGENT, first_response=90, resolution=240)
    desk_settings.forget()
    details.set_priority(ticket, priority=Priority.URGENT, by=None, now=at(hours=1))
    first = explained(ticket, FIRST, at(hours=1))
    assert first.sentence == (
        "today 09:00, + 1 h 30 working time, set anew, time already used stays used: today 10:00 → due today 10:30"
    )


def test_open_clocks_come_first_by_due_time(ticket):
    lifecycle.start(ticket, by=None, now=at(hours=1))
    with changing(ticket, now=at(hours=1)) as change:
        change.clocks.answered()
    kinds = [each.kind for each in explain(ticket, desk_settings.current(), at(hours=2))]
    assert kinds == [DeadlineKind.UPDATE, RESOLUTION, FIRST]


def test_the_steps_add_up_to_the_due_time(ticket):
    """Start, plus the time allowed, without the pauses named, in the hours named, is the due time shown."""
    lifecycle.wait_for_customer(ticket, by=None, now=at(hours=1))
    lifecycle.start(ticket, by=None, now=at(hours=2))
    lifecycle.wait_for_customer(ticket, by=None, now=at(hours=5))
    lifecycle.start(ticket, by=None, now=at(days=2, hours=3))
    shown = explained(ticket, RESOLUTION, at(days=2, hours=4))
    waits = waiting(list(ticket.events.order_by("id")))
    assert waits == [Stretch(at(hours=1), at(hours=2)), Stretch(at(hours=5), at(days=2, hours=3))]
    paused = sum(clock.between(OFFICE, wait.start, wait.end) for wait in waits if wait.end)
    assert shown.due_at == clock.add(OFFICE, shown.steps[0].at, 8 * 3600 + paused)


def moved(to: State, hours: float, kind: EventKind = EventKind.STARTED) -> TicketEvent:
    return TicketEvent(kind=kind, at=at(hours=hours), to_state=to)


def test_a_move_that_was_taken_back_is_no_pause():
    events = [
        moved(State.NEW, 0, EventKind.RECEIVED),
        moved(State.PENDING_CUSTOMER, 1),
        moved(State.NEW, 1.1, EventKind.WITHDRAWN),
        moved(State.PENDING_CUSTOMER, 2),
        moved(State.RESOLVED, 3),
        moved(State.PENDING_CUSTOMER, 3.1, EventKind.WITHDRAWN),
        TicketEvent(kind=EventKind.NOTED, at=at(hours=3.5)),
        moved(State.IN_PROGRESS, 4),
        moved(State.PENDING_CUSTOMER, 5),
    ]
    assert waiting(events) == [Stretch(at(hours=2), at(hours=4)), Stretch(at(hours=5), None)]


def test_a_clock_around_the_clock_says_so_and_leaves_nothing_out(ticket):
    desk = desk_settings.current()
    desk = replace(desk, calendars={ticket.team_id: Calendar.always()})
    first = next(each for each in explain(ticket, desk, at(hours=1)) if each.kind == FIRST)
    assert first.sentence == "today 09:00, + 2 h around the clock → due today 11:00"


def test_explaining_costs_two_statements(ticket, django_assert_num_queries):
    desk = desk_settings.current()
    lifecycle.wait_for_customer(ticket, by=None, now=at(hours=1))
    lifecycle.start(ticket, by=None, now=at(hours=2))
    with django_assert_num_queries(2):
        explain(ticket, desk, at(hours=3))
