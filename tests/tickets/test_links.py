"""The customer's links: the right one opens, forged and old ones do not, and the site's own address is in them."""

from datetime import timedelta

import pytest
import time_machine
from django.core import signing

from tests import cast
from tickets import links
from tickets.models import State

pytestmark = pytest.mark.django_db


def test_a_link_opens_its_ticket():
    ticket = cast.TicketFactory()
    assert links.ticket_of(links.token(ticket)) == ticket


def test_a_link_carries_the_configured_site_address(settings):
    settings.SITE_URL = "https://help.example"
    ticket = cast.TicketFactory()
    assert links.customer_url(ticket) == f"https://help.example/r/{links.token(ticket)}/"
    assert links.rating_url(ticket, 4) == f"https://help.example/r/{links.token(ticket)}/satisfaction/?score=4"


def test_opening_a_link_takes_one_statement(django_assert_num_queries):
    token = links.token(cast.TicketFactory())
    with django_assert_num_queries(1):
        links.ticket_of(token).customer.organisation  # noqa: B018


@pytest.mark.parametrize(
    "token", ["", "-", "1-", "nope", "1-AAAAAAAAAAAAAAAAAAAAAAAA", "zzzzzzzzzzzzzzzzzzz-x", "\x00-\x00"]
)
def test_a_forged_link_opens_nothing(token):
    cast.TicketFactory()
    assert links.ticket_of(token) is None


def test_a_changed_key_revokes_the_link():
    ticket = cast.TicketFactory()
    token = links.token(ticket)
    type(ticket).objects.filter(pk=ticket.pk).update(access_key="another")
    assert links.ticket_of(token) is None


@pytest.mark.parametrize(("days", "over"), [(89, False), (91, True)])
def test_a_link_is_over_ninety_days_after_closing(days, over):
    ticket = cast.TicketFactory(state=State.CLOSED, closed_at=cast.MONDAY)
    assert links.is_over(ticket, now=cast.MONDAY + timedelta(days=days)) is over


def test_a_link_to_all_requests_is_read_for_half_an_hour():
    with time_machine.travel(cast.MONDAY, tick=False) as clock:
        token = links.my_requests_url(7, "nonce").rstrip("/").rpartition("/")[2]
        assert links.read_my_requests(token) == (7, "nonce")
        clock.shift(timedelta(minutes=31))
        assert links.read_my_requests(token) is None


def test_something_else_we_signed_is_no_link():
    assert links.read_my_requests(signing.dumps([7, "nonce"], salt="another-page")) is None
    assert links.read_my_requests("nonsense") is None
