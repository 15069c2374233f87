"""The sweeper: what is due is done once, at the right time, whatever happens to the process that does it."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from datetime import datetime, time, timedelta

import pytest
from django.db import connection, connections, transaction

from tests import cast
from tickets import deadlines, lifecycle
from tickets import desk as desk_settings
from tickets.change import changing
from tickets.models import (
    Deadline,
    DeadlineKind,
    EventKind,
    LifecycleTiming,
    OpeningHours,
    SlaPolicy,
    State,
    Ticket,
    TicketEvent,
)
from tickets.models.ticket import LAST_IN_QUEUE
from tickets.sla import Clocks

MONDAY = cast.MONDAY
FIRST, RESOLUTION, UPDATE = DeadlineKind.FIRST_RESPONSE, DeadlineKind.RESOLUTION, DeadlineKind.UPDATE


def at(**span: float) -> datetime:
    return MONDAY + timedelta(**span)


def opened(now: datetime = MONDAY, **ticket) -> Ticket:
    """A ticket with its clocks begun, as the front door leaves it; by default sorted, so that nothing else is due."""
    ticket.setdefault("team", cast.TeamFactory())
    ticket.setdefault("category", cast.CategoryFactory())
    fresh = cast.TicketFactory.build(customer=cast.CustomerFactory(), created_at=now, **ticket)
    with transaction.atomic():
        clocks = Clocks.new(fresh, desk=desk_settings.current(), now=now)
        clocks.begin()
        fresh.save(force_insert=True)
        clocks.save()
    return fresh


@pytest.fixture
def promises(db) -> SlaPolicy:
    """First response in 2 h, resolution in 8 h, an update every 4 h; the timers as shipped."""
    LifecycleTiming.objects.create()
    return SlaPolicy.objects.create(name="Standard", first_response=120, resolution=8 * 60, update_every=240)


def told(ticket: Ticket, *kinds: EventKind) -> list[tuple[str, str]]:
    events = ticket.events.filter(kind__in=kinds) if kinds else ticket.events.all()
    return [(event.kind, event.data.get("kind", "")) for event in events.order_by("pk")]


def row(ticket: Ticket, kind: str) -> Deadline:
    return Deadline.objects.filter(ticket=ticket, kind=kind).latest("pk")


def again(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def test_nothing_due_costs_one_statement(promises, django_assert_num_queries):
    opened()
    with django_assert_num_queries(1):
        assert deadlines.sweep(at(minutes=1)) == 0


def test_a_warning_then_a_breach_then_silence(promises):
    ticket = opened()
    assert deadlines.sweep(at(hours=1.4)) == 0
    assert deadlines.sweep(at(hours=1.5)) == 1
    assert deadlines.sweep(at(hours=1.6)) == 0
    warned = row(ticket, FIRST)
    assert (warned.warned_at, warned.next_at, warned.attempts) == (at(hours=1.5), at(hours=2), 0)
    assert again(ticket).has_breached is False
    assert deadlines.sweep(at(hours=2)) == 1
    assert deadlines.sweep(at(hours=3)) == 0
    assert told(ticket) == [(EventKind.DUE_SOON, FIRST), (EventKind.BREACHED, FIRST)]
    broken = row(ticket, FIRST)
    assert (broken.breached_at, broken.next_at, broken.done_at) == (at(hours=2), None, None)
    fresh = again(ticket)
    assert (fresh.has_breached, fresh.due_at, fresh.due_kind) == (True, at(hours=2), FIRST)


def test_what_a_breach_says(promises):
    ticket = opened()
    deadlines.sweep(at(hours=2, minutes=10))
    event = ticket.events.get(kind=EventKind.BREACHED)
    assert event.data == {"kind": FIRST, "due_at": at(hours=2).isoformat(), "late_digest": False, "why": FIRST}
    assert (event.at, event.by) == (at(hours=2, minutes=10), None)


def test_a_broken_promise_kept_afterwards_is_late(promises):
    ticket = opened()
    deadlines.sweep(at(hours=2))
    with changing(ticket, now=at(hours=2.5)) as change:
        change.clocks.answered()
    assert (row(ticket, FIRST).outcome, len(told(ticket, EventKind.BREACHED))) == ("late", 1)


def test_a_paused_promise_is_never_due(promises):
    ticket = opened()
    lifecycle.wait_for_customer(ticket, by=None, now=at(hours=1))
    assert deadlines.sweep(at(hours=20)) == 0
    assert told(ticket, EventKind.DUE_SOON, EventKind.BREACHED) == []


def test_a_due_update_is_a_reminder_before_and_a_breach_after(promises):
    ticket = opened()
    lifecycle.start(ticket, by=None, now=MONDAY)
    with changing(ticket, now=MONDAY) as change:
        change.clocks.answered()
    deadlines.sweep(at(hours=3.5))
    assert told(ticket, EventKind.REMINDED) == [(EventKind.REMINDED, UPDATE)]
    deadlines.sweep(at(hours=4))
    assert told(ticket, EventKind.BREACHED) == [(EventKind.BREACHED, UPDATE)]


def test_reminders_come_while_people_are_at_work(promises):
    """Due at 09:10, reminded half an hour of work before: at 16:40 the evening before, not at 08:40."""
    team = cast.TeamFactory(slug="office", is_always_open=False)
    for weekday in range(5):
        OpeningHours.objects.create(team=team, weekday=weekday, opens=time(9), closes=time(17))
    desk_settings.forget()
    ticket = opened(team=team)
    lifecycle.start(ticket, by=None, now=at(hours=4, minutes=10))
    assert row(ticket, UPDATE).due_at == at(days=1, minutes=10)
    assert row(ticket, UPDATE).next_at == at(hours=7, minutes=40)


def test_an_unsorted_ticket_is_reminded_of_once(promises):
    ticket = opened(category=None)
    assert deadlines.sweep(at(minutes=5)) == 1
    assert deadlines.sweep(at(minutes=50)) == 0
    assert told(ticket) == [(EventKind.REMINDED, DeadlineKind.CLASSIFY)]
    assert row(ticket, DeadlineKind.CLASSIFY).outcome == "fired"


def test_a_ticket_sorted_in_passing_is_not_reminded_of(promises):
    ticket = opened(category=None)
    Ticket.objects.filter(pk=ticket.pk).update(category=cast.CategoryFactory())
    deadlines.sweep(at(minutes=5))
    assert told(ticket) == []
    assert row(ticket, DeadlineKind.CLASSIFY).outcome == "met"


def test_a_waiting_customer_is_followed_up_once(promises):
    ticket = opened()
    lifecycle.wait_for_customer(ticket, by=None, now=MONDAY)
    assert deadlines.sweep(at(hours=23)) == 0
    assert deadlines.sweep(at(hours=24)) == 1
    assert deadlines.sweep(at(hours=72)) == 0
    assert told(ticket, EventKind.FOLLOWED_UP) == [(EventKind.FOLLOWED_UP, DeadlineKind.FOLLOW_UP)]
    assert again(ticket).queue_at == LAST_IN_QUEUE


def test_waiting_on_us_is_told_when_it_ages(promises):
    ticket = opened()
    SlaPolicy.objects.update(first_response=9_000, resolution=9_000)
    lifecycle.wait_for_us(ticket, by=None, now=MONDAY)
    deadlines.sweep(at(hours=8))
    assert told(ticket, EventKind.REMINDED) == [(EventKind.REMINDED, DeadlineKind.INTERNAL_AGE)]


def test_a_resolved_ticket_closes_by_itself_and_is_followed_up(promises):
    ticket = opened()
    lifecycle.resolve(ticket, by=None, now=MONDAY)
    assert deadlines.sweep(at(hours=47.9)) == 0
    assert deadlines.sweep(at(hours=48)) == 1
    fresh = again(ticket)
    assert (fresh.state, fresh.closed_at) == (State.CLOSED, at(hours=48))
    closed = ticket.events.get(kind=EventKind.CLOSED)
    assert (closed.by, closed.data["why"], closed.from_state) == (None, "auto_close", State.RESOLVED)
    assert row(ticket, DeadlineKind.AUTO_CLOSE).outcome == "fired"
    assert deadlines.sweep(at(hours=72)) == 1
    assert deadlines.sweep(at(hours=99)) == 0
    assert told(ticket, EventKind.FOLLOWED_UP) == [(EventKind.FOLLOWED_UP, DeadlineKind.AFTER_CLOSE)]


def test_a_reopened_ticket_does_not_close_by_itself(promises):
    ticket = opened()
    lifecycle.resolve(ticket, by=None, now=MONDAY)
    lifecycle.reopen(ticket, by=None, now=at(hours=1))
    deadlines.sweep(at(hours=49))
    assert again(ticket).state == State.IN_PROGRESS


def test_a_snoozed_ticket_wakes(promises):
    ticket = opened()
    with changing(ticket, now=MONDAY) as change:
        change.clocks.snoozed(at(hours=1))
    assert deadlines.sweep(at(hours=1)) == 1
    fresh = again(ticket)
    assert (fresh.snoozed_until, fresh.queue_at) == (None, at(hours=2))
    assert told(ticket) == [(EventKind.WOKEN, DeadlineKind.SNOOZE)]


def test_a_whole_life_is_one_row_of_each_and_nothing_stays_open(promises):
    ticket = opened(category=None)
    for now in (at(minutes=5), at(hours=1.5), at(hours=2)):
        deadlines.sweep(now)
    lifecycle.resolve(ticket, by=None, now=at(hours=3))
    for hours in range(4, 120):
        deadlines.sweep(at(hours=hours))
    assert dict(Deadline.objects.filter(ticket=ticket).values_list("kind", "outcome")) == {
        DeadlineKind.CLASSIFY: "fired",
        FIRST: "late",
        RESOLUTION: "met",
        DeadlineKind.AUTO_CLOSE: "fired",
        DeadlineKind.AFTER_CLOSE: "fired",
    }


def test_an_hour_of_downtime_makes_one_digest_and_no_storm(promises):
    """Due while the worker was down: each breach is told once, the old ones for the digest, no warning on top."""
    tickets = [opened(at(minutes=each)) for each in range(60)]
    back = at(hours=3)  # first responses fell due from 11:00 to 11:59; the worker was away from 10:00 to 12:00
    assert deadlines.sweep(back, limit=1_000) == 60
    assert deadlines.sweep(back, limit=1_000) == 0
    events = TicketEvent.objects.filter(ticket__in=tickets)
    assert Counter(events.values_list("kind", flat=True)) == {EventKind.BREACHED: 60}
    # due 11:29 or before: more than half an hour ago
    assert Counter(event.data["late_digest"] for event in events) == {True: 30, False: 30}


def test_a_sweep_takes_no_more_than_its_limit_and_the_longest_due_first(promises):
    late, later = opened(MONDAY), opened(at(minutes=30))
    assert deadlines.sweep(at(hours=4), limit=1) == 1
    assert (len(told(late)), len(told(later))) == (1, 0)


def test_a_deadline_that_fails_holds_up_no_other_and_is_set_aside(promises, monkeypatch):
    bad, good = opened(category=None), opened(category=None)
    remind = deadlines.EFFECTS[DeadlineKind.CLASSIFY]

    def fails_on_one(change, kind):
        if change.ticket.pk == bad.pk:
            raise ZeroDivisionError
        remind(change, kind)

    monkeypatch.setitem(deadlines.EFFECTS, DeadlineKind.CLASSIFY, fails_on_one)
    assert deadlines.sweep(at(minutes=5)) == 1
    assert (len(told(good)), row(bad, DeadlineKind.CLASSIFY).attempts) == (1, 1)
    assert deadlines.sweep(at(minutes=5)) == 0  # not again at once
    now, swept = at(minutes=5), 0
    for _ in range(40):
        now += timedelta(minutes=1)
        swept += deadlines.sweep(now)
    aside = row(bad, DeadlineKind.CLASSIFY)
    assert (swept, aside.attempts, aside.next_at, aside.done_at) == (0, deadlines.TRIES, None, None)
    assert [event.data for event in bad.events.all()] == [
        {"kind": DeadlineKind.CLASSIFY, "set_aside": True, "why": DeadlineKind.CLASSIFY}
    ]


def test_a_failure_leaves_no_half_done_effect(promises, monkeypatch):
    ticket = opened(category=None)

    def breaks_off(change, kind):
        change.clocks.fired(kind)
        change.event(EventKind.REMINDED, by=None)
        change.write()
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setitem(deadlines.EFFECTS, DeadlineKind.CLASSIFY, breaks_off)
        assert deadlines.sweep(at(minutes=5)) == 0
    assert (told(ticket), row(ticket, DeadlineKind.CLASSIFY).done_at) == ([], None)
    assert deadlines.sweep(at(minutes=7)) == 1
    assert told(ticket) == [(EventKind.REMINDED, DeadlineKind.CLASSIFY)]


def test_a_clock_that_was_moved_meanwhile_is_only_looked_at(promises):
    ticket = opened()
    Deadline.objects.filter(ticket=ticket, kind=FIRST).update(next_at=at(minutes=1))
    assert deadlines.sweep(at(minutes=1)) == 1
    assert (told(ticket), row(ticket, FIRST).next_at) == ([], at(hours=1.5))


def test_the_sweepers_question_reads_only_what_is_pending(promises):
    if connection.vendor != "sqlite":
        pytest.skip("a small table is scanned whole on PostgreSQL")
    due = Deadline.objects.filter(next_at__lte=MONDAY, done_at__isnull=True, ticket__isnull=False)
    assert "deadline_pending" in due.order_by("next_at", "pk").explain()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_sweepers_at_once_do_each_deadline_once(promises):
    tickets = [opened(category=None) for _ in range(40)]
    start, swept = threading.Barrier(3), []

    def sweeps():
        start.wait()
        swept.append(sum(deadlines.sweep(at(minutes=5)) for _ in range(3)))
        connections.close_all()

    threads = [threading.Thread(target=sweeps) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(swept) == 40
    assert [len(told(ticket)) for ticket in tickets] == [1] * 40
    assert set(Deadline.objects.filter(kind=DeadlineKind.CLASSIFY).values_list("attempts", "outcome")) == {(0, "fired")}


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_ticket_somebody_is_changing_is_left_for_the_next_sweep(promises):
    ticket = opened(category=None)
    held, swept = threading.Event(), threading.Event()

    def holds():
        with changing(ticket, now=at(minutes=4)):
            held.set()
            swept.wait(20)
        connections.close_all()

    holder = threading.Thread(target=holds)
    holder.start()
    held.wait(20)
    assert deadlines.sweep(at(minutes=5)) == 0
    swept.set()
    holder.join()
    left = row(ticket, DeadlineKind.CLASSIFY)
    assert (left.attempts, left.next_at) == (0, at(minutes=5))
    assert deadlines.sweep(at(minutes=5)) == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_sweeper_killed_in_the_middle_loses_nothing_and_doubles_nothing(promises, monkeypatch):
    ticket = opened(category=None)
    remind = deadlines.EFFECTS[DeadlineKind.CLASSIFY]

    def is_killed(change, kind):
        remind(change, kind)
        change.write()
        os.kill(os.getpid(), signal.SIGKILL)

    connections.close_all()  # a forked process must not share the parent's connection
    child = os.fork()
    if child == 0:
        monkeypatch.setitem(deadlines.EFFECTS, DeadlineKind.CLASSIFY, is_killed)
        deadlines.sweep(at(minutes=5))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert told(ticket) == []
    assert row(ticket, DeadlineKind.CLASSIFY).attempts == 1
    assert deadlines.sweep(at(minutes=7)) == 1
    assert deadlines.sweep(at(minutes=9)) == 0
    assert told(ticket) == [(EventKind.REMINDED, DeadlineKind.CLASSIFY)]
