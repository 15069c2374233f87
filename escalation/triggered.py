"""What the desk escalates by itself: events and timers ask the triggers, and what they find is pulled once a ticket."""

from contextlib import suppress
from datetime import datetime

from django.utils import timezone

from escalation import ladder, ladders, triggers
from escalation.facts import facts_of
from escalation.models import Escalation, Trigger
from escalation.triggers import Found
from tickets import lifecycle
from tickets.change import Change, changing
from tickets.clockwork import LATE
from tickets.errors import Refused
from tickets.models import DeadlineKind, EscalationReason, Message, TicketEvent
from tickets.rule_fields import Facts

TIMERS = {DeadlineKind.UNANSWERED: EscalationReason.NO_RESPONSE, DeadlineKind.UNSOLVED: EscalationReason.UNSOLVED}
# What a change of a ticket may make true that was not.
TELLING_FIELDS = ("category", "priority", "team", "customer")


# Events


def by_a_new_ticket(event: TicketEvent) -> None:
    """Its words, its customer and its subject are asked, and its timers begin."""
    if _is_idle():
        return
    with changing(event.ticket, now=_moment(event)) as change:
        if not change.ticket.is_open:
            return
        left = _not_pulled(change)
        seen = facts_of(change.ticket, desk=change.desk)
        _start_timers(change, left, seen, since=change.ticket.created_at)
        _pull(change, triggers.by_words(left, seen.text, seen) or triggers.by_facts(left, seen), event)


def by_an_answer(event: TicketEvent) -> None:
    """The customer wrote again: the new words are asked."""
    if _is_idle():
        return
    said = Message.objects.standing().filter(pk=event.data.get("message")).values_list("body", flat=True).first()
    if not said:
        return
    with changing(event.ticket, now=_moment(event)) as change:
        left = _not_pulled(change)
        _pull(change, triggers.by_words(left, said, facts_of(change.ticket, desk=change.desk, text=said)), event)


def by_a_change(event: TicketEvent) -> None:
    """It was sorted anew or tagged: what it is about is asked again, and timers follow."""
    if _is_idle() or ("field" in event.data and event.data["field"] not in TELLING_FIELDS):
        return
    with changing(event.ticket, now=_moment(event)) as change:
        if not change.ticket.is_open:
            return
        left, seen = _not_pulled(change), facts_of(change.ticket, desk=change.desk)
        since = change.now if change.ticket.reopen_count else change.ticket.created_at
        _start_timers(change, left, seen, since=since)
        _pull(change, triggers.by_facts(left, seen), event)


def by_a_reopening(event: TicketEvent) -> None:
    """It was not solved after all: the time until it is begins anew."""
    if _is_idle():
        return
    with changing(event.ticket, now=_moment(event)) as change:
        if change.ticket.is_open:
            seen = facts_of(change.ticket, desk=change.desk)
            _start_timers(change, _not_pulled(change), seen, since=change.now)


def by_a_rating(event: TicketEvent) -> None:
    """A poor rating opens the ticket again, for those above: somebody must look at what went wrong."""
    score = event.data.get("score") or 0
    if _is_idle() or not score:
        return
    with changing(event.ticket, now=_moment(event)) as change:
        left = _not_pulled(change)
        found = triggers.by_rating(left, score, facts_of(change.ticket, desk=change.desk))
        if found is None or change.ticket.merged_into_id or change.ticket.is_spam:
            return
        if not change.ticket.is_open:
            lifecycle.reopen_step(change, by=None, why="poor_rating")
        _pull(change, found, event)


# Timers


def by_silence(change: Change, kind: DeadlineKind) -> None:
    """Nobody has answered the customer in time."""
    _time_is_up(change, kind)


def by_age(change: Change, kind: DeadlineKind) -> None:
    """It is not solved in time."""
    _time_is_up(change, kind)


def _time_is_up(change: Change, kind: DeadlineKind) -> None:
    row = change.clocks.open[kind]
    minutes, due, since = row.budget // 60, row.due_at or change.now, row.started_at
    change.clocks.fired(kind)
    left, seen = _not_pulled(change), facts_of(change.ticket, desk=change.desk)
    if found := triggers.by_time(left, TIMERS[kind], minutes, seen):
        with suppress(Refused):
            _open(change, found, is_late=change.now - due > LATE)
            return
    if longer := triggers.next_by_time(left, TIMERS[kind], seen, after=minutes):
        _time(change, kind, longer, since=since)


def _start_timers(change: Change, left: list[Trigger], seen: Facts, *, since: datetime) -> None:
    """Each timer runs to the next trigger that fits the ticket as it is now; what no longer fits ends."""
    for kind, reason in TIMERS.items():
        wanted = triggers.next_by_time(left, reason, seen)
        if wanted is None or (kind == DeadlineKind.UNANSWERED and change.ticket.first_responded_at):
            change.clocks.unlimit(kind)
        elif kind not in change.clocks.open:
            _time(change, kind, wanted, since=since)
        elif change.clocks.open[kind].budget != (wanted.minutes or 0) * 60:
            change.clocks.lengthen(kind, minutes=wanted.minutes or 0)


def _time(change: Change, kind: DeadlineKind, trigger: Trigger, *, since: datetime) -> None:
    change.clocks.limit(
        kind, minutes=trigger.minutes or 0, team_id=change.ticket.team_id, in_working_time=trigger.in_working_time,
        since=since,
    )  # fmt: skip


# The parts


def _is_idle() -> bool:
    """Whether this desk has no trigger in force, so that nothing need be read."""
    return not ladders.current().triggers


def _moment(event: TicketEvent) -> datetime:
    """When it happened; now if that is long ago, so that nobody's time is up before they were told."""
    now = timezone.now()
    return now if now - event.at > LATE else event.at


def _not_pulled(change: Change) -> list[Trigger]:
    """The triggers that have not yet escalated this ticket."""
    pulled = set(Escalation.objects.filter(ticket=change.ticket).values_list("trigger", flat=True))
    return [trigger for trigger in ladders.current(change.desk.version).triggers if trigger.pk not in pulled]


def _pull(change: Change, found: Found | None, event: TicketEvent) -> None:
    """Escalate by what was found; not again while it is escalated, nor where nobody stands above."""
    if found is not None:
        with suppress(Refused):
            _open(change, found, is_late=change.now - event.at > LATE)


def _open(change: Change, found: Found, *, is_late: bool) -> None:
    ladder.open_step(
        change, reason=EscalationReason(found.trigger.kind), by=None, evidence=found.evidence, trigger=found.trigger,
        is_late=is_late,
    )  # fmt: skip
