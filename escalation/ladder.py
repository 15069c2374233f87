"""The verbs of an escalation: up, acknowledged, further up, back down, ended; and what happens to it by itself."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from escalation import ladders, owners
from escalation.facts import facts_of
from escalation.ladders import Ladders
from escalation.models import OPEN, Escalation, EscalationStep, Level, Status, StepKind, Trigger
from helpdesk.lib import text
from tickets import assignment, wording
from tickets.change import Change, changing
from tickets.clockwork import LATE
from tickets.errors import Refused
from tickets.models import DeadlineKind, EscalationReason, EventKind, Ticket, TicketEvent, User

LIMIT = DeadlineKind.ESCALATION
LONGEST_WORDS = 2000
# Undoing any of these brings back what ended with the ticket; reopening by a customer's answer does not.
UNDOING = (EventKind.WITHDRAWN, EventKind.RESTORED, EventKind.UNMERGED, EventKind.NOT_SPAM)


def escalate(
    ticket: Ticket,
    *,
    reason: EscalationReason,
    by: User | None,
    why: str = "",
    evidence: Iterable[str] = (),
    trigger: Trigger | None = None,
    level: Level | None = None,
    now: datetime | None = None,
) -> Escalation:
    """Ask those above: the ticket goes to a level's owners, its time runs, and unanswered it climbs on.

    `level`: where to (else the trigger's start, else one above where the ticket stands). `evidence`: what was found, in
    words. Raises Refused when the ticket is over, escalated already, or nobody stands above.
    """
    with changing(ticket, now=now, by=by) as change:
        return open_step(change, reason=reason, by=by, why=why, evidence=evidence, trigger=trigger, level=level)


def open_step(
    change: Change,
    *,
    reason: EscalationReason,
    by: User | None,
    why: str = "",
    evidence: Iterable[str] = (),
    trigger: Trigger | None = None,
    level: Level | None = None,
    is_late: bool = False,
) -> Escalation:
    """As `escalate`, within a change under way. `is_late`: found long after it was due, so told in a digest only."""
    ticket = change.ticket
    if not ticket.is_open:
        raise Refused(_("Only an open ticket can be escalated. Reopen it first."))
    if standing := _open_of(ticket):
        raise Refused(_("It is escalated already, to %(level)s.") % {"level": standing.level})
    book = ladders.current(change.desk.version)
    level = level or _start(change, book, reason=reason, by=by, trigger=trigger)
    escalation = Escalation(
        ticket=ticket, ladder_id=level.ladder_id, reason=reason, evidence=list(evidence),
        why=text.plain(why, LONGEST_WORDS).strip(), trigger=trigger, pulled_by=by, opened_at=change.now,
    )  # fmt: skip
    _reach(change, escalation, level, book, step=StepKind.OPENED, by=by, why=escalation.why, is_late=is_late)
    return escalation


def acknowledge(escalation: Escalation, *, by: User, now: datetime | None = None) -> Escalation:
    """“I am on it”: the ticket becomes theirs, and the level's whole time counts from when it came there.

    Raises Refused when somebody else was faster, or it is over.
    """
    with changing(escalation.ticket, now=now, by=by) as change:
        fresh = _fresh(escalation)
        if fresh.status == Status.ACKNOWLEDGED:
            raise Refused(_taken(change, fresh))
        before = change.ticket.assignee_id
        fresh.status, fresh.acknowledged_at, fresh.acknowledged_by, fresh.owner = (
            Status.ACKNOWLEDGED, change.now, by, by,
        )  # fmt: skip
        fresh.save(update_fields=["status", "acknowledged_at", "acknowledged_by", "owner"])
        _step(change, fresh, StepKind.ACKNOWLEDGED, by=by, why="")
        change.event(EventKind.ESCALATION_TAKEN, by=by, **_told(fresh))
        if before != by.pk:
            assignment.give(change, by.pk, by=by)
        if LIMIT in change.clocks.open:
            change.clocks.lengthen(LIMIT, minutes=fresh.level.limit)
    return fresh


def climb(escalation: Escalation, *, by: User | None, why: str = "", now: datetime | None = None) -> Escalation:
    """To the next level that takes it; Refused at the top."""
    with changing(escalation.ticket, now=now, by=by) as change:
        fresh = _fresh(escalation)
        if not climb_step(change, fresh, by=by, why=why):
            raise Refused(_("%(level)s is the highest level that takes this ticket.") % {"level": fresh.level})
    return fresh


def climb_step(
    change: Change, escalation: Escalation, *, by: User | None, why: str, is_late: bool = False, **over: Any
) -> bool:
    """As `climb`, within a change under way; False when nobody stands above. `over`: whose time was up, for words."""
    book = ladders.current(change.desk.version)
    seen = facts_of(change.ticket, desk=change.desk)
    above = book.reach(escalation.ladder, escalation.level.rank + 1, seen, escalation.reason)
    if above is None:
        return False
    why = text.plain(why, LONGEST_WORDS).strip()
    _reach(change, escalation, above, book, step=StepKind.CLIMBED, by=by, why=why, is_late=is_late, **over)
    return True


def hand_down(escalation: Escalation, *, by: User, note: str, now: datetime | None = None) -> Escalation:
    """Back to whoever had it before this level, with a note for them; the escalation is over.

    Raises Refused without a note.
    """
    note = text.plain(note, LONGEST_WORDS).strip()
    if not note:
        raise Refused(_("Say in a note what you found and what is left to do."), missing=["note"])
    with changing(escalation.ticket, now=now, by=by) as change:
        fresh = _fresh(escalation)
        came = fresh.steps.filter(kind__in=(StepKind.OPENED, StepKind.CLIMBED)).order_by("pk").last()
        _end(change, fresh, Status.HANDED_DOWN, step=StepKind.HANDED_DOWN, outcome="handed_down", by=by, note=note)
        if came is not None:
            _give_back(change, came)
    return fresh


def resolve(escalation: Escalation, *, by: User, note: str = "", now: datetime | None = None) -> Escalation:
    """What was escalated is settled; the ticket stays with whoever has it."""
    with changing(escalation.ticket, now=now, by=by) as change:
        fresh = _fresh(escalation)
        note = text.plain(note, LONGEST_WORDS).strip()
        _end(change, fresh, Status.RESOLVED, step=StepKind.RESOLVED, outcome="resolved", by=by, note=note)
    return fresh


# By itself


def climbs_by_itself(change: Change, kind: DeadlineKind) -> None:
    """The level's time is up: on to the next; at the top it stays open and late, and is told of again."""
    row = change.clocks.open[kind]
    due, escalation = row.due_at or change.now, _open_of(change.ticket)
    if escalation is None:
        change.clocks.unlimit(kind)
        return
    is_late = change.now - due > LATE
    over = {"over": escalation.status, "minutes": row.budget // 60}
    if climb_step(change, escalation, by=None, why="", is_late=is_late, **over):
        return
    if not escalation.steps.filter(
        kind=StepKind.OVERDUE, level=escalation.level, at__gte=escalation.level_since
    ).exists():
        _step(change, escalation, StepKind.OVERDUE, by=None, why="")
    change.event(EventKind.ESCALATION_OVERDUE, by=None, **_told(escalation), late_digest=is_late)
    change.clocks.look_again(kind, minutes=escalation.level.limit)


def follows_the_ticket(event: TicketEvent) -> None:
    """An escalation is over when its ticket is; should that be undone, it stands again. May run twice, and late."""
    last = Escalation.objects.filter(ticket=event.ticket_id).order_by("pk").last()
    if last is None:
        return
    with changing(event.ticket, now=max(event.at, last.level_since)) as change:
        last = Escalation.objects.select_related("level", "ladder").filter(ticket=event.ticket_id).latest("pk")
        is_open = change.ticket.is_open
        if last.is_open and not is_open:
            last.ended_with_ticket = True
            _end(change, last, Status.RESOLVED, step=StepKind.RESOLVED, outcome="with_ticket", by=None, note="")
        elif last.is_open and LIMIT not in change.clocks.open:
            _limit(change, last)
        elif is_open and last.ended_with_ticket and event.kind in UNDOING:
            _stand_again(change, last)


# The parts


def _start(
    change: Change, book: Ladders, *, reason: EscalationReason, by: User | None, trigger: Trigger | None
) -> Level:
    """Where it begins: at the trigger's level, never below where the ticket stands; by hand one above that."""
    seen = facts_of(change.ticket, desk=change.desk)
    named = next((ladder for ladder in book.ladders if trigger and ladder.pk == trigger.ladder_id), None)
    ladder = named or book.choose(seen)
    if ladder is None:
        raise Refused(_("No ladder is set up for this ticket. An administrator can add one in the back office."))
    here = book.rank_of_team(ladder, change.ticket.team_id)
    rank = max(trigger.start_rank if trigger else 1, here if by is None else here + 1)
    level = book.reach(ladder, rank, seen, reason)
    if level is None and by is None:
        level = book.highest(ladder, seen, reason)  # what was found must not wait because the right level is not for it
    if level is None:
        raise Refused(_("Nobody stands above on the ladder “%(ladder)s”.") % {"ladder": ladder})
    return level


def _reach(
    change: Change, escalation: Escalation, level: Level, book: Ladders, *, step: StepKind, by: User | None, why: str,
    is_late: bool, **over: Any,
) -> None:  # fmt: skip
    """Arrive at a level: the ticket goes to its owners, somebody is asked, and the time begins."""
    ticket = change.ticket
    before = {"from_team_id": ticket.team_id, "from_tier": ticket.tier, "from_assignee_id": ticket.assignee_id}
    from_level = escalation.level if step == StepKind.CLIMBED else None
    owners.move(change, level, teams=change.desk.teams)
    passed_on = [ticket.assignee_id or 0, by.pk if by else 0] if step == StepKind.CLIMBED else []
    asked = owners.ask(change, level, on_call=book.on_call.get(level.pk, ()), without=passed_on)
    escalation.level, escalation.level_since, escalation.status = level, change.now, Status.OPEN
    escalation.acknowledged_at = escalation.acknowledged_by = None
    escalation.owner_id = asked.user_id
    escalation.save()
    _step(change, escalation, step, by=by, why=why, **before)
    change.set(escalation_rank=level.rank)
    kind = EventKind.ESCALATION_CLIMBED if step == StepKind.CLIMBED else EventKind.ESCALATED
    change.event(
        kind, by=by, reason=why, **_told(escalation), owner=asked.user_id, how=asked.how,
        from_tier=before["from_tier"], to_tier=ticket.tier, late_digest=is_late, previous=before["from_assignee_id"],
        from_level=from_level.name if from_level else "", to_above=level.team_id is None,
        **over,
    )  # fmt: skip
    _give(change, asked.user_id)
    _limit(change, escalation)


def _give(change: Change, user_id: int | None) -> None:
    """The ticket to that person; to nobody where none is asked, so that it waits in the queue for all to see."""
    if user_id == change.ticket.assignee_id:
        return
    if user_id is None:
        previous = change.ticket.assignee_id
        change.set(assignee_id=None)
        change.event(EventKind.UNASSIGNED, by=None, previous=previous)
        return
    assignment.give(change, user_id, by=None)
    change.events[-1].data["with_escalation"] = True


def _limit(change: Change, escalation: Escalation) -> None:
    level = escalation.level
    is_taken = escalation.status == Status.ACKNOWLEDGED
    minutes = level.limit if is_taken else min(level.answer_within or level.limit, level.limit)
    change.clocks.limit(
        LIMIT, minutes=minutes, team_id=level.team_id or change.ticket.team_id, in_working_time=level.in_working_time
    )


def _end(
    change: Change, escalation: Escalation, status: Status, *, step: StepKind, outcome: str, by: User | None, note: str
) -> None:
    escalation.status, escalation.closed_at, escalation.note = status, change.now, note
    escalation.save(update_fields=["status", "closed_at", "note", "ended_with_ticket"])
    _step(change, escalation, step, by=by, why=note)
    change.set(escalation_rank=None)
    change.clocks.unlimit(LIMIT)
    change.event(EventKind.ESCALATION_ENDED, by=by, reason=note, outcome=outcome, **_told(escalation))


def _give_back(change: Change, came: EscalationStep) -> None:
    """The ticket to the team and the person who had it before; to the queue if they are away or gone."""
    still_there = came.from_team_id is None or came.from_team_id in change.desk.teams
    if still_there and change.set(team_id=came.from_team_id, tier=came.from_tier):
        change.clocks.rechosen()
    back = owners.present(change, [came.from_assignee_id] if came.from_assignee_id else [])
    _give(change, back[0] if back else None)
    change.events[-1].data.pop("with_escalation", None)


def _stand_again(change: Change, escalation: Escalation) -> None:
    taken = escalation.acknowledged_at is not None
    escalation.status = Status.ACKNOWLEDGED if taken else Status.OPEN
    escalation.closed_at, escalation.ended_with_ticket = None, False
    escalation.save(update_fields=["status", "closed_at", "ended_with_ticket"])
    _step(change, escalation, StepKind.BACK, by=None, why="")
    change.set(escalation_rank=escalation.level.rank)
    _limit(change, escalation)
    change.event(EventKind.ESCALATION_ENDED, by=None, outcome="back", **_told(escalation))


def _step(
    change: Change, escalation: Escalation, kind: StepKind, *, by: User | None, why: str, **before: int | None
) -> None:
    EscalationStep.objects.create(
        escalation=escalation, kind=kind, level=escalation.level, at=change.now, by=by, why=why, **before
    )


def _told(escalation: Escalation) -> dict[str, object]:
    """What every event of an escalation tells."""
    return {
        "escalation": escalation.pk, "rank": escalation.level.rank, "level": escalation.level.name,
        "ladder": escalation.ladder.slug, "why": escalation.reason, "evidence": escalation.evidence,
        "trigger": escalation.trigger.name if escalation.trigger else "",
    }  # fmt: skip


def _open_of(ticket: Ticket) -> Escalation | None:
    rows = Escalation.objects.select_related("level", "ladder", "trigger")
    return rows.filter(ticket=ticket, status__in=OPEN).first()


def _fresh(escalation: Escalation) -> Escalation:
    """The row as it stands now; the caller holds the ticket's lock. Refused when it is over."""
    fresh = Escalation.objects.select_related("level", "ladder", "trigger").get(pk=escalation.pk)
    if not fresh.is_open:
        raise Refused(_("This escalation is over. Look at what happened before you go on."))
    return fresh


def _taken(change: Change, escalation: Escalation) -> str:
    card = change.desk.staff.get(escalation.acknowledged_by_id or 0)
    return _("%(name)s has acknowledged it %(when)s.") % {
        "name": card.short_name if card else _("Somebody else"),
        "when": wording.when(escalation.acknowledged_at or change.now, change.now),
    }
