"""Who gets a ticket: who may, whose turn it is, what waits, what is taken, and all of it at the same time."""

import threading
from collections import Counter
from datetime import time, timedelta

import pytest
from django.db import connection, transaction

from tests import cast
from tests.cast import MONDAY
from tickets import desk, free_agents, routing
from tickets.models import (
    Absence,
    Availability,
    EventKind,
    OpeningHours,
    Priority,
    Role,
    Shift,
    State,
    Team,
    Ticket,
    TicketEvent,
    User,
)  # fmt: skip

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return cast.TeamFactory(slug="tier-1", is_default=True)


def waiting(team, **columns):
    given = {"team": team, "created_at": MONDAY, "waiting_since": MONDAY, "last_message_at": MONDAY} | columns
    return cast.TicketFactory(**given)


def picked(ticket, now=MONDAY):
    desk.forget()
    with transaction.atomic():
        found = routing.pick(ticket, desk=desk.current(), now=now)
    return found and User.objects.get(pk=found.user_id)


def test_whoever_is_free_gets_it_and_the_reason_is_told(team):
    mira = cast.mira()
    waiting(team, assignee=mira)
    with transaction.atomic():
        found = routing.pick(waiting(team), desk=desk.current(), now=MONDAY)
    assert (found.user_id, found.why) == (mira.pk, "Assigned to Mira K. (2 of 20 open)")


def test_the_skill_is_told_too(team):
    mira, skill = cast.mira(), cast.SkillFactory(slug="billing")
    mira.skills.add(skill)
    with transaction.atomic():
        found = routing.pick(waiting(team, skill=skill), desk=desk.current(), now=MONDAY)
    assert found.why == "Assigned to Mira K. (Billing skill, 1 of 20 open)"


def away(user):
    User.objects.filter(pk=user.pk).update(availability=Availability.AWAY)


def absent(user):
    Absence.objects.create(user=user, starts_at=MONDAY - timedelta(days=1), ends_at=MONDAY + timedelta(days=1))


def out_of_shift(user):
    Shift.objects.create(user=user, weekday=0, starts=time(12), ends=time(0))


def full(user):
    User.objects.filter(pk=user.pk).update(capacity=1)
    waiting(user.team, assignee=user, state=State.PENDING_CUSTOMER)


def of_another_tier(user):
    User.objects.filter(pk=user.pk).update(tier=2)


def of_another_team(user):
    User.objects.filter(pk=user.pk).update(team=cast.TeamFactory(slug="elsewhere"))


def a_bot(user):
    User.objects.filter(pk=user.pk).update(is_bot=True)


def a_manager(user):
    User.objects.filter(pk=user.pk).update(role=Role.MANAGER)


def gone(user):
    User.objects.filter(pk=user.pk).update(is_active=False)


def team_closed(user):
    Team.objects.filter(pk=user.team_id).update(is_always_open=False)
    OpeningHours.objects.create(team=user.team, weekday=0, opens=time(10), closes=time(18))


@pytest.mark.parametrize(
    "hinder", [away, absent, out_of_shift, full, of_another_tier, of_another_team, a_bot, a_manager, gone, team_closed]
)
def test_nobody_gets_a_ticket_who_cannot_take_it(team, hinder):
    mira = cast.mira()
    ticket = waiting(team)
    assert picked(ticket) == mira
    hinder(mira)
    assert picked(ticket) is None


def test_nobody_gets_a_ticket_without_the_skill_asked_for(team):
    cast.mira()
    assert picked(waiting(team, skill=cast.SkillFactory(slug="billing"))) is None


def test_a_shift_counts_in_the_agents_own_zone_and_over_team_hours(team):
    mira = cast.mira()
    team_closed(mira)
    Shift.objects.create(user=mira, weekday=0, starts=time(1), ends=time(3))
    User.objects.filter(pk=mira.pk).update(time_zone="America/Los_Angeles")
    assert picked(waiting(team)) == mira  # 09:00 UTC is 01:00 there


