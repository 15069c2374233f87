"""Who has a ticket: give it to a colleague, put it back, hand it over to another team or tier."""

from datetime import datetime

from django.utils.translation import gettext as _

from tickets import free_agents, rule_actions, wording
from tickets.change import Change, changing
from tickets.decisions import Decision, as_data
from tickets.errors import Refused
from tickets.free_agents import open_load
from tickets.models import EventKind, State, Team, Ticket, TicketEvent, User

__all__ = ["assign", "give", "hand_over", "open_load", "unassign"]


def assign(ticket: Ticket, *, to: User, by: User | None, reason: str = "", now: datetime | None = None) -> Ticket:
    """Give the ticket to a colleague; who already has it keeps it, without an event.

    Raises Refused when it is closed, when `to` cannot work on it, and when somebody else got it since `ticket` was
    read.
    """
    with changing(ticket, now=now, by=by) as change:
        fresh = change.ticket
        if fresh.assignee_id == to.pk:
            return fresh
        if fresh.assignee_id != ticket.assignee_id and fresh.assignee_id is not None:
            raise Refused(_taken_meanwhile(change))
        _refuse_unable(change, to)
        give(change, to.pk, by=by, reason=reason)
    return change.ticket


def unassign(ticket: Ticket, *, by: User | None, reason: str = "", now: datetime | None = None) -> Ticket:
    """Put the ticket back into its team's queue, where anybody may take it and routing looks at it again."""
    with changing(ticket, now=now, by=by) as change:
        if change.ticket.assignee_id is None:
            return change.ticket
        _refuse_closed(change.ticket)
        previous = change.ticket.assignee_id
        change.set(assignee_id=None)
        change.event(EventKind.UNASSIGNED, by=by, reason=reason, previous=previous)
    return change.ticket


def hand_over(
    ticket: Ticket, *, team: Team | None, tier: int | None, by: User, note: str, now: datetime | None = None
) -> Ticket:
    """Pass the ticket on to another team or tier (C6) with a note for whoever takes it up; left out, the team follows
    from the tier and the tier from the team.

    Nobody keeps it meanwhile: it goes to a free colleague there at once, else into that team's queue. The clocks count
    in the new team's hours from now on. Raises Refused without a note, when it is closed, or already there.
    """
    if not note.strip():
        raise Refused(_("Say in a note what you tried and what is left to do."), missing=["note"])
    with changing(ticket, now=now, by=by) as change:
        fresh = change.ticket
        _refuse_closed(fresh)
        if team is None:
            near = change.desk.teams.get(fresh.team_id or 0)
            team = near if tier is None else rule_actions.team_of_tier(tier, near=near, desk=change.desk) or near
        tier = tier if tier is not None else team.tier if team else fresh.tier
        if team is None or (fresh.team_id, fresh.tier) == (team.pk, tier):
            raise Refused(_("The ticket is there already. Choose another team or tier."))
        before = {"from_team": fresh.team_id, "from_tier": fresh.tier, "previous": fresh.assignee_id}
        # The skill was asked for by a rule for the old team; the note says what is needed now.
        change.set(team_id=team.pk, tier=tier, assignee_id=None, skill_id=None)
        change.event(EventKind.HANDED_OVER, by=by, reason=note.strip(), to_team=team.pk, to_tier=tier, **before)
        change.clocks.rechosen()
        if chosen := free_agents.pick(fresh, desk=change.desk, now=change.now, without={by.pk}):
            give(change, chosen.user_id, by=None, decision=chosen.decision)
    return change.ticket


def give(change: Change, to_id: int, *, by: User | None, reason: str = "", decision: Decision | None = None) -> None:
    """The step of all who assign: set it on a change under way, with its event. `decision`: why the system chose so."""
    previous = change.ticket.assignee_id
    change.set(assignee_id=to_id)
    details = {"decision": as_data([decision])[0], "why": decision.why} if decision else {}
    change.event(EventKind.ASSIGNED, by=by, reason=reason, assignee=to_id, previous=previous, **details)
    if decision is None:
        User.objects.filter(pk=to_id).update(last_assigned_at=change.now)


def _refuse_unable(change: Change, to: User) -> None:
    fresh = change.ticket
    _refuse_closed(fresh)
    if not to.is_desk_staff or to.is_bot:
        raise Refused(_("%(name)s does not work tickets. Choose somebody else.") % {"name": to})
    if fresh.team_id in change.desk.restricted_for(to):
        raise Refused(_("%(name)s may not see this team's tickets. Choose somebody of the team.") % {"name": to})


def _refuse_closed(ticket: Ticket) -> None:
    if ticket.state == State.CLOSED:
        raise Refused(_("The ticket is closed. Reopen it first."))


def _taken_meanwhile(change: Change) -> str:
    """Who has it now and since when, for the colleague who came second."""
    card = change.desk.staff.get(change.ticket.assignee_id or 0)
    event = TicketEvent.objects.filter(ticket=change.ticket, kind=EventKind.ASSIGNED).order_by("pk").last()
    return _("%(name)s has had this ticket since %(when)s. Look again before you give it to somebody else.") % {
        "name": card.short_name if card else _("Somebody else"),
        "when": wording.when(event.at if event else change.now, change.now),
    }
