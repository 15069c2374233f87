"""Who has a ticket open right now, viewing or writing; each report of an open page also measures handle time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from tickets import handle_time
from tickets.models import Presence, Ticket, User

# Three missed reports of 15 s: gone.
HERE_FOR = timedelta(seconds=45)


@dataclass(frozen=True, slots=True)
class Here:
    """A colleague on the same ticket."""

    user_id: int
    is_writing: bool


@transaction.atomic
def report(ticket: Ticket, *, by: User, is_writing: bool, is_working: bool = True, now: datetime | None = None) -> None:
    """`by` has the ticket open. `is_working`: the page was used within the last minute, so the time counts.

    Costs two statements, four when time is counted.
    """
    now = now or timezone.now()
    before = Presence.objects.filter(ticket=ticket, user=by).values_list("seen_at", flat=True).first()
    Presence.objects.bulk_create(
        [Presence(ticket=ticket, user=by, is_writing=is_writing, seen_at=now)],
        update_conflicts=True,
        unique_fields=["ticket", "user"],
        update_fields=["is_writing", "seen_at"],
    )
    if is_working:
        handle_time.add(ticket, seconds=handle_time.stretch(before, now), by=by, now=now)


def leave(ticket: Ticket, *, by: User) -> None:
    """The page was closed."""
    Presence.objects.filter(ticket=ticket, user=by).delete()


def others(ticket: Ticket, *, user: User, now: datetime | None = None) -> list[Here]:
    """Who else is on the ticket now, writers first."""
    since = (now or timezone.now()) - HERE_FOR
    rows = Presence.objects.filter(ticket=ticket, seen_at__gt=since).exclude(user=user)
    return sort(Here(row.user_id, row.is_writing) for row in rows)


def sort(here: Iterable[Here]) -> list[Here]:
    return sorted(here, key=lambda person: (not person.is_writing, person.user_id))


def forget_gone(now: datetime | None = None) -> int:
    """Delete reports older than an hour; called by the schedule. Returns how many."""
    deleted, _ = Presence.objects.filter(seen_at__lt=(now or timezone.now()) - timedelta(hours=1)).delete()
    return deleted
