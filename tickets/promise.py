"""The arithmetic of one promise: how much of its working time is used up, when it is due, when a warning is right.

A promise is a `Deadline` row of a kind in PROMISES. It runs in stretches: `spent` seconds were used up in earlier ones,
`resumed_at` begins the running one (None: paused). Nothing here reads or writes the database.
"""

from datetime import datetime, timedelta
from math import ceil

from helpdesk.lib import clock
from helpdesk.lib.clock import Calendar, NeverOpen
from tickets.desk import Desk
from tickets.models import Deadline, DeadlineKind, SlaPolicy

WARN_AT_PERCENT = SlaPolicy._meta.get_field("warn_at_percent").default


def calendar_of(promise: Deadline, desk: Desk) -> Calendar:
    """The working time that counts for the running stretch."""
    return desk.calendar(promise.team_id) if promise.in_working_time else desk.always


def used(promise: Deadline, desk: Desk, now: datetime) -> int:
    """Working seconds used up until `now`; while paused, those of the stretches before."""
    if promise.resumed_at is None:
        return promise.spent
    return promise.spent + clock.between(calendar_of(promise, desk), promise.resumed_at, now)


def is_over(promise: Deadline, now: datetime) -> bool:
    """Whether it was due before `now`; a promise kept at the very moment it is due is kept."""
    return promise.due_at is not None and promise.due_at < now


def run(promise: Deadline, desk: Desk, now: datetime, *, warn_after: int) -> None:
    """Begin a stretch at `now` and set the due time; one already broken stays due when it broke."""
    promise.resumed_at = now
    promise.due_at = promise.breached_at or _moment(promise, desk, now, promise.budget)
    promise.next_at = next_look(promise, desk, warn_after=warn_after)


def pause(promise: Deadline, desk: Desk, now: datetime) -> None:
    """End the running stretch at `now`; nothing is due until it runs again."""
    promise.spent = used(promise, desk, now)
    promise.resumed_at = promise.due_at = promise.next_at = None


def next_look(promise: Deadline, desk: Desk, *, warn_after: int) -> datetime | None:
    """When the sweeper must look: at the warning, then at the due time; None when paused or broken already."""
    if promise.resumed_at is None or promise.breached_at is not None:
        return None
    if promise.warned_at is not None:
        return promise.due_at
    return _moment(promise, desk, promise.resumed_at, warn_after)


def warn_after(promise: Deadline, policy: SlaPolicy | None, *, remind_before: int) -> int:
    """Working seconds after which a warning is due.

    An update's reminder comes `remind_before` minutes of working time before it is due, so that it finds people at
    work; every other promise, and an update with less time than that, warns at the policy's percentage.
    """
    if promise.kind == DeadlineKind.UPDATE and promise.budget > remind_before * 60:
        return promise.budget - remind_before * 60
    percent = policy.warn_at_percent if policy else WARN_AT_PERCENT
    return ceil(promise.budget * percent / 100)


def _moment(promise: Deadline, desk: Desk, since: datetime, seconds: int) -> datetime:
    """When `seconds` of the promise will be used up if it runs from `since`; at once if they are already."""
    left = max(seconds - promise.spent, 0)
    try:
        return clock.add(calendar_of(promise, desk), since, left)
    except NeverOpen:
        # a team that never works must not make a promise that is never due
        return since + timedelta(seconds=left)
