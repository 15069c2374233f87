"""Sixty days of a desk's life. The last days are played through the verbs that people use, under a clock that the
player moves; what is older is told in bulk, with the same rules, clocks and events, so that the demo is there within a
minute."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from helpdesk import bulk, timers
from helpdesk.bulk import Story
from helpdesk.demo.plots import Plot
from helpdesk.demo.words import Words, customers_words
from tickets import (
    conversation,
    desk,
    details,
    free_agents,
    handle_time,
    intake,
    lifecycle,
    routing,
    rules,
    satisfaction,
    triage,
)  # fmt: skip
from tickets.channels.base import Inbound, Sender
from tickets.errors import Refused
from tickets.models import (
    Channel,
    Customer,
    EventKind,
    IdentityKind,
    OutboxMail,
    OutboxStatus,
    State,
    Tag,
    Ticket,
    TicketEvent,
    User,
)  # fmt: skip

DAYS, TICKETS, BATCH = 60, 2000, 25
PLAYED_DAYS = 6


@dataclass
class Player:
    """Plays stories; `chance` decides, so that the same seed makes the same desk."""

    staff: dict[str, User]
    customers: list[Customer]
    chance: random.Random
    now: datetime = field(default_factory=timezone.now)

    def play(self, number: int = TICKETS, tick: Callable[[int], object] = lambda done: None) -> int:
        """Play `number` tickets over DAYS days up to now; returns how many there are."""
        self.desk = desk.current()
        self.plot = Plot(self.desk, self.chance, self.now)
        self.users = {user.pk: user for user in self.staff.values()}
        moments = sorted(self._moment() for _ in range(number))
        words = customers_words(self.chance, number)
        begin = self.now - timedelta(days=PLAYED_DAYS)
        older = sum(moment < begin for moment in moments)
        bulk.write(self._told(words[:older], moments[:older]), now=self.now, tick=tick)
        recent = list(zip(words[older:], moments[older:], strict=True))
        for start in range(0, len(recent), BATCH):
            with transaction.atomic():
                for said, at in recent[start : start + BATCH]:
                    self._play_one(said, at)
            tick(len(recent[start : start + BATCH]))
        self._settle()
        return Ticket.objects.count()

    def _moment(self) -> datetime:
        """Some time in the last DAYS days: more by day than by night, on weekdays than at weekends, and lately."""
        if self.chance.random() < 0.025:
            return self.now - timedelta(hours=self.chance.triangular(0.1, 22, 3))
        day = self.now - timedelta(days=self.chance.uniform(0.6, DAYS))
        if day.weekday() > 4 and self.chance.random() < 0.7:
            day -= timedelta(days=day.weekday() - 4)
        hour = min(23, max(0, self.chance.gauss(13, 4)))
        moment = day.replace(hour=int(hour), minute=self.chance.randrange(60), second=self.chance.randrange(60))
        return min(moment, self.now - timedelta(minutes=self.chance.uniform(5, 600)))

    def _told(self, words: list[Words], moments: list[datetime]) -> Iterator[Story]:
        """Older stories: sorted and routed by the desk's own rules, given in turn to whoever fits."""
        tags = {tag.name: tag.pk for tag in Tag.objects.all()}
        general = self.desk.category_by_slug.get("general")
        for said, at in zip(words, moments, strict=True):
            customer = self._customer()
            ticket = Ticket(
                subject=said.subject, channel=said.channel, customer=customer, organisation_id=customer.organisation_id,
                customer_name=customer.name, customer_tier=customer.tier, language=customer.language, created_at=at,
            )  # fmt: skip
            text = f"{said.subject}\n{said.body}"
            sorting = triage.sort(ticket, text=text, desk=self.desk)
            ticket.category = ticket.category or general
            routed = routing.plan(ticket, facts=triage.facts(ticket, text=text, desk=self.desk), desk=self.desk)
            agent = self._who_fits(ticket)
            ticket.assignee_id = agent.pk
            story = self.plot.story(ticket, said.body, agent_id=agent.pk, slug=self._slug(ticket))
            wanted = {decision.value for decision in (*sorting, *routed) if decision.what == "tag"}
            yield Story(
                **{
                    **vars(story),
                    "decisions": (sorting, routed),
                    "tags": tuple(tags[name] for name in wanted if name in tags),
                }
            )

    def _play_one(self, said: Words, at: datetime) -> None:
        customer = self._customer()
        sender = Sender(IdentityKind.EMAIL, customer.email, customer.name, is_verified=True)
        ticket = intake.receive(Inbound(said.channel, sender, said.body, said.subject), now=at).ticket
        agent = ticket.assignee or self._who_fits(ticket)
        try:
            # What waits on agent@'s list are the scenes.
            may_wait = agent.pk != self.staff["agent"].pk
            self._act(
                self.plot.story(ticket, said.body, agent_id=agent.pk, slug=self._slug(ticket), may_wait=may_wait), agent
            )
        except Refused:
            return  # a condition of the desk held this one back: it stays where it is, as it would

    def _act(self, story: Story, agent: User) -> None:
        """Do through the verbs what the story tells."""
        ticket = story.ticket
        for line in story.lines[1:]:
            if line.is_note:
                conversation.note(ticket, body=line.body, by=agent, now=line.at)
            elif line.by is None:
                conversation.hear(
                    ticket, body=line.body, customer=ticket.customer, channel=Channel(ticket.channel), now=line.at
                )
            else:
                if ticket.category_id is None:
                    ticket = details.set_category(
                        ticket, category=self.desk.category_by_slug["general"], by=agent, now=line.at
                    )
                conversation.reply(
                    ticket, body=line.body, by=agent, next_state=State(line.to_state), now=line.at, cause=story.cause,
                    fix=story.fix,
                )  # fmt: skip
        for _user, _day, seconds in story.worked:
            handle_time.add(ticket, seconds=seconds, by=agent, now=story.lines[-1].at)
        if story.closes_at:
            lifecycle.confirm_solved(ticket, customer=ticket.customer, now=story.closes_at)
        if story.score and story.rated_at:
            satisfaction.rate(ticket, score=story.score, comment=story.comment, now=story.rated_at)

    def _customer(self) -> Customer:
        """Anyone but the first, whose requests are the demo's own scenes."""
        return self.chance.choice(self.customers[1:])

    def _who_fits(self, ticket: Ticket) -> User:
        fitting = [
            card.id for card in self.desk.staff.values() if card.id in self.users and free_agents.fits(card, ticket)
        ]
        return self.users[self.chance.choice(fitting)] if fitting else self.staff["lead"]

    def _slug(self, ticket: Ticket) -> str:
        category = self.desk.categories.get(ticket.category_id or 0)
        return category.slug if category else "general"

    def _settle(self) -> None:
        """History has been reacted to and its mail has gone out; what is overdue now is known to be."""
        self._count_rules()
        self._put_behind()
        while timers.sweep(self.now):
            pass
        self._put_behind()

    def _count_rules(self) -> None:
        """As the reactions would have: which rules decided, day by day."""
        days: dict[date, list[int]] = {}
        told = TicketEvent.objects.filter(reacted_at__isnull=True, kind__in=(EventKind.SORTED, EventKind.ROUTED))
        for at, data in told.values_list("at", "data").iterator():
            used = (decision["rule_id"] for decision in data.get("decisions", ()) if decision.get("rule_id"))
            days.setdefault(at.date(), []).extend(used)
        for day, used_that_day in days.items():
            rules.count_uses(used_that_day, day)

    def _put_behind(self) -> None:
        TicketEvent.objects.filter(reacted_at__isnull=True).update(reacted_at=self.now)
        OutboxMail.objects.filter(status=OutboxStatus.PENDING).update(status=OutboxStatus.SENT, sent_at=self.now)
