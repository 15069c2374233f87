"""Writes whole tickets at once, past the verbs: for measuring and for the demo's older history, never for work.

A story is told as the verbs would have told it: the same states, clocks, events and columns (a test plays both and
compares), but in memory, and the rows of thousands go in together.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models, transaction

from helpdesk.lib.text import preview
from helpdesk.rows import Table
from tickets import desk as desk_settings
from tickets.decisions import Decision
from tickets.desk import Desk
from tickets.lifecycle import EVENT_OF
from tickets.models import (
    OUR_TURN,
    PROMISES,
    Deadline,
    EventKind,
    HandleTime,
    Message,
    MessageKind,
    Satisfaction,
    State,
    Ticket,
    TicketEvent,
)  # fmt: skip
from tickets.sla import Clocks

BATCH = 5_000
# Below so many tickets, making the indexes anew takes longer than keeping them up to date.
MANY = 20_000
TABLES = (Ticket, Message, TicketEvent, Deadline, Satisfaction, HandleTime, Ticket.tags.through)


@dataclass(frozen=True)
class Line:
    """Something said: by the agent of that id or, with None, by the customer.

    `to_state`: where a reply sends the ticket.
    """

    at: datetime
    body: str
    by: int | None = None
    to_state: str = ""
    is_note: bool = False


@dataclass(frozen=True)
class Story:
    """One ticket's life. `ticket` is not saved and holds what is known when it comes in; ids are of rows that exist."""

    ticket: Ticket
    lines: list[Line]  # in time order; the first is what the customer opened it with
    decisions: tuple[list[Decision], list[Decision]] = field(default_factory=lambda: ([], []))  # of sorting, of routing
    # A move without words after the last line, by the assignee.
    moves_to: str = ""
    moves_at: datetime | None = None
    closes_at: datetime | None = None
    cause: str = ""
    fix: str = ""
    score: int | None = None
    comment: str = ""
    rated_at: datetime | None = None
    worked: tuple[tuple[int, date, int], ...] = ()  # who, on which day, how many seconds
    tags: tuple[int, ...] = ()
    has_clocks: bool = True  # False: no deadlines, as for long closed tickets that only fill the tables


def write(stories: Iterable[Story], *, now: datetime, tick: Callable[[int], object] = lambda done: None) -> int:
    """Write every story as it stands at `now`; `tick(n)` after each n tickets. Returns how many were written.

    Memory holds BATCH tickets at a time. Nobody else may write tickets meanwhile: ids are counted here.
    """
    tables = {model: Table(model) for model in TABLES}
    desk, source, written = desk_settings.current(), iter(stories), 0
    while batch := list(islice(source, BATCH)):
        with transaction.atomic():
            for story in batch:
                _Telling(story, tables, desk, now).tell()
            for table in tables.values():
                table.flush()
        written += len(batch)
        tick(len(batch))
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(tables)):
            cursor.execute(statement)
    return written


