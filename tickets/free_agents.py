"""Who can take a ticket now: of the right team, tier and skill, at work, not away, with room for one more."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.db.models import Count, Exists, OuterRef
from django.utils import timezone

from helpdesk.lib import clock
from tickets import wording
from tickets.decisions import Decision, decide
from tickets.desk import Desk, StaffCard
from tickets.models import Absence, Availability, Priority, Role, Shift, Ticket, User

# Managers and administrators see everything and are sent nothing.
ROUTED_TO = (Role.AGENT, Role.LEAD)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
MIDNIGHT = time(0)


@dataclass(frozen=True)
class Assignment:
    """Whom a ticket was given to and the decision that says why; the caller writes both."""

    user: User
    decision: Decision

    @property
    def why(self) -> str:
        return self.decision.why


def pick(ticket: Ticket, *, desk: Desk, now: datetime | None = None, without: Iterable[int] = ()) -> Assignment | None:
    """Whose turn it is for the ticket (saved or not), and mark that person as served; None when nobody can take it.

    Round robin: of all who can, the one whose last ticket is longest ago; where the ticket asks for experience, the
    experienced first. An urgent ticket does not wait for room: if everyone is full, whoever has least takes it.
    Call inside the transaction that writes the ticket: candidates stay locked until it ends, so that two tickets at
    once do not both see the same person free. `without`: ids to leave out. Three queries, a fourth for shifts.
    """
    now = now or timezone.now()
    candidates = _at_work(_candidates(ticket, desk, now, set(without)), desk, now)
    if not candidates:
        return None
    load = open_load([user.pk for user in candidates])
    free = [user for user in candidates if load[user.pk] < user.capacity]
    is_over = not free and ticket.priority == Priority.URGENT
    if is_over:
        least = min(load[user.pk] for user in candidates)
        free = [user for user in candidates if load[user.pk] == least]
    if not free:
        return None
    chosen = min(
        free,
        key=lambda user: (ticket.wants_experience and not user.is_experienced, user.last_assigned_at or NEVER, user.pk),
    )
    _serve(chosen, candidates, now)
    return Assignment(chosen, _decision(ticket, chosen, load[chosen.pk] + 1, desk, is_over=is_over))


def open_load(user_ids: Iterable[int]) -> dict[int, int]:
    """How many open tickets each of these users holds, those waiting on a customer included; one query."""
    ids = list(user_ids)
    counted = Ticket.objects.open().filter(assignee_id__in=ids).order_by().values_list("assignee_id")
    return dict.fromkeys(ids, 0) | dict(counted.annotate(Count("pk")))


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


def _candidates(ticket: Ticket, desk: Desk, now: datetime, without: set[int]) -> list[User]:
    """Locked rows of those available and not absent who fit; always in one order, so that no two wait in a ring."""
    ids = [card.id for card in desk.staff.values() if fits(card, ticket) and card.id not in without]
    if not ids:
        return []
    absent = Absence.objects.filter(user=OuterRef("pk"), starts_at__lte=now, ends_at__gt=now)
    candidates = User.objects.staff().filter(~Exists(absent), pk__in=ids, availability=Availability.AVAILABLE)
    if ticket.skill_id:
        skilled = User.skills.through.objects.filter(user_id=OuterRef("pk"), skill_id=ticket.skill_id)
        candidates = candidates.filter(Exists(skilled))
    has_shifts = Exists(Shift.objects.filter(user=OuterRef("pk")))
    return list(candidates.annotate(has_shifts=has_shifts).order_by("pk").select_for_update(no_key=True))


def _at_work(candidates: list[User], desk: Desk, now: datetime) -> list[User]:
    """Those within a shift of theirs, or, for people without shifts, within their team's hours."""
    shifts: dict[int, list[Shift]] = {user.pk: [] for user in candidates if getattr(user, "has_shifts", False)}
    if shifts:
        for shift in Shift.objects.filter(user__in=list(shifts)):
            shifts[shift.user_id].append(shift)
    return [
        user
        for user in candidates
        if (
            any(_is_within(shift, user, now) for shift in shifts[user.pk])
            if user.pk in shifts
            else clock.is_open(desk.calendar(user.team_id), now)
        )
    ]


def _is_within(shift: Shift, user: User, now: datetime) -> bool:
    local = now.astimezone(wording.zone(user.time_zone))
    return shift.weekday == local.weekday() and shift.starts <= local.time() and (
        shift.ends == MIDNIGHT or local.time() < shift.ends
    )  # fmt: skip


def _serve(chosen: User, candidates: list[User], now: datetime) -> None:
    # Always later than everyone's last turn, also within one microsecond or when clocks differ: turns keep their order.
    latest = max((user.last_assigned_at or NEVER for user in candidates), default=NEVER)
    chosen.last_assigned_at = max(now, latest + TICK)
    User.objects.filter(pk=chosen.pk).update(last_assigned_at=chosen.last_assigned_at)


def _decision(ticket: Ticket, chosen: User, load: int, desk: Desk, *, is_over: bool) -> Decision:
    skill = desk.skills.get(ticket.skill_id or 0)
    sentence = "assignee"
    if is_over:
        sentence = "assignee_urgent"
    elif skill:
        sentence = "assignee_skill"
    elif ticket.wants_experience and chosen.is_experienced:
        sentence = "assignee_experience"
    card = desk.staff.get(chosen.pk)
    return decide(
        "assignee", chosen.pk, sentence=sentence, name=card.short_name if card else chosen.name, load=load,
        capacity=chosen.capacity, skill=skill.name if skill else "",
    )  # fmt: skip
