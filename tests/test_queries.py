"""Every list page asks the same number of questions for three rows as for one; the budgets are those of the product."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests import cast
from tests.cast import CategoryFactory, CustomerFactory, MessageFactory, OrganisationFactory, TicketFactory
from tickets import own_views, participants
from tickets.models import CustomerTier, Notification, OutboxMail, Presence, ReturnedMail, State, Tag

pytestmark = pytest.mark.django_db
LISTS = [
    ("queue", "", 4),
    ("queue", "?f=1&sort=updated&channel=web&assignee=me", 4),
    ("queue", "?f=1&state=closed", 4),
    ("queue_rows", "?tickets=1,2,3,4,5,6", 3),
    ("search", "?q=needle", 7),
    ("palette", "?q=needle", 5),
    ("pulse", "?since=1&tickets=1,2,3&counts=1", 4),
    ("views", "", 3),
    ("notifications", "", 4),
]


def more(user, number):
    """A ticket with everything a list shows of one."""
    now = timezone.now()
    customer = CustomerFactory(name=f"Needle {number}", organisation=OrganisationFactory(), own_tier=CustomerTier.VIP)
    ticket = TicketFactory(
        customer=customer, assignee=user, category=CategoryFactory(), team=user.team, is_angry=True, priority=1,
        state=State.CLOSED if number == 0 else State.IN_PROGRESS, due_at=now, queue_at=now,
    )  # fmt: skip
    ticket.tags.add(Tag.objects.get_or_create(name="refund")[0])
    MessageFactory(ticket=ticket, body="a needle in the hay")
    Presence.objects.create(ticket=ticket, user=cast.jonas(), seen_at=now)
    Notification.objects.create(
        user=user, ticket=ticket, kind="mention", text="!", dedupe_key=f"{number}", created_at=now
    )
    own_views.save_view(name=f"View {number}", filters={"channel": ["web"]}, by=user)


def cost(client, address):
    # Shared counts are kept for some seconds: with the clock held, the second look never falls into the next ones.
    with time_machine.travel(timezone.now(), tick=False):
        client.get(address)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
    return len(asked)


@pytest.mark.parametrize(("name", "query", "most"), LISTS)
def test_a_list_costs_the_same_for_one_row_and_for_three(client, name, query, most):
    mira = cast.mira()
    client.force_login(mira)
    more(mira, 1)
    one = cost(client, reverse(name) + query)
    for number in (0, 2, 3):
        more(mira, number)
    assert (cost(client, reverse(name) + query), one <= most) == (one, True)


def test_returned_mail_costs_the_same_for_one_row_and_for_three(client):
    client.force_login(cast.lena())
    for number in range(3):
        mail = OutboxMail.objects.create(
            kind="reply", ticket=TicketFactory(), to=f"c{number}@people.example", dedupe_key=f"{number}",
            mail_id=f"<{number}@x>", next_at=timezone.now(), created_at=timezone.now(),
        )  # fmt: skip
        ReturnedMail.objects.create(address=mail.to, kind="hard", mail=mail, ticket=mail.ticket, at=timezone.now())
        if number == 0:
            one = cost(client, reverse("returned"))
    assert (cost(client, reverse("returned")), one <= 3) == (one, True)


def test_a_ticket_page_costs_the_same_without_and_with_other_recipients(client):
    client.force_login(cast.mira())
    ticket = TicketFactory()
    none = cost(client, reverse("ticket", args=[ticket.pk]))
    for number in range(3):
        participants.add(ticket, address=f"p{number}@people.example", by=cast.mira())
    assert cost(client, reverse("ticket", args=[ticket.pk])) == none