class _Telling:
    """Walks through one story in time, as tickets.intake, tickets.conversation and tickets.lifecycle would."""

    def __init__(self, story: Story, tables: dict[type[models.Model], Table], desk: Desk, now: datetime) -> None:
        self.story, self.ticket, self.tables, self.desk, self.now = story, story.ticket, tables, desk, now
        self.ticket.pk = tables[Ticket].take_id()
        self.clocks = Clocks.new(self.ticket, desk=desk, now=self.ticket.created_at) if story.has_clocks else None
        self.events: list[dict[str, Any]] = []

    def tell(self) -> None:
        story = self.story
        self._arrive()
        for line in story.lines[1:]:
            if line.is_note:
                self._noted(line)
            elif line.by is None:
                self._heard(line)
            else:
                self._replied(line)
        if story.moves_to and story.moves_at:
            self._move(story.moves_to, story.moves_at, by=self.ticket.assignee_id)
        if story.closes_at:
            if self.ticket.state != State.RESOLVED:
                self._move(State.RESOLVED, story.closes_at, by=None, why="customer", customer=self.ticket.customer_id)
            self._move(State.CLOSED, story.closes_at, by=None)
        self._settle()
        self._write()

    def _arrive(self) -> None:
        ticket, opening = self.ticket, self.story.lines[0]
        ticket.waiting_since = ticket.last_message_at = ticket.created_at
        ticket.preview = preview(opening.body, 140)
        if self.clocks:
            self.clocks.begin()
        message = self._say(opening, MessageKind.CUSTOMER)
        at, (sorting, routing) = ticket.created_at, self.story.decisions
        self._event(
            EventKind.RECEIVED,
            at,
            None,
            "",
            State.NEW,
            message=message,
            channel=ticket.channel,
            follows=ticket.follows_id,
        )
        self._event(EventKind.SORTED, at, None, decisions=[asdict(decision) for decision in sorting])
        self._event(EventKind.ROUTED, at, None, decisions=[asdict(decision) for decision in routing])
        if ticket.assignee_id:
            self._event(EventKind.ASSIGNED, at, None, assignee=ticket.assignee_id)

    def _heard(self, line: Line) -> None:
        ticket = self.ticket
        message, before = self._say(line, MessageKind.CUSTOMER), ticket.state
        ticket.waiting_since, ticket.last_from_customer = ticket.waiting_since or line.at, True
        self._event(
            EventKind.HEARD, line.at, None, customer=ticket.customer_id, message=message, mood=ticket.sentiment, why=""
        )
        if before == State.PENDING_CUSTOMER:
            self._move(State.IN_PROGRESS, line.at, by=None, why="customer_answered")
        elif before in (State.RESOLVED, State.CLOSED):
            self._reopen(line.at)

    def _replied(self, line: Line) -> None:
        ticket = self.ticket
        message = self._say(line, MessageKind.REPLY)
        if ticket.assignee_id is None:
            ticket.assignee_id = line.by
            self._event(EventKind.ASSIGNED, line.at, line.by, assignee=line.by, with_reply=True)
        waited = int((line.at - ticket.waiting_since).total_seconds()) if ticket.waiting_since else 0
        is_first = ticket.first_responded_at is None
        self._event(
            EventKind.REPLIED,
            line.at,
            line.by,
            message=message,
            next_state=line.to_state,
            first=is_first,
            waited=waited,
        )
        if ticket.state == State.NEW and line.to_state != State.FIRST_RESPONSE:
            self._move(State.FIRST_RESPONSE, line.at, by=line.by, with_reply=True)
        if line.to_state not in ("", ticket.state):
            self._move(line.to_state, line.at, by=line.by, with_reply=True)
        ticket.first_responded_at = ticket.first_responded_at or line.at
        ticket.last_from_customer, ticket.waiting_since = False, None
        if self.clocks:
            self.clocks.now = line.at
            self.clocks.answered()

    def _noted(self, line: Line) -> None:
        self._event(EventKind.NOTED, line.at, line.by, message=self._say(line, MessageKind.NOTE), mentions=[])

    def _move(self, to: str, at: datetime, *, by: int | None, **data: Any) -> None:
        ticket, before = self.ticket, self.ticket.state
        self._stand(to, before, at)
        if to == State.RESOLVED:
            ticket.resolved_at, ticket.cause, ticket.fix = at, self.story.cause, self.story.fix
        if to == State.CLOSED:
            ticket.closed_at = at
        if to == State.FIRST_RESPONSE and ticket.first_responded_at is None:
            ticket.first_responded_at = at
            if self.clocks:
                self.clocks.answered()
        ticket.waiting_since = (ticket.waiting_since or at) if to in OUR_TURN else None
        self._event(EVENT_OF[State(to)], at, by, before, to, **data)

    def _reopen(self, at: datetime) -> None:
        ticket, before = self.ticket, self.ticket.state
        self._stand(State.IN_PROGRESS, before, at)
        note = {"cause": ticket.cause, "fix": ticket.fix}
        ticket.resolved_at = ticket.closed_at = None
        ticket.cause = ticket.fix = ""
        ticket.reopen_count, ticket.waiting_since = ticket.reopen_count + 1, at
        self._event(
            EventKind.REOPENED, at, None, before, State.IN_PROGRESS, **note,
            customer=ticket.customer_id, why="customer_answered",
        )  # fmt: skip

    def _stand(self, to: str, before: str, at: datetime) -> None:
        # Past the state machine's guard, as everything here; the test against the verbs is the guard.
        vars(self.ticket)["state"] = str(to)
        if self.clocks:
            self.clocks.now = at
            self.clocks.moved(before)

    def _settle(self) -> None:
        """What came due before `now` has been attended to: warned of, broken or fired."""
        if not self.clocks:
            return
        for kind, row in list(self.clocks.open.items()):
            if row.next_at is None or row.next_at > self.now:
                continue
            self.clocks.now = row.due_at or self.now
            if kind not in PROMISES:
                self.clocks.fired(kind)
            elif row.due_at and row.due_at <= self.now:
                self.clocks.broke(kind)
            else:
                self.clocks.now = row.next_at
                self.clocks.warned(kind)
        self.clocks.show()

    def _say(self, line: Line, kind: MessageKind) -> int:
        ticket = self.ticket
        card = self.desk.staff.get(line.by or 0)
        if kind != MessageKind.NOTE:
            ticket.last_message_at, ticket.preview = line.at, preview(line.body, 140)
        return self.tables[Message].add(
            ticket_id=ticket.pk, kind=kind, author_id=line.by, customer_id=None if line.by else ticket.customer_id,
            author_name=(card.name if card else "") if line.by else ticket.customer_name, channel=ticket.channel,
            body=line.body, sentiment="" if line.by else ticket.sentiment, created_at=line.at,
        )  # fmt: skip

    def _event(
        self, kind: EventKind, at: datetime, by: int | None, before: str = "", after: str = "", /, **data: Any
    ) -> None:
        self.events.append(
            {
                "kind": kind,
                "at": at,
                "by_id": by,
                "from_state": before,
                "to_state": after,
                "data": data,
                "reacted_at": at,
            }
        )

    def _write(self) -> None:
        ticket, story, tables = self.ticket, self.story, self.tables
        deadlines, breaches = self.clocks.unsaved() if self.clocks else ([], [])
        for breach in breaches:
            self._event(EventKind.BREACHED, breach.at, None, **breach.data)
        ticket.updated_at = max(event["at"] for event in self.events)
        if story.score and story.rated_at:
            tables[Satisfaction].add(
                ticket_id=ticket.pk, score=story.score, comment=story.comment, agent_id=ticket.assignee_id,
                at=story.rated_at,
            )  # fmt: skip
            self._event(
                EventKind.RATED, story.rated_at, None, score=story.score, before=None,
                has_comment=bool(story.comment), agent=ticket.assignee_id,
            )  # fmt: skip
        for user_id, day, seconds in story.worked:
            tables[HandleTime].add(ticket_id=ticket.pk, user_id=user_id, day=day, seconds=seconds)
            ticket.handle_seconds += seconds
        for tag_id in story.tags:
            tables[Ticket.tags.through].add(ticket_id=ticket.pk, tag_id=tag_id)
        tables[Ticket].add(**{name: vars(ticket)[name] for name in tables[Ticket].names})
        for event in sorted(self.events, key=lambda event: event["at"]):
            tables[TicketEvent].add(ticket_id=ticket.pk, **event)
        for row in deadlines:
            tables[Deadline].add(**{name: vars(row)[name] for name in tables[Deadline].names if name != "id"})
