"""A query made once finds what the query itself finds, with whatever values it is asked."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from helpdesk.lib.sessions import SessionStore
from helpdesk.lib.statements import Statement, instances
from tests.cast import CustomerFactory, OrganisationFactory, TicketFactory
from tickets.models import Customer, Ticket

pytestmark = pytest.mark.django_db
COLUMNS = [field.attname for field in Ticket._meta.concrete_fields]


def test_objects_are_those_of_the_query_with_what_belongs_to_them(django_assert_num_queries):
    company = OrganisationFactory(since="2020-02-01", yearly_value="1200.50")
    first = TicketFactory(customer=CustomerFactory(organisation=company), due_at=timezone.now(), is_angry=True)
    second = TicketFactory(customer=CustomerFactory(organisation=None))
    wanted = Ticket.objects.select_related("customer__organisation")
    made = Statement(wanted.filter(pk=0))
    for ticket in (second, first):
        expected = wanted.get(pk=ticket.pk)
        with django_assert_num_queries(1):
            (found,) = made.objects([ticket.pk])
            assert [getattr(found, name) for name in COLUMNS] == [getattr(expected, name) for name in COLUMNS]
            assert found.customer == expected.customer
            assert found.customer.organisation == expected.customer.organisation
    assert (found.customer.organisation.since, found.customer.organisation.yearly_value) == (
        expected.customer.organisation.since,
        expected.customer.organisation.yearly_value,
    )
    assert made.objects([first.pk + second.pk]) == []


def test_what_stands_before_the_given_values_stays_as_it_was_made():
    wanted, other = CustomerFactory(name="Dana"), CustomerFactory(name="Ravi")
    made = Statement(Customer.objects.filter(name="Dana").filter(pk=0).values_list("pk"))
    assert (made.rows([wanted.pk]), made.rows([other.pk]), made.rows(["Ravi", other.pk])) == (
        [(wanted.pk,)],
        [],
        [(other.pk,)],
    )


def test_an_object_found_is_saved_as_a_row_that_exists_and_holds_its_state_s_guard():
    ticket = TicketFactory(subject="Before")
    (found,) = Statement(Ticket.objects.filter(pk=0)).objects([ticket.pk])
    found.subject = "After"
    found.save(update_fields=["subject"])
    assert Ticket.objects.values_list("subject", flat=True).get() == "After"
    with pytest.raises(AttributeError):
        found.state = "closed"


def test_a_session_is_read_until_it_expires():
    session = SessionStore()
    session["seen"] = 7
    session.create()
    assert SessionStore(session.session_key).load() == {"seen": 7}
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    late = SessionStore(session.session_key)
    assert (late.load(), late.session_key) == ({}, None)
    unknown = SessionStore("nobodyhasthis")
    assert (unknown.load(), unknown.session_key) == ({}, None)


def test_instances_are_those_of_our_own_sql():
    ticket = TicketFactory(due_at=timezone.now(), is_angry=True)
    found = instances(Ticket, "SELECT id, subject, is_angry, due_at FROM tickets_ticket WHERE id = %s", [ticket.pk])
    assert [(one.pk, one.subject, one.is_angry, one.due_at) for one in found] == [
        (ticket.pk, ticket.subject, True, ticket.due_at)
    ]


def test_instances_take_no_columns_out_of_order():
    with pytest.raises(ValueError, match="in the order of its fields"):
        instances(Ticket, "SELECT subject, id FROM tickets_ticket WHERE id = %s", [0])
