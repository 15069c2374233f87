"""What stands below a reply's text in its mail: the team's signature, and the customer's own last words, quoted."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy

from helpdesk.lib.mailparse import quotes
from tickets.models import Message, MessageKind, Team, Trust, User

PLACEHOLDER = re.compile(r"\{\{\s*([a-z_.]{1,40})\s*\}\}")
# The only names a signature may hold; whatever else stands in braces stays text. Nothing is ever evaluated.
FIELDS: dict[str, tuple[Any, Callable[[Team, User | None], str]]] = {
    "agent.name": (gettext_lazy("the agent's name"), lambda team, agent: agent.name if agent else ""),
    "agent.first_name": (
        gettext_lazy("the agent's first name"),
        lambda team, agent: agent.get_short_name() if agent else "",
    ),
    "team.name": (gettext_lazy("the team's name"), lambda team, agent: team.name),
    "site.name": (gettext_lazy("the name of your desk"), lambda team, agent: settings.SITE_NAME),
}
# Enough to know what is answered; the whole conversation is on the request's page.
MOST_QUOTED_LINES, MOST_QUOTED_CHARACTERS = 60, 4000
# Only what is the customer's own: not what a stranger wrote onto the ticket.
THEIRS = ("", Trust.KNOWN, Trust.ACCEPTED, Trust.CHANGED_FROM)


@dataclass(frozen=True)
class Quote:
    """`lines` without quote signs; `is_cut`: there was more."""

    who: str
    at: datetime
    lines: list[str]
    is_cut: bool = False


def signature(team: Team | None, agent: User | None) -> str:
    """The team's signature with its fields filled in, else the agent's first name; nothing for a bot without a team."""
    name = agent.get_short_name() if agent is not None and not agent.is_bot else ""
    if team is None or not team.signature.strip():
        return name

    def value(match: re.Match[str]) -> str:
        known = FIELDS.get(match[1])
        return known[1](team, agent) if known else match[0]

    filled = PLACEHOLDER.sub(value, team.signature).strip()
    names_the_agent = any(found.startswith("agent.") for found in PLACEHOLDER.findall(team.signature))
    return filled if names_the_agent or not name else f"{name}\n{filled}"


def last_words(reply: Message) -> Quote | None:
    """What the customer wrote last before the reply, without what they quoted; None where there is nothing."""
    heard = Message.objects.standing().filter(
        ticket=reply.ticket_id, kind=MessageKind.CUSTOMER, pk__lt=reply.pk, trust__in=THEIRS
    )
    last = heard.filter(customer=reply.ticket.customer_id).order_by("-pk").first()
    if last is None:
        return None
    said = quotes.split(last.body).reply.strip() or last.body.strip()
    lines = said[:MOST_QUOTED_CHARACTERS].split("\n")
    is_cut = len(said) > MOST_QUOTED_CHARACTERS or len(lines) > MOST_QUOTED_LINES
    return Quote(last.author_name, last.created_at, lines[:MOST_QUOTED_LINES], is_cut) if said else None
