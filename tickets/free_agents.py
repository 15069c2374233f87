"""Who can take a ticket now: of the right team, tier and skill, at work, not away, with room for one more."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils import timezone

from helpdesk.lib import clock
from helpdesk.lib.statements import Prepared, prepared_cursor
from tickets import wording
from tickets.decisions import Decision, decide
from tickets.desk import Desk, StaffCard
from tickets.models import OPEN_STATES, Absence, Availability, Priority, Role, Ticket, User

# Managers and administrators see everything and are sent nothing.
ROUTED_TO = (Role.AGENT, Role.LEAD)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
# Written out, not built by the ORM: they run for every ticket that comes in. Both databases read them.
# The states stand in it: with values in their place neither database counts by the index of open tickets alone.
LOAD = (
    "SELECT assignee_id, COUNT(*) FROM tickets_ticket WHERE assignee_id IN (%s)"  # noqa: S608
    f" AND state IN {tuple(map(str, OPEN_STATES))} GROUP BY assignee_id"
)
SERVE = "UPDATE tickets_user SET last_assigned_at = %s WHERE id = %s"
MIDNIGHT = time(0)


@dataclass(frozen=True)
class Assignment:
    """Whom a ticket was given to and the decision that says why; the caller writes both."""

    user_id: int
    decision: Decision

    @property
    def why(self) -> str:
        return self.decision.why


class Candidate(NamedTuple):
    """One who could take it, as the columns of `_free` stand: no instance, since every ticket that comes reads many."""

    id: int
    capacity: int
    is_experienced: bool
    last_assigned_at: datetime | None

    @property
    def served_at(self) -> datetime:
        return self.last_assigned_at or NEVER


def pick(ticket: Ticket, *, desk: Desk, now: datetime | None = None, without: Iterable[int] = ()) -> Assignment | None:
    """Whose turn it is for the ticket (saved or not), and mark that person as served; None when nobody can take it.

    Round robin: of all who can, the one whose last ticket is longest ago; where the ticket asks for experience, the
    experienced first. An urgent ticket does not wait for room: if everyone is full, whoever has least takes it.
    Call inside the transaction that writes the ticket: candidates stay locked until it ends, so that two tickets at
    once do not both see the same person free. `without`: ids to leave out. No query when nobody who fits is at work,
    else three, and one more when whose turn it is has no room.
    """
    now = now or timezone.now()
    left_out = set(without)
    fitting = [card for card in desk.staff.values() if card.id not in left_out and fits(card, ticket)]
    at_work = [card.id for card in fitting if is_at_work(card, desk, now)]
    candidates = _free_to_take(at_work, ticket, now) if at_work else []
    if not candidates:
        return None
    in_turn = sorted(
        candidates, key=lambda one: (ticket.wants_experience and not one.is_experienced, one.served_at, one.id)
    )
    # Mostly whose turn it is has room: then what the others hold need not be counted.
    load = open_load([in_turn[0].id])
    if load[in_turn[0].id] >= in_turn[0].capacity:
        load |= open_load([one.id for one in in_turn[1:]])
    free = [one for one in in_turn if load.get(one.id, one.capacity) < one.capacity]
    is_over = not free and ticket.priority == Priority.URGENT
    if is_over:
        least = min(load.values())
        free = [one for one in in_turn if load[one.id] == least]
    if not free:
        return None
    chosen = free[0]
    _serve(chosen, candidates, now)
    return Assignment(chosen.id, _decision(ticket, chosen, load[chosen.id] + 1, desk, is_over=is_over))


def open_load(user_ids: Iterable[int]) -> dict[int, int]:
    """How many open tickets each of these users holds, those waiting on a customer included; one query."""
    ids = list(user_ids)
    if not ids:
        return {}
    with prepared_cursor() as cursor:
        cursor.execute(LOAD % _marks(ids), ids)
        return dict.fromkeys(ids, 0) | dict(cursor.fetchall())


def fits(card: StaffCard, ticket: Ticket) -> bool:
    """Whether the ticket is of this colleague's team and tier.

    Someone of a higher tier is sent lower tiers' work only by a team they are also in, not by their home team. A ticket
    of no team may go to anyone of its tier.
    """
    if card.is_bot or card.role not in ROUTED_TO:
        return False
    if ticket.team_id is None:
        return card.tier == ticket.tier
    if ticket.team_id not in card.team_ids:
        return False
    return card.tier == ticket.tier or (card.tier > ticket.tier and card.team_id != ticket.team_id)


def is_at_work(card: StaffCard, desk: Desk, now: datetime) -> bool:
    """Within a shift of theirs in their own zone, or, for people without shifts, within their team's hours."""
    if not card.shifts:
        return clock.is_open(desk.calendar(card.team_id), now)
    local = now.astimezone(wording.zone(card.time_zone))
    return any(
        weekday == local.weekday() and starts <= local.time() and (ends == MIDNIGHT or local.time() < ends)
        for weekday, starts, ends in card.shifts
    )


def _free_to_take(ids: list[int], ticket: Ticket, now: datetime) -> list[Candidate]:
    """Locked rows of those available, present and skilled; always in one order, so that no two wait in a ring."""
    return [Candidate(*row) for row in _free(tuple(ids), ticket.skill_id).rows([now, now])]


@lru_cache(maxsize=256)
def _free(ids: tuple[int, ...], skill_id: int | None) -> Prepared:
    people = User.objects.filter(pk__in=ids, is_active=True, is_bot=False, availability=Availability.AVAILABLE)
    if skill_id:
        people = people.filter(Exists(User.skills.through.objects.filter(user=OuterRef("pk"), skill=skill_id)))
    away = Absence.objects.filter(user=OuterRef("pk")).filter(starts_at__lte=NEVER).filter(ends_at__gt=NEVER)
    locked = people.filter(~Exists(away)).order_by("pk").select_for_update(of=("self",), no_key=True)
    return Prepared(locked.values_list(*Candidate._fields))


def _marks(values: Collection[Any]) -> str:
    return ", ".join(["%s"] * len(values))


def _serve(chosen: Candidate, candidates: list[Candidate], now: datetime) -> None:
    # Always later than everyone's last turn, also within one microsecond or when clocks differ: turns keep their order.
    latest = max(one.served_at for one in candidates)
    at = connection.ops.adapt_datetimefield_value(max(now, latest + TICK))
    with prepared_cursor() as cursor:
        cursor.execute(SERVE, [at, chosen.id])


def _decision(ticket: Ticket, chosen: Candidate, load: int, desk: Desk, *, is_over: bool) -> Decision:
    skill = desk.skills.get(ticket.skill_id or 0)
    sentence = "assignee"
    if is_over:
        sentence = "assignee_urgent"
    elif skill:
        sentence = "assignee_skill"
    elif ticket.wants_experience and chosen.is_experienced:
        sentence = "assignee_experience"
    return decide(
        "assignee", chosen.id, sentence=sentence, name=desk.staff[chosen.id].short_name, load=load,
        capacity=chosen.capacity, skill=skill.name if skill else "",
    )  # fmt: skip
