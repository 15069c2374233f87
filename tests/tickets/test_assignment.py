"""Giving a ticket to a colleague, putting it back, handing it over."""

import pytest

from tests import cast
from tests.cast import MONDAY, later
from tickets import assignment, lifecycle
from tickets.errors import Refused
from tickets.models import Deadline, DeadlineKind, EventKind, State, Ticket, TicketEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket():
    team = cast.TeamFactory(slug="tier-1", is_default=True)
    return cast.TicketFactory(team=team, created_at=MONDAY)


def events(ticket, *kinds):
    return list(TicketEvent.objects.filter(ticket=ticket, kind__in=kinds))


def test_assign_gives_it_and_tells(ticket):
    mira, lena = cast.mira(), cast.lena()
    fresh = assignment.assign(ticket, to=mira, by=lena, reason="knows them", now=later(hours=1))
    (event,) = events(ticket, EventKind.ASSIGNED)
    assert (fresh.assignee, fresh.state) == (mira, State.NEW)
    assert (event.by, event.reason, event.at) == (lena, "knows them", later(hours=1))
    assert event.data == {"assignee": mira.pk, "previous": None}
    mira.refresh_from_db()
    assert mira.last_assigned_at == later(hours=1)


def test_assigning_to_who_has_it_changes_nothing(ticket):
    mira = cast.mira()
    for _time in range(2):
        fresh = assignment.assign(Ticket.objects.get(pk=ticket.pk), to=mira, by=mira)
    assert (fresh.assignee, len(events(ticket, EventKind.ASSIGNED))) == (mira, 1)


def test_who_comes_second_is_told_who_has_it(ticket):
    mira, jonas = cast.mira(), cast.jonas()
    assignment.assign(ticket, to=mira, by=mira)
    with pytest.raises(Refused, match=r"Mira K\. has had this ticket since today"):
        assignment.assign(ticket, to=jonas, by=jonas)
    assert Ticket.objects.get(pk=ticket.pk).assignee == mira


def test_one_may_take_over_what_one_saw_with_somebody(ticket):
    mira, jonas = cast.mira(), cast.jonas()
    fresh = assignment.assign(ticket, to=mira, by=mira)
    assert assignment.assign(fresh, to=jonas, by=jonas).assignee == jonas


@pytest.mark.parametrize("who", ["olaf", "gone"])
def test_only_who_works_here_can_get_it(ticket, who):
    to = cast.olaf() if who == "olaf" else cast.UserFactory(name="Gone Away", is_active=False)
    with pytest.raises(Refused, match="does not work tickets"):
        assignment.assign(ticket, to=to, by=None)
    assert events(ticket, EventKind.ASSIGNED) == []


def test_a_restricted_teams_ticket_goes_to_its_own_people_only():
    legal = cast.TeamFactory(slug="legal", is_restricted=True)
    ticket, mira, insider = cast.TicketFactory(team=legal), cast.mira(), cast.UserFactory(name="In Legal", team=legal)
    with pytest.raises(Refused, match="may not see"):
        assignment.assign(ticket, to=mira, by=None)
    assert assignment.assign(ticket, to=insider, by=None).assignee == insider


def test_a_closed_ticket_is_given_to_nobody(ticket):
    mira = cast.mira()
    lifecycle.confirm_solved(ticket, customer=ticket.customer)
    with pytest.raises(Refused, match="Reopen it first"):
        assignment.assign(ticket, to=mira, by=mira)


def test_unassign_puts_it_back(ticket):
    mira = cast.mira()
    fresh = assignment.assign(ticket, to=mira, by=mira)
    fresh = assignment.unassign(fresh, by=mira, reason="going home")
    (event,) = events(ticket, EventKind.UNASSIGNED)
    assert (fresh.assignee, event.by, event.reason, event.data) == (None, mira, "going home", {"previous": mira.pk})
    assert assignment.unassign(fresh, by=mira).assignee is None
    assert len(events(ticket, EventKind.UNASSIGNED)) == 1


def test_hand_over_goes_to_a_free_colleague_of_the_tier_with_the_note(ticket):
    mira, sara = cast.mira(), cast.sara()
    fresh = assignment.assign(ticket, to=mira, by=mira)
    fresh = assignment.hand_over(fresh, team=None, tier=2, by=mira, note="Tried a reset.", now=MONDAY)
    (handed,) = events(ticket, EventKind.HANDED_OVER)
    assert (fresh.team, fresh.tier, fresh.assignee) == (sara.team, 2, sara)
    assert (handed.by, handed.reason) == (mira, "Tried a reset.")
    assert handed.data == {
        "from_team": ticket.team_id, "from_tier": 1, "to_team": sara.team_id, "to_tier": 2, "previous": mira.pk,
    }  # fmt: skip
    assert [event.data["assignee"] for event in events(ticket, EventKind.ASSIGNED)] == [mira.pk, sara.pk]


def test_hand_over_waits_in_the_queue_when_nobody_is_there(ticket):
    mira, other = cast.mira(), cast.TeamFactory(slug="tier-2", tier=2)
    fresh = assignment.hand_over(ticket, team=other, tier=None, by=mira, note="For you.", now=MONDAY)
    assert (fresh.team, fresh.tier, fresh.assignee) == (other, 2, None)


@pytest.mark.parametrize(("tier", "note"), [(2, "  "), (1, "Same tier.")])
def test_hand_over_needs_a_note_and_another_place(ticket, tier, note):
    mira, sara = cast.mira(), cast.sara()
    with pytest.raises(Refused):
        assignment.hand_over(ticket, team=None, tier=tier, by=mira, note=note)
    assert (sara.tier, Ticket.objects.get(pk=ticket.pk).team) == (2, mira.team)


def test_hand_over_keeps_the_time_already_used():
    cast.SlaPolicyFactory()
    mira = cast.mira()
    cast.TeamFactory(slug="tier-2", tier=2)
    ticket = cast.a_ticket(now=MONDAY)
    before = Deadline.objects.get(ticket=ticket, kind=DeadlineKind.RESOLUTION).due_at
    fresh = assignment.hand_over(ticket, team=None, tier=2, by=mira, note="For you.", now=later(hours=1))
    assert fresh.resolution_due_at == before


def test_open_load_counts_what_is_open(ticket):
    mira, jonas = cast.mira(), cast.jonas()
    cast.TicketFactory(assignee=mira, state=State.PENDING_CUSTOMER)
    cast.TicketFactory(assignee=mira, state=State.RESOLVED)
    assignment.assign(ticket, to=mira, by=None)
    assert assignment.open_load([mira.pk, jonas.pk]) == {mira.pk: 2, jonas.pk: 0}
