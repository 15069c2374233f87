"""The palette: tickets, customers, views and pages by a few letters; a dialog, and a page without script."""

import pytest
from django.urls import reverse

from tests import cast
from tests.cast import TeamFactory, TicketFactory
from tickets.models import SavedView

pytestmark = pytest.mark.django_db


@pytest.fixture
def mira(client):
    user = cast.mira()
    client.force_login(user)
    return user


def lines(client, typed="", **query):
    html = client.get(
        reverse("palette"), {"q": typed, "part": "found"} | query, headers={"HX-Request": "true"}
    ).content.decode()
    return [part.split('href="')[1].split('"')[0] for part in html.split('role="option"')[1:]]


def test_the_beginning_of_a_word_is_enough(client, mira):
    ticket, _other = TicketFactory(subject="Charged twice for October"), TicketFactory(subject="Parcel lost")
    assert lines(client, "charged octo")[0] == f"/desk/tickets/{ticket.pk}/"


def test_a_whole_number_comes_first(client, mira):
    ticket = TicketFactory()
    TicketFactory(subject=f"About {ticket.pk}")
    assert lines(client, f"#{ticket.pk}")[0] == f"/desk/tickets/{ticket.pk}/"


def test_customers_views_and_pages_are_found_too(client, mira):
    dana = cast.dana()
    SavedView.objects.create(slug="phone", name="Phone calls")
    assert reverse("customer", args=[dana.pk]) in lines(client, "whitf")
    assert "/desk/?view=phone" in lines(client, "phone c")
    assert reverse("my_day") in lines(client, "my d")


def test_nothing_typed_shows_where_one_may_go(client, mira):
    places = lines(client)
    assert (reverse("queue") in places, reverse("ticket_new") in places, reverse("outbox") in places) == (
        True,
        True,
        False,
    )
    client.force_login(cast.lena())
    assert reverse("outbox") in lines(client)


def test_a_hidden_ticket_is_not_offered(client, mira):
    hidden = TicketFactory(subject="Secret plans", team=TeamFactory(slug="security", is_restricted=True))
    address = f"/desk/tickets/{hidden.pk}/"
    assert [address in lines(client, typed) for typed in ("secret", f"#{hidden.pk}")] == [False, False]


def test_every_search_may_go_on_in_all_messages(client, mira):
    assert lines(client, "a&b c")[-1] == "/desk/search/?q=a%26b+c"


def test_it_is_a_page_without_script_and_a_dialog_with_it(client, mira):
    page = client.get(reverse("palette"), {"q": "queue"}).content.decode()
    dialog = client.get(reverse("palette"), headers={"HX-Request": "true"}).content.decode()
    assert ("<html" in page, 'name="q" value="queue"' in page) == (True, True)
    assert ("<html" in dialog, 'id="palette"' in dialog) == (False, True)
