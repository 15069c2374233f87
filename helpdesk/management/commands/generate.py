"""manage.py generate --tickets N: a realistic large desk for measuring, written in bulk."""

import random
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from helpdesk import bulk, playbook
from helpdesk.bulk import Line, Story
from helpdesk.phrases import Phrases
from tickets.models import Category, Customer, DeskVersion, Identity, IdentityKind, State, Team, Ticket, User

CUSTOMERS, AGENTS = 20_000, 50
# One ticket in ten is open, as on a desk that keeps up.
CLOSED_STATES = (State.CLOSED,) * 7 + (State.RESOLVED,) * 2 + (State.PENDING_CUSTOMER,)
OPEN_STATES = (State.NEW, State.FIRST_RESPONSE, State.IN_PROGRESS, State.IN_PROGRESS, State.PENDING_INTERNAL)


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
            playbook.load("saas-tiered")
        chance = random.Random(options["seed"])
        agents = make_agents(options["agent_password"])
        customers = make_customers()
        self.stdout.write(f"{len(agents)} agents, {len(customers)} customers")
        with tqdm(total=number, unit="ticket", disable=options["verbosity"] == 0) as bar:
            stories = self._stories(number, agents, customers, chance)
            written = bulk.write(stories, now=timezone.now(), tick=bar.update)
        self.stdout.write(self.style.SUCCESS(f"{written} tickets written; the desk now has {Ticket.objects.count()}."))

    def _stories(
        self, number: int, agents: list[User], customers: list[tuple[int, str]], chance: random.Random
    ) -> Iterator[Story]:
        phrases, now = Phrases(chance), timezone.now()
        categories = list(Category.objects.values_list("pk", "slug"))
        step = timedelta(days=365) / number
        for place in range(number):
            created_at = now - timedelta(days=365) + step * place
            is_open = chance.random() < 0.1
            agent = None if is_open and chance.random() < 0.2 else chance.choice(agents)
            customer_id, name = chance.choice(customers)
            category_id, slug = chance.choice(categories)
            updated_at = min(now, created_at + timedelta(hours=chance.expovariate(1 / 18)))
            third = (updated_at - created_at) / 3
            who = agent.pk if agent else None
            lines = [Line(None, phrases.question(slug), created_at)]
            if who:
                lines.append(Line(who, phrases.answer(), created_at + third))
                lines.append(Line(None, phrases.thanks(), created_at + 2 * third))
            yield Story(
                subject=phrases.subject(slug), customer_id=customer_id, customer_name=name, priority=chance.choice((1, 2, 3, 3, 3, 4)),
                state=chance.choice(OPEN_STATES if is_open and who else CLOSED_STATES) if who else State.NEW,
                created_at=created_at, updated_at=updated_at, lines=lines, assignee_id=who, category_id=category_id,
                team_id=agent.team_id if agent else None, channel=chance.choice(("web", "web", "email", "email", "email", "chat")),
            )  # fmt: skip


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
