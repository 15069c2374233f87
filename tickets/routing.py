"""From rules to a team, a tier and a skill, and from there to a person, at once or when one is free."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from tickets import assignment, free_agents, rules
from tickets import desk as desk_settings
from tickets.change import Change, changing
from tickets.decisions import Decision, as_data, decide
from tickets.desk import Desk
from tickets.free_agents import Assignment
from tickets.models import EventKind, Message, MessageKind, Priority, RuleStage, State, Ticket, User
from tickets.rules import Facts

__all__ = ["Assignment", "assign_waiting", "pick", "plan", "route", "take_next", "text_of", "unplan"]

# Open states in which a ticket without an assignee waits for somebody to take it up.
WAITING = (State.NEW, State.FIRST_RESPONSE, State.IN_PROGRESS)
LOW_PRIORITY_REPLY = "low-priority"


def plan(ticket: Ticket, *, facts: Facts, desk: Desk) -> list[Decision]:
    """Set team, tier, skill and the wish for experience of a ticket in memory by the routing rules; no query.

    Where no rule names a team or tier it goes to the desk's default team and that team's tier. A low ticket is answered
    automatically and waits in the queue (B5).
    """
    decisions = rules.run(RuleStage.ROUTING, ticket, facts=facts, desk=desk)
    if ticket.team is not None and not any(decision.what in ("team", "tier") for decision in decisions):
        # The ticket had its team before any rule looked: a mailbox's.
        decisions.append(decide("team", ticket.team.slug, sentence="mailbox", label=ticket.team.name))
    if ticket.team_id is None:
        team = desk.default_team
        ticket.team, ticket.tier = team, team.tier if team else ticket.tier
        if team:
            decisions.append(decide("team", team.slug, sentence="default", label=team.name))
    if ticket.priority == Priority.LOW and not any(decision.what == "auto_reply" for decision in decisions):
        decisions.append(decide("auto_reply", LOW_PRIORITY_REPLY, sentence="low"))
    return decisions


def unplan(ticket: Ticket) -> None:
    """Forget in memory where the ticket was routed to."""
    ticket.team = ticket.skill = None
    ticket.tier, ticket.wants_experience = 1, False


def pick(ticket: Ticket, *, desk: Desk, now: datetime | None = None) -> Assignment | None:
    """Whom the ticket goes to now, as free_agents.pick; None for a low ticket, which waits until a person takes it."""
    if ticket.priority == Priority.LOW or ticket.is_spam:
        return None
    return free_agents.pick(ticket, desk=desk, now=now)


def route(ticket: Ticket, *, now: datetime | None = None) -> Ticket:
    """Give an unassigned ticket to whoever is free, planned first if it has no team; else it stays in the queue."""
    with changing(ticket, now=now) as change:
        if change.ticket.team_id is None:
            _plan_late(change)
        _assign_if_free(change)
    return change.ticket


def assign_waiting(now: datetime | None = None, limit: int = 50) -> int:
    """Give waiting tickets to those who are free by now, by priority, then age; returns how many were given.

    At most `limit` a call, each in its own transaction. Once nobody can take a team's tickets of one tier and skill,
    the rest of that queue is passed over, so a full team never holds up the others. Low ones wait for a person.
    """
    now = now or timezone.now()
    desk = desk_settings.current()
    given, stuck = 0, Q(pk__in=())
    while given < limit:
        with transaction.atomic():
            waiting = _waiting(now).exclude(stuck).exclude(priority=Priority.LOW).order_by("priority", "pk")
            ticket = waiting.select_for_update(skip_locked=True, of=("self",)).first()
            if ticket is None:
                return given
            with changing(ticket, now=now, desk=desk) as change:
                if change.ticket.team_id is None:
                    _plan_late(change)
                is_given = _assign_if_free(change)
        if is_given:
            given += 1
        else:
            stuck |= _queue_of(change.ticket)
    return given


def take_next(user: User, *, now: datetime | None = None) -> Ticket | None:
    """Give the colleague the waiting ticket that is due first in their teams, tier and skills; None when there is none.

    Nobody waits for a colleague who takes one at the same time: each gets another. What a person takes may be of a
    lower tier than theirs and go over their capacity; that is their own judgement. Snoozed tickets are left asleep.
    """
    now = now or timezone.now()
    desk = desk_settings.current(getattr(user, "desk_version", None))
    card = desk.staff.get(user.pk)
    if card is None:
        return None
    mine = Q(team__isnull=True) | Q(team__in=card.team_ids)
    skilled = Q(skill__isnull=True) | Q(skill__in=User.skills.through.objects.filter(user=user).values("skill"))
    with transaction.atomic():
        waiting = _waiting(now).filter(mine, skilled, tier__lte=card.tier).order_by("queue_at", "pk")
        ticket = waiting.select_for_update(skip_locked=True, of=("self",)).first()
        if ticket is None:
            return None
        with changing(ticket, now=now, desk=desk) as change:
            assignment.give(change, user.pk, by=user)
    return change.ticket


def text_of(ticket: Ticket) -> str:
    """What rules read of a saved ticket: its subject and opening message."""
    opening = Message.objects.filter(ticket=ticket, kind=MessageKind.CUSTOMER).order_by("pk")
    return f"{ticket.subject}\n{opening.values_list('body', flat=True).first() or ''}"


def _waiting(now: datetime) -> QuerySet[Ticket]:
    return Ticket.objects.filter(state__in=WAITING, is_spam=False).unassigned().awake(now)


def _queue_of(ticket: Ticket) -> Q:
    """Tickets that only the same people could take; an urgent one may find someone where a lesser one does not."""
    return Q(team=ticket.team_id, tier=ticket.tier, skill=ticket.skill_id, priority__gte=ticket.priority)


def _plan_late(change: Change) -> None:
    ticket, desk = change.ticket, change.desk
    before = ticket.priority
    decisions = plan(ticket, facts=rules.facts(ticket, text=text_of(ticket), desk=desk), desk=desk)
    change.fields |= {"team", "tier", "skill", "wants_experience", "priority"}
    change.event(EventKind.ROUTED, by=None, decisions=as_data(decisions))
    if ticket.team_id is not None or ticket.priority != before:
        change.clocks.rechosen()


def _assign_if_free(change: Change) -> bool:
    ticket = change.ticket
    if ticket.assignee_id is not None or ticket.state not in WAITING:
        return False
    chosen = pick(ticket, desk=change.desk, now=change.now)
    if chosen is None:
        return False
    assignment.give(change, chosen.user_id, by=None, decision=chosen.decision)
    return True
