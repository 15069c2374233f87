"""Our database backend: a connection the server ended is noticed without asking, and hot statements are prepared."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from helpdesk.lib.statements import Prepared, Statement
from tests.cast import CustomerFactory
from tickets.models import Customer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]


@pytest.fixture
def other():
    """A connection of its own, as another thread would have it."""
    made = connection.copy()
    made.connect()
    yield made
    made.close()


def test_a_connection_that_the_server_ended_is_not_usable(other):
    assert other.is_usable() is True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [other.connection.info.backend_pid])
    assert other.is_usable() is False


def test_a_connection_that_was_ended_between_two_requests_is_made_anew(other):
    other.health_check_enabled, other.health_check_done = True, False
    first = other.connection.info.backend_pid
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
    with other.prepared_cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone()[0] != first


def test_a_closed_connection_is_not_usable(other):
    other.connection.close()
    assert other.is_usable() is False


def test_only_prepared_statements_are_kept_by_the_server():
    dana = CustomerFactory()
    by_number = Prepared(Customer.objects.filter(pk=0).values_list("pk"))
    by_name = Statement(Customer.objects.filter(name="").values_list("name"))
    for _turn in range(4):
        assert by_number.rows([dana.pk]) == [(dana.pk,)]
        by_name.rows(["Nobody"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        kept = [statement for (statement,) in cursor.fetchall()]
    assert [by_number.sql.replace("%s", "$1") in kept, by_name.sql.replace("%s", "$1") in kept] == [True, False]


def test_a_statement_of_several_shapes_answers_each():
    dana, ravi = CustomerFactory(name="Dana"), CustomerFactory(name="Ravi")
    made = Prepared(Customer.objects.filter(pk=0).values_list("name"))
    asked = [dana.pk, ravi.pk, 2**40, 7_000_000, dana.pk, None, ravi.pk] * 3
    expected = {dana.pk: [("Dana",)], ravi.pk: [("Ravi",)]}
    assert [made.rows([number]) for number in asked] == [expected.get(number, []) for number in asked]


def test_a_schema_changed_under_a_prepared_statement_is_no_error_to_who_comes_after(other):
    """A migration while the desk runs: the server plans anew where the columns asked for are the same."""
    made = "SELECT id, name FROM tickets_team WHERE id = %s"
    with other.prepared_cursor() as cursor:
        for _turn in range(4):
            cursor.execute(made, [0])
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tickets_team ADD COLUMN shoe_size integer")
    try:
        with other.prepared_cursor() as cursor:
            cursor.execute(made, [0])
            assert cursor.fetchall() == []
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE tickets_team DROP COLUMN shoe_size")


def test_what_was_asked_is_told_with_its_values_in_debugging():
    made = Prepared(Customer.objects.filter(name="").values_list("pk"))
    with CaptureQueriesContext(connection) as asked:
        for _turn in range(4):
            made.rows(["Dana"])
    assert [query["sql"] for query in asked] == [made.sql % "'Dana'"] * 4
