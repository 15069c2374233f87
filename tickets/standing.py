"""Where a request stands, told to its customer in plain words: state, stages behind and ahead, what comes next."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from tickets import expected
from tickets.desk import Desk
from tickets.models import DeadlineKind, State, Ticket

# Stage of each state: received, read, being worked on, solved, closed.
STAGE = {
    State.NEW: 0,
    State.FIRST_RESPONSE: 1,
    State.IN_PROGRESS: 2,
    State.PENDING_CUSTOMER: 2,
    State.PENDING_INTERNAL: 2,
    State.RESOLVED: 3,
    State.CLOSED: 4,
}


@dataclass(frozen=True)
class Standing:
    """`tone`: acc (we are on it), warn (your turn), good (solved), neutral (closed)."""

    title: str
    text: str
    tone: str
    steps: list[dict[str, str]]
    can_reopen: bool

    @property
    def stage(self) -> str:
        return next(step["label"] for step in self.steps if step["state"] == "now")


def of(ticket: Ticket, *, desk: Desk, now: datetime) -> Standing:
    """How the request stands at `now`; reads nothing but the ticket and the desk's settings."""
    title, text, tone = _words(ticket, desk, now)
    return Standing(title, text, tone, _steps(ticket), can_reopen=reopens(ticket, desk=desk, now=now))


def reopens(ticket: Ticket, *, desk: Desk, now: datetime) -> bool:
    """Whether writing again brings this very request back; else it opens a new one that follows it."""
    if ticket.state == State.CLOSED and ticket.closed_at:
        return now <= ticket.closed_at + timedelta(minutes=desk.timing.reopen_window)
    return True


def short(ticket: Ticket) -> tuple[str, str]:
    """State in a word or two for a list, and its tone."""
    if ticket.state == State.PENDING_CUSTOMER:
        return _("Waiting for your answer"), "warn"
    if ticket.state == State.RESOLVED:
        return _("Solved"), "good"
    if ticket.state == State.CLOSED:
        return _("Closed"), "neutral"
    return _stages()[STAGE[State(ticket.state)]], "acc"


def _stages() -> list[str]:
    return [_("Received"), _("Read"), _("In progress"), _("Solved"), _("Closed")]


def _steps(ticket: Ticket) -> list[dict[str, str]]:
    here = STAGE[State(ticket.state)]
    return [
        {"label": label, "state": "done" if number < here else "now" if number == here else "todo"}
        for number, label in enumerate(_stages())
    ]


def _words(ticket: Ticket, desk: Desk, now: datetime) -> tuple[str, str, str]:
    state = State(ticket.state)
    if state == State.RESOLVED:
        return _("We think this is solved"), _solved(ticket, desk, now), "good"
    if state == State.CLOSED:
        return _("This request is closed"), _closed(ticket, desk, now), "neutral"
    if state == State.PENDING_CUSTOMER:
        text = _("Answer below and we go on. Our clock stands still until then.")
        return _("We are waiting for your answer"), text, "warn"
    if state == State.PENDING_INTERNAL:
        title = _("We are checking this with colleagues")
    elif state == State.NEW:
        title = _("We have your request")
    elif name := _first_name(ticket, desk):
        read, works = _("%(name)s has read your request"), _("%(name)s is working on it")
        title = (read if state == State.FIRST_RESPONSE else works) % {"name": name}
    else:
        title = _("We have read your request") if state == State.FIRST_RESPONSE else _("We are working on it")
    return title, _next(ticket, now), "acc"


def _next(ticket: Ticket, now: datetime) -> str:
    """What the customer hears next, and by when; honest when we are late."""
    if ticket.first_responded_at is None and ticket.first_response_due_at:
        due, on_time = ticket.first_response_due_at, _("A person answers you by %(moment)s.")
    elif ticket.due_kind == DeadlineKind.UPDATE and ticket.due_at:
        due, on_time = ticket.due_at, _("You hear from us again by %(moment)s.")
    elif ticket.resolution_due_at:
        due, on_time = ticket.resolution_due_at, _("We aim to have it solved by %(moment)s.")
    else:
        return _("You hear from us by email as soon as there is news.")
    if due < now:
        return _("We are later than we said, and we are sorry. You are not forgotten.")
    return on_time % {"moment": expected.moment(due, now)}


def _solved(ticket: Ticket, desk: Desk, now: datetime) -> str:
    if not ticket.resolved_at:
        return _("If it is not, write below and we go on.")
    closes = ticket.resolved_at + timedelta(minutes=desk.timing.close_after)
    if closes <= now:
        return _("It closes by itself soon. If it is not solved, write below and we go on.")
    words = _("If we hear nothing it closes by itself %(moment)s. If it is not solved, write below and we go on.")
    return words % {"moment": expected.moment(closes, now)}


def _closed(ticket: Ticket, desk: Desk, now: datetime) -> str:
    if ticket.merged_into_id:
        return _("We go on with it in another of your requests.")
    if reopens(ticket, desk=desk, now=now):
        return _("If it comes back, write below and the same request opens again.")
    return _("If it comes back, write below: we open a new request that knows about this one.")


def _first_name(ticket: Ticket, desk: Desk) -> str:
    card = desk.staff.get(ticket.assignee_id or 0)
    return card.name.split(" ")[0] if card and not card.is_bot else ""
