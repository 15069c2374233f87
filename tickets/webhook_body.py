"""What a webhook's body holds: one event and its ticket in names that stay; docs/webhooks.md is their reference."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from tickets.desk import Desk
from tickets.models import PING, Message, MessageKind, Priority, Ticket, TicketEvent

VERSION = 1
# What people write among themselves: left out, whatever the event, unless a webhook is marked to carry notes.
INTERNAL_FIELDS = ("cause", "fix")


def compose(event: TicketEvent, desk: Desk, *, with_notes: bool) -> str:
    """The body as JSON, the ticket as it is now. Three statements at most: tags, organisation, message."""
    said = _message(event, with_notes=with_notes)
    body: dict[str, Any] = {
        "version": VERSION,
        "id": event.pk,
        "kind": event.kind,
        "at": _time(event.at),
        "by": _person(event.by_id, desk),
        "state": {"from": event.from_state, "to": event.to_state} if event.to_state else None,
        "changed": _changed(event, desk, with_notes=with_notes),
        "reason": event.reason if with_notes else "",
        "message": said,
        "ticket": _ticket(event.ticket, desk),
    }
    return json.dumps(body, ensure_ascii=False)


def ping(now: datetime) -> str:
    """The body of a test, which tells of no ticket."""
    body = {"version": VERSION, "id": None, "kind": PING, "at": _time(now), "ticket": None}
    return json.dumps(body, ensure_ascii=False)


def message_of(event: TicketEvent) -> Message | None:
    """The message an event tells of."""
    if not event.data.get("message"):
        return None
    return Message.objects.filter(pk=event.data["message"], ticket_id=event.ticket_id).first()


def _message(event: TicketEvent, *, with_notes: bool) -> dict[str, Any] | None:
    message = message_of(event)
    if message is None:
        return None
    is_open = message.withdrawn_at is None and (with_notes or message.kind != MessageKind.NOTE)
    return {
        "id": message.pk,
        "kind": message.kind,
        "author": message.author_name,
        "at": _time(message.created_at),
        "text": message.body if is_open else None,
        "has_files": message.has_files,
    }


def _ticket(ticket: Ticket, desk: Desk) -> dict[str, Any]:
    category = desk.categories.get(ticket.category_id or 0)
    team = desk.teams.get(ticket.team_id or 0)
    customer, organisation = ticket.customer, ticket.organisation
    return {
        "number": ticket.number,
        "subject": ticket.subject,
        "state": ticket.state,
        "priority": _priority(ticket.priority),
        "channel": ticket.channel,
        "category": category.slug if category else None,
        "reference": ticket.reference,
        "tags": sorted(tag.name for tag in ticket.tags.all()),
        "language": ticket.language,
        "team": team.slug if team else None,
        "tier": ticket.tier,
        "assignee": _person(ticket.assignee_id, desk),
        "customer": {
            "id": customer.pk, "name": customer.name, "email": customer.email, "tier": ticket.customer_tier,
            "organisation": {"id": organisation.pk, "name": organisation.name} if organisation else None,
        },
        "mood": ticket.sentiment,
        "is_spam": ticket.is_spam,
        "created_at": _time(ticket.created_at),
        "first_responded_at": _time(ticket.first_responded_at),
        "due_at": _time(ticket.due_at),
        "resolved_at": _time(ticket.resolved_at),
        "closed_at": _time(ticket.closed_at),
        "merged_into": ticket.merged_into_id,
        "url": settings.SITE_URL + reverse("ticket", args=[ticket.number]),
    }  # fmt: skip


def _changed(event: TicketEvent, desk: Desk, *, with_notes: bool) -> dict[str, Any]:
    """What an event's data says, in names and keys in place of our rows' ids; what is not listed stays inside."""
    data, told = event.data, {}
    for key, name, tell in TOLD:
        if key in data:
            told[name] = tell(data[key], desk)
    if "field" in data:
        field = data["field"]
        told["field"] = field
        if with_notes or field not in INTERNAL_FIELDS:
            told |= {side: _value(field, data.get(side), desk) for side in ("old", "new")}
    return told


def _value(field: str, value: Any, desk: Desk) -> Any:
    if field == "priority":
        return _priority(value)
    if field == "category":
        category = desk.categories.get(value or 0)
        return category.slug if category else None
    return _team(value, desk) if field == "team" else value


def _plain(value: Any, desk: Desk) -> Any:
    return value


def _team(value: Any, desk: Desk) -> str | None:
    team = desk.teams.get(value or 0)
    return team.slug if team else None


def _person(user_id: Any, desk: Desk) -> dict[str, Any] | None:
    card = desk.staff.get(user_id or 0)
    return {"id": card.id, "name": card.name, "email": card.email} if card else None


def _priority(value: Any) -> str | None:
    return Priority(value).name.lower() if value in Priority.values else None


def _time(moment: datetime | None) -> str | None:
    """UTC, as in 2026-03-02T09:00:00Z."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


# What of an event's data is told: (our key, the name in the body, how).
TOLD: tuple[tuple[str, str, Callable[[Any, Desk], Any]], ...] = (
    ("assignee", "assignee", _person),
    ("previous", "previous_assignee", _person),
    ("to_team", "team", _team),
    ("to_tier", "tier", _plain),
    ("added", "tags_added", _plain),
    ("removed", "tags_removed", _plain),
    ("score", "score", _plain),
    ("mood", "mood", _plain),
    ("into", "into", _plain),
    ("out_of", "out_of", _plain),
    ("other", "other", _plain),
    ("until", "until", _plain),
    ("kind", "promise", _plain),
    ("first", "is_first_response", _plain),
)
