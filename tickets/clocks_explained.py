"""Why a deadline is due when it is: each clock of a ticket step by step, in words, from its rows and its history."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.lib import clock
from helpdesk.lib.clock import Calendar, NeverOpen
from tickets import promise, wording
from tickets.desk import Desk
from tickets.models import LIMITS, PROMISES, Deadline, DeadlineKind, EventKind, State, Ticket, TicketEvent

UNDOING = (EventKind.WITHDRAWN, EventKind.RESTORED, EventKind.UNMERGED, EventKind.NOT_SPAM)
CHOOSING_ANEW = (EventKind.CHANGED, EventKind.HANDED_OVER)
STRETCHES = (*PROMISES, *LIMITS)  # what runs, and stands still while waiting on the customer
MANY_DAYS = timedelta(days=400)  # further ahead, what is left out is not looked up


@dataclass(frozen=True)
class Step:
    at: datetime | None
    when: str  # as the reader's clock shows it; empty for a step that has no moment of its own
    text: str


@dataclass(frozen=True)
class Clock:
    kind: str
    label: str
    status: str  # one or two words: runs, paused, kept …
    tone: str  # ok, warn, bad or muted
    due_at: datetime | None
    is_open: bool
    sentence: str  # all steps on one line
    steps: list[Step]


class Stretch(NamedTuple):
    """A time the ticket spent waiting for the customer; `end` None: it still does."""

    start: datetime
    end: datetime | None


def explain(ticket: Ticket, desk: Desk, now: datetime | None = None) -> list[Clock]:
    """Every clock of the ticket, open ones first by due time, then those that ended, the latest first.

    Two statements: the ticket's deadlines and the events that moved it.
    """
    now = now or timezone.now()
    rows = sorted(Deadline.objects.filter(ticket_id=ticket.pk), key=_place)
    events = TicketEvent.objects.filter(ticket_id=ticket.pk).exclude(to_state="", kind__in=_quiet()).order_by("id")
    told = list(events)
    waits = waiting(told)
    return [_explained(row, told, waits, desk, now) for row in rows]


def waiting(events: list[TicketEvent]) -> list[Stretch]:
    """The times spent waiting for the customer; a move that was taken back never happened, nor did its pause."""
    history: list[tuple[datetime, str]] = []
    for event in events:
        if not event.to_state:
            continue
        if event.kind in UNDOING:
            while history and history[-1][1] != event.to_state:
                history.pop()
        if not history or history[-1][1] != event.to_state:
            history.append((event.at, event.to_state))
    return [
        Stretch(start, history[place + 1][0] if place + 1 < len(history) else None)
        for place, (start, state) in enumerate(history)
        if state == State.PENDING_CUSTOMER
    ]


def _quiet() -> list[str]:
    return [kind for kind in EventKind.values if kind not in CHOOSING_ANEW]


def _place(row: Deadline) -> tuple[bool, float, int]:
    if row.done_at is None:
        return False, row.due_at.timestamp() if row.due_at else float("inf"), row.pk
    return True, -row.done_at.timestamp(), row.pk


def _explained(row: Deadline, events: list[TicketEvent], waits: list[Stretch], desk: Desk, now: datetime) -> Clock:
    if row.kind in STRETCHES:
        steps = list(_promise_steps(row, events, waits, desk, now))
    else:
        allowed = wording.duration((row.due_at - row.started_at).total_seconds()) if row.due_at else ""
        steps = [_step(row.started_at, _("starts"), now), _step(None, _("+ %(time)s") % {"time": allowed}, now)]
    steps.append(_last_step(row, desk, now))
    status, tone = _status(row, now)
    first, *rest = steps
    sentence = ", ".join(filter(None, [first.when, *(f"{step.text} {step.when}".strip() for step in rest[:-1])]))
    return Clock(
        kind=row.kind, label=str(DeadlineKind(row.kind).label), status=status, tone=tone, due_at=row.due_at,
        is_open=row.done_at is None, sentence=f"{sentence} → {rest[-1].text} {rest[-1].when}".strip(), steps=steps,
    )  # fmt: skip


def _promise_steps(
    row: Deadline, events: list[TicketEvent], waits: list[Stretch], desk: Desk, now: datetime
) -> Iterator[Step]:
    calendar, end = promise.calendar_of(row, desk), row.done_at or now
    yield _step(row.started_at, _("starts"), now)
    time = wording.duration(row.budget)
    if calendar.is_continuous:
        yield _step(None, _("+ %(time)s around the clock") % {"time": time}, now)
    else:
        yield _step(None, _("+ %(time)s working time") % {"time": time}, now)
        if (opens := _opens(calendar, row.started_at)) is not None:
            yield _step(opens, _("outside working hours, so it counts from"), now)
    for event in events:
        if row.started_at < event.at <= end and _chose_anew(event):
            yield _step(event.at, _("set anew, time already used stays used:"), now)
    for wait in waits:
        start, stop = max(wait.start, row.started_at), min(wait.end or end, end)
        if start < stop:
            lasted = wording.duration((stop - start).total_seconds())
            yield _step(start, _("paused %(time)s waiting on the customer") % {"time": lasted}, now)
    if left_out := _left_out(calendar, row.started_at, row.due_at or end):
        yield _step(None, _("left out: %(what)s") % {"what": ", ".join(left_out)}, now)


def _last_step(row: Deadline, desk: Desk, now: datetime) -> Step:
    if row.done_at is not None:
        if row.kind not in PROMISES or row.outcome == "dropped":
            text = _("no longer needed since") if row.outcome == "dropped" else _("done")
            return _step(row.done_at, text, now)
        time = {"used": wording.duration(row.spent), "budget": wording.duration(row.budget)}
        if row.outcome == "met":
            return _step(row.done_at, _("kept after %(used)s of %(budget)s:") % time, now)
        return _step(row.done_at, _("kept late, after %(used)s of %(budget)s:") % time, now)
    if row.kind in STRETCHES and row.resumed_at is None:
        left = row.budget - row.spent
        if left < 0 or row.breached_at:
            return _step(row.breached_at, _("stands still, broken since"), now)
        return _step(None, _("stands still with %(time)s left") % {"time": wording.duration(left)}, now)
    return _step(row.due_at, _("due"), now)


def _status(row: Deadline, now: datetime) -> tuple[str, str]:
    if row.outcome == "late":
        return _("kept late"), "bad"
    if row.outcome == "dropped":
        return _("not needed"), "muted"
    if row.done_at is not None:
        return _("kept") if row.kind in PROMISES else _("done"), "ok"
    if row.breached_at or (row.kind in PROMISES and row.due_at and row.due_at < now):
        return _("broken"), "bad"
    if row.kind in STRETCHES and row.resumed_at is None:
        return _("paused"), "muted"
    return _("runs"), "warn" if row.warned_at else "ok"


def _chose_anew(event: TicketEvent) -> bool:
    return event.kind == EventKind.HANDED_OVER or (
        event.kind == EventKind.CHANGED and event.data.get("field") in ("priority", "team")
    )


def _opens(calendar: Calendar, at: datetime) -> datetime | None:
    """When a clock started outside working hours begins to count; None inside them."""
    try:
        opens = clock.next_open(calendar, at)
    except NeverOpen:
        return None
    return opens if opens > at else None


def _left_out(calendar: Calendar, start: datetime, end: datetime) -> list[str]:
    """What kinds of closed time lie between the two moments: nights, days off, holidays."""
    if calendar.is_continuous or end - start > MANY_DAYS:
        return []
    zone, gaps, reached = ZoneInfo(calendar.zone), [], start.astimezone(UTC)
    for opens, closes in [*clock.spans(calendar, start, end), (end, end)]:
        if opens > reached:
            gaps.append((reached.astimezone(zone), opens.astimezone(zone)))
        reached = closes
    days = {
        start.date() + timedelta(days=each)
        for start, stop in gaps
        for each in range((stop.date() - start.date()).days + 1)
        if datetime.combine(start.date() + timedelta(days=each), datetime.min.time(), zone) < stop
    }
    holidays = {day for day in days if day in calendar.holidays and calendar.week[day.weekday()]}
    days_off = {day for day in days if not calendar.week[day.weekday()]}
    found = [_("nights and breaks")] if days - holidays - days_off else []
    return found + ([_("days off")] if days_off else []) + ([_("holidays")] if holidays else [])


def _step(at: datetime | None, text: str, now: datetime) -> Step:
    return Step(at, wording.when(at, now) if at else "", text)
