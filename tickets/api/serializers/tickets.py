"""Tickets as programs see and send them; a customer's token sees what the customer's own page shows."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from rest_framework import serializers

from tickets import details, links
from tickets.api.fields import PRIORITIES, PRIORITY_NAMES, Given, Names, Shape, Whole, Words, moment
from tickets.desk import Desk
from tickets.intake import Received
from tickets.models import Channel, Sentiment, State, Ticket, TicketLink, User
from tickets.models.ticket import CustomerTier

RELATED = ("customer", "organisation", "category", "team")
# What a customer's token gets of a ticket; all else is the desk's.
PUBLIC = (
    "number", "subject", "state", "category", "reference", "channel", "language", "created_at", "last_message_at",
    "resolved_at", "closed_at", "url",
)  # fmt: skip


class PersonShape(Shape):
    id = serializers.IntegerField()
    name = serializers.CharField()


class TicketCustomerShape(PersonShape):
    email = serializers.CharField(help_text="Empty where we know no address.")
    tier = serializers.ChoiceField(CustomerTier.choices)


class TicketShape(Shape):
    """A customer's token gets number, subject, state, category, reference, channel, language, times and url."""

    number = serializers.IntegerField(help_text="What people quote; it is the ticket's address, too.")
    subject = serializers.CharField()
    state = serializers.ChoiceField(State.choices, help_text="Changed by `transitions` only.")
    priority = serializers.ChoiceField(list(PRIORITIES), required=False)
    category = serializers.CharField(allow_null=True, help_text="Key of a category.")
    reference = serializers.CharField(help_text="Order or invoice number.")
    tags = serializers.ListField(child=serializers.CharField(), required=False)
    channel = serializers.ChoiceField(Channel.choices)
    language = serializers.CharField()
    customer = TicketCustomerShape(required=False)
    organisation = PersonShape(allow_null=True, required=False)
    team = serializers.CharField(allow_null=True, required=False, help_text="Key of a team.")
    tier = serializers.IntegerField(required=False)
    assignee_id = serializers.IntegerField(allow_null=True, required=False)
    assignee = PersonShape(allow_null=True, required=False)
    mood = serializers.ChoiceField(Sentiment.choices, required=False)
    is_angry = serializers.BooleanField(required=False)
    is_spam = serializers.BooleanField(required=False)
    due_at = serializers.DateTimeField(allow_null=True, required=False, help_text="The nearest promise.")
    due_kind = serializers.CharField(required=False)
    first_response_due_at = serializers.DateTimeField(allow_null=True, required=False)
    resolution_due_at = serializers.DateTimeField(allow_null=True, required=False)
    has_breached = serializers.BooleanField(required=False)
    snoozed_until = serializers.DateTimeField(
        allow_null=True, required=False, help_text="The year 9999: until the customer writes."
    )
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField(allow_null=True, required=False)
    last_message_at = serializers.DateTimeField()
    last_message_is_customers = serializers.BooleanField(required=False)
    preview = serializers.CharField(required=False, help_text="The beginning of the last message.")
    first_responded_at = serializers.DateTimeField(allow_null=True, required=False)
    waiting_since = serializers.DateTimeField(allow_null=True, required=False)
    resolved_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    reopen_count = serializers.IntegerField(required=False)
    cause = serializers.CharField(required=False, help_text="What was wrong.")
    fix = serializers.CharField(required=False, help_text="What fixed it.")
    merged_into = serializers.IntegerField(allow_null=True, required=False)
    follows = serializers.IntegerField(allow_null=True, required=False)
    split_from = serializers.IntegerField(allow_null=True, required=False)
    url = serializers.URLField(help_text="The page for people.")


def show(tickets: Sequence[Ticket], *, user: User, desk: Desk) -> list[dict[str, Any]]:
    """Tickets read with RELATED, as they are answered; one statement for all their tags."""
    if not user.is_desk_staff:
        return [
            {name: value for name, value in _whole(ticket, desk, []).items() if name in PUBLIC} for ticket in tickets
        ]
    tags = _tags(tickets)
    return [{**_whole(ticket, desk, tags.get(ticket.pk, [])), "url": _desk_url(ticket)} for ticket in tickets]


def show_new(received: Received, *, user: User, desk: Desk) -> dict[str, Any]:
    """A ticket that has just come in, without reading it again."""
    ticket = received.ticket
    ticket.category, ticket.team = desk.categories.get(ticket.category_id or 0), desk.teams.get(ticket.team_id or 0)
    ticket.organisation = ticket.customer.organisation
    if not user.is_desk_staff:
        return show_one(ticket, user=user, desk=desk)
    tags = sorted(details.tag_name(tag) for tag in received.tags)
    return {**_whole(ticket, desk, tags), "url": _desk_url(ticket)}


def show_one(ticket: Ticket, *, user: User, desk: Desk) -> dict[str, Any]:
    return show([ticket], user=user, desk=desk)[0]


