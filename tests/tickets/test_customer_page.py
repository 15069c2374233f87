"""Finding customers, their profile, and tidying up."""

import pytest
from django.urls import reverse
from django.utils import timezone

from tests import cast
from tickets.models import Customer, DeskVersion, Satisfaction, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client):
    client.force_login(cast.mira())
    return client


def test_finding_by_name_address_and_company(desk):
    company = cast.OrganisationFactory(name="Whitfield Studio")
    cast.CustomerFactory(name="Dana Whitfield", email="dana@studio.example", organisation=company)
    cast.CustomerFactory(name="Ravi Menon", email="ravi@menon.example")
    for query in ("dana", "DANA@studio", "whitfield st"):
        html = desk.get(reverse("customers"), {"q": query}).content.decode()
        assert "Dana Whitfield" in html
        assert "Ravi Menon" not in html
    assert "Nobody by that name" in desk.get(reverse("customers"), {"q": "zz\x00zz"}).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_whatever_it_shows(desk, django_assert_max_num_queries, count):
    for number in range(count):
        customer = cast.CustomerFactory(name=f"Customer {number}", organisation=cast.OrganisationFactory())
        cast.TicketFactory(customer=customer)
    desk.get(reverse("customers"))
    with django_assert_max_num_queries(5):
        html = desk.get(reverse("customers")).content.decode()
    assert html.count('data-label="Address"') == count


def test_pages_follow_each_other_without_gap_or_repeat(desk):
    # two of the same name stand on either side of the page's edge
    for number in range(60):
        cast.CustomerFactory(name=f"Name {number // 2:02}", email=f"c{number}@people.example")
    html = desk.get(reverse("customers")).content.decode()
    older = html.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = desk.get(reverse("customers") + older).content.decode()
    seen = [number for number in range(60) for page in (html, second) if f"c{number}@people.example" in page]
    assert seen == list(range(60))


def test_profile_shows_tickets_scores_and_addresses(desk):
    dana = cast.CustomerFactory(name="Dana Whitfield", organisation=cast.OrganisationFactory(name="Whitfield Studio"))
    ticket = cast.TicketFactory(customer=dana, subject="Charged twice")
    Satisfaction.objects.create(ticket=ticket, score=5, at=timezone.now())
    html = desk.get(reverse("customer", args=[dana.pk])).content.decode()
    for words in ("Whitfield Studio", "Charged twice", "5.0 of 5 · 1 answer", dana.email):
        assert words in html


@pytest.mark.parametrize("count", [1, 3])
def test_profile_costs_the_same_however_much_they_asked(desk, django_assert_max_num_queries, count):
    dana = cast.CustomerFactory(organisation=cast.OrganisationFactory())
    for _ in range(count):
        cast.TicketFactory(customer=dana)
    path = reverse("customer", args=[dana.pk])
    desk.get(path)
    with django_assert_max_num_queries(8):
        assert desk.get(path).content.decode().count('<li><a href="/desk/tickets/') == count


def test_profile_leaves_out_tickets_of_teams_the_reader_is_not_in(desk):
    dana = cast.CustomerFactory()
    hidden = cast.TeamFactory(slug="legal", is_restricted=True)
    cast.TicketFactory(customer=dana, subject="Before the court", team=hidden)
    DeskVersion.bump()
    assert "Before the court" not in desk.get(reverse("customer", args=[dana.pk])).content.decode()


def profile(**changed):
    return {"name": "Dana W.", "organisation": "", "own_tier": "vip", "language": "de", "time_zone": "Europe/Lisbon",
            "notes": "Prefers calls"} | changed  # fmt: skip


def test_editing_the_profile_keeps_the_tickets_rows_true(desk):
    dana = cast.CustomerFactory(name="Dana")
    ticket = cast.TicketFactory(customer=dana)
    desk.post(reverse("customer", args=[dana.pk]), profile())
    dana.refresh_from_db()
    assert (dana.name, dana.tier, dana.language, dana.notes) == ("Dana W.", "vip", "de", "Prefers calls")
    shown = Ticket.objects.get(pk=ticket.pk)
    assert (shown.customer_name, shown.customer_tier) == ("Dana W.", "vip")


def test_an_unknown_time_zone_comes_back_with_what_was_typed(desk):
    dana = cast.CustomerFactory(name="Dana")
    answer = desk.post(reverse("customer", args=[dana.pk]), profile(time_zone="Mars/Olympus", notes="Typed"))
    assert answer.status_code == 422
    assert "Typed" in answer.content.decode()
    assert Customer.objects.get(pk=dana.pk).name == "Dana"


def test_merging_customers_is_for_leads(desk, client):
    dana, again = cast.CustomerFactory(name="Dana"), cast.CustomerFactory(name="Dana again")
    ticket = cast.TicketFactory(customer=again)
    path = reverse("customer_merge", args=[again.pk])
    assert desk.post(path, {"into": dana.pk}).status_code == 403
    assert Ticket.objects.get(pk=ticket.pk).customer == again
    client.force_login(cast.lena())
    assert client.post(path, {"into": f"#{dana.pk}"})["Location"] == f"/desk/customers/{dana.pk}/"
    assert Ticket.objects.get(pk=ticket.pk).customer == dana
    assert Customer.objects.filter(pk=again.pk).count() == 0


def test_customers_cannot_look_at_customers(client):
    client.force_login(cast.olaf())
    assert client.get(reverse("customers")).status_code == 403
