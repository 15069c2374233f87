"""Every verb that moves a ticket from state to state; the sole caller of the state machine's transitions."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django_fsm import can_proceed

from helpdesk.lib import text
from tickets import wording
from tickets.change import Change, changing
from tickets.desk import Desk
from tickets.errors import Refused
from tickets.models import (
    OPEN_STATES,
    OUR_TURN,
    Customer,
    EventKind,
    Message,
    MessageKind,
    MoveCondition,
    State,
    Ticket,
    User,
)  # fmt: skip

EVENT_OF = {
    State.FIRST_RESPONSE: EventKind.ACKNOWLEDGED,
    State.IN_PROGRESS: EventKind.STARTED,
    State.PENDING_CUSTOMER: EventKind.WAITING_CUSTOMER,
    State.PENDING_INTERNAL: EventKind.WAITING_INTERNAL,
    State.RESOLVED: EventKind.RESOLVED,
    State.CLOSED: EventKind.CLOSED,
}


def acknowledge(ticket: Ticket, *, by: User, now: datetime | None = None) -> Ticket:
    """A person has read it and says so: New → First response."""
    return _move(ticket, State.FIRST_RESPONSE, by=by, now=now)


def start(ticket: Ticket, *, by: User | None, now: datetime | None = None) -> Ticket:
    """Work begins or goes on: → In progress."""
    return _move(ticket, State.IN_PROGRESS, by=by, now=now)


def wait_for_customer(ticket: Ticket, *, by: User | None, reason: str = "", now: datetime | None = None) -> Ticket:
    """We need something from the customer: the clocks stop."""
    return _move(ticket, State.PENDING_CUSTOMER, by=by, reason=reason, now=now)


def wait_for_us(ticket: Ticket, *, by: User | None, reason: str = "", now: datetime | None = None) -> Ticket:
    """We need something from another team: the clocks run on, and an alert comes when it ages."""
    return _move(ticket, State.PENDING_INTERNAL, by=by, reason=reason, now=now)


def resolve(ticket: Ticket, *, by: User, cause: str = "", fix: str = "", now: datetime | None = None) -> Ticket:
    """A solution is given; the customer confirms it, or it closes by itself. `cause`, `fix`: C5's two sentences."""
    return _move(ticket, State.RESOLVED, by=by, now=now, cause=cause, fix=fix)


def close(ticket: Ticket, *, by: User | None, reason: str = "", now: datetime | None = None) -> Ticket:
    """Resolved → Closed; the survey goes out."""
    return _move(ticket, State.CLOSED, by=by, reason=reason, now=now)


def confirm_solved(ticket: Ticket, *, customer: Customer, now: datetime | None = None) -> Ticket:
    """The customer says it is solved: → Closed, from any open state."""
    with changing(ticket, now=now) as change:
        if change.ticket.state in OPEN_STATES:
            step(change, State.RESOLVED, by=None, customer=customer.pk, why="customer")
        step(change, State.CLOSED, by=None, customer=customer.pk, why="customer")
    return change.ticket


def reopen(ticket: Ticket, *, by: User | None, reason: str = "", now: datetime | None = None) -> Ticket:
    """Resolved or Closed → In progress again, with fresh clocks; history stays."""
    with changing(ticket, now=now, by=by) as change:
        reopen_step(change, by=by, reason=reason)
    return change.ticket


def reopen_by_customer(ticket: Ticket, *, customer: Customer, now: datetime | None = None) -> Ticket:
    """The customer says it is not solved after all; Refused once the reopen window is over."""
    with changing(ticket, now=now) as change:
        if not may_still_reopen(change.ticket, change):
            raise Refused(_("This request was closed some time ago. Send a new one and mention its number."))
        reopen_step(change, by=None, customer=customer.pk, why="customer")
    return change.ticket


