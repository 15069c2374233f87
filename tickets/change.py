"""One change of one ticket: lock it, set fields, run its clocks, write its events, all in one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache, cached_property
from typing import Any, cast

from django.db import transaction
from django.utils import timezone

from helpdesk.lib.statements import Prepared
from tickets import desk as desk_settings
from tickets import timeline
from tickets.desk import Desk
from tickets.models import EventKind, Ticket, TicketEvent, User
from tickets.sla import Clocks


class Change:
    """What a verb does to a locked ticket; everything is written once, when the verb is through."""

    def __init__(self, ticket: Ticket, *, now: datetime, desk: Desk) -> None:
        self.ticket = ticket
        self.now = now
        self.desk = desk
        self.fields: set[str] = set()
        self.events: list[TicketEvent] = []

    def set(self, **values: Any) -> dict[str, tuple[Any, Any]]:
        """Set fields; returns those that really changed as {field: (old, new)}."""
        changed = {}
        for name, value in values.items():
            old = getattr(self.ticket, name)
            if old != value:
                setattr(self.ticket, name, value)
                changed[name] = (old, value)
                self.fields.add(name)
        return changed

    def event(self, kind: EventKind, *, by: User | None, **details: Any) -> TicketEvent:
        """Add an event to what will be recorded; `details` as in timeline.event."""
        event = timeline.event(self.ticket, kind, by=by, now=self.now, **details)
        self.events.append(event)
        return event

    @cached_property
    def clocks(self) -> Clocks:
        """The ticket's running clocks, read when first asked for."""
        return Clocks.load(self.ticket, desk=self.desk, now=self.now)

    def write(self) -> None:
        if "clocks" in self.__dict__:
            self.fields.update(self.clocks.save())
        if self.fields or self.events:
            self.set(updated_at=self.now)
            self.ticket.save(update_fields=sorted(self.fields))
        if self.events:
            timeline.record(*self.events)


@contextmanager
def changing(
    ticket: Ticket, *, now: datetime | None = None, desk: Desk | None = None, by: User | None = None
) -> Iterator[Change]:
    """Lock `ticket` and yield the change to make on its fresh row; commits it whole or not at all.

    Only the ticket's number is read from `ticket`. `desk`: settings already at hand; `by`: a signed-in user, who
    carries the desk's version; without either, one statement reads it.
    """
    with transaction.atomic():
        fresh = _locked(ticket.pk)
        change = Change(
            fresh, now=now or timezone.now(), desk=desk or desk_settings.current(getattr(by, "desk_version", None))
        )
        yield change
        change.write()


def _locked(number: int) -> Ticket:
    for ticket in _lock().objects([number]):
        return cast(Ticket, ticket)
    raise Ticket.DoesNotExist


@cache
def _lock() -> Prepared:
    return Prepared(Ticket.objects.select_for_update(of=("self",)).select_related("customer").filter(pk=0).order_by())
