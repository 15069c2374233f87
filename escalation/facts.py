"""What conditions of ladders, levels and triggers look at: the same facts of a ticket that rules see."""

from tickets import routing, rule_fields
from tickets.desk import Desk
from tickets.models import Ticket
from tickets.rule_fields import Facts


def facts_of(ticket: Ticket, *, desk: Desk, text: str | None = None) -> Facts:
    """Of a saved ticket, with its opening words unless `text` is given. Three statements at most."""
    said = routing.text_of(ticket) if text is None else text
    tags = ticket.tags.values_list("name", flat=True)
    return rule_fields.facts(ticket, text=said, desk=desk, tags=tags)
