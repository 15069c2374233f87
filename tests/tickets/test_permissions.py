"""Who gets in, and what stays hidden from whom."""

import pytest
from django.urls import reverse

from tests import cast
from tickets import permissions
from tickets.models import DeskVersion

pytestmark = pytest.mark.django_db


@pytest.fixture
def restricted_ticket():
    team = cast.TeamFactory(slug="legal", is_restricted=True)
    ticket = cast.TicketFactory(team=team, subject="Confidential matter")
    DeskVersion.bump()
    return ticket


def test_desk_page_asks_a_stranger_to_sign_in_and_comes_back(client):
    ticket = cast.TicketFactory()
    answer = client.get(reverse("ticket", args=[ticket.pk]))
    assert answer.status_code == 302
    assert answer["Location"] == f"/sign-in/?next=/desk/tickets/{ticket.pk}/"


def test_a_form_of_a_stranger_comes_back_to_the_desk_not_to_an_address_that_only_takes_posts(client):
    answer = client.post(reverse("ticket_reply", args=[7]))
    assert answer["Location"] == "/sign-in/?next=/desk/"


def test_desk_page_forbids_a_signed_in_customer(client):
    client.force_login(cast.olaf())
    ticket = cast.TicketFactory(subject="Nothing for Olaf")
    answer = client.get(reverse("ticket", args=[ticket.pk]))
    assert answer.status_code == 403
    assert b"Nothing for Olaf" not in answer.content


def test_visible_ticket_hides_a_restricted_team_from_outsiders(client, restricted_ticket):
    client.force_login(cast.mira())
    answer = client.get(reverse("ticket", args=[restricted_ticket.pk]))
    assert answer.status_code == 404
    assert b"Confidential" not in answer.content


@pytest.mark.parametrize(
    "path",
    ["ticket_reply", "ticket_note", "ticket_state", "ticket_details", "ticket_assignee", "ticket_spam", "ticket_draft"],
)
def test_no_form_reaches_a_hidden_ticket(client, restricted_ticket, path):
    client.force_login(cast.mira())
    answer = client.post(reverse(path, args=[restricted_ticket.pk]), {"body": "x", "state": "in_progress"})
    assert answer.status_code == 404
    assert restricted_ticket.messages.count() == 0
    assert restricted_ticket.events.count() == 0


def test_members_and_managers_see_a_restricted_team(client, restricted_ticket):
    member = cast.UserFactory(name="Lea Legal", team=restricted_ticket.team)
    DeskVersion.bump()
    for user in (member, cast.max_()):
        client.force_login(user)
        assert client.get(reverse("ticket", args=[restricted_ticket.pk])).status_code == 200


def test_visible_tickets_of_a_customer_are_their_own():
    olaf = cast.olaf()
    own = cast.TicketFactory(customer=olaf.customer)
    cast.TicketFactory()
    assert list(permissions.visible_tickets(olaf)) == [own]


def test_may_see_answers_without_asking_the_database(restricted_ticket, django_assert_num_queries):
    mira = cast.mira()
    mira.desk_version = DeskVersion.objects.get().number
    permissions.closed_teams(mira)
    with django_assert_num_queries(0):
        assert permissions.may_see(mira, restricted_ticket) is False


def test_a_number_past_every_row_is_not_found(client):
    client.force_login(cast.mira())
    assert client.get(f"/desk/tickets/{2**70}/").status_code == 404


def test_a_reply_is_taken_back_by_its_author_alone(client):
    message = cast.MessageFactory(kind="reply", author=cast.mira())
    assert permissions.may_withdraw(cast.mira(), message) is True
    client.force_login(cast.jonas())
    answer = client.post(reverse("message_withdrawal", args=[message.pk]))
    message.refresh_from_db()
    assert (answer.status_code, message.withdrawn_at) == (403, None)