def _whole(ticket: Ticket, desk: Desk, tags: list[str]) -> dict[str, Any]:
    customer, organisation, card = ticket.customer, ticket.organisation, desk.staff.get(ticket.assignee_id or 0)
    return {
        "number": ticket.pk,
        "subject": ticket.subject,
        "state": ticket.state,
        "priority": PRIORITY_NAMES[ticket.priority],
        "category": ticket.category.slug if ticket.category else None,
        "reference": ticket.reference,
        "tags": tags,
        "channel": ticket.channel,
        "language": ticket.language,
        "customer": {
            "id": customer.pk, "name": ticket.customer_name, "email": customer.email, "tier": ticket.customer_tier,
        },
        "organisation": {"id": organisation.pk, "name": organisation.name} if organisation else None,
        "team": ticket.team.slug if ticket.team else None,
        "tier": ticket.tier,
        "assignee_id": ticket.assignee_id,
        "assignee": {"id": ticket.assignee_id, "name": card.name if card else ""} if ticket.assignee_id else None,
        "mood": ticket.sentiment,
        "is_angry": ticket.is_angry,
        "is_spam": ticket.is_spam,
        "due_at": moment(ticket.due_at),
        "due_kind": ticket.due_kind,
        "first_response_due_at": moment(ticket.first_response_due_at),
        "resolution_due_at": moment(ticket.resolution_due_at),
        "has_breached": ticket.has_breached,
        "snoozed_until": moment(ticket.snoozed_until),
        "created_at": moment(ticket.created_at),
        "updated_at": moment(ticket.updated_at),
        "last_message_at": moment(ticket.last_message_at),
        "last_message_is_customers": ticket.last_from_customer,
        "preview": ticket.preview,
        "first_responded_at": moment(ticket.first_responded_at),
        "waiting_since": moment(ticket.waiting_since),
        "resolved_at": moment(ticket.resolved_at),
        "closed_at": moment(ticket.closed_at),
        "reopen_count": ticket.reopen_count,
        "cause": ticket.cause,
        "fix": ticket.fix,
        "merged_into": ticket.merged_into_id,
        "follows": ticket.follows_id,
        "split_from": ticket.split_from_id,
        "url": links.customer_url(ticket),
    }  # fmt: skip


def _desk_url(ticket: Ticket) -> str:
    return f"{settings.SITE_URL}/desk/tickets/{ticket.pk}/"


def _tags(tickets: Iterable[Ticket]) -> dict[int, list[str]]:
    ties = Ticket.tags.through.objects.filter(ticket__in=[ticket.pk for ticket in tickets])
    found: dict[int, list[str]] = {}
    for number, name in ties.order_by("tag__name").values_list("ticket_id", "tag__name"):
        found.setdefault(number, []).append(name)
    return found


class TicketGiven(Given):
    """A new ticket. `email` or `phone` says whose it is; a customer's own token leaves both out."""

    subject = Words(max_length=200, required=False, allow_blank=True, help_text="Else the first words of the body.")
    body = Words(max_length=100_000, trim_whitespace=False, help_text="What the customer wrote, as plain text.")
    email = serializers.EmailField(max_length=254, required=False)
    phone = Words(max_length=40, required=False, help_text="Instead of an address, for calls.")
    name = Words(max_length=120, required=False, allow_blank=True, help_text="Taken for new customers only.")
    category = Words(max_length=50, required=False, allow_null=True, help_text="Key of a category; else rules decide.")
    priority = serializers.ChoiceField(list(PRIORITIES), required=False, help_text="Else rules decide.")
    reference = Words(max_length=64, required=False, allow_blank=True, help_text="Order or invoice number.")
    tags = Names(required=False, max_length=30)
    channel = serializers.ChoiceField(
        Channel.choices, required=False, help_text="`api` unless told; others need the scope tickets:import."
    )
    language = serializers.ChoiceField(
        settings.LANGUAGES, required=False, help_text="Of a new customer; mail goes out in it."
    )


class TicketChangeGiven(Given):
    """Only what is sent is changed. The state moves by `transitions`, words are said by `messages`."""

    subject = Words(max_length=200, required=False)
    reference = Words(max_length=64, required=False, allow_blank=True)
    category = Words(max_length=50, required=False, allow_null=True, help_text="Key of a category, or null.")
    priority = serializers.ChoiceField(list(PRIORITIES), required=False)
    tags = Names(required=False, max_length=30, help_text="Exactly these from now on.")
    team = Words(max_length=50, required=False, help_text="Key of a team.")
    assignee_id = Whole(required=False, allow_null=True, help_text="A colleague's id, or null to put it back.")
    cause = Words(max_length=100_000, required=False, allow_blank=True)
    fix = Words(max_length=100_000, required=False, allow_blank=True)
    snoozed_until = serializers.DateTimeField(required=False, allow_null=True, help_text="Null wakes it.")
    is_spam = serializers.BooleanField(required=False)


class TransitionShape(Shape):
    to = serializers.ChoiceField(State.choices)
    name = serializers.CharField(help_text="In the reader's language.")
    missing = serializers.ListField(
        child=serializers.CharField(),
        help_text="What the ticket still needs for this; cause and fix may be sent along.",
    )


class TransitionsShape(Shape):
    state = serializers.ChoiceField(State.choices)
    results = TransitionShape(many=True)


class TransitionGiven(Given):
    to = serializers.ChoiceField([choice for choice in State.choices if choice[0] != State.NEW])
    reason = Words(max_length=2000, required=False, allow_blank=True)
    cause = Words(max_length=100_000, required=False, allow_blank=True, help_text="What was wrong.")
    fix = Words(max_length=100_000, required=False, allow_blank=True, help_text="What fixed it.")


class HandoverGiven(Given):
    team = Words(max_length=50, help_text="Key of a team.")
    note = Words(max_length=5000, help_text="What you tried and what is left to do.")


class MergeGiven(Given):
    into = Whole(help_text="Number of the ticket that is kept; both must be of one customer.")


class LinkGiven(Given):
    number = Whole(help_text="Number of the other ticket.")


class LinksShape(Shape):
    results = serializers.ListField(child=serializers.IntegerField(), help_text="Numbers of the linked tickets.")


def linked(ticket: Ticket) -> list[int]:
    """Numbers of all tickets linked to this one."""
    pairs = TicketLink.objects.filter(one=ticket) | TicketLink.objects.filter(other=ticket)
    return sorted({number for pair in pairs.values_list("one_id", "other_id") for number in pair} - {ticket.pk})
