"""An agent's own numbers against the targets."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests import cast
from tickets import conversation, handle_time, lifecycle, my_numbers
from tickets.models import DeskVersion, Satisfaction, State, Target

pytestmark = pytest.mark.django_db


@pytest.fixture
def worked():
    """Mira answered and resolved one ticket on Monday and one four days before; Jonas worked too."""
    mira = cast.mira()
    for days in (0, 4):
        start = cast.MONDAY - timedelta(days=days)
        ticket = cast.a_ticket(now=start)
        conversation.reply(ticket, body="Hello", by=mira, now=start + timedelta(minutes=30))
        lifecycle.resolve(ticket, by=mira, now=start + timedelta(hours=2))
        Satisfaction.objects.create(ticket=ticket, agent=mira, score=5 - days // 4, at=start + timedelta(hours=3))
        handle_time.add(ticket, seconds=600 + days, by=mira, now=start)
    conversation.reply(cast.a_ticket(now=cast.MONDAY), body="Hello", by=cast.jonas(), now=cast.MONDAY)
    return mira


def test_numbers_are_ones_own_of_today_and_of_seven_days(worked):
    today, week = my_numbers.read(worked, now=cast.later(hours=5))
    assert (today.replies, week.replies) == (1, 2)
    assert (today.resolved, week.resolved) == (1, 2)
    assert today.value("agent-first-response") == 30
    assert today.value("agent-resolution") == 120
    assert (today.value("agent-csat"), week.value("agent-csat")) == (5, 4.5)
    assert today.value("handle-time") == 10
    assert week.value("agent-tickets-per-day") == pytest.approx(2 / 7)
    assert today.value("agent-first-contact-resolution") == 100


def test_a_reply_taken_back_does_not_count():
    mira = cast.mira()
    said = conversation.reply(cast.a_ticket(now=cast.MONDAY), body="Oops", by=mira, now=cast.MONDAY)
    conversation.withdraw(said, by=mira, now=cast.later(seconds=5))
    today, _week = my_numbers.read(mira, now=cast.later(hours=1))
    assert today.replies == 0
    assert today.value("agent-first-response") is None


def test_figures_stand_against_the_targets_shown_to_agents(worked):
    Target.objects.create(
        metric="agent-first-response",
        name="My first response",
        direction="under",
        value=60,
        unit="min",
        is_per_agent=True,
    )
    Target.objects.create(
        metric="agent-csat", name="My satisfaction", direction="over", value="5.0", unit="of 5", is_per_agent=True
    )
    Target.objects.create(metric="backlog", name="Backlog", direction="under", value=50, unit="tickets")
    today, week = my_numbers.read(worked, now=cast.later(hours=5))
    shown = my_numbers.figures(today, week, Target.objects.all())
    assert [(figure.name, figure.today, figure.target, figure.tone) for figure in shown] == [
        ("My first response", "30 min", "under 1 h", "good"),
        ("My satisfaction", "5.0 of 5", "over 5.0 of 5", "good"),
    ]
    assert shown[1].week == "7-day average: 4.5 of 5"


def test_page_shows_what_is_mine_and_where_i_was_called(client):
    mira = cast.mira()
    client.force_login(mira)
    due = cast.TicketFactory(assignee=mira, subject="Mine and due", due_at=timezone.now() + timedelta(minutes=5))
    cast.TicketFactory(assignee=cast.jonas(), subject="Of Jonas")
    cast.TicketFactory(assignee=mira, subject="Waits for them", state=State.PENDING_CUSTOMER)
    conversation.note(due, body="@mira can you look?", by=cast.jonas())
    html = client.get(reverse("my_day")).content.decode()
    assert "Mine and due" in html
    assert "@mira can you look?" in html
    assert "Of Jonas" not in html
    assert "Waits for them" not in html
    assert '<span class="my-states__count">1</span><span class="dim small">Waiting on customer</span>' in html


def test_mentions_on_hidden_tickets_stay_hidden(client):
    mira = cast.mira()
    client.force_login(mira)
    ticket = cast.TicketFactory(team=cast.TeamFactory(slug="legal", is_restricted=True))
    DeskVersion.bump()
    conversation.note(ticket, body="@mira the secret", by=cast.jonas())
    assert "the secret" not in client.get(reverse("my_day")).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_page_costs_the_same_however_much_was_done(client, django_assert_max_num_queries, count):
    mira = cast.mira()
    client.force_login(mira)
    for _ in range(count):
        ticket = cast.a_ticket()
        conversation.reply(ticket, body="Hello", by=mira)
        conversation.note(cast.TicketFactory(assignee=mira), body="@mira look", by=cast.jonas())
    client.get(reverse("my_day"))
    with django_assert_max_num_queries(8):
        client.get(reverse("my_day"))
