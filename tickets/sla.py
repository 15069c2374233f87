"""A ticket's clocks: every open deadline of it as it starts, pauses, resumes and stops.

Promises (first response, resolution, update) run in working time and may be broken; timers (sorting, follow-up, closing
by itself …) are due after plain time. A verb says what happened to the ticket, then calls `save()`; the due times that
a queue shows are set on the ticket in memory after every call, and the verb writes them with the rest of its row.
"""

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from helpdesk.lib.statements import Prepared
from tickets import promise, timeline
from tickets.clockwork import DUE_FIELD, Clockwork, choose
from tickets.desk import Desk
from tickets.models import OPEN_STATES, PROMISES, Deadline, DeadlineKind, State, Ticket, TicketEvent

__all__ = ["Clocks", "choose"]

# Timers that live only as long as the ticket stays in a state.
STATE_OF_TIMER = {
    DeadlineKind.FOLLOW_UP: State.PENDING_CUSTOMER,
    DeadlineKind.INTERNAL_AGE: State.PENDING_INTERNAL,
    DeadlineKind.AUTO_CLOSE: State.RESOLVED,
    DeadlineKind.AFTER_CLOSE: State.CLOSED,
}
TICKET_FIELDS = ["policy", "due_at", "due_kind", "queue_at", *DUE_FIELD.values(), "has_breached", "snoozed_until"]


