"""Whom a level asks: a free colleague of its team, who is on call, else a lead, else a manager; never who is away."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef

from escalation.models import Level, Owner
from tickets import free_agents
from tickets.change import Change
from tickets.desk import StaffCard
from tickets.models import Absence, Availability, Role, Team, User

ABOVE = ((Role.LEAD, "lead"), (Role.MANAGER, "manager"), (Role.ADMINISTRATOR, "manager"))


@dataclass(frozen=True)
class Asked:
    """Whom it goes to and how that came about: stays, free, on_call, lead, manager; nobody where none is there."""

    user_id: int | None
    how: str


def move(change: Change, level: Level, *, teams: dict[int, Team]) -> None:
    """Put the ticket where the level's owners work; a level of a role or of people leaves it in its team."""
    team = teams.get(level.team_id or 0) if level.owner == Owner.TEAM else None
    if team is None:
        return
    # The skill was asked for by a rule for the old team.
    if change.set(team_id=team.pk, tier=team.tier):
        change.set(skill_id=None)
        change.clocks.rechosen()


def ask(change: Change, level: Level, *, on_call: Iterable[int] = (), without: Iterable[int] = ()) -> Asked:
    """Whom the level asks for this ticket, already moved there. `without`: ids who have just passed it on."""
    left_out = set(without)
    if level.owner == Owner.TEAM:
        if (found := _of_team(change, left_out)) is not None:
            return found
    elif level.owner == Owner.PEOPLE:
        there = present(change, [user_id for user_id in on_call if user_id not in left_out])
        if there:
            return Asked(there[0], "on_call")
    else:
        people = _of_role(change, Role(level.role), left_out)
        if people:
            return Asked(people[0], "free")
    for role, how in ABOVE:
        if people := _of_role(change, role, left_out):
            return Asked(people[0], how)
    return Asked(None, "nobody")


def present(change: Change, user_ids: Iterable[int]) -> list[int]:
    """Those of `user_ids`, in that order, who are available, not absent, and may see the ticket. One query."""
    ids = list(user_ids)
    if not ids:
        return []
    away = Absence.objects.filter(user=OuterRef("pk"), starts_at__lte=change.now, ends_at__gt=change.now)
    people = User.objects.staff().filter(pk__in=ids, availability=Availability.AVAILABLE).exclude(Exists(away))
    may = {person.pk for person in people if change.ticket.team_id not in change.desk.restricted_for(person)}
    return [user_id for user_id in ids if user_id in may]


def _of_team(change: Change, left_out: set[int]) -> Asked | None:
    """Who has it keeps it if they are of that team and tier; else the next who is free."""
    holder = change.desk.staff.get(change.ticket.assignee_id or 0)
    if (
        holder
        and holder.id not in left_out
        and free_agents.fits(holder, change.ticket)
        and present(change, [holder.id])
    ):
        return Asked(holder.id, "stays")
    chosen = free_agents.pick(change.ticket, desk=change.desk, now=change.now, without=left_out)
    return Asked(chosen.user_id, "free") if chosen else None


def _of_role(change: Change, role: Role, left_out: set[int]) -> list[int]:
    """Those of that role who are there: of the ticket's team first, then who is at work, then by number."""
    cards = [card for card in change.desk.staff.values() if _is(card, role) and card.id not in left_out]
    cards.sort(
        key=lambda card: (change.ticket.team_id not in card.team_ids, not _works(card, change, change.now), card.id)
    )
    return present(change, [card.id for card in cards])


def _is(card: StaffCard, role: Role) -> bool:
    return card.role == role and card.is_active and not card.is_bot


def _works(card: StaffCard, change: Change, now: datetime) -> bool:
    return free_agents.is_at_work(card, change.desk, now)
