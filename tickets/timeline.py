"""The only writer of TicketEvent: records what happened and wakes the worker after the commit."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from helpdesk.lib import doorbell, text
from helpdesk.lib.inserts import insert
from tickets.models import EventKind, Ticket, TicketEvent, User

LONGEST_REASON = 5000  # characters


def event(
    ticket: Ticket,
    kind: EventKind,
    *,
    by: User | None,
    now: datetime | None = None,
    from_state: str = "",
    to_state: str = "",
    reason: str = "",
    **data: Any,
) -> TicketEvent:
    """An event not yet written; `data` must be plain JSON values. Pass several to `record` to write them at once."""
    return TicketEvent(
        ticket=ticket,
        kind=kind,
        at=now or timezone.now(),
        by=by,
        from_state=from_state,
        to_state=to_state,
        reason=text.plain(reason, LONGEST_REASON),
        data=data,
    )


def record(*events: TicketEvent) -> Sequence[TicketEvent]:
    """Write events in order, in one statement, inside the caller's transaction, and ring the worker after it."""
    if not connection.in_atomic_block:
        raise RuntimeError("An event belongs to the change it tells of: record it inside that change's transaction.")
    insert(events)
    doorbell.ring()
    return events
