"""One sweeper for every timer of the product: what is due is done once, kept through restarts, in order of lateness.

A deadline is claimed first, in a transaction of its own: one more attempt and a short lease. Its effect, its event and
its end then happen in a second transaction, under the ticket's lock. So a process killed in between loses nothing (the
lease runs out and the next sweep takes it), two sweepers never do the same work twice, and a deadline that fails again
and again is set aside where people see it instead of holding up the rest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets import lifecycle, timeline
from tickets.change import Change, changing
from tickets.models import LIMITS, Deadline, DeadlineKind, EventKind, State, Ticket

log = structlog.get_logger()

TRIES = 5
LEASE = timedelta(minutes=1)  # doubles with every try


@dataclass(frozen=True)
class Due:
    """A row as the sweeper saw it before claiming it."""

    pk: int
    ticket_id: int
    kind: str
    next_at: datetime | None
    attempts: int


def sweep(now: datetime | None = None, limit: int = 500, *, above: "Effects | None" = None) -> int:
    """Attend to at most `limit` deadlines that are due, the longest due first; return how many were attended to.

    Costs what is due, not what is open. Tickets that somebody is changing right now are left for the next sweep.
    `above`: what rooms above do with their kinds (helpdesk.timers); kinds nobody answers for are left alone.
    """
    now = now or timezone.now()
    effects = {**EFFECTS, **(above or {})}
    rows = Deadline.objects.filter(next_at__lte=now, done_at__isnull=True, ticket__isnull=False)
    if above is None:
        rows = rows.exclude(kind__in=LIMITS)
    due = rows.order_by("next_at", "pk").values_list("pk", "ticket_id", "kind", "next_at", "attempts")[:limit]
    return sum(_attend(Due(*row), now, effects) for row in list(due))


def _attend(due: Due, now: datetime, effects: "Effects") -> bool:
    if not _claim(due, now):
        return False
    if due.attempts >= TRIES:
        _set_aside(due, now)
        return False
    try:
        with transaction.atomic():
            if not _lock(due.ticket_id):
                _release(due, now)
                return False
            _do(due, now, effects)
    except Exception:
        log.exception("deadline_failed", deadline=due.pk, ticket=due.ticket_id, kind=due.kind, attempt=due.attempts + 1)
        return False
    return True


def _claim(due: Due, now: datetime) -> bool:
    """Whether this sweeper has it now; False when another was faster or a verb changed it."""
    seen = Deadline.objects.filter(pk=due.pk, done_at__isnull=True, next_at=due.next_at, attempts=due.attempts)
    return bool(seen.update(attempts=F("attempts") + 1, next_at=_lease(due, now)))


def _lease(due: Due, now: datetime) -> datetime:
    return now + LEASE * 2**due.attempts


def _release(due: Due, now: datetime) -> None:
    """Give the claim back as it was, unless whoever holds the ticket has set the clock meanwhile."""
    claimed = Deadline.objects.filter(pk=due.pk, next_at=_lease(due, now), attempts=due.attempts + 1)
    claimed.update(attempts=due.attempts, next_at=due.next_at)


def _lock(ticket_id: int) -> bool:
    """Lock the ticket, without waiting for somebody who has it."""
    rows = Ticket.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=ticket_id)
    return rows.values_list("pk", flat=True).first() is not None


def _do(due: Due, now: datetime, effects: "Effects") -> None:
    with changing(Ticket(pk=due.ticket_id), now=now) as change:
        clocks, kind = change.clocks, DeadlineKind(due.kind)
        row = clocks.open.get(kind)
        if row is None or row.pk != due.pk:
            return  # ended since it was seen
        look = clocks.look_at(kind)
        if look is None or look > now:
            clocks.looked_at(kind)  # moved since it was seen
        else:
            effects[kind](change, kind)


def _set_aside(due: Due, now: datetime) -> None:
    """Stop trying and say so on the ticket; the row keeps its place, so that a lead can see what was not done."""
    log.error("deadline_set_aside", deadline=due.pk, ticket=due.ticket_id, kind=due.kind, attempts=due.attempts)
    with transaction.atomic():
        Deadline.objects.filter(pk=due.pk).update(next_at=None, attempts=due.attempts)
        told = timeline.event(Ticket(pk=due.ticket_id), EventKind.REMINDED, by=None, now=now, why=due.kind)
        told.data |= {"kind": due.kind, "set_aside": True}
        timeline.record(told)


def _promise(change: Change, kind: DeadlineKind) -> None:
    """Broken if the time is up, whatever warning was missed meanwhile; else a warning."""
    row = change.clocks.open[kind]
    if row.due_at and row.due_at <= change.now:
        change.clocks.broke(kind)
        return
    event = EventKind.REMINDED if kind == DeadlineKind.UPDATE else EventKind.DUE_SOON
    _tell(change, event, kind, due_at=row.due_at.isoformat() if row.due_at else "")
    change.clocks.warned(kind)


def _classify(change: Change, kind: DeadlineKind) -> None:
    if change.ticket.category_id is not None:
        change.clocks.sorted()
        return
    _remind(change, kind)


def _remind(change: Change, kind: DeadlineKind) -> None:
    change.clocks.fired(kind)
    _tell(change, EventKind.REMINDED, kind)


def _follow_up(change: Change, kind: DeadlineKind) -> None:
    change.clocks.fired(kind)
    _tell(change, EventKind.FOLLOWED_UP, kind)


def _close(change: Change, kind: DeadlineKind) -> None:
    change.clocks.fired(kind)
    lifecycle.step(change, State.CLOSED, by=None, reason=_("No objection since it was resolved."), why=kind.value)


def _wake(change: Change, kind: DeadlineKind) -> None:
    change.clocks.woken()
    _tell(change, EventKind.WOKEN, kind)


def _tell(change: Change, event: EventKind, kind: DeadlineKind, **data: Any) -> None:
    told = change.event(event, by=None, why=kind.value)
    told.data |= {"kind": kind.value, **data}


Effects = Mapping[DeadlineKind, Callable[[Change, DeadlineKind], None]]
EFFECTS: dict[DeadlineKind, Callable[[Change, DeadlineKind], None]] = {
    DeadlineKind.FIRST_RESPONSE: _promise,
    DeadlineKind.RESOLUTION: _promise,
    DeadlineKind.UPDATE: _promise,
    DeadlineKind.CLASSIFY: _classify,
    DeadlineKind.FOLLOW_UP: _follow_up,
    DeadlineKind.INTERNAL_AGE: _remind,
    DeadlineKind.AUTO_CLOSE: _close,
    DeadlineKind.AFTER_CLOSE: _follow_up,
    DeadlineKind.SNOOZE: _wake,
}
