"""The front door: a message from outside becomes a ticket with clocks, story and receipt, exactly once."""

import pytest

from tests.cast import MONDAY, CategoryFactory, SlaPolicyFactory, a_ticket, dana, later, mira, ravi
from tickets import intake, joining
from tickets.channels.base import Inbound, Sender
from tickets.errors import Refused
from tickets.models import (
    Channel,
    Customer,
    Deadline,
    DeadlineKind,
    EventKind,
    IdentityKind,
    Message,
    OutboxMail,
    Rule,
    RuleStage,
    Ticket,
    TicketEvent,
)  # fmt: skip

pytestmark = pytest.mark.django_db


def inbound(**changes):
    given = {
        "channel": Channel.WEB,
        "sender": Sender(IdentityKind.EMAIL, "new@person.example", "New Person"),
        "subject": "Cannot export",
        "body": "The export stops at half.",
    }
    return Inbound(**{**given, **changes})


def test_receive_opens_a_ticket_with_message_clocks_story_and_acknowledgement():
    SlaPolicyFactory()
    received = intake.receive(inbound(), now=MONDAY)
    ticket = Ticket.objects.get(pk=received.ticket.pk)
    assert (ticket.subject, ticket.state, ticket.customer.email) == ("Cannot export", "new", "new@person.example")
    assert [message.body for message in ticket.messages.all()] == ["The export stops at half."]
    assert set(ticket.deadlines.values_list("kind", flat=True)) >= {
        DeadlineKind.FIRST_RESPONSE,
        DeadlineKind.RESOLUTION,
    }
    assert (ticket.due_at, ticket.due_kind) == (later(hours=4), DeadlineKind.FIRST_RESPONSE)
    kinds = list(TicketEvent.objects.filter(ticket=ticket).values_list("kind", flat=True))
    assert kinds == [EventKind.RECEIVED, EventKind.SORTED, EventKind.ROUTED]
    assert list(OutboxMail.objects.filter(ticket=ticket).values_list("kind", "to")) == [
        ("received", "new@person.example")
    ]


def test_the_same_inbound_twice_makes_one_ticket():
    first = intake.receive(inbound(dedupe_key="web:1"))
    second = intake.receive(inbound(dedupe_key="web:1"))
    assert (second.ticket, second.is_new) == (first.ticket, False)
    assert (Ticket.objects.count(), Message.objects.count(), OutboxMail.objects.count()) == (1, 1, 1)


def test_a_known_sender_is_the_same_customer():
    customer = dana()
    ticket = a_ticket(customer=customer)
    assert (ticket.customer, ticket.customer_tier, Customer.objects.count()) == (customer, "vip", 1)


def test_without_a_subject_the_first_words_are_it():
    assert intake.receive(inbound(subject="  ")).ticket.subject == "The export stops at half."


def test_rules_sort_and_the_story_says_which():
    billing = CategoryFactory(slug="billing", name="Billing")
    Rule.objects.create(
        stage=RuleStage.CATEGORY, name="Billing words", actions=[{"do": "set_category", "value": "billing"}],
        conditions={"field": "text", "op": "has_word", "value": ["invoice"]},
    )  # fmt: skip
    ticket = intake.receive(inbound(body="My invoice is wrong.")).ticket
    event = TicketEvent.objects.get(ticket=ticket, kind=EventKind.SORTED)
    assert ticket.category == billing
    assert [d["why"] for d in event.data["decisions"] if d["what"] == "category"] == [
        "Sorted to Billing by rule “Billing words”"
    ]


def test_a_free_agent_gets_it_at_once_and_the_story_says_why():
    agent = mira()
    agent.team.is_default = True
    agent.team.save()
    ticket = intake.receive(inbound()).ticket
    event = TicketEvent.objects.get(ticket=ticket, kind=EventKind.ASSIGNED)
    assert (ticket.assignee, event.data["assignee"]) == (agent, agent.pk)
    assert event.data["why"].startswith("Assigned to Mira K.")


def test_nothing_in_it_is_refused_and_nothing_is_kept():
    with pytest.raises(Refused, match="nothing written"):
        intake.receive(inbound(body=" \x00 "))
    assert (Ticket.objects.count(), Customer.objects.count(), Deadline.objects.count()) == (0, 0, 0)


def test_what_follows_a_merged_ticket_is_heard_on_its_target():
    customer = ravi()
    one, target = a_ticket(customer=customer), a_ticket(customer=customer)
    from_customer = Inbound(Channel.WEB, Sender(IdentityKind.EMAIL, customer.email), "More of it.")
    merge(one, target)
    message = intake.answer(Ticket.objects.get(pk=one.pk), from_customer)
    assert message.ticket == target


def merge(ticket, target):
    joining.merge(ticket, into=target, by=mira())


def test_an_arrival_costs_ten_statements(django_assert_num_queries):
    mira()
    SlaPolicyFactory()
    sender = Sender(IdentityKind.EMAIL, ravi().email)
    intake.receive(inbound(sender=sender))
    with django_assert_num_queries(10 + 2):  # two are the savepoint inside the test's own transaction
        intake.receive(inbound(sender=sender))
