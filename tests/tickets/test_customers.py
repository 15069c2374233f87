"""Customers: recognised by address, joined to their organisation, never changed by a stranger, merged without loss."""

import pytest

from tests import cast
from tickets import customers
from tickets.channels.base import Sender
from tickets.errors import Refused
from tickets.models import Customer, CustomerTier, EventKind, Identity, IdentityKind, Message, Ticket

pytestmark = pytest.mark.django_db


def recognise(value, name="", kind=IdentityKind.EMAIL, **options):
    return customers.recognise(
        Sender(kind, value, name, **options), now=cast.MONDAY, language="de", time_zone="Europe/Berlin"
    )


def test_a_new_address_makes_a_customer_with_that_identity():
    customer = recognise("New@People.example", "Nia  Park")
    assert (customer.name, customer.email, customer.language, customer.time_zone) == (
        "Nia Park", "new@people.example", "de", "Europe/Berlin",
    )  # fmt: skip
    assert list(customer.identities.values_list("kind", "value", "verified_at")) == [
        ("email", "new@people.example", None)
    ]


def test_a_known_address_is_the_same_customer_in_one_statement(django_assert_num_queries):
    ravi = cast.ravi()
    with django_assert_num_queries(1):
        assert recognise("RAVI@menon.example ", "Somebody Else") == ravi


def test_a_new_customer_costs_four_statements(django_assert_num_queries):
    with django_assert_num_queries(4):
        recognise("new@people.example")


def test_a_stranger_cannot_rename_a_customer_but_fills_in_a_missing_name():
    ravi = cast.ravi()
    recognise(ravi.email, "Mallory")
    assert Customer.objects.get(pk=ravi.pk).name == "Ravi Menon"
    nameless = cast.CustomerFactory(name="", email="nameless@people.example")
    recognise(nameless.email, "Noor")
    assert Customer.objects.get(pk=nameless.pk).name == "Noor"


def test_a_company_address_joins_its_organisation_and_a_public_one_does_not():
    company = cast.OrganisationFactory(domain="whitfield.example", tier=CustomerTier.ENTERPRISE)
    cast.OrganisationFactory(domain="gmail.com")
    assert recognise("new@whitfield.example").organisation == company
    assert recognise("new@whitfield.example").tier == CustomerTier.ENTERPRISE
    assert recognise("new@gmail.com").organisation is None


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        (IdentityKind.PHONE, "+49 (30) 123-456", "+4930123456"),
        (IdentityKind.PHONE, "0049 30 123456", "+4930123456"),
        (IdentityKind.PHONE, "030 123456", "030123456"),
        (IdentityKind.HANDLE, " @Ravi ", "@ravi"),
        (IdentityKind.EMAIL, "A\x00b@C.example\r\n", "ab@c.example"),
    ],
)
def test_addresses_are_kept_in_one_way(kind, given, kept):
    assert customers.normalised(kind, given) == kept


def test_nothing_to_answer_to_is_refused():
    with pytest.raises(Refused):
        recognise(" \x00 ")
    assert Customer.objects.count() == 0


def test_a_proven_address_is_verified_from_the_start():
    customer = recognise("new@people.example", is_verified=True)
    assert customer.identities.get().verified_at == cast.MONDAY


def test_two_first_requests_at_once_end_with_one_owner(monkeypatch):
    first = recognise("new@people.example")
    monkeypatch.setattr(customers, "_owner", lambda kind, value: None)
    assert recognise("new@people.example") == first
    assert Customer.objects.count() == Identity.objects.count() == 1


def test_who_signs_in_is_the_customer_with_their_address():
    ravi = cast.ravi()
    user = cast.UserFactory(name="Ravi Menon", email=ravi.email, role="customer", team=None)
    assert customers.of_user(user, now=cast.MONDAY) == ravi
    assert Customer.objects.get(pk=ravi.pk).user == user


def test_verifying_an_address_touches_no_other():
    ravi = cast.ravi()
    other = Identity.objects.create(customer=ravi, kind=IdentityKind.EMAIL, value="work@menon.example")
    customers.verify(ravi, email="Ravi@menon.example", now=cast.MONDAY)
    assert ravi.identities.get(value="ravi@menon.example").verified_at == cast.MONDAY
    assert Identity.objects.get(pk=other.pk).verified_at is None


@pytest.mark.parametrize("count", [1, 3])
def test_history_is_newest_first_in_one_statement(count, django_assert_num_queries):
    ravi = cast.ravi()
    tickets = cast.TicketFactory.create_batch(count, customer=ravi)
    cast.TicketFactory(customer=cast.dana())
    with django_assert_num_queries(1):
        assert [row.id for row in customers.history(ravi)] == [ticket.pk for ticket in reversed(tickets)]


def test_history_leaves_out_what_the_reader_may_not_see_and_the_ticket_at_hand():
    ravi, secret = cast.ravi(), cast.TeamFactory(slug="security", is_restricted=True)
    here, seen = cast.TicketFactory.create_batch(2, customer=ravi)
    cast.TicketFactory(customer=ravi, team=secret)
    assert [row.id for row in customers.history(ravi, restricted={secret.pk}, without=here)] == [seen.pk]


def test_merging_moves_everything_and_tells_each_ticket():
    ravi = cast.ravi()
    twin = cast.CustomerFactory(
        name="R. Menon", email="ravi@work.example", own_tier=CustomerTier.VIP, notes="Likes tea."
    )
    ticket = cast.TicketFactory(customer=twin)
    message = cast.MessageFactory(ticket=ticket)
    lena = cast.lena()
    kept = customers.merge_customers(twin, into=ravi, by=lena)
    moved = Ticket.objects.get(pk=ticket.pk)
    assert (moved.customer, moved.customer_name, moved.customer_tier) == (ravi, "Ravi Menon", CustomerTier.VIP)
    assert Message.objects.get(pk=message.pk).customer == ravi
    assert set(kept.identities.values_list("value", flat=True)) == {"ravi@menon.example", "ravi@work.example"}
    assert (kept.notes, Customer.objects.filter(pk=twin.pk).exists()) == ("Likes tea.", False)
    event = ticket.events.get()
    assert (event.kind, event.by, event.data["old"], event.data["new"]) == (
        EventKind.CHANGED,
        lena,
        "R. Menon",
        "Ravi Menon",
    )


def test_merging_takes_the_only_sign_in_along():
    user = cast.UserFactory(name="Ravi Menon", email="ravi@work.example", role="customer", team=None)
    twin = cast.CustomerFactory(email="ravi@work.example", user=user)
    assert customers.merge_customers(twin, into=cast.ravi(), by=None).user == user


def test_two_sign_ins_or_one_customer_twice_are_not_merged():
    olaf = Customer.objects.get(user=cast.olaf())
    other = cast.CustomerFactory(user=cast.UserFactory(email="x@people.example", role="customer", team=None))
    for one, into in ((olaf, other), (olaf, olaf)):
        with pytest.raises(Refused):
            customers.merge_customers(one, into=into, by=None)
    assert Customer.objects.count() == 2
