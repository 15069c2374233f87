"""The board and the ticket's ladder: who sees what, what burns, at a flat cost; and the deeds that start there."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from escalation import board, ladder
from escalation.models import Escalation, Status
from tests import cast
from tests.cast import CategoryFactory
from tests.escalation import ladders as made
from tickets import desk, details
from tickets.models import Deadline, DeadlineKind, EscalationReason, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    people = made.people()
    made.quick()
    return people


def escalated(people, **given):
    ticket = cast.a_ticket(category_id=CategoryFactory().pk, **given)
    return ladder.escalate(ticket, reason=EscalationReason.CUSTOMER_ASKS, by=people["mira"], why="Please look.")


def cost(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def test_the_board_stands_by_level_and_time_left(people):
    first, second = escalated(people, subject="First"), escalated(people, subject="Second")
    technical = cast.a_ticket(category_id=CategoryFactory(slug="technical").pk, subject="Bug")
    up = ladder.escalate(technical, reason=EscalationReason.CUSTOMER_ASKS, by=people["mira"], why="Look.")
    ladder.climb(up, by=people["lena"])
    Deadline.objects.filter(ticket=second.ticket, kind=DeadlineKind.ESCALATION).update(
        due_at=timezone.now() - timezone.timedelta(minutes=5)
    )
    ladder.acknowledge(first, by=people["sara"])
    shown = board.read(people["lena"], desk=desk.current(), now=timezone.now())
    assert [(column.level.name, [row.subject for row in column.rows]) for column in shown.columns] == [
        ("Senior Support", ["Second", "First"]), ("Engineering", ["Bug"]),
    ]  # fmt: skip
    assert (shown.count, shown.late, shown.untaken) == (3, 1, 2)
    late = shown.columns[0].rows[0]
    assert (late.is_late, late.tone, late.left, late.why) == (
        True, "bad", "5 min over", "The customer asks for it: Please look.",
    )  # fmt: skip


def test_agents_see_those_that_wait_for_them(people):
    one = escalated(people)
    seen = {
        name: board.read(people[name], desk=desk.current(), now=timezone.now(), is_own=True).count
        for name in ("mira", "sara", "eng")
    }
    assert seen == {"mira": 0, "sara": 1, "eng": 0}
    may = {name: board.may_work(people[name], one, desk=desk.current()) for name in ("mira", "sara", "eng", "lena")}
    assert may == {"mira": False, "sara": True, "eng": False, "lena": True}


def test_a_restricted_teams_escalations_are_not_there_for_others(people, client):
    locked = cast.TeamFactory(slug="payroll", is_restricted=True)
    insider = cast.UserFactory(name="Ines Payroll", email="ines@desk.example", team=locked)
    one = escalated(people, subject="zqhidden")
    details.set_team(Ticket.objects.get(pk=one.ticket_id), team=locked, by=people["max"])
    seen = {}
    for name, person in {**people, "ines": insider}.items():
        client.force_login(person)
        page = client.get(reverse("escalations" if person.is_lead else "my_escalations"))
        climb = client.get(reverse("escalation_climb", args=[one.pk]))
        seen[name] = (b"zqhidden" in page.content, climb.status_code)
    assert seen["lena"] == (False, 404)
    assert seen["mira"] == (False, 404)
    assert seen["sara"] == (False, 404)  # she has it by name, and still may not look into that team
    assert seen["max"] == (True, 200)


@pytest.mark.parametrize(("name", "who", "most"), [("escalations", "lena", 4), ("my_escalations", "sara", 4)])
def test_the_board_costs_the_same_for_one_row_and_for_three(people, client, name, who, most):
    client.force_login(people[who])
    escalated(people)
    one = cost(client, reverse(name))
    escalated(people), escalated(people)
    assert (cost(client, reverse(name)), one <= most) == (one, True)


def test_the_ladder_costs_the_tickets_page_nothing(people, client):
    client.force_login(people["lena"])
    plain = cast.a_ticket(category_id=CategoryFactory().pk)
    up = escalated(people).ticket
    ladder.acknowledge(Escalation.objects.get(), by=people["sara"])
    page = reverse("ticket", args=[up.pk])
    assert cost(client, page) == cost(client, reverse("ticket", args=[plain.pk]))
    assert reverse("ticket_escalation", args=[up.pk]).encode() in client.get(page).content


def test_the_strip_shows_where_it_stands(people, client):
    client.force_login(people["sara"])
    one = escalated(people)
    address = reverse("ticket_escalation", args=[one.ticket_id])
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert 'aria-current="step"><span>Senior Support' in part
    assert "Please look." in part
    assert reverse("escalation_acknowledge", args=[one.pk]) in part
    whole = client.get(address).content.decode()
    assert "Mira K." in whole
    ladder.resolve(one, by=people["sara"])
    assert client.get(address, headers={"HX-Request": "true"}).content.strip() == b""


def test_escalating_by_the_form_suggests_the_next_level(people, client):
    client.force_login(people["mira"])
    ticket = cast.a_ticket(category_id=CategoryFactory().pk)
    address = reverse("ticket_escalation", args=[ticket.pk])
    page = client.get(address).content.decode()
    levels = re.findall(r'<option value="(\d+)"[^>]*>([^<]+)', page)
    assert [name for _pk, name in levels] == ["Senior Support", "Engineering", "Management"]
    refused = client.post(address, {"reason": "legal", "why": " ", "level": levels[0][0]})
    assert (refused.status_code, Escalation.objects.count()) == (422, 0)
    answer = client.post(address, {"reason": "legal", "why": "She names a lawyer.", "level": levels[1][0]})
    assert answer.status_code == 302
    one = Escalation.objects.get()
    assert (one.reason, one.why, one.level.name, one.pulled_by) == (
        "legal", "She names a lawyer.", "Engineering", people["mira"],
    )  # fmt: skip
    again = client.post(address, {"reason": "legal", "why": "Again.", "level": levels[1][0]})
    assert (again.status_code, Escalation.objects.count()) == (422, 1)


@pytest.mark.parametrize(
    ("name", "fields", "status"),
    [
        ("escalation_acknowledge", {"back": "board"}, Status.ACKNOWLEDGED),
        ("escalation_hand_down", {"note": "Done.", "back": "board"}, Status.HANDED_DOWN),
        ("escalation_end", {"back": "board"}, Status.RESOLVED),
    ],
)
def test_each_button_does_its_deed_and_leads_back(people, client, name, fields, status):
    one = escalated(people)
    client.force_login(people["mira"])
    assert client.post(reverse(name, args=[one.pk]), fields).status_code == 403
    client.force_login(people["lena"])
    answer = client.post(reverse(name, args=[one.pk]), fields)
    assert (answer.status_code, answer["Location"]) == (302, reverse("escalations"))
    assert Escalation.objects.get().status == status
    if status != Status.ACKNOWLEDGED:
        over = client.post(reverse("escalation_hand_down", args=[one.pk]), {"note": "Once more."})
        assert (over.status_code, b"is over" in over.content) == (422, True)


def test_a_number_nobody_has_is_not_found(people, client):
    client.force_login(people["lena"])
    for pk in (0, 999, 2**63, 10**30):
        assert client.get(reverse("escalation_climb", args=[pk])).status_code == 404


def test_the_board_alone_comes_as_a_part(people, client):
    escalated(people)
    client.force_login(people["lena"])
    part = client.get(reverse("escalations"), headers={"HX-Request": "true"}).content.decode()
    assert ("<html" in part, "data-escalation=" in part) == (False, True)


def test_hostile_words_stand_as_words(people, client):
    ticket = cast.a_ticket(category_id=CategoryFactory().pk, subject="<script>alert(1)</script>")
    ladder.escalate(ticket, reason=EscalationReason.LEGAL, by=people["mira"], why="<img src=x onerror=alert(1)>")
    client.force_login(people["lena"])
    page = client.get(reverse("escalations")).content.decode()
    assert ("<img src=x" in page, "<script>alert" in page, "&lt;img src=x" in page) == (False, False, True)
