"""The desk's rules: run over a ticket, tried out on past tickets, counted; what they are made of is re-exported here.

Conditions are data, never code: `{"all": […]}`, `{"any": […]}`, `{"not": {…}}` around leaves such as
`{"field": "text", "op": "has_word", "value": ["login", "can't log in"]}`; `{}` always holds. Fields, operators
and actions are fixed lists (tickets.rule_fields, tickets.rule_actions); what is unknown does not hold and does nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Substr
from django.utils.translation import gettext as _

from tickets import desk as desk_settings
from tickets import rule_actions
from tickets.decisions import Decision, in_words
from tickets.desk import Desk
from tickets.models import Message, MessageKind, Rule, RuleUse, Ticket
from tickets.rule_actions import ACTIONS
from tickets.rule_checks import problems
from tickets.rule_fields import FIELDS, OPERATORS, Facts, choices, facts, matches
from tickets.rule_words import LONGEST_TEXT

# What rules set on a ticket's row, and what they ask for beside it.
RULED = ("category_id", "priority", "team_id", "tier", "skill_id", "wants_experience")
NOTED = ("tag", "article", "alert_lead", "auto_reply")

__all__ = [
    "ACTIONS", "FIELDS", "OPERATORS", "DryRun", "Facts", "choices", "count_uses", "dry_run", "facts", "matches",
    "problems", "run",
]  # fmt: skip


def run(stage: str, ticket: Ticket, *, facts: Facts, desk: Desk) -> list[Decision]:
    """Run a stage's rules in order on a ticket in memory: later rules override earlier ones, `stops` ends the stage.

    Returns every decision in order, those that a later rule overrode marked so.
    """
    decisions: list[Decision] = []
    for rule in desk.rules.get(stage, ()):
        if not matches(rule.conditions, facts):
            continue
        for action in rule.actions:
            decision = rule_actions.apply(action, ticket, rule=rule, desk=desk)
            if decision is None:
                continue
            decisions = [*rule_actions.overrule(decisions, decision), decision]
            if decision.what == "tag":
                facts.tags.add(decision.value)
        facts.follow(ticket, desk)
        if rule.stops:
            break
    return decisions


@dataclass(frozen=True)
class DryRun:
    """What a rule would do: `total` tickets looked at, and those it holds for with what would change, in words."""

    total: int
    touched: list[tuple[Ticket, str]]


def dry_run(rule: Rule | dict[str, Any], stage: str, *, limit: int = 200, desk: Desk | None = None) -> DryRun:
    """Try a rule, saved or not, or bare conditions on the newest `limit` tickets without changing any.

    Tickets are taken as they stand now, with their opening message. Three queries at most.
    """
    desk = desk or desk_settings.current()
    if isinstance(rule, dict):
        rule = Rule(stage=stage, conditions=rule, actions=[])
    tickets = _latest(limit, with_tags=_needs_tags(rule))
    touched = []
    for ticket in tickets:
        seen = facts(ticket, text=f"{ticket.subject}\n{ticket.opening or ''}", desk=desk, tags=_tags_of(ticket))
        if matches(rule.conditions, seen):
            lines = _changes(rule, ticket, seen, desk)
            touched.append((ticket, "; ".join(lines) or _("Holds, and changes nothing.")))
    return DryRun(len(tickets), touched)


def _changes(rule: Rule, ticket: Ticket, seen: Facts, desk: Desk) -> list[str]:
    lines = []
    for action in rule.actions:
        before = {name: getattr(ticket, name) for name in RULED}
        decision = rule_actions.apply(action, ticket, rule=rule, desk=desk)
        if decision is None or (decision.what == "tag" and decision.value in seen.tags):
            continue
        if decision.what in NOTED or before != {name: getattr(ticket, name) for name in RULED}:
            lines.append(in_words(decision))
    return lines


def _latest(limit: int, *, with_tags: bool) -> list[Any]:
    opening = Message.objects.filter(ticket=OuterRef("pk"), kind=MessageKind.CUSTOMER).order_by("pk")
    tickets = (
        Ticket.objects.select_related("customer__organisation")
        .annotate(opening=Subquery(opening.annotate(start=Substr("body", 1, LONGEST_TEXT)).values("start")[:1]))
        .order_by("-pk")
    )
    return list((tickets.prefetch_related("tags") if with_tags else tickets)[:limit])


def _needs_tags(rule: Rule) -> bool:
    return "tags" in _fields_of(rule.conditions) or any(action.get("do") == "add_tag" for action in rule.actions)


def _tags_of(ticket: Ticket) -> list[str]:
    prefetched = getattr(ticket, "_prefetched_objects_cache", {}).get("tags", ())
    return [tag.name for tag in prefetched]


def _fields_of(conditions: Any) -> set[str]:
    """Every field the conditions name, at any depth."""
    if isinstance(conditions, list):
        return {name for part in conditions for name in _fields_of(part)}
    if not isinstance(conditions, dict):
        return set()
    named = {str(conditions["field"])} if "field" in conditions else set()
    return named | {name for key in ("all", "any", "not") for name in _fields_of(conditions.get(key))}


def count_uses(rule_ids: Iterable[int], day: date) -> None:
    """Count one use on `day` (UTC) for every id, one given twice counting twice; deleted rules are passed over."""
    times: dict[int, int] = {}
    for rule_id in rule_ids:
        times[rule_id] = times.get(rule_id, 0) + 1
    for rule_id in Rule.objects.filter(pk__in=times).order_by("pk").values_list("pk", flat=True):
        RuleUse.objects.bulk_create([RuleUse(rule_id=rule_id, day=day)], ignore_conflicts=True)
        RuleUse.objects.filter(rule_id=rule_id, day=day).update(count=F("count") + times[rule_id])