def test_a_higher_tier_is_sent_lower_work_by_a_team_it_is_also_in(team):
    sara = cast.sara()
    assert picked(waiting(team)) is None
    sara.also_in.add(team)
    assert picked(waiting(team)) == sara


def test_turns_go_round_even_at_one_and_the_same_moment(team):
    mira, jonas = cast.mira(), cast.jonas()
    assert [picked(waiting(team)) for _turn in range(5)] == [mira, jonas, mira, jonas, mira]


def test_an_angry_customer_gets_the_experienced_one_if_there_is_room(team):
    mira, jonas = cast.mira(), cast.jonas()
    User.objects.filter(pk=jonas.pk).update(is_experienced=True)
    assert [picked(waiting(team, wants_experience=True)) for _turn in range(2)] == [jonas, jonas]
    full(jonas)
    assert picked(waiting(team, wants_experience=True)) == mira


def test_urgent_does_not_wait_for_room(team):
    mira, jonas = cast.mira(), cast.jonas()
    full(mira)
    full(jonas)
    waiting(team, assignee=mira)
    urgent = waiting(team, priority=Priority.URGENT)
    assert picked(waiting(team)) is None
    assert picked(urgent) == jonas
    away(mira)
    away(jonas)
    assert picked(urgent) is None


def test_a_low_ticket_is_left_to_people(team):
    cast.mira()
    assert picked(waiting(team, priority=Priority.LOW)) is None


def test_route_gives_it_with_an_event(team):
    mira = cast.mira()
    ticket = routing.route(waiting(team), now=MONDAY)
    event = TicketEvent.objects.get(ticket=ticket, kind=EventKind.ASSIGNED)
    assert (ticket.assignee, event.by, event.data["assignee"]) == (mira, None, mira.pk)
    assert event.data["decision"]["why"] == event.data["why"] == "Assigned to Mira K. (1 of 20 open)"


def test_route_plans_what_has_no_team(team):
    mira = cast.mira()
    ticket = routing.route(waiting(None), now=MONDAY)
    assert (ticket.team, ticket.assignee) == (team, mira)


def test_waiting_tickets_go_by_priority_then_age(team):
    normal, high, older = waiting(team), waiting(team, priority=Priority.HIGH), waiting(team, priority=Priority.HIGH)
    waiting(team, priority=Priority.LOW)
    waiting(team, snoozed_until=MONDAY + timedelta(hours=1))
    assert routing.assign_waiting(MONDAY) == 0
    mira = cast.mira()
    User.objects.filter(pk=mira.pk).update(capacity=2)
    desk.forget()
    assert routing.assign_waiting(MONDAY) == 2
    assert set(Ticket.objects.assigned_to(mira)) == {high, older}
    User.objects.filter(pk=mira.pk).update(capacity=20)
    assert routing.assign_waiting(MONDAY) == 1
    assert Ticket.objects.get(pk=normal.pk).assignee == mira


def test_a_full_team_does_not_hold_up_another(team):
    other = cast.TeamFactory(slug="tier-2", tier=2)
    for _ticket in range(5):
        waiting(team, priority=Priority.HIGH)
    sara = cast.sara()
    ticket = waiting(other, tier=2)
    assert routing.assign_waiting(MONDAY, limit=2) == 1
    assert Ticket.objects.get(pk=ticket.pk).assignee == sara


def test_take_next_gives_what_is_due_first_of_what_one_may_take(team):
    mira = cast.mira()
    waiting(cast.TeamFactory(slug="tier-2", tier=2), tier=2, queue_at=MONDAY)
    waiting(team, skill=cast.SkillFactory(slug="billing"), queue_at=MONDAY)
    waiting(team, snoozed_until=MONDAY + timedelta(hours=1), queue_at=MONDAY)
    waiting(team, assignee=cast.jonas(), queue_at=MONDAY)
    waiting(team, state=State.PENDING_CUSTOMER, queue_at=MONDAY)
    second = waiting(team, queue_at=MONDAY + timedelta(hours=2))
    first = waiting(team, queue_at=MONDAY + timedelta(hours=1))
    low = waiting(team, priority=Priority.LOW, queue_at=MONDAY + timedelta(hours=3))
    assert [routing.take_next(mira, now=MONDAY) for _time in range(4)] == [first, second, low, None]
    event = TicketEvent.objects.get(ticket=first, kind=EventKind.ASSIGNED)
    assert (event.by, event.data["assignee"]) == (mira, mira.pk)


