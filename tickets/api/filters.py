"""Which tickets a list holds: its filters, its search, its orders."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet

from tickets import search_matches
from tickets.api import paging
from tickets.api.fields import PRIORITIES
from tickets.api.parameters import PAGING, Parameter, moment, number, one_of, shown, truth, words
from tickets.api.serializers.tickets import TicketShape
from tickets.desk import Desk
from tickets.models import OPEN_STATES, Channel, Message, State, User
from tickets.models.ticket import TicketQuerySet
from tickets.search import Question

OPEN = "open"  # as a state: all that are not resolved or closed
ORDERS = paging.orders(number="pk", created="created_at", updated="updated_at", priority="priority", due="queue_at")
PUBLIC_ORDERS = ("number", "-number", "created", "-created")
ORDERING = "ordering"
TICKET_FIELDS = list(TicketShape._declared_fields)


def _assignee(raw: str) -> str | int:
    if raw in ("me", "none"):
        return raw
    return number("assignee", "").read(raw)


FIELDS = shown(TICKET_FIELDS)
FILTERS: tuple[Parameter, ...] = (
    words("state", f"States, or `{OPEN}` for all that are not resolved or closed.", [*State.values, OPEN]),
    words("priority", "Priorities.", PRIORITIES, is_public=False),
    words("category", "Keys of categories; `none` for tickets without.", example="billing"),
    words("channel", "Channels.", Channel.values),
    Parameter(
        "assignee", "A colleague's id, `me` or `none`.", _assignee,
        {"oneOf": [{"type": "integer", "minimum": 1}, {"type": "string", "enum": ["me", "none"]}]}, False,
    ),
    words("team", "Keys of teams.", is_public=False, example="tier-1"),
    words("tag", "Tickets that have one of these tags.", is_public=False, example="refund"),
    number("customer", "A customer's id.", is_public=False),
    number("organisation", "An organisation's id.", is_public=False),
    truth("is_spam", "Only spam, or none.", is_public=False),
    moment("created_after", "Opened at that time or later."),
    moment("created_before", "Opened before that time."),
    moment("updated_after", "Changed at that time or later: what to ask to keep a copy up to date.", is_public=False),
    moment("updated_before", "Last changed before that time.", is_public=False),
    Parameter("q", "Words or “a phrase” in subject, customer or messages, or a number; the newest 500 that match."),
    one_of(ORDERING, "Newest first unless told; a minus turns it around.", ORDERS),
    *PAGING,
    FIELDS,
)  # fmt: skip


def order_of(query: Mapping[str, Any], user: User) -> paging.Order:
    name = query.get(ORDERING, "-number")
    return ORDERS[name] if user.is_desk_staff or name in PUBLIC_ORDERS else ORDERS["-number"]


def filtered(tickets: TicketQuerySet, query: Mapping[str, Any], *, user: User, desk: Desk) -> QuerySet[Any]:
    """Narrow visible tickets by what was asked."""
    if states := query.get("state"):
        tickets = tickets.filter(state__in={*states, *(OPEN_STATES if OPEN in states else ())} - {OPEN})
    if priorities := query.get("priority"):
        tickets = tickets.filter(priority__in=[PRIORITIES[name] for name in priorities])
    if slugs := query.get("category"):
        without = Q(category__isnull=True) if "none" in slugs else Q()
        tickets = tickets.filter(Q(category__slug__in=slugs) | without)
    if channels := query.get("channel"):
        tickets = tickets.filter(channel__in=channels)
    if (assignee := query.get("assignee")) is not None:
        mine = user.pk if assignee == "me" else assignee
        tickets = tickets.unassigned() if assignee == "none" else tickets.filter(assignee_id=mine)
    if slugs := query.get("team"):
        tickets = tickets.filter(team__in=[desk.team_by_slug[slug].pk for slug in slugs if slug in desk.team_by_slug])
    if tags := query.get("tag"):
        through = tickets.model.tags.through.objects.filter(tag__name__in=tags)
        tickets = tickets.filter(pk__in=through.values("ticket_id"))
    for name in ("customer", "organisation"):
        if name in query:
            tickets = tickets.filter(**{f"{name}_id": query[name]})
    if "is_spam" in query:
        tickets = tickets.filter(is_spam=query["is_spam"])
    for name, column in (("created", "created_at"), ("updated", "updated_at")):
        if since := query.get(f"{name}_after"):
            tickets = tickets.filter(**{f"{column}__gte": since})
        if until := query.get(f"{name}_before"):
            tickets = tickets.filter(**{f"{column}__lt": until})
    return _found(tickets, query["q"], user) if query.get("q") else tickets


def _found(tickets: TicketQuerySet, typed: str, user: User) -> QuerySet[Any]:
    question = Question.read(typed)
    if not question.terms:
        return tickets.none()
    if user.is_desk_staff:
        matches = search_matches.find(question.terms, number=question.number, address=question.address)
        return tickets.filter(pk__in=list(matches))
    # The index knows notes as well: whether a word stands in one must not show in what a customer finds.
    for term in question.terms:
        said = Message.objects.public().filter(ticket__customer__user=user, body__icontains=term)
        tickets = tickets.filter(Q(subject__icontains=term) | Q(pk__in=said.values("ticket_id")))
    return tickets
