"""What moves a ticket's clocks: running, pausing and ending its deadlines, and the due times its row shows of them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import itemgetter

from tickets import promise, timeline
from tickets.desk import Desk
from tickets.models import LIMITS, PROMISES, Deadline, DeadlineKind, EventKind, SlaPolicy, Ticket, TicketEvent
from tickets.models.ticket import LAST_IN_QUEUE
from tickets.open_deadlines import OpenDeadlines

# A breach found later than this goes into a digest, so that an outage makes no storm of mails.
LATE = timedelta(minutes=30)
DUE_FIELD = {DeadlineKind.FIRST_RESPONSE: "first_response_due_at", DeadlineKind.RESOLUTION: "resolution_due_at"}


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


class Clockwork:
    """The parts that `sla.Clocks` is made of; nothing outside it touches them."""

    def __init__(self, ticket: Ticket, *, desk: Desk, now: datetime, rows: Iterable[Deadline] = ()) -> None:
        self.ticket, self.desk, self.now = ticket, desk, now
        self._deadlines = OpenDeadlines(ticket, rows)
        self._news: list[TicketEvent] = []

    @property
    def open(self) -> dict[str, Deadline]:
        """The open deadlines by kind, for reading."""
        return self._deadlines.open

    @property
    def policy(self) -> SlaPolicy | None:
        """The ticket's policy, also one that is no longer in force for new tickets."""
        in_force = next((policy for policy in self.desk.policies if policy.pk == self.ticket.policy_id), None)
        return in_force or self.ticket.policy

    def _choose(self) -> None:
        policy = choose(self.ticket, self.desk)
        self.ticket.policy_id = policy.pk if policy else None

    def _close(self) -> None:
        self._finish_all("dropped")
        if not (self.ticket.is_spam or self.ticket.merged_into_id):
            self._timer(DeadlineKind.AFTER_CLOSE, self.desk.timing.after_close_follow_up)

    def _resolve(self) -> None:
        self._finish("met", DeadlineKind.FIRST_RESPONSE, DeadlineKind.RESOLUTION, DeadlineKind.UNSOLVED)
        self._finish_all("dropped")
        self._timer(DeadlineKind.AUTO_CLOSE, self.desk.timing.close_after)

    def _timer(self, kind: DeadlineKind, minutes: int) -> None:
        if kind not in self.open:
            due = self.now + timedelta(minutes=minutes)
            self._deadlines.add(kind, started_at=self.now, due_at=due, next_at=due)

    def _promise(self, kind: DeadlineKind, minutes: int) -> None:
        if kind not in self.open:
            self._run(self._deadlines.add(kind, started_at=self.now, budget=minutes * 60))

    def _owe_update(self) -> None:
        if (policy := self.policy) and policy.update_every:
            self._promise(DeadlineKind.UPDATE, policy.update_every)

    def _run(self, row: Deadline) -> None:
        if row.kind in PROMISES:
            row.team_id, row.in_working_time = self.ticket.team_id, self._in_working_time()
        row.attempts = 0
        promise.run(row, self.desk, self.now, warn_after=self._warn_after(row))

    def _pause(self) -> None:
        for row in self._stretches():
            if row.resumed_at is not None:
                self._note_if_over(row)
                promise.pause(row, self.desk, self.now)

    def _resume(self) -> None:
        for row in self._stretches():
            if row.resumed_at is None:
                self._run(row)

    def _set_anew(self, row: Deadline, budget: int) -> None:
        if (row.budget, row.team_id, row.in_working_time) == (budget, self.ticket.team_id, self._in_working_time()):
            return
        is_running = row.resumed_at is not None
        self._note_if_over(row)
        promise.pause(row, self.desk, self.now)
        row.budget = budget
        if row.spent < budget:
            row.breached_at = None
        if row.spent < self._warn_after(row):
            row.warned_at = None
        if is_running:
            self._run(row)

    def _finish(self, outcome: str, *kinds: str) -> None:
        for kind in [kind for kind in kinds if kind in self.open]:
            row = self.open[kind]
            if kind in PROMISES or kind in LIMITS:
                self._note_if_over(row)
                row.spent, row.resumed_at = promise.used(row, self.desk, self.now), None
            is_late = outcome == "met" and row.breached_at is not None
            self._deadlines.end(kind, "late" if is_late else outcome, self.now)
            if outcome == "dropped" and kind in DUE_FIELD:
                setattr(self.ticket, DUE_FIELD[DeadlineKind(kind)], None)

    def _finish_all(self, outcome: str) -> None:
        self._finish(outcome, *DeadlineKind)
        self.ticket.snoozed_until = None

    def _note_if_over(self, row: Deadline) -> None:
        """A promise whose time ran out before the sweeper came is broken all the same."""
        if row.kind in PROMISES and row.breached_at is None and promise.is_over(row, self.now):
            self._break(row)

    def _break(self, row: Deadline) -> None:
        due = row.due_at or self.now
        row.breached_at, row.next_at, row.attempts = due, None, 0
        self.ticket.has_breached = True
        told = timeline.event(self.ticket, EventKind.BREACHED, by=None, now=self.now, why=row.kind)
        told.data |= {"kind": row.kind, "due_at": due.isoformat(), "late_digest": self.now - due > LATE}
        self._news.append(told)

    def _promises(self) -> list[Deadline]:
        return [self.open[kind] for kind in PROMISES if kind in self.open]

    def _stretches(self) -> list[Deadline]:
        """What stands still while the customer has the turn."""
        return [self.open[kind] for kind in (*PROMISES, *LIMITS) if kind in self.open]

    def _in_working_time(self) -> bool:
        return self.policy.in_business_hours if self.policy else True

    def _warn_after(self, row: Deadline) -> int:
        if row.kind in LIMITS:
            return row.budget
        return promise.warn_after(row, self.policy, remind_before=self.desk.timing.update_reminder_before)

    def show(self) -> None:
        """Set what a queue shows: the nearest promise still to keep, or where none runs the nearest timer."""
        ticket = self.ticket
        promises = [(row.due_at, row.kind) for row in self._promises() if row.due_at]
        ticket.due_at, ticket.due_kind = min(promises, key=itemgetter(0), default=(None, ""))
        timers = [row.due_at for kind, row in self.open.items() if kind not in (*PROMISES, *LIMITS) and row.due_at]
        ticket.queue_at = ticket.due_at or min(timers, default=LAST_IN_QUEUE)
        if DeadlineKind.SNOOZE in self.open:
            ticket.queue_at = LAST_IN_QUEUE
        for kind, field in DUE_FIELD.items():
            if kind in self.open:
                setattr(ticket, field, self.open[kind].due_at)
