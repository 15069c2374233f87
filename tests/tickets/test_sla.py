"""A ticket's clocks: which policy, when due, how they pause and resume, and that undo is exact."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import transaction
from django_fsm import can_proceed
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.lib import clock
from helpdesk.lib.clock import Calendar
from tests import cast
from tickets import desk as desk_settings
from tickets import sla
from tickets.models import (
    OPEN_STATES,
    Channel,
    CustomerTier,
    Deadline,
    DeadlineKind,
    EventKind,
    LifecycleTiming,
    Priority,
    SlaPolicy,
    State,
    Ticket,
)
from tickets.models.ticket import LAST_IN_QUEUE
from tickets.sla import Clocks

HOUR = 3600
OFFICE = Calendar("UTC", (((time(9), time(17)),),) * 5 + ((), ()))
MONDAY = cast.MONDAY  # 09:00, the moment the office opens
FIRST, RESOLUTION, UPDATE = DeadlineKind.FIRST_RESPONSE, DeadlineKind.RESOLUTION, DeadlineKind.UPDATE


def at(**span: float) -> datetime:
    return MONDAY + timedelta(**span)


class Stage:
    """One ticket whose clocks are driven by hand, as a verb would: one transaction a step."""

    def __init__(self, **ticket) -> None:
        self.team: Any = cast.TeamFactory(slug="office")
        self.policy = SlaPolicy.objects.create(name="Standard", first_response=120, resolution=8 * 60, update_every=240)
        self.timing = LifecycleTiming.objects.create()
        ticket.setdefault("category", cast.CategoryFactory())
        ticket.setdefault("team", self.team)
        self.ticket = cast.TicketFactory.build(customer=cast.ravi(), created_at=MONDAY, **ticket)
        self.reload()

    def reload(self, calendar: Calendar = OFFICE) -> None:
        desk_settings.forget()
        loaded = desk_settings.current()
        self.desk = replace(loaded, calendars=loaded.calendars | {self.team.pk: calendar})

    def begin(self, now: datetime = MONDAY) -> Stage:
        with transaction.atomic():
            clocks = Clocks.new(self.ticket, desk=self.desk, now=now)
            clocks.begin()
            self.ticket.save(force_insert=True)
            clocks.save()
        return self

    def do(self, step, now: datetime) -> Clocks:
        """Run `step(clocks)` on the freshly read ticket and save it as a verb does."""
        with transaction.atomic():
            self.ticket = Ticket.objects.get(pk=self.ticket.pk)
            clocks = Clocks.load(self.ticket, desk=self.desk, now=now)
            step(clocks)
            self.ticket.save(update_fields=["state", "priority", "team", *clocks.save()])
        self.ticket = Ticket.objects.get(pk=self.ticket.pk)
        return clocks

    def move(self, to: State, now: datetime) -> None:
        def step(clocks: Clocks) -> None:
            before = clocks.ticket.state
            if to == State.CLOSED:
                clocks.ticket.to_closed() if before == State.RESOLVED else clocks.ticket.to_set_aside()
            elif before in (State.RESOLVED, State.CLOSED):
                clocks.ticket.to_reopened()
            else:
                getattr(clocks.ticket, f"to_{to}")()
            clocks.moved(before)

        self.do(step, now)

    def answer(self, now: datetime) -> None:
        self.do(Clocks.answered, now)

    def row(self, kind: str) -> Deadline:
        """The newest deadline of that kind."""
        return Deadline.objects.filter(ticket=self.ticket, kind=kind).latest("pk")

    def open(self) -> set[str]:
        return set(Deadline.objects.filter(ticket=self.ticket, done_at=None).values_list("kind", flat=True))

    def rows(self) -> list[dict[str, Any]]:
        return [dict(row) for row in Deadline.objects.filter(ticket=self.ticket).order_by("pk").values()]

    def told(self, kind: EventKind) -> list[dict]:
        return [event.data for event in self.ticket.events.filter(kind=kind)]


@pytest.fixture
def stage(db) -> Stage:
    return Stage()


def test_the_first_policy_that_fits_is_chosen(db):
    ticket = cast.TicketFactory.build(priority=Priority.HIGH, channel=Channel.CHAT, customer_tier=CustomerTier.VIP)
    make = {"first_response": 1, "resolution": 1}
    SlaPolicy.objects.create(name="rest", position=9, **make)
    for position, (name, fits) in enumerate(
        [("urgent", {"priority": Priority.URGENT}), ("mail", {"channel": Channel.EMAIL}),
         ("vip by mail", {"customer_tier": CustomerTier.VIP, "channel": Channel.EMAIL}),
         ("off", {"is_active": False}),
         ("vip chat", {"customer_tier": CustomerTier.VIP, "channel": Channel.CHAT}),
         ("high", {"priority": Priority.HIGH})]
    ):  # fmt: skip
        SlaPolicy.objects.create(name=name, position=position, **fits, **make)
    desk = desk_settings.current()
    assert sla.choose(ticket, desk).name == "vip chat"
    ticket.channel = Channel.WEB
    assert sla.choose(ticket, desk).name == "high"
    ticket.priority = Priority.LOW
    assert sla.choose(ticket, desk).name == "rest"


def test_no_policy_means_no_promise(stage):
    SlaPolicy.objects.all().delete()
    stage.reload()
    stage.begin()
    assert stage.open() == set()
    assert (stage.ticket.policy, stage.ticket.due_at, stage.ticket.queue_at) == (None, None, LAST_IN_QUEUE)


def test_a_new_ticket_owes_a_response_and_a_resolution(stage):
    stage.begin()
    assert stage.open() == {FIRST, RESOLUTION}
    assert stage.row(FIRST).due_at == at(hours=2)
    assert stage.row(FIRST).next_at == at(hours=1.5)  # three quarters used: a warning
    assert stage.row(RESOLUTION).due_at == at(hours=8)
    saved = Ticket.objects.get(pk=stage.ticket.pk)
    assert saved.policy == stage.policy
    assert (saved.due_at, saved.due_kind, saved.queue_at) == (at(hours=2), FIRST, at(hours=2))
    assert (saved.first_response_due_at, saved.resolution_due_at) == (at(hours=2), at(hours=8))


def test_a_ticket_without_category_is_to_be_sorted_soon(db):
    stage = Stage(category=None).begin()
    assert stage.row(DeadlineKind.CLASSIFY).due_at == at(minutes=5)
    assert stage.ticket.due_at == at(hours=2)
    stage.do(Clocks.sorted, at(minutes=3))
    assert (stage.row(DeadlineKind.CLASSIFY).outcome, stage.row(DeadlineKind.CLASSIFY).next_at) == ("met", None)


def test_promises_count_working_time_only(stage):
    stage.begin(at(hours=7))  # an hour before closing
    assert stage.row(FIRST).due_at == at(days=1, hours=1)
    assert stage.row(RESOLUTION).due_at == at(days=1, hours=7)


def test_a_policy_around_the_clock_ignores_opening_hours(stage):
    SlaPolicy.objects.update(in_business_hours=False)
    stage.reload()
    stage.begin(at(hours=7))
    assert stage.row(RESOLUTION).due_at == at(hours=15)


def test_a_team_that_never_opens_still_has_due_times(stage):
    stage.reload(Calendar("UTC", ((),) * 7))
    stage.begin()
    assert stage.row(FIRST).due_at == at(hours=2)


def test_a_response_in_time_is_met_and_an_update_is_owed_while_in_progress(stage):
    stage.begin()
    stage.move(State.FIRST_RESPONSE, at(hours=1))
    stage.answer(at(hours=1))
    row = stage.row(FIRST)
    assert (row.outcome, row.spent, row.done_at, row.next_at) == ("met", HOUR, at(hours=1), None)
    assert stage.ticket.first_response_due_at == at(hours=2)
    stage.move(State.IN_PROGRESS, at(hours=2))
    assert stage.open() == {RESOLUTION, UPDATE}
    update = stage.row(UPDATE)
    assert (update.due_at, update.next_at) == (at(hours=6), at(hours=5.5))
    assert (stage.ticket.due_at, stage.ticket.due_kind) == (at(hours=6), UPDATE)


def test_an_answer_starts_the_update_clock_anew(stage):
    stage.begin()
    stage.move(State.IN_PROGRESS, at(hours=1))
    stage.answer(at(hours=3))
    update = stage.row(UPDATE)
    assert (update.due_at, update.started_at, update.spent) == (at(hours=7), at(hours=3), 0)
    assert Deadline.objects.filter(kind=UPDATE).count() == 1


def test_no_update_is_owed_when_the_policy_asks_for_none(stage):
    SlaPolicy.objects.update(update_every=0)
    stage.reload()
    stage.begin()
    stage.move(State.IN_PROGRESS, at(hours=1))
    assert stage.open() == {FIRST, RESOLUTION}


def test_a_response_at_the_very_moment_it_is_due_is_in_time(stage):
    stage.begin()
    stage.answer(at(hours=2))
    assert (stage.row(FIRST).outcome, stage.ticket.has_breached) == ("met", False)


def test_a_late_response_is_late_and_told_even_if_no_sweeper_saw_it(stage):
    stage.begin()
    stage.answer(at(hours=2, seconds=1))
    row = stage.row(FIRST)
    assert (row.outcome, row.breached_at) == ("late", at(hours=2))
    assert stage.ticket.has_breached is True
    assert stage.told(EventKind.BREACHED) == [
        {"kind": FIRST, "due_at": at(hours=2).isoformat(), "late_digest": False, "why": FIRST}
    ]


def test_waiting_for_the_customer_stops_the_promises_and_starts_a_follow_up(stage):
    stage.begin()
    stage.answer(at(hours=1))
    stage.move(State.IN_PROGRESS, at(hours=1))
    stage.move(State.PENDING_CUSTOMER, at(hours=2))
    assert stage.open() == {RESOLUTION, UPDATE, DeadlineKind.FOLLOW_UP}
    resolution = stage.row(RESOLUTION)
    assert (resolution.spent, resolution.due_at, resolution.next_at) == (2 * HOUR, None, None)
    assert stage.row(DeadlineKind.FOLLOW_UP).due_at == at(hours=26)
    assert (stage.ticket.due_at, stage.ticket.due_kind) == (None, "")
    assert (stage.ticket.queue_at, stage.ticket.resolution_due_at) == (at(hours=26), None)
    stage.move(State.IN_PROGRESS, at(days=2))
    assert stage.row(DeadlineKind.FOLLOW_UP).outcome == "dropped"
    assert stage.row(RESOLUTION).due_at == at(days=2, hours=6)
    assert stage.row(UPDATE).due_at == at(days=2, hours=3)


def test_another_answer_while_waiting_puts_the_follow_up_off(stage):
    stage.begin()
    stage.move(State.PENDING_CUSTOMER, at(hours=1))
    stage.answer(at(hours=3))
    assert stage.row(DeadlineKind.FOLLOW_UP).due_at == at(hours=27)
    assert stage.open() == {RESOLUTION, DeadlineKind.FOLLOW_UP}


def test_waiting_for_us_does_not_stop_the_promises(stage):
    stage.begin()
    stage.move(State.IN_PROGRESS, at(hours=1))
    stage.move(State.PENDING_INTERNAL, at(hours=2))
    assert stage.open() == {FIRST, RESOLUTION, UPDATE, DeadlineKind.INTERNAL_AGE}
    assert stage.row(RESOLUTION).due_at == at(hours=8)
    assert stage.row(UPDATE).due_at == at(hours=5)
    stage.move(State.IN_PROGRESS, at(hours=3))
    assert stage.row(DeadlineKind.INTERNAL_AGE).outcome == "dropped"


def test_resolved_meets_what_is_owed_and_closes_by_itself_later(stage):
    stage.begin()
    stage.move(State.IN_PROGRESS, at(hours=1))
    stage.move(State.RESOLVED, at(hours=1.5))
    assert {row["kind"]: row["outcome"] for row in stage.rows()} == {
        FIRST: "met", RESOLUTION: "met", UPDATE: "dropped", DeadlineKind.AUTO_CLOSE: "",
    }  # fmt: skip
    assert stage.row(DeadlineKind.AUTO_CLOSE).due_at == at(hours=49.5)
    assert (stage.ticket.due_at, stage.ticket.resolution_due_at) == (None, at(hours=8))


def test_closed_leaves_one_follow_up_and_spam_none(stage):
    stage.begin()
    stage.move(State.RESOLVED, at(hours=1))
    stage.move(State.CLOSED, at(hours=2))
    assert stage.open() == {DeadlineKind.AFTER_CLOSE}
    assert stage.row(DeadlineKind.AFTER_CLOSE).due_at == at(hours=26)
    Ticket.objects.filter(pk=stage.ticket.pk).update(is_spam=True)
    stage.move(State.IN_PROGRESS, at(hours=3))
    stage.move(State.CLOSED, at(hours=4))
    assert stage.open() == set()
    assert stage.row(RESOLUTION).outcome == "dropped"


def test_resolved_and_closed_in_one_go_writes_no_timer_for_nothing(stage):
    stage.begin()

    def step(clocks: Clocks) -> None:
        clocks.ticket.to_resolved()
        clocks.moved(State.NEW)
        clocks.ticket.to_closed()
        clocks.moved(State.RESOLVED)

    stage.do(step, at(hours=1))
    assert {row["kind"] for row in stage.rows()} == {FIRST, RESOLUTION, DeadlineKind.AFTER_CLOSE}


def test_reopened_owes_a_fresh_resolution_and_no_first_response(stage):
    stage.begin()
    stage.move(State.RESOLVED, at(hours=1))
    stage.move(State.IN_PROGRESS, at(hours=3))
    assert stage.open() == {RESOLUTION, UPDATE}
    fresh = stage.row(RESOLUTION)
    assert (fresh.started_at, fresh.spent, fresh.due_at) == (at(hours=3), 0, at(days=1, hours=3))
    assert Deadline.objects.filter(kind=RESOLUTION, outcome="met").count() == 1


def test_a_promise_broken_before_a_wait_stays_due_when_it_broke(stage):
    stage.begin()
    stage.move(State.PENDING_CUSTOMER, at(hours=3))
    assert [each["kind"] for each in stage.told(EventKind.BREACHED)] == [FIRST]
    stage.move(State.IN_PROGRESS, at(hours=5))
    row = stage.row(FIRST)
    assert (row.due_at, row.next_at, row.outcome) == (at(hours=2), None, "")
    assert (stage.ticket.due_at, stage.ticket.due_kind) == (at(hours=2), FIRST)


def test_a_higher_priority_keeps_the_time_used(stage):
    urgent = SlaPolicy.objects.create(
        name="Urgent", position=1, priority=Priority.URGENT, first_response=90, resolution=4 * 60, warn_at_percent=50
    )
    stage.reload()
    stage.begin()

    def raised(clocks: Clocks) -> None:
        clocks.ticket.priority = Priority.URGENT
        clocks.rechosen()

    stage.do(raised, at(hours=1))
    row = stage.row(FIRST)
    assert stage.ticket.policy == urgent
    assert (row.started_at, row.spent, row.budget) == (MONDAY, HOUR, 90 * 60)
    assert (row.due_at, row.next_at) == (at(hours=1.5), at(hours=1))  # more than half is used: warn at once
    assert stage.row(RESOLUTION).due_at == at(hours=4)


def test_a_promise_with_less_time_than_it_used_is_due_at_once(stage):
    SlaPolicy.objects.create(name="Urgent", position=1, priority=Priority.URGENT, first_response=15, resolution=240)
    stage.reload()
    stage.begin()

    def raised(clocks: Clocks) -> None:
        clocks.ticket.priority = Priority.URGENT
        clocks.rechosen()

    stage.do(raised, at(hours=1))
    assert (stage.row(FIRST).due_at, stage.row(FIRST).breached_at) == (at(hours=1), None)


def test_a_longer_time_mends_a_broken_promise_but_not_its_history(stage):
    SlaPolicy.objects.create(name="Low", position=1, priority=Priority.LOW, first_response=8 * 60, resolution=960)
    stage.reload()
    stage.begin()

    def lowered(clocks: Clocks) -> None:
        clocks.ticket.priority = Priority.LOW
        clocks.rechosen()

    stage.do(lowered, at(hours=3))
    row = stage.row(FIRST)
    assert (row.due_at, row.breached_at, row.warned_at) == (at(hours=8), None, None)
    assert (stage.ticket.has_breached, len(stage.told(EventKind.BREACHED))) == (True, 1)


def test_the_hours_of_the_team_that_had_it_count_until_the_hand_over(stage):
    stage.begin(at(hours=6))
    around_the_clock = cast.TeamFactory(slug="nights")

    def handed_over(clocks: Clocks) -> None:
        clocks.ticket.team = around_the_clock
        clocks.rechosen()

    stage.do(handed_over, at(hours=12))
    row = stage.row(RESOLUTION)
    assert (row.spent, row.team) == (2 * HOUR, around_the_clock)
    assert row.due_at == at(hours=18)


def test_choosing_anew_without_a_difference_writes_nothing(stage, django_assert_num_queries):
    stage.begin()
    before = stage.rows()
    clocks = Clocks.load(Ticket.objects.get(pk=stage.ticket.pk), desk=stage.desk, now=at(hours=1))
    with django_assert_num_queries(0):
        clocks.rechosen()
        clocks.save()
    assert stage.rows() == before


def test_a_policy_that_is_gone_drops_its_promises(stage):
    stage.begin()
    SlaPolicy.objects.update(is_active=False)
    stage.reload()
    stage.do(Clocks.rechosen, at(hours=1))
    assert stage.open() == set()
    assert (stage.ticket.policy, stage.ticket.due_at, stage.ticket.resolution_due_at) == (None, None, None)


def test_a_snoozed_ticket_is_last_in_queue_until_woken(stage):
    stage.begin()
    stage.do(lambda clocks: clocks.snoozed(at(days=3)), at(hours=1))
    assert (stage.ticket.queue_at, stage.ticket.due_at) == (LAST_IN_QUEUE, at(hours=2))
    assert stage.ticket.snoozed_until == at(days=3)
    stage.do(Clocks.woken, at(hours=1.5))
    assert (stage.ticket.queue_at, stage.ticket.snoozed_until) == (at(hours=2), None)
    assert stage.row(DeadlineKind.SNOOZE).outcome == "met"


def test_a_verb_that_wakes_a_ticket_in_passing_ends_the_snooze(stage):
    stage.begin()
    stage.do(lambda clocks: clocks.snoozed(at(days=3)), at(hours=1))

    def replied(clocks: Clocks) -> None:
        clocks.ticket.snoozed_until = None
        clocks.answered()

    stage.do(replied, at(hours=1.5))
    assert stage.open() == {RESOLUTION}
    assert stage.ticket.queue_at == at(hours=8)


def test_stop_ends_everything(stage):
    stage.begin()
    stage.do(lambda clocks: clocks.stop("dropped"), at(hours=1))
    assert {row["outcome"] for row in stage.rows()} == {"dropped"}
    assert (stage.ticket.due_at, stage.ticket.queue_at) == (None, LAST_IN_QUEUE)


def test_restoring_undoes_exactly_what_was_done(stage):
    stage.begin()
    stage.move(State.IN_PROGRESS, at(hours=1))
    before = stage.rows()
    shown = Ticket.objects.values("due_at", "due_kind", "queue_at", "resolution_due_at").get(pk=stage.ticket.pk)
    snapshots = []
    stage.do(lambda clocks: snapshots.append(clocks.snapshot()), at(hours=1, minutes=5))
    stage.answer(at(hours=1, minutes=5))
    stage.move(State.RESOLVED, at(hours=1, minutes=5))
    stage.do(lambda clocks: clocks.restore(snapshots[0]), at(hours=1, minutes=6))
    assert [row for row in stage.rows() if row["id"] in {each["id"] for each in before}] == before
    assert stage.row(DeadlineKind.AUTO_CLOSE).outcome == "dropped"
    assert Ticket.objects.values(*shown).get(pk=stage.ticket.pk) == shown


def test_restoring_swaps_a_fresh_clock_for_the_one_that_ran(stage):
    """Two open deadlines of a kind would break the constraint, also for a moment within one statement."""
    stage.begin()
    first = stage.row(RESOLUTION)
    snapshots = []
    stage.do(lambda clocks: snapshots.append(clocks.snapshot()), at(hours=1))
    stage.move(State.RESOLVED, at(hours=1))
    stage.move(State.IN_PROGRESS, at(hours=1))
    second = stage.row(RESOLUTION)
    assert second.pk != first.pk
    stage.do(lambda clocks: clocks.restore(snapshots[0]), at(hours=1))
    assert stage.open() == {FIRST, RESOLUTION}
    assert Deadline.objects.get(pk=second.pk).outcome == "dropped"
    assert Deadline.objects.get(pk=first.pk).due_at == at(hours=8)


def test_a_breach_since_the_snapshot_is_not_told_twice(stage):
    stage.begin()
    snapshots = []
    stage.do(lambda clocks: snapshots.append(clocks.snapshot()), at(hours=1))
    stage.do(lambda clocks: clocks.broke(FIRST), at(hours=2))
    stage.do(lambda clocks: clocks.restore(snapshots[0]), at(hours=2, minutes=1))
    row = stage.row(FIRST)
    assert (row.breached_at, row.next_at, row.due_at) == (at(hours=2), None, at(hours=2))
    stage.answer(at(hours=3))
    assert len(stage.told(EventKind.BREACHED)) == 1


def test_a_snapshot_is_json_and_survives_a_deleted_policy(stage):
    stage.begin()
    snapshots = []
    stage.do(lambda clocks: snapshots.append(clocks.snapshot()), at(hours=1))
    assert snapshots[0]["deadlines"][0]["due_at"] == at(hours=2).isoformat()
    SlaPolicy.objects.all().delete()
    stage.reload()
    stage.do(lambda clocks: clocks.restore(snapshots[0]), at(hours=1))
    assert (stage.ticket.policy, stage.open()) == (None, {FIRST, RESOLUTION})


def test_beginning_and_moving_cost_few_statements(stage, django_assert_num_queries):
    clocks = Clocks.new(stage.ticket, desk=stage.desk, now=MONDAY)
    with django_assert_num_queries(0):
        clocks.begin()
    stage.ticket.save(force_insert=True)
    with django_assert_num_queries(1):
        clocks.save()
    stage.move(State.IN_PROGRESS, at(hours=1))
    ticket = Ticket.objects.get(pk=stage.ticket.pk)
    with django_assert_num_queries(3):  # read, insert the follow-up, update what paused
        clocks = Clocks.load(ticket, desk=stage.desk, now=at(hours=1))
        ticket.to_pending_customer()
        clocks.moved(State.IN_PROGRESS)
        clocks.answered()
        clocks.save()


def used_by_fold(history: list[tuple[datetime, str]], calendar: Calendar, until: datetime) -> int:
    """Working seconds of every stretch that was not spent waiting for the customer."""
    ends = [moment for moment, _ in history[1:]] + [until]
    return sum(
        clock.between(calendar, start, end)
        for (start, state), end in zip(history, ends, strict=True)
        if state != State.PENDING_CUSTOMER
    )


MOVES = st.lists(
    st.tuples(
        st.sampled_from([State.FIRST_RESPONSE, State.IN_PROGRESS, State.PENDING_CUSTOMER, State.PENDING_INTERNAL]),
        st.integers(1, 40 * HOUR),
    ),
    max_size=8,
)
CALENDARS = st.sampled_from(
    [
        OFFICE,
        Calendar.always(),
        Calendar("America/New_York", (((time(8, 30), time(12)), (time(13), time(18))),) * 6 + ((),)),
        Calendar("Europe/Berlin", (((time(0), time(6)), (time(22), time(0))),) * 7),
    ]
)
STARTS = st.sampled_from(
    [MONDAY, datetime(2026, 3, 6, 16, 59, 30, 500_000, tzinfo=UTC), datetime(2026, 3, 28, tzinfo=UTC)]
)


@pytest.mark.django_db(transaction=False)
@given(MOVES, CALENDARS, STARTS, st.integers(1, 80 * 60))
def test_clocks_equal_a_fold_over_the_history(moves, calendar, start, minutes):
    """However a ticket moved, what its clock counted step by step is what its history adds up to."""
    with transaction.atomic():
        stage = Stage()
        SlaPolicy.objects.update(resolution=minutes)
        stage.reload(calendar)
        stage.begin(start)
        history, now = [(start, State.NEW)], start
        for to, seconds in moves:
            now += timedelta(seconds=seconds)
            if can_proceed(getattr(stage.ticket, f"to_{to}")):
                stage.move(to, now)
                history.append((now, to))
            check_invariants(stage)
        row, budget = stage.row(RESOLUTION), minutes * 60
        used = used_by_fold(history, calendar, now)
        assert row.done_at is None
        if row.resumed_at is None:
            assert (row.spent, row.due_at) == (used, None)
        else:
            assert row.spent + clock.between(calendar, row.resumed_at, now) == used
            if row.breached_at is None:
                assert row.due_at == clock.add(calendar, row.resumed_at, budget - row.spent)
                assert (row.due_at < now) <= (used >= budget)
            else:
                assert row.due_at == row.breached_at < now
        stage.move(State.RESOLVED, now)
        done = stage.row(RESOLUTION)
        assert done.spent == used
        assert used <= budget if done.outcome == "met" else used >= budget
        transaction.set_rollback(True)


def check_invariants(stage: Stage) -> None:
    rows = list(Deadline.objects.filter(ticket=stage.ticket, done_at=None))
    assert len({row.kind for row in rows}) == len(rows)
    assert [row for row in rows if row.spent < 0] == []
    is_paused = stage.ticket.state == State.PENDING_CUSTOMER
    assert {row.resumed_at is None for row in rows if row.budget} <= {is_paused}
    due = sorted(row.due_at for row in rows if row.budget and row.due_at)
    assert stage.ticket.due_at == (due[0] if due else None)
    assert stage.ticket.state in OPEN_STATES
    assert [row for row in rows if row.next_at and row.due_at and row.next_at > row.due_at] == []
