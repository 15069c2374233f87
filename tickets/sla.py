"""Which policy a ticket has, and its clocks: every open deadline of one ticket as it starts, pauses, resumes, stops.

Promises (first response, resolution, update) run in working time and may be broken; timers (sorting, follow-up, closing
by itself …) are due after plain time. Verbs say what happened to the ticket, then `save()`; the due times that a queue
shows are set on the ticket in memory after every call, and the verb writes them with the rest of its row.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from tickets import promise, timeline
from tickets.desk import Desk
from tickets.models import (
    OPEN_STATES, PROMISES, Deadline, DeadlineKind, EventKind, SlaPolicy, State, Ticket, TicketEvent,
)  # fmt: skip
from tickets.models.ticket import LAST_IN_QUEUE

# A breach found later than this after it happened goes into a digest, so that an outage makes no storm of mails.
LATE = timedelta(minutes=30)
# Timers that live only as long as the ticket stays in a state.
STATE_OF_TIMER = {
    DeadlineKind.FOLLOW_UP: State.PENDING_CUSTOMER,
    DeadlineKind.INTERNAL_AGE: State.PENDING_INTERNAL,
    DeadlineKind.AUTO_CLOSE: State.RESOLVED,
    DeadlineKind.AFTER_CLOSE: State.CLOSED,
}
TICKET_FIELDS = [
    "policy", "due_at", "due_kind", "queue_at", "first_response_due_at", "resolution_due_at", "has_breached",
    "snoozed_until",
]  # fmt: skip
COLUMNS = tuple(f.attname for f in Deadline._meta.concrete_fields if f.name not in ("id", "ticket", "attempts"))
MOMENTS = frozenset(name for name in COLUMNS if name.endswith("_at"))


def choose(ticket: Ticket, desk: Desk) -> SlaPolicy | None:
    """The first policy by position whose filled-in conditions all hold for the ticket; None when none fits."""
    for policy in desk.policies:
        if (
            policy.priority in (None, ticket.priority)
            and policy.channel in ("", ticket.channel)
            and policy.customer_tier in ("", ticket.customer_tier)
        ):
            return policy
    return None


class Clocks:
    """One ticket's open deadlines at the moment `now`. The caller holds the ticket's lock from `load` to `save`."""

    def __init__(self, ticket: Ticket, *, desk: Desk, now: datetime, rows: Iterable[Deadline] = ()) -> None:
        self.ticket, self.desk, self.now = ticket, desk, now
        self.open: dict[str, Deadline] = {}
        self._rows: list[Deadline] = []
        self._written: dict[int, tuple[Any, ...]] = {}
        self._broken: list[Deadline] = []
        for row in rows:
            self._known(row)
            self.open[row.kind] = row

    @classmethod
    def new(cls, ticket: Ticket, *, desk: Desk, now: datetime) -> "Clocks":
        """For a ticket that is not saved yet; insert it before `save()`."""
        return cls(ticket, desk=desk, now=now)

    @classmethod
    def load(cls, ticket: Ticket, *, desk: Desk, now: datetime) -> "Clocks":
        """Read the open deadlines: one statement."""
        return cls(
            ticket, desk=desk, now=now, rows=Deadline.objects.filter(ticket_id=ticket.pk, done_at__isnull=True)
        )

    # What happened to the ticket

    def begin(self) -> None:
        """It came in: a policy is chosen, both promises run, and it must be sorted if it has no category."""
        self._choose()
        if policy := self.policy:
            self._promise(DeadlineKind.FIRST_RESPONSE, policy.first_response)
            self._promise(DeadlineKind.RESOLUTION, policy.resolution)
        if self.ticket.category_id is None:
            self._timer(DeadlineKind.CLASSIFY, self.desk.timing.classify_within)
        self._tell_ticket()

    def moved(self, from_state: str) -> None:
        """It is in `ticket.state` now and was in `from_state`; is_spam and merged_into must be set before."""
        state = State(self.ticket.state)
        self._finish("dropped", *(kind for kind, home in STATE_OF_TIMER.items() if home != state))
        if state in OPEN_STATES and from_state in (State.RESOLVED, State.CLOSED):
            self.reopened()
        if state == State.CLOSED:
            self._close()
        elif state == State.RESOLVED:
            self._resolve()
        elif state == State.PENDING_CUSTOMER:
            self._pause()
            self._timer(DeadlineKind.FOLLOW_UP, self.desk.timing.follow_up_after)
        else:
            self._resume()
            if state == State.PENDING_INTERNAL:
                self._timer(DeadlineKind.INTERNAL_AGE, self.desk.timing.internal_alert_after)
            if state == State.IN_PROGRESS:
                self._promise_update()
        self._tell_ticket()

    def answered(self) -> None:
        """A person wrote to the customer: the first response is given, and the next update is owed from now on."""
        self._finish("met", DeadlineKind.FIRST_RESPONSE)
        if update := self.open.get(DeadlineKind.UPDATE):
            self._note_if_over(update)
            update.started_at, update.spent = self.now, 0
            update.warned_at = update.breached_at = None
            if update.resumed_at is not None:
                self._run(update)
        elif self.ticket.state == State.IN_PROGRESS:
            self._promise_update()
        self._tell_ticket()

    def reopened(self) -> None:
        """Solved after all it was not: a fresh resolution clock and updates; a first response given is not owed again."""
        self._finish("dropped", *STATE_OF_TIMER)
        if policy := self.policy:
            self._promise(DeadlineKind.RESOLUTION, policy.resolution)
        if self.ticket.state == State.IN_PROGRESS:
            self._promise_update()
        self._tell_ticket()

    def rechosen(self) -> None:
        """Priority, team, channel or customer's tier changed: the policy is chosen anew.

        Start and time used up are kept; a promise that has less left than it used is due at once. One that was broken
        under the old terms and is not under the new runs again, though its breach stays in the history.
        """
        self._choose()
        policy = self.policy
        wanted = {
            DeadlineKind.FIRST_RESPONSE: policy.first_response,
            DeadlineKind.RESOLUTION: policy.resolution,
            DeadlineKind.UPDATE: policy.update_every,
        } if policy else {}  # fmt: skip
        for kind in PROMISES:
            if kind in self.open and kind not in wanted:
                self._finish("dropped", kind)
            elif kind in self.open:
                self._set_anew(self.open[kind], wanted[kind] * 60)
        if self.open.get(DeadlineKind.UPDATE) and not wanted.get(DeadlineKind.UPDATE):
            self._finish("dropped", DeadlineKind.UPDATE)
        self._tell_ticket()

    def sorted(self) -> None:
        """It has a category."""
        self._finish("met", DeadlineKind.CLASSIFY)
        self._tell_ticket()

    def snoozed(self, until: datetime) -> None:
        """Out of sight until then; promises run on."""
        self._finish("dropped", DeadlineKind.SNOOZE)
        self._add(DeadlineKind.SNOOZE, due_at=until, next_at=until)
        self.ticket.snoozed_until = until
        self._tell_ticket()

    def woken(self) -> None:
        """Back in the queue."""
        self._finish("met", DeadlineKind.SNOOZE)
        self.ticket.snoozed_until = None
        self._tell_ticket()

    def stop(self, outcome: str) -> None:
        """End everything that is open with `outcome`."""
        self._finish(outcome, *DeadlineKind)
        self.ticket.snoozed_until = None
        self._tell_ticket()

    # What the sweeper does

    def due(self, kind: str) -> datetime | None:
        """When the open deadline of that kind needs attention: its warning, or the moment it is due; None: not now."""
        row = self.open.get(kind)
        if row is None:
            return None
        if kind not in PROMISES:
            return row.due_at
        if row.resumed_at is None or row.breached_at is not None:
            return None
        return min(filter(None, (promise.next_look(row, self.desk, warn_after=self._warn_after(row)), row.due_at)))

    def warned(self, kind: str) -> None:
        """The warning is out; the next look is at the due time."""
        row = self.open[kind]
        row.warned_at, row.next_at = self.now, row.due_at

    def broke(self, kind: str) -> None:
        """The promise is broken; it stays open, and overdue, until it is met late. The event comes with `save()`."""
        self._break(self.open[kind])
        self._tell_ticket()

    def fired(self, kind: str) -> None:
        """The timer went off."""
        self._finish("fired", kind)
        self._tell_ticket()

    # Undo

    def snapshot(self) -> dict[str, Any]:
        """How the clocks stand, as JSON; only of deadlines that are saved. Take it before anything changes."""
        rows = [{"id": row.pk, **{name: _plain(getattr(row, name)) for name in COLUMNS}} for row in self.open.values()]
        until = self.ticket.snoozed_until
        return {"policy": self.ticket.policy_id, "snoozed_until": _plain(until), "deadlines": rows}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Put the clocks back as if nothing had happened since; a warning or breach since then is not told again."""
        wanted = {row["id"]: row for row in snapshot["deadlines"]}
        for row in Deadline.objects.filter(ticket_id=self.ticket.pk, pk__in=wanted.keys() - {r.pk for r in self._rows}):
            self._known(row)
        known = {row.pk: row for row in self._rows}
        self._finish("dropped", *(kind for kind, row in self.open.items() if row.pk not in wanted))
        for pk in wanted.keys() & known.keys():
            row, before = known[pk], wanted[pk]
            told = row.warned_at, row.breached_at
            for name in COLUMNS:
                setattr(row, name, _moment(before[name]) if name in MOMENTS else before[name])
            row.warned_at, row.breached_at = row.warned_at or told[0], row.breached_at or told[1]
            if row.kind in PROMISES:
                row.next_at = promise.next_look(row, self.desk, warn_after=self._warn_after(row))
            self.open[row.kind] = row
        policies = {policy.pk for policy in self.desk.policies}
        if snapshot["policy"] in policies:
            self.ticket.policy_id = snapshot["policy"]
        self.ticket.snoozed_until = _moment(snapshot["snoozed_until"])
        self._tell_ticket()

    def save(self) -> list[str]:
        """Write what changed and tell of promises found broken; return the ticket's fields to save with it.

        At most one insert and one update; one update more when an undo opens again what had ended.
        """
        changed = [row for row in self._rows if row.pk and self._values(row) != self._written[row.pk]]
        ended = [row for row in changed if row.done_at]
        # those that end make room first: a ticket has one open deadline of a kind
        for rows in (ended, [row for row in changed if not row.done_at]) if self._reopens(changed) else (changed,):
            self._update(rows)
        Deadline.objects.bulk_create([row for row in self._rows if row.pk is None])
        self._written = {row.pk: self._values(row) for row in self._rows}
        if self._broken:
            timeline.record(*(self._breach(row) for row in self._broken))
            self._broken = []
        self._tell_ticket()
        return TICKET_FIELDS