def test_take_next_offers_what_the_skill_is_there_for(team):
    mira, skill = cast.mira(), cast.SkillFactory(slug="billing")
    mira.skills.add(skill)
    ticket = waiting(team, skill=skill)
    assert routing.take_next(mira, now=MONDAY) == ticket


def test_take_next_gives_customers_nothing(team):
    waiting(team)
    assert routing.take_next(cast.olaf(), now=MONDAY) is None


def test_pick_asks_three_questions(team, django_assert_num_queries):
    mira = cast.mira()
    ticket, here = waiting(team), desk.current()
    with transaction.atomic(), django_assert_num_queries(3):
        assert free_agents.pick(ticket, desk=here, now=MONDAY).user_id == mira.pk


def at_once(work, items, threads):
    """Do `work` for every item from several threads; raises what one of them raised."""
    left, lock, failures = list(items), threading.Lock(), []

    def run():
        try:
            while True:
                with lock:
                    if not left:
                        return
                    item = left.pop()
                work(item)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    running = [threading.Thread(target=run) for _thread in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if failures:
        raise failures[0]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_tickets_routed_at_once_are_shared_out_evenly():
    team = cast.TeamFactory(slug="tier-1", is_default=True)
    agents = [cast.UserFactory(name=f"Agent {name}", team=team) for name in ("Ann", "Ben", "Cleo", "Dov")]
    tickets = [waiting(team) for _ticket in range(40)]
    desk.current()
    at_once(lambda ticket: routing.route(ticket, now=MONDAY), tickets, threads=4)
    shared = Counter(Ticket.objects.values_list("assignee", flat=True))
    assert shared == {agent.pk: 10 for agent in agents}


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_no_capacity_is_passed_by_tickets_routed_at_once():
    team = cast.TeamFactory(slug="tier-1", is_default=True)
    agents = [cast.UserFactory(name=f"Agent {name}", team=team, capacity=3) for name in ("Ann", "Ben")]
    tickets = [waiting(team) for _ticket in range(12)]
    desk.current()
    at_once(lambda ticket: routing.route(ticket, now=MONDAY), tickets, threads=4)
    shared = Counter(Ticket.objects.values_list("assignee", flat=True))
    assert shared == {agents[0].pk: 3, agents[1].pk: 3, None: 6}


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_everyone_who_takes_the_next_ticket_gets_another_one():
    team = cast.TeamFactory(slug="tier-1", is_default=True)
    agents = [cast.UserFactory(name=f"Agent {name}", team=team) for name in ("Ann", "Ben", "Cleo", "Dov")]
    for _ticket in range(20):
        waiting(team)
    desk.current()
    taken = []
    at_once(lambda agent: taken.append(routing.take_next(agent, now=MONDAY)), agents * 6, threads=4)
    numbers = [ticket.pk for ticket in taken if ticket]
    assert (len(numbers), len(set(numbers)), taken.count(None)) == (20, 20, 4)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_give_every_waiting_ticket_once():
    team = cast.TeamFactory(slug="tier-1", is_default=True)
    for name in ("Ann", "Ben"):
        cast.UserFactory(name=f"Agent {name}", team=team)
    for _ticket in range(20):
        waiting(team)
    desk.current()
    given = []
    at_once(lambda _number: given.append(routing.assign_waiting(MONDAY)), range(2), threads=2)
    assert (sum(given), Ticket.objects.unassigned().count()) == (20, 0)
    assert TicketEvent.objects.filter(kind=EventKind.ASSIGNED).count() == 20
