"""The customer's links: to one ticket, and to all their requests. Addresses always carry the configured site."""

from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from helpdesk.lib.crypto import read_link, sign_link
from tickets.models import State, Ticket

TICKET = "ticket"
# A closed request stays readable this long by its link; after that a fresh link comes by mail, or they sign in.
LIFE_AFTER_CLOSING = timedelta(days=90)


def absolute(path: str) -> str:
    """A path of this site as a full address; the request's Host header never decides it."""
    return settings.SITE_URL + path


def token(ticket: Ticket) -> str:
    return sign_link(ticket.pk, ticket.access_key, TICKET)


def customer_path(ticket: Ticket) -> str:
    """The path of the customer's page of the ticket."""
    return reverse("request_page", args=[token(ticket)])


def customer_url(ticket: Ticket) -> str:
    """The full address of the customer's page: whoever holds it reads and answers the ticket."""
    return absolute(customer_path(ticket))


def rating_url(ticket: Ticket, score: int) -> str:
    """The full address a score in the survey's mail leads to; opening it stores nothing, its button does."""
    return absolute(reverse("request_satisfaction", args=[token(ticket)])) + f"?score={score}"


def ticket_of(token: str, *, now: datetime | None = None) -> Ticket | None:
    """The ticket a token opens, with its customer, organisation and team; None if forged, revoked or too old."""
    found: list[Ticket] = []

    def key_of(pk: int) -> str | None:
        found.extend(
            Ticket.objects.select_related("customer__organisation", "team", "category", "merged_into").filter(pk=pk)
        )
        return found[0].access_key if found else None

    if read_link(token, TICKET, key_of) is None:
        return None
    return None if is_over(found[0], now=now) else found[0]


def is_over(ticket: Ticket, *, now: datetime | None = None) -> bool:
    """Whether the ticket's links no longer open: LIFE_AFTER_CLOSING has passed since it was closed."""
    if ticket.state != State.CLOSED or ticket.closed_at is None:
        return False
    return (now or timezone.now()) - ticket.closed_at > LIFE_AFTER_CLOSING
