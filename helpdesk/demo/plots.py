"""How a demo ticket goes on after it came in: who answers when, what the customer says, how it ends."""

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from helpdesk.bulk import Line, Story
from helpdesk.demo.answers import AGAIN, ASKS, COMMENTS, NOTES, SAYS, SOLUTIONS, WAITS, of_category
from helpdesk.lib import clock
from tickets.desk import Desk
from tickets.handle_time import business_day
from tickets.models import State, Ticket

# Working minutes until the first answer, by priority from urgent to low; half are quicker.
FIRST_ANSWER = (6, 20, 60, 140)
CLOSES_AFTER = timedelta(hours=48)
# Of what came in this lately, so much is still being worked on; nearly everybody had a first answer within FRESH.
LATELY, FRESH, UNFINISHED = timedelta(hours=22), timedelta(hours=3), 0.6
# Of 100 customers who answer the survey, so many give 1 to 5.
SCORES = (3, 3, 7, 29, 58)


@dataclass
class Plot:
    """Makes stories for tickets of one desk; everything is drawn from `chance`."""

    desk: Desk
    chance: random.Random
    now: datetime

    def story(self, ticket: Ticket, opening: str, *, agent_id: int, slug: str, may_wait: bool = True) -> Story:
        """A ticket's life up to now: what would come later is cut off. `slug`: its category's key.

        `may_wait`: of the newest, some are left where they are.
        """
        lines, at = [Line(ticket.created_at, opening)], ticket.created_at
        at = self._working(ticket, at, FIRST_ANSWER[ticket.priority - 1])
        if self.chance.random() < 0.1:
            lines.append(Line(at - timedelta(minutes=1), self.chance.choice(NOTES), agent_id, is_note=True))
        for _round in range(self.chance.choice((0, 0, 0, 1, 1, 2))):
            lines, at = self._round(lines, ticket, at, agent_id, slug)
        solution = of_category(SOLUTIONS, slug, self.chance)
        lines.append(Line(at, solution.answer, agent_id, State.RESOLVED))
        if self.chance.random() < 0.06:
            at += timedelta(hours=self.chance.uniform(2, 30))
            lines.append(Line(at, self.chance.choice(AGAIN)))
            at = self._working(ticket, at, 60)
            lines.append(Line(at, solution.answer, agent_id, State.RESOLVED))
        is_confirmed = self.chance.random() < 0.4
        closes_at = at + (timedelta(hours=self.chance.uniform(1, 20)) if is_confirmed else CLOSES_AFTER)
        score = self.chance.choices((1, 2, 3, 4, 5), SCORES)[0] if self.chance.random() < 0.38 else None
        rated_at = closes_at + timedelta(hours=self.chance.uniform(0.2, 30))
        if may_wait and ticket.created_at > self.now - LATELY and self.chance.random() < UNFINISHED:
            lines = self._unfinished(lines, agent_id, slug)
            closes_at = rated_at = self.now + CLOSES_AFTER
        return Story(
            ticket, [line for line in lines if line.at <= self.now], cause=solution.cause, fix=solution.fix,
            closes_at=closes_at if closes_at <= self.now else None, worked=self._worked(lines, agent_id),
            score=score if rated_at <= self.now else None, rated_at=rated_at,
            comment=self.chance.choice(COMMENTS[score]) if score else "",
        )  # fmt: skip

    def _round(
        self, lines: list[Line], ticket: Ticket, at: datetime, agent_id: int, slug: str
    ) -> tuple[list[Line], datetime]:
        """A question back and its answer, or a wait for colleagues with news after it."""
        if self.chance.random() < 0.72:
            answered_at = at + timedelta(minutes=self._around(150))
            asked = Line(at, of_category(ASKS, slug, self.chance), agent_id, State.PENDING_CUSTOMER)
            said = Line(answered_at, self.chance.choice(SAYS))
            return [*lines, asked, said], self._working(ticket, answered_at, 45)
        waits = Line(at, self.chance.choice(WAITS), agent_id, State.PENDING_INTERNAL)
        return [*lines, waits], self._working(ticket, at, 150)

    def _unfinished(self, lines: list[Line], agent_id: int, slug: str) -> list[Line]:
        """Up to where it waits for somebody: fresh ones for us, older ones mostly for the customer or a colleague."""
        if lines[0].at > self.now - FRESH and self.chance.random() < 0.5:
            return lines[:1]
        first = next(line for line in lines if line.to_state)
        if first.to_state == State.RESOLVED:
            asked = Line(first.at, of_category(ASKS, slug, self.chance), agent_id, State.PENDING_CUSTOMER)
            return [lines[0], asked]
        return lines[: lines.index(first) + self.chance.randint(1, 2)]

    def _worked(self, lines: list[Line], agent_id: int) -> tuple[tuple[int, date, int], ...]:
        """Some minutes for each of the agent's own messages, added up by day."""
        days: dict[date, int] = {}
        for line in lines:
            if line.by == agent_id and line.at <= self.now:
                day = business_day(line.at)
                days[day] = days.get(day, 0) + int(self._around(5.2, spread=0.5) * 60)
        return tuple((agent_id, day, seconds) for day, seconds in days.items())

    def _working(self, ticket: Ticket, at: datetime, minutes: float) -> datetime:
        """Around so many working minutes of the ticket's team after `at`."""
        return clock.add(self.desk.calendar(ticket.team_id), at, int(self._around(minutes) * 60))

    def _around(self, median: float, spread: float = 0.7) -> float:
        return median * self.chance.lognormvariate(0, spread)