def move(
    ticket: Ticket,
    to: State,
    *,
    by: User,
    reason: str = "",
    cause: str = "",
    fix: str = "",
    now: datetime | None = None,
) -> Ticket:
    """Move to the state a person picked. Raises Refused when it cannot be, naming what is missing or who was first."""
    if to == State.IN_PROGRESS and ticket.state in (State.RESOLVED, State.CLOSED):
        return reopen(ticket, by=by, reason=reason, now=now)
    return _move(ticket, to, by=by, reason=reason, now=now, cause=cause, fix=fix)


def moves(ticket: Ticket) -> list[State]:
    """The states a person may pick now, in the order of the lifecycle."""
    if ticket.state in (State.RESOLVED, State.CLOSED):
        return [State.IN_PROGRESS] + ([State.CLOSED] if ticket.state == State.RESOLVED else [])
    return [state for state in EVENT_OF if state != ticket.state and can_proceed(getattr(ticket, f"to_{state}"))]


def missing(ticket: Ticket, to: State, *, desk: Desk) -> list[str]:
    """What the ticket still needs before a person may move it there (MoveCondition.Needs)."""
    return _missing_needs(ticket, to, desk.conditions)


def set_aside(ticket: Ticket, *, by: User, kind: EventKind, reason: str = "", now: datetime | None = None) -> Ticket:
    """Close without an answer (merged into another, spam); `restore` undoes it."""
    with changing(ticket, now=now, by=by) as change:
        set_aside_step(change, by=by, kind=kind, reason=reason)
    return change.ticket


def set_aside_step(change: Change, *, by: User | None, kind: EventKind, reason: str = "", **data: Any) -> None:
    """As `set_aside`, within a change that does more; what stood before is kept in the event for `restore_step`."""
    ticket, before = change.ticket, change.ticket.state
    _require(change, ticket.to_set_aside, State.CLOSED)
    snapshot = change.clocks.snapshot()
    ticket.to_set_aside()
    change.fields.add("state")
    change.clocks.stop("dropped")
    change.set(closed_at=change.now, waiting_since=None)
    change.event(kind, by=by, from_state=before, to_state=State.CLOSED, reason=reason, clocks=snapshot, **data)


def restore_step(change: Change, *, to: State, clocks: dict[str, Any] | None) -> None:
    """Put a ticket back to the state and clocks it had before something that is being undone; the caller tells why."""
    if change.ticket.state != to:
        getattr(change.ticket, f"back_to_{to}")()
        change.fields.add("state")
    if clocks is not None:
        change.clocks.restore(clocks)
    change.set(
        closed_at=None,
        resolved_at=change.ticket.resolved_at if to == State.RESOLVED else None,
        waiting_since=(change.ticket.waiting_since or change.now) if to in OUR_TURN else None,
    )


def step(
    change: Change, to: State, *, by: User | None, reason: str = "", cause: str = "", fix: str = "", **data: Any
) -> None:
    """One move within a change: check the conditions, transition, run the clocks, add the event.

    Raises Refused when the move is not possible from here, or when a condition on it (C7) is not met by a person.
    """
    ticket, before = change.ticket, change.ticket.state
    if cause or fix:
        cause, fix = (text.plain(words, settings.MAX_BODY_CHARACTERS).strip() for words in (cause, fix))
        change.set(cause=cause or ticket.cause, fix=fix or ticket.fix)
    transition = getattr(ticket, f"to_{to}")
    _require(change, transition, to)
    if by is not None:
        _require_conditions(change, to)
    transition()
    change.fields.add("state")
    change.clocks.moved(before)
    _stamp(change, to)
    change.event(EVENT_OF[to], by=by, from_state=before, to_state=to, reason=reason, **data)


