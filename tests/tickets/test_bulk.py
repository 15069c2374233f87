"""One act on many tickets: all of them, partly refused, and never on what one may not see."""

import pytest
from django.urls import reverse

from tests import cast
from tests.cast import CategoryFactory, TeamFactory, TicketFactory
from tickets import desk, many
from tickets.errors import Refused
from tickets.models import EventKind, MoveCondition, Priority, State, Ticket, TicketEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def mira(client):
    user = cast.mira()
    client.force_login(user)
    return user


def post(client, tickets, do, **fields):
    data = {"tickets": [ticket.pk for ticket in tickets], "do": do, "next": "/desk/?view=mine"} | fields
    return client.post(reverse("bulk"), data)


def said(client):
    return client.get("/desk/keys/").content.decode()


@pytest.mark.parametrize(
    ("do", "fields", "column", "value"),
    [
        ("assign:me", {}, "assignee__email", "mira@desk.example"),
        ("state:pending_customer", {}, "state", "pending_customer"),
        ("priority:1", {}, "priority", 1),
        ("category:billing", {}, "category__slug", "billing"),
        ("tag:add", {"tags": "refund"}, "tags__name", "refund"),
        ("spam:", {}, "is_spam", True),
    ],
)
def test_every_ticked_ticket_changes_and_no_other(client, mira, do, fields, column, value):
    CategoryFactory(slug="billing")
    chosen, other = TicketFactory.create_batch(2, state=State.IN_PROGRESS), TicketFactory(state=State.IN_PROGRESS)
    response = post(client, chosen, do, **fields)
    assert response["Location"] == "/desk/?view=mine"
    assert set(Ticket.objects.filter(**{column: value}).values_list("pk", flat=True)) == {t.pk for t in chosen}
    assert set(TicketEvent.objects.values_list("ticket", "by")) == {(ticket.pk, mira.pk) for ticket in chosen}
    assert other.pk not in TicketEvent.objects.values_list("ticket", flat=True)
    assert "2 tickets done." in said(client)


def test_assigning_to_a_colleague_and_putting_back(client, mira):
    jonas, ticket = cast.jonas(), TicketFactory()
    post(client, [ticket], "assign:", assignee=str(jonas.pk))
    assert Ticket.objects.get().assignee == jonas
    post(client, [ticket], "assign:none")
    assert Ticket.objects.get().assignee is None


def test_tags_come_off_again(client, mira):
    ticket = TicketFactory()
    post(client, [ticket], "tag:add", tags="refund, vip-call")
    post(client, [ticket], "tag:remove", tags="refund")
    assert list(ticket.tags.values_list("name", flat=True)) == ["vip-call"]


def test_one_refusal_stops_no_other_and_is_told_in_words(client, mira):
    MoveCondition.objects.create(state=State.RESOLVED, needs="category")
    with_category = TicketFactory(state=State.IN_PROGRESS, category=CategoryFactory())
    without = TicketFactory(state=State.IN_PROGRESS)
    post(client, [without, with_category], "state:resolved")
    assert dict(Ticket.objects.values_list("pk", "state")) == {with_category.pk: "resolved", without.pk: "in_progress"}
    html = said(client)
    assert "1 ticket done." in html
    assert f"1 left as it was (#{without.pk}):" in html
    assert list(TicketEvent.objects.filter(kind=EventKind.RESOLVED).values_list("ticket", flat=True)) == [
        with_category.pk
    ]


def test_a_hidden_ticket_stays_as_it_is(client, mira):
    hidden = TicketFactory(team=TeamFactory(slug="security", is_restricted=True))
    post(client, [hidden], "priority:1")
    assert Ticket.objects.get().priority == Priority.NORMAL
    assert "None of the selected tickets is there any more." in said(client)


@pytest.mark.parametrize(
    "do", ["", "explode:", "state:nonsense", "priority:9", "category:gone", "assign:999999", "tag:add"]
)
def test_an_unknown_act_changes_nothing(client, mira, do):
    ticket = TicketFactory()
    post(client, [ticket], do)
    assert TicketEvent.objects.count() == 0
    assert "Choose what to do" in said(client)


def test_nothing_ticked_and_too_many_are_refused(client, mira):
    post(client, [], "priority:1")
    assert "Select tickets first." in said(client)
    client.post(reverse("bulk"), {"do": "priority:1", "tickets": range(1, many.MOST + 2)})
    assert "Select at most 100 tickets" in said(client)


def test_the_way_back_never_leads_to_another_site(client, mira):
    ticket = TicketFactory()
    ways = ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""]
    assert [post(client, [ticket], "priority:1", next=way)["Location"] for way in ways] == ["/desk/"] * 4


def test_refusals_are_gathered_by_their_reason():
    def act(ticket):
        raise Refused("Not today.")

    tickets = TicketFactory.create_batch(3)
    outcome = many.each(tickets, act)
    assert (outcome.done, outcome.refused) == ([], {"Not today.": [ticket.pk for ticket in tickets]})


def test_a_customer_cannot_be_made_assignee():
    with pytest.raises(Refused):
        many.act_of("assign", str(cast.olaf().pk), by=cast.mira(), desk=desk.current())
