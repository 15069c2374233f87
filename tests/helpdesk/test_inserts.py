"""Rows written by one statement stand in the database exactly as the ORM would have written them."""

import pytest
from django.db import IntegrityError, transaction

from helpdesk.lib.inserts import insert
from tests.cast import MONDAY, TicketFactory, mira, ravi
from tickets.models import Channel, EventKind, Message, MessageKind, Ticket, TicketEvent

pytestmark = pytest.mark.django_db


def twin(row):
    """The columns of a row but its id, as the database gives them back."""
    values = type(row).objects.values().get(pk=row.pk)
    del values["id"]
    return values


def test_a_row_is_the_same_as_the_orms():
    ticket, agent = TicketFactory(), mira()
    columns = {
        "ticket": ticket, "kind": EventKind.REPLIED, "at": MONDAY, "by": agent, "reason": "“quoted”, 100% % %s",
        "data": {"message": 7, "wörter": ["ä", None, True]},
    }  # fmt: skip
    ours, theirs = TicketEvent(**columns), TicketEvent.objects.create(**columns)
    insert([ours])
    assert twin(ours) == twin(theirs)


def test_several_rows_get_their_ids_in_order():
    ticket = TicketFactory()
    rows = [
        Message(ticket=ticket, kind=MessageKind.NOTE, channel=Channel.WEB, body=f"Line {n}", created_at=MONDAY)
        for n in range(5)
    ]
    insert(rows)
    assert [message.body for message in Message.objects.filter(ticket=ticket)] == [row.body for row in rows]
    assert [row.pk for row in rows] == sorted(row.pk for row in rows)
    rows[0].body = "Changed"
    rows[0].save(update_fields=["body"])
    assert Message.objects.filter(ticket=ticket).count() == 5


def test_a_ticket_written_so_can_be_worked_on():
    ticket = Ticket(subject="New", customer=ravi(), created_at=MONDAY, last_message_at=MONDAY)
    insert([ticket])
    found = Ticket.objects.get(pk=ticket.pk)
    assert (found.state, found.priority, found.access_key) == ("new", 3, ticket.access_key)


def test_conflicts_are_raised_or_passed_over():
    ticket = TicketFactory()
    said = {"ticket": ticket, "kind": MessageKind.NOTE, "body": "Once", "created_at": MONDAY, "dedupe_key": "one"}
    insert([Message(**said)])
    with pytest.raises(IntegrityError), transaction.atomic():
        insert([Message(**said)])
    insert([Message(**said)], ignore_conflicts=True)
    assert Message.objects.filter(dedupe_key="one").count() == 1


def test_nothing_to_write_asks_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        insert([])
