"""The customer's links: to one ticket, and to all their requests. Addresses always carry the configured site."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from helpdesk.lib.crypto import read_link, sign_link
from tickets.models import Customer, State, Ticket

TICKET = "ticket"
REQUESTS = "my-requests"
SURVEYS = "surveys"
# The link to all requests: one use, and no longer than this from when its mail left.
LIFE_OF_REQUESTS_LINK = timedelta(minutes=30)
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


def surveys_url(customer: Customer) -> str:
    """The full address where a customer stops surveys, or wants them again; it opens nothing else."""
    return absolute(reverse("surveys", args=[sign_link(customer.pk, SURVEYS, SURVEYS)]))


def customer_of_surveys(token: str) -> Customer | None:
    """The customer that a link about surveys was made for; None if forged."""
    pk = read_link(token, SURVEYS, lambda _pk: SURVEYS)
    return Customer.objects.filter(pk=pk).first() if pk is not None else None


def ticket_of(token: str) -> Ticket | None:
    """The ticket a token was made for, with its customer, organisation and team; None if forged or revoked.

    Whether the link is still good for a stranger who holds it is `is_over`'s question.
    """
    found: list[Ticket] = []

    def key_of(pk: int) -> str | None:
        found.extend(
            Ticket.objects.select_related("customer__organisation", "team", "category", "merged_into").filter(pk=pk)
        )
        return found[0].access_key if found else None

    return found[0] if read_link(token, TICKET, key_of) is not None else None


def is_over(ticket: Ticket, *, now: datetime | None = None) -> bool:
    """Whether the ticket's links no longer open: LIFE_AFTER_CLOSING has passed since it was closed."""
    if ticket.state != State.CLOSED or ticket.closed_at is None:
        return False
    return (now or timezone.now()) - ticket.closed_at > LIFE_AFTER_CLOSING


def my_requests_url(identity_id: int, nonce: str) -> str:
    """The full address that opens all requests of the address's owner, signed as of now; made when its mail leaves.

    Only the nonce rests in the database, and it opens nothing without this installation's secret key.
    """
    signed = signing.dumps([identity_id, nonce], salt=REQUESTS)
    return absolute(reverse("my_requests_open", args=[signed]))


def read_my_requests(token: str) -> tuple[int, str] | None:
    """The identity and the nonce of a link to all requests; None if forged or older than LIFE_OF_REQUESTS_LINK."""
    try:
        identity_id, nonce = signing.loads(token, salt=REQUESTS, max_age=LIFE_OF_REQUESTS_LINK)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return identity_id, nonce