def reopen_step(change: Change, *, by: User | None, reason: str = "", **data: Any) -> None:
    """Reopen within a change: fresh clocks, the resolution note stays in the event."""
    ticket, before = change.ticket, change.ticket.state
    if ticket.merged_into_id:
        raise Refused(
            _("This ticket was merged into #%(number)s; work goes on there.") % {"number": ticket.merged_into_id}
        )
    _require(change, ticket.to_reopened, State.IN_PROGRESS)
    ticket.to_reopened()
    change.fields.add("state")
    change.clocks.moved(before)
    change.clocks.reopened()
    change.event(
        EventKind.REOPENED, by=by, from_state=before, to_state=ticket.state, reason=reason,
        cause=ticket.cause, fix=ticket.fix, **data,
    )  # fmt: skip
    change.set(
        resolved_at=None,
        closed_at=None,
        cause="",
        fix="",
        reopen_count=ticket.reopen_count + 1,
        waiting_since=change.now,
    )


def may_still_reopen(ticket: Ticket, change: Change) -> bool:
    """Whether a customer's answer reopens it; later ones open a follow-up ticket."""
    if ticket.closed_at is None:
        return True
    return change.now <= ticket.closed_at + timedelta(minutes=change.desk.timing.reopen_window)


def _missing_needs(ticket: Ticket, to: State, conditions: list[MoveCondition]) -> list[str]:
    has = {
        MoveCondition.Needs.CATEGORY: lambda: ticket.category_id is not None,
        MoveCondition.Needs.ASSIGNEE: lambda: ticket.assignee_id is not None,
        MoveCondition.Needs.CAUSE: lambda: bool(ticket.cause.strip()),
        MoveCondition.Needs.FIX: lambda: bool(ticket.fix.strip()),
        MoveCondition.Needs.REFERENCE: lambda: bool(ticket.reference.strip()),
        MoveCondition.Needs.TAG: lambda: ticket.tags.exists(),
        MoveCondition.Needs.REPLY: lambda: (
            Message.objects.standing().filter(ticket=ticket, kind=MessageKind.REPLY).exists()
        ),
    }
    asked = [
        condition.needs
        for condition in conditions
        if condition.state == to and condition.only_category_id in (None, ticket.category_id)
    ]
    return [need for need in dict.fromkeys(asked) if not has[MoveCondition.Needs(need)]()]


def _move(
    ticket: Ticket,
    to: State,
    *,
    by: User | None,
    reason: str = "",
    cause: str = "",
    fix: str = "",
    now: datetime | None = None,
) -> Ticket:
    with changing(ticket, now=now, by=by) as change:
        step(change, to, by=by, reason=reason, cause=cause, fix=fix)
    return change.ticket


def _stamp(change: Change, to: State) -> None:
    now, ticket = change.now, change.ticket
    if to == State.RESOLVED:
        change.set(resolved_at=now)
    if to == State.CLOSED:
        change.set(closed_at=now)
    if to == State.FIRST_RESPONSE and ticket.first_responded_at is None:
        change.set(first_responded_at=now)
        change.clocks.answered()
    waits_for_us = to in OUR_TURN
    change.set(waiting_since=(ticket.waiting_since or now) if waits_for_us else None)
    if to in (State.RESOLVED, State.CLOSED):
        change.set(snoozed_until=None)


def _require(change: Change, transition: Any, to: State) -> None:
    if can_proceed(transition):
        return
    ticket = change.ticket
    last = ticket.events.filter(to_state=ticket.state).select_related("by").last()
    here = State(ticket.state).label
    if last is None:
        raise Refused(
            _("It is “%(state)s” now and cannot go to “%(to)s” from there.") % {"state": here, "to": to.label}
        )
    who = last.by.name if last.by else _("the desk")
    raise Refused(
        _("Not done: %(who)s set it to “%(state)s” %(ago)s ago. Look at what happened before you go on.")
        % {"who": who, "state": here, "ago": wording.duration((timezone.now() - last.at).total_seconds())}
    )


def _require_conditions(change: Change, to: State) -> None:
    needs = _missing_needs(change.ticket, to, change.desk.conditions)
    if not needs:
        return
    words = [str(MoveCondition.Needs(need).label) for need in needs]
    raise Refused(
        _("Before “%(state)s” this ticket needs %(needs)s.") % {"state": to.label, "needs": ", ".join(words)},
        missing=needs,
    )
