"""Sorting: a ticket's mood, category, priority and tags, by the desk's rules, before anybody has read it."""

from datetime import datetime
from typing import Any

from tickets import desk as desk_settings
from tickets import details, routing, rules, sentiment
from tickets.change import Change, changing
from tickets.decisions import Decision, as_data, decide
from tickets.desk import Desk
from tickets.models import EventKind, Priority, RuleStage, Ticket, TicketEvent, User
from tickets.rules import facts

__all__ = ["Decision", "facts", "resort", "sort"]

SORTED_FIELDS = ("category_id", "priority", "sentiment", "is_angry")
ROUTED_FIELDS = ("priority", "team_id", "tier", "skill_id", "wants_experience")


def sort(ticket: Ticket, *, text: str, desk: Desk) -> list[Decision]:
    """Set mood, category and priority of a ticket in memory from its subject and message.

    A category that is already there (the customer's own choice, a colleague's) stands. Tags are in the decisions, for
    the caller to hang on once the ticket has a row. No query; about a millisecond.
    """
    mood = sentiment.mood(text)
    ticket.sentiment, ticket.is_angry = mood.sentiment, mood.is_angry
    decisions = [decide("mood", mood.sentiment, signs=mood.why)] if mood.is_angry else []
    known = facts(ticket, text=text, desk=desk)
    if ticket.category_id is None:
        decisions += rules.run(RuleStage.CATEGORY, ticket, facts=known, desk=desk)
    return decisions + rules.run(RuleStage.PRIORITY, ticket, facts=known, desk=desk)


def resort(ticket: Ticket, *, by: User | None, now: datetime | None = None) -> Ticket:
    """Sort and route anew with today's rules, as after a rule was mended. What a person decided stands.

    The assignee stays; team, tier and skill are looked at again only while nobody has the ticket.
    """
    desk = desk_settings.current()
    with changing(ticket, now=now, desk=desk) as change:
        fresh, standing = change.ticket, _decided_by_people(change.ticket)
        before = {name: getattr(fresh, name) for name in {*SORTED_FIELDS, *ROUTED_FIELDS}}
        text = routing.text_of(fresh)
        if "category" not in standing:
            fresh.category = None
        if "priority" not in standing:
            fresh.priority = Priority.NORMAL
        decisions = sort(fresh, text=text, desk=desk)
        change.event(EventKind.SORTED, by=by, decisions=as_data(decisions))
        if fresh.assignee_id is None and "team" not in standing:
            routing.unplan(fresh)
            routed = routing.plan(fresh, facts=facts(fresh, text=text, desk=desk), desk=desk)
            change.event(EventKind.ROUTED, by=by, decisions=as_data(routed))
            decisions += routed
        if "priority" in standing:
            fresh.priority = before["priority"]
        _take_over(change, before)
        details.tag(fresh, [decision.value for decision in decisions if decision.what == "tag"])
    return change.ticket


def _take_over(change: Change, before: dict[str, Any]) -> None:
    """Note the fields that differ from `before` as changed, and let the clocks follow."""
    changed = {name for name, old in before.items() if getattr(change.ticket, name) != old}
    change.fields |= {name.removesuffix("_id") for name in changed}
    if changed & {"priority", "team_id"}:
        change.clocks.rechosen()
    if before["category_id"] is None and change.ticket.category_id is not None:
        change.clocks.sorted()


def _decided_by_people(ticket: Ticket) -> set[str]:
    """Which of category, priority and team a person chose: a colleague since, or the customer in the form."""
    events = TicketEvent.objects.filter(
        ticket=ticket, kind__in=(EventKind.SORTED, EventKind.CHANGED, EventKind.HANDED_OVER)
    ).values_list("kind", "by", "data")
    decided, by_rule = set(), False
    for kind, by, data in events:
        if kind == EventKind.HANDED_OVER:
            decided.add("team")
        elif kind == EventKind.CHANGED and by:
            decided.add(data.get("field", ""))
        elif kind == EventKind.SORTED:
            by_rule |= any(decision.get("what") == "category" for decision in data.get("decisions", ()))
    return decided if by_rule or ticket.category_id is None else decided | {"category"}