class Clocks(Clockwork):
    """One ticket's open deadlines at the moment `now`. The caller holds the ticket's lock from `load` to `save`."""

    @classmethod
    def new(cls, ticket: Ticket, *, desk: Desk, now: datetime) -> "Clocks":
        """For a ticket that is not saved yet; insert it before `save()`."""
        return cls(ticket, desk=desk, now=now)

    @classmethod
    def load(cls, ticket: Ticket, *, desk: Desk, now: datetime) -> "Clocks":
        """Read the open deadlines: one statement."""
        return cls(ticket, desk=desk, now=now, rows=_open_deadlines().objects([ticket.pk]))

    # What happens to a ticket

    def begin(self) -> None:
        """It came in: a policy is chosen, both promises run, and it is to be sorted if it has no category."""
        self._choose()
        if policy := self.policy:
            self._promise(DeadlineKind.FIRST_RESPONSE, policy.first_response)
            self._promise(DeadlineKind.RESOLUTION, policy.resolution)
        if self.ticket.category_id is None:
            self._timer(DeadlineKind.CLASSIFY, self.desk.timing.classify_within)
        self.show()

    def moved(self, from_state: str) -> None:
        """It went from `from_state` to `ticket.state`; `is_spam` and `merged_into` are set before."""
        state = State(self.ticket.state)
        self._finish("dropped", *(kind for kind, home in STATE_OF_TIMER.items() if home != state))
        if state == State.CLOSED:
            self._close()
        elif state == State.RESOLVED:
            self._resolve()
        elif from_state in (State.RESOLVED, State.CLOSED):
            self.reopened()
        if state == State.PENDING_CUSTOMER:
            self._pause()
            self._timer(DeadlineKind.FOLLOW_UP, self.desk.timing.follow_up_after)
        elif state in OPEN_STATES:
            self._resume()
        if state == State.PENDING_INTERNAL:
            self._timer(DeadlineKind.INTERNAL_AGE, self.desk.timing.internal_alert_after)
        if state == State.IN_PROGRESS:
            self._owe_update()
        self.show()

    def answered(self) -> None:
        """A person wrote to the customer: the first response is given, the next update is owed from now on."""
        self._finish("met", DeadlineKind.FIRST_RESPONSE, DeadlineKind.UNANSWERED)
        if update := self.open.get(DeadlineKind.UPDATE):
            self._note_if_over(update)
            update.started_at, update.spent = self.now, 0
            update.warned_at = update.breached_at = None
            if update.resumed_at is not None:
                self._run(update)
        elif self.ticket.state == State.IN_PROGRESS:
            self._owe_update()
        if self.ticket.state == State.PENDING_CUSTOMER:
            self._finish("dropped", DeadlineKind.FOLLOW_UP)
            self._timer(DeadlineKind.FOLLOW_UP, self.desk.timing.follow_up_after)
        self.show()

    def reopened(self) -> None:
        """It was not solved after all: a fresh resolution clock; a first response is not owed again."""
        self._finish("dropped", *STATE_OF_TIMER)
        if policy := self.policy:
            self._promise(DeadlineKind.RESOLUTION, policy.resolution)
        if self.ticket.state == State.IN_PROGRESS:
            self._owe_update()
        self.show()

    def rechosen(self) -> None:
        """Priority, team or customer's tier changed: choose the policy anew, keep start and time used up.

        A promise that used up more than it now has is due at once. One that was broken under the old terms and is not
        under the new runs again; its breach stays in the history.
        """
        self._choose()
        policy = self.policy
        minutes = {}
        if policy:
            minutes[DeadlineKind.FIRST_RESPONSE] = policy.first_response
            minutes[DeadlineKind.RESOLUTION] = policy.resolution
            if policy.update_every:
                minutes[DeadlineKind.UPDATE] = policy.update_every
        for kind in [kind for kind in PROMISES if kind in self.open]:
            if kind in minutes:
                self._set_anew(self.open[kind], minutes[kind] * 60)
            else:
                self._finish("dropped", kind)
        self.show()

    def sorted(self) -> None:
        """It has a category."""
        self._finish("met", DeadlineKind.CLASSIFY)
        self.show()

    def snoozed(self, until: datetime) -> None:
        """Out of sight until then; promises run on."""
        self._finish("dropped", DeadlineKind.SNOOZE)
        self._deadlines.add(DeadlineKind.SNOOZE, started_at=self.now, due_at=until, next_at=until)
        self.ticket.snoozed_until = until
        self.show()

    def woken(self) -> None:
        """In sight again."""
        self._finish("met", DeadlineKind.SNOOZE)
        self.ticket.snoozed_until = None
        self.show()

    def stop(self, outcome: str) -> None:
        """End everything that is open with `outcome`."""
        self._finish_all(outcome)
        self.show()

    # What a room above asks for

    def limit(
        self, kind: DeadlineKind, *, minutes: int, team_id: int | None, in_working_time: bool,
        since: datetime | None = None,
    ) -> None:  # fmt: skip
        """Start a limit anew, in that team's working time or around the clock; it stands still while a customer has
        the turn. `since`: as if it had started then."""
        self._finish("dropped", kind)
        row = self._deadlines.add(
            kind, started_at=since or self.now, budget=minutes * 60, team_id=team_id, in_working_time=in_working_time
        )
        if self.ticket.state != State.PENDING_CUSTOMER:
            promise.run(row, self.desk, since or self.now, warn_after=row.budget)
        self.show()

    def lengthen(self, kind: DeadlineKind, *, minutes: int) -> None:
        """Give the running limit so much in all; what was used up stays used up."""
        row = self.open[kind]
        if row.resumed_at is not None:
            promise.pause(row, self.desk, self.now)
            row.budget = minutes * 60
            self._run(row)
        row.budget = minutes * 60

    def look_again(self, kind: DeadlineKind, *, minutes: int) -> None:
        """It stays open and late; the sweeper comes back after so many minutes."""
        row = self.open[kind]
        row.next_at, row.attempts = self.now + timedelta(minutes=minutes), 0

    def unlimit(self, *kinds: DeadlineKind) -> None:
        """These limits are no longer needed."""
        self._finish("met", *kinds)
        self.show()

    # What the sweeper does

    def look_at(self, kind: str) -> datetime | None:
        """When the open deadline of that kind needs a look: at its warning, else when it is due; None: not at all."""
        row = self.open.get(kind)
        if row is None or kind not in PROMISES:
            return row.due_at if row else None
        look = promise.next_look(row, self.desk, warn_after=self._warn_after(row))
        return min(look, row.due_at) if look and row.due_at else None

    def looked_at(self, kind: str) -> None:
        """Nothing is due yet: the sweeper comes back when it is."""
        row = self.open[kind]
        row.next_at, row.attempts = self.look_at(kind), 0

    def warned(self, kind: str) -> None:
        """The warning is out; the next look is at the due time."""
        row = self.open[kind]
        row.warned_at, row.next_at, row.attempts = self.now, row.due_at, 0

    def broke(self, kind: str) -> None:
        """It is due and not kept: it stays open, and overdue, until it is met late. `save()` tells of the breach."""
        self._break(self.open[kind])

    def fired(self, kind: str) -> None:
        """The timer went off."""
        self.open[kind].attempts = 0
        self._finish("fired", kind)
        self.show()

    # Undo and save

    def snapshot(self) -> dict[str, Any]:
        """How the clocks stand, as JSON. Take it before anything changes."""
        until = self.ticket.snoozed_until
        return {
            "policy": self.ticket.policy_id,
            "snoozed_until": until.isoformat() if until else None,
            "deadlines": self._deadlines.plain(),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Put the clocks back as if nothing had happened since; a breach since then is not told again."""
        # An escalation is not undone by taking back what was said meanwhile: its limit follows it alone.
        stood = [row for row in snapshot["deadlines"] if row["kind"] != DeadlineKind.ESCALATION]
        wanted = {row["id"] for row in stood}
        since = [kind for kind, row in self.open.items() if row.pk not in wanted]
        self._finish("dropped", *(kind for kind in since if kind != DeadlineKind.ESCALATION))
        for row in self._deadlines.put_back(stood):
            if row.kind in PROMISES:
                row.next_at = promise.next_look(row, self.desk, warn_after=self._warn_after(row))
        if any(policy.pk == snapshot["policy"] for policy in self.desk.policies):
            self.ticket.policy_id = snapshot["policy"]
        until = snapshot["snoozed_until"]
        self.ticket.snoozed_until = datetime.fromisoformat(until) if until else None
        self.show()

    def unsaved(self) -> tuple[list[Deadline], list[TicketEvent]]:
        """The rows of deadlines and the events of breaches that `save` would write, for who writes many at once."""
        return self._deadlines.rows(), self._news

    def save(self) -> list[str]:
        """Write what changed, tell of promises found broken, and return the ticket's fields to save with it.

        At most one insert and one update of deadlines, and one update more when an undo opens again what had ended.
        """
        if self.ticket.snoozed_until is None:
            self._finish("dropped", DeadlineKind.SNOOZE)  # a verb woke it in passing
        self._deadlines.write()
        if self._news:
            timeline.record(*self._news)
            self._news = []
        self.show()
        return TICKET_FIELDS


@cache
def _open_deadlines() -> Prepared:
    return Prepared(Deadline.objects.filter(done_at__isnull=True).filter(ticket_id=0))
