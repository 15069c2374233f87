"""`manage.py generate --tickets N`: a realistic large desk for measuring, written in bulk."""

import random
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from helpdesk import bulk, playbook
from helpdesk.bulk import Line, Story
from helpdesk.phrases import Phrases
from helpdesk.rows import without_indexes
from tickets.models import (
    Category,
    Channel,
    Customer,
    DeskVersion,
    Identity,
    IdentityKind,
    State,
    Team,
    Ticket,
    User,
)  # fmt: skip

CUSTOMERS, AGENTS = 20_000, 50
YEAR = timedelta(days=365)
CHANNELS = [Channel.WEB] * 3 + [Channel.EMAIL] * 5 + [Channel.CHAT, Channel.SOCIAL]
# One ticket in ten is open, as on a desk that keeps up.
OPEN = (
    State.NEW,
    State.FIRST_RESPONSE,
    State.IN_PROGRESS,
    State.IN_PROGRESS,
    State.PENDING_CUSTOMER,
    State.PENDING_INTERNAL,
)


class Command(BaseCommand):
    help = "Fill the database with N tickets (3 messages each), 20,000 customers and 50 agents, for measuring."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tickets", type=int, required=True, help="how many tickets")
        parser.add_argument("--seed", type=int, default=42, help="the same seed makes the same desk")
        parser.add_argument("--agent-password", default="", help="lets agent1@perf.test and the others sign in")

    def handle(self, *args: Any, **options: Any) -> None:
        number = options["tickets"]
        if number < 1:
            raise CommandError("--tickets takes a number from 1 up.")
        if not Team.objects.exists():
            playbook.load(playbook.open_playbook("saas-tiered"))
        chance, now = random.Random(options["seed"]), timezone.now()
        agents, customers = make_agents(options["agent_password"]), make_customers()
        self.stdout.write(f"{len(agents)} agents, {len(customers)} customers")
        stories = _stories(number, agents, customers, chance, now)
        with (
            without_indexes(bulk.TABLES) if number >= bulk.MANY else nullcontext(),
            tqdm(total=number, unit=" tickets", unit_scale=True, disable=options["verbosity"] == 0) as bar,
        ):
            written = bulk.write(stories, now=now, tick=bar.update)
        self.stdout.write(self.style.SUCCESS(f"{written} tickets written; the desk now has {Ticket.objects.count()}."))


def make_agents(password: str) -> list[User]:
    """AGENTS agents named agent1@perf.test and on, spread over the teams; those that exist are kept."""
    teams = list(Team.objects.order_by("tier", "pk"))
    secret = make_password(password or None)
    User.objects.bulk_create(
        [
            User(
                email=f"agent{n}@perf.test", name=f"Agent {n}", password=secret, team=teams[n % len(teams)],
                tier=teams[n % len(teams)].tier, capacity=500, time_zone="UTC",
            )
            for n in range(1, AGENTS + 1)
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    DeskVersion.bump()
    return list(User.objects.filter(email__endswith="@perf.test").order_by("pk"))


def make_customers() -> list[tuple[int, str]]:
    """CUSTOMERS customers, cust1@example.test and on, as (id, name); those that exist are kept."""
    if not Identity.objects.filter(value="cust1@example.test").exists():
        made = Customer.objects.bulk_create(
            [
                Customer(name=f"Customer {n}", email=f"cust{n}@example.test", time_zone="UTC")
                for n in range(1, CUSTOMERS + 1)
            ],
            batch_size=bulk.BATCH,
        )
        Identity.objects.bulk_create(
            [Identity(customer=customer, kind=IdentityKind.EMAIL, value=customer.email) for customer in made],
            batch_size=bulk.BATCH,
        )
    return list(Customer.objects.filter(email__endswith="@example.test").order_by("pk").values_list("pk", "name"))


def _stories(
    number: int, agents: list[User], customers: list[tuple[int, str]], chance: random.Random, now: datetime
) -> Iterator[Story]:
    phrases = Phrases(chance)
    categories = list(Category.objects.values_list("pk", "slug"))
    for place in range(number):
        created_at = now - YEAR + (YEAR / number) * place
        customer_id, name = chance.choice(customers)
        category_id, slug = chance.choice(categories)
        agent = chance.choice(agents)
        ticket = Ticket(
            subject=phrases.subject(slug), customer_id=customer_id, customer_name=name, created_at=created_at,
            priority=chance.choice((1, 2, 3, 3, 3, 4)), channel=chance.choice(CHANNELS), category_id=category_id,
            team_id=agent.team_id, tier=agent.tier,
        )  # fmt: skip
        opening = Line(created_at, phrases.question(slug))
        updated_at = min(now, created_at + timedelta(hours=0.5 + chance.expovariate(1 / 18)))
        if chance.random() < 0.1:
            yield _open(ticket, opening, agent.pk, updated_at, phrases, chance)
        else:
            yield _closed(ticket, opening, agent.pk, updated_at, phrases, now)


def _closed(ticket: Ticket, opening: Line, who: int, until: datetime, phrases: Phrases, now: datetime) -> Story:
    ticket.assignee_id, third = who, (until - opening.at) / 3
    answer = Line(opening.at + third, phrases.answer(), who, State.PENDING_CUSTOMER)
    thanks = Line(opening.at + 2 * third, phrases.thanks())
    closes_at = until + timedelta(hours=48)
    return Story(
        ticket, [opening, answer, thanks], moves_to=State.RESOLVED, moves_at=until,
        cause="A setting had been left off.",
        fix="Switched it on and checked with the customer.", closes_at=closes_at if closes_at <= now else None,
        has_clocks=closes_at > now,
    )  # fmt: skip


def _open(ticket: Ticket, opening: Line, who: int, until: datetime, phrases: Phrases, chance: random.Random) -> Story:
    state, third = chance.choice(OPEN), (until - opening.at) / 3
    asks_again = Line(opening.at + third, phrases.thanks())
    if state == State.NEW:
        if chance.random() < 0.6:
            ticket.assignee_id = who
        return Story(ticket, [opening, asks_again, Line(until, phrases.thanks())])
    ticket.assignee_id = who
    return Story(ticket, [opening, asks_again, Line(until, phrases.answer(), who, state)])
