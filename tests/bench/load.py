"""Loads the harness's data set (tickets.tsv, messages.tsv) into Firstline's database: load.py FOLDER."""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import django

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
django.setup()

from helpdesk import bulk  # noqa: E402
from helpdesk.bulk import Line, Story  # noqa: E402
from helpdesk.management.commands.generate import make_agents, make_customers  # noqa: E402
from helpdesk.rows import without_indexes  # noqa: E402
from tickets.models import Category, State, Ticket, User  # noqa: E402

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)  # the data set's own last moment
OPEN, PENDING, RESOLVED, CLOSED = "1234"
NOBODY = "\\N"


def rows(path: Path) -> Iterator[list[str]]:
    with path.open() as lines:
        for line in lines:
            yield line.rstrip("\n").split("\t")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def stories(folder: Path) -> Iterator[Story]:
    agents, customers = make_agents("perf-pass"), make_customers()
    categories = list(Category.objects.values_list("pk", flat=True))
    said = groupby(rows(folder / "messages.tsv"), key=lambda row: row[1])
    for row, (number, messages) in zip(rows(folder / "tickets.tsv"), said, strict=True):
        key, subject, _body, customer, agent, queue, status, priority, created, updated = row
        if key != number:
            raise ValueError(f"messages of ticket {number} where those of {key} were due")
        who = None if agent == NOBODY else agents[int(agent) - 1]
        customer_id, name = customers[int(customer) - 1]
        ticket = Ticket(
            subject=subject, customer_id=customer_id, customer_name=name, priority=min(int(priority), 4),
            category_id=categories[int(queue) % len(categories)], created_at=moment(created),
            assignee_id=who.pk if who else None, team_id=who.team_id if who else None,
        )  # fmt: skip
        lines = [line(message, agents, who, status) for message in messages]
        moves_to = {PENDING: State.PENDING_CUSTOMER, RESOLVED: State.RESOLVED, CLOSED: State.RESOLVED}.get(status, "")
        ends_at = max(moment(updated), lines[-1].at)
        yield Story(
            ticket, lines, moves_to=moves_to, moves_at=ends_at, cause="It was off.", fix="It is on.",
            closes_at=ends_at if status == CLOSED else None, has_clocks=status in (OPEN, PENDING),
        )  # fmt: skip


def line(message: list[str], agents: list[User], who: User | None, status: str) -> Line:
    """An agent's message is a reply, on a ticket that is nobody's the customer's own."""
    _id, _ticket, _place, kind, author, body, at = message
    if kind == "c" or author == NOBODY or who is None:
        return Line(moment(at), body)
    return Line(moment(at), body, agents[int(author) - 1].pk, State.IN_PROGRESS)


if __name__ == "__main__":
    with without_indexes(bulk.TABLES):
        written = bulk.write(stories(Path(sys.argv[1])), now=NOW)
    print(f"{written} tickets loaded")
