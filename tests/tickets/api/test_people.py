"""Customers, organisations, colleagues, settings and articles through the API."""

import pytest

from knowledge.models import Article
from tests import cast
from tests.tickets.api.program import Program, pointers, problem
from tickets import customer_details
from tickets.models import Customer, DeskVersion, Macro, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def mira():
    return Program(cast.mira())


def test_customers_are_found_by_address_name_and_organisation(mira):
    firm = cast.OrganisationFactory(name="Whitfield Studio", domain="whitfield.example")
    dana, ravi = cast.dana(), cast.ravi()
    customer_details.change(dana, organisation=firm)

    def found(**query):
        return [row["id"] for row in mira.get("customers", query).json()["results"]]

    assert found() == [dana.pk, ravi.pk]
    assert (found(email="Dana@Whitfield.example"), found(q="menon")) == ([dana.pk], [ravi.pk])
    assert (found(organisation=firm.pk), found(ordering="-name")) == ([dana.pk], [ravi.pk, dana.pk])
    read = mira.get(f"customers/{dana.pk}").json()
    assert (read["tier"], read["identities"][0]["value"]) == ("vip", "dana@whitfield.example")
    assert mira.get(f"organisations/{firm.pk}").json()["domain"] == "whitfield.example"
    assert [row["id"] for row in mira.get("organisations?q=whitfield").json()["results"]] == [firm.pk]


def test_a_customer_is_added_once_and_changed(mira):
    firm = cast.OrganisationFactory()
    given = {"email": "New@People.example", "name": "New", "organisation_id": firm.pk, "notes": "Calls"}
    made = mira.post("customers", given)
    assert (made.status_code, made.json()["email"], made.json()["organisation_id"]) == (
        201,
        "new@people.example",
        firm.pk,
    )
    again = mira.post("customers", {"email": "new@people.example", "name": "Somebody else"})
    assert (again.status_code, again.json()["name"], Customer.objects.count()) == (200, "New", 1)
    number = made.json()["id"]
    ticket = cast.a_ticket(customer=Customer.objects.get(pk=number))
    changed = mira.patch(f"customers/{number}", {"name": "Renamed", "own_tier": "vip"}, If_Match=again["ETag"])
    assert (changed.json()["name"], Ticket.objects.get(pk=ticket.pk).customer_name) == ("Renamed", "Renamed")
    assert problem(mira.patch(f"customers/{number}", {"name": "x"}, If_Match=again["ETag"])) == (
        412,
        "precondition-failed",
    )
    assert pointers(mira.patch(f"customers/{number}", {"organisation_id": 999, "name": "y"})) == ["/organisation_id"]
    assert pointers(mira.patch(f"customers/{number}", {"email": "x@y.example"})) == ["/email"]
    assert pointers(mira.patch(f"customers/{number}", {"time_zone": "Mars/Base"})) == ["/time_zone"]
    assert Customer.objects.get(pk=number).name == "Renamed"


def test_the_directory_names_colleagues_and_no_customers(mira):
    olaf, _sara = cast.olaf(), cast.sara()
    rows = mira.get("users").json()["results"]
    assert [row["name"] for row in rows] == ["Mira Kovac", "Sara Anand"]
    assert (rows[1]["team"], rows[1]["tier"], set(rows[1]) & {"password", "last_login"}) == ("tier-2", 2, set())
    assert problem(mira.get(f"users/{olaf.pk}")) == (404, "not-found")
    assert [row["slug"] for row in mira.get("teams").json()["results"]] == ["tier-1", "tier-2"]


def test_macros_are_filled_in_for_a_ticket_and_change_nothing(mira):
    ticket = cast.a_ticket(customer=cast.dana())
    Macro.objects.create(name="Greet", body="Dear {{customer.name}}", actions=[{"do": "add_tag", "value": "greeted"}])
    DeskVersion.bump()
    assert mira.get("macros").json()["results"][0]["body"] == "Dear {{customer.name}}"
    assert mira.get(f"macros?ticket={ticket.pk}").json()["results"][0]["body"] == "Dear Dana Whitfield"
    assert (ticket.tags.count(), ticket.messages.count()) == (0, 1)
    assert problem(Program(cast.jonas(), ["settings:read"]).get(f"macros?ticket={ticket.pk}")) == (403, "missing-scope")


def test_only_published_articles_are_read(mira):
    Article.objects.create(slug="how-to", title="How to", body="**Like** this. <script>x</script>")
    Article.objects.create(slug="draft", title="Draft", body="x", is_published=False)
    assert [row["slug"] for row in mira.get("articles").json()["results"]] == ["how-to"]
    read = mira.get("articles/how-to").json()
    assert ("<strong>Like</strong>" in read["html"], "<script" in read["html"]) == (True, False)
    assert problem(mira.get("articles/draft")) == (404, "not-found")
