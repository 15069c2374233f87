"""The rules as a book people keep: read in words, put in order, switched on and off, written, counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tickets import rule_actions, rules
from tickets.desk import Desk
from tickets.errors import Refused
from tickets.models import DeskVersion, Rule, RuleStage, RuleUse

STEP = 10
WORDS_SHOWN = 8
USES_OF_DAYS = 7


@dataclass(frozen=True)
class Page:
    """A rule as the book shows it."""

    rule: Rule
    condition: str
    actions: list[str]
    uses: int
    is_first: bool
    is_last: bool


def pages(desk: Desk) -> list[tuple[str, list[Page]]]:
    """Every rule by stage, in order, with how often it was used in the last seven days. Two statements."""
    book = list(Rule.objects.all())
    since = timezone.now().date() - timedelta(days=USES_OF_DAYS - 1)
    used = dict(RuleUse.objects.filter(day__gte=since).values_list("rule").annotate(Sum("count")))
    stages: list[tuple[str, list[Page]]] = []
    for stage in RuleStage:
        of_stage = [rule for rule in book if rule.stage == stage]
        stages.append((stage, [
            Page(
                rule, in_words(rule.conditions, desk), [action_in_words(action, desk) for action in rule.actions],
                used.get(rule.pk, 0), rule is of_stage[0], rule is of_stage[-1],
            )
            for rule in of_stage
        ]))  # fmt: skip
    return stages


def in_words(conditions: Any, desk: Desk) -> str:
    """Conditions as a sentence: “subject or message has one of the words …, in any form, and channel is Chat”."""
    if not conditions:
        return _("always")
    for group, joint in (("all", _("and")), ("any", _("or"))):
        if group in conditions:
            parts = conditions[group]
            return f" {joint} ".join(_part(part, desk, is_alone=len(parts) == 1) for part in parts)
    if "not" in conditions:
        return _("not (%(condition)s)") % {"condition": in_words(conditions["not"], desk)}
    field, operator = rules.FIELDS.get(conditions.get("field", "")), rules.OPERATORS.get(conditions.get("op", ""))
    if field is None or operator is None:
        return _("a condition that no longer exists")
    if not operator.takes_value:
        return f"{field.label} {operator.label}"
    return f"{field.label} {operator.label}: {_listed(conditions, desk)}"


def _part(part: dict[str, Any], desk: Desk, *, is_alone: bool) -> str:
    words = in_words(part, desk)
    is_group = len(part.get("all") or part.get("any") or ()) > 1
    return f"({words})" if is_group and not is_alone else words


def _listed(leaf: dict[str, Any], desk: Desk) -> str:
    value = leaf.get("value")
    values = value if isinstance(value, list) else [value]
    yes_no: dict[Any, Any] = {True: _("yes"), False: _("no")}
    names: dict[Any, Any] = {**(rules.choices(leaf["field"], desk) or yes_no)}
    # Looked up by type, too: a tier of 1 is no “yes”.
    shown = [str(names[item]) if isinstance(item, bool | str) and item in names else str(item) for item in values]
    text = ", ".join(shown[:WORDS_SHOWN])
    if (more := len(shown) - WORDS_SHOWN) > 0:
        text += ngettext(" and %(count)d more", " and %(count)d more", more) % {"count": more}
    return text


def action_in_words(action: dict[str, Any], desk: Desk) -> str:
    """An action as a person says it: “set the category: Billing”."""
    known = rule_actions.ACTIONS.get(action.get("do", ""))
    if known is None:
        return _("something that no longer exists")
    if not known.takes:
        return str(known.label)
    value = action.get("value")
    names = rule_actions.choices(known.takes, desk) or {}
    return f"{known.label}: {names.get(str(value), value)}"


def last_change(rule: Any) -> Any:
    """The newest row of the rule's history (history_date, history_user), None for a rule not yet saved."""
    return rule.history.select_related("history_user").first() if rule.pk else None


def used_in_words(count: int) -> str:
    """“used 31 times in 7 days”."""
    if not count:
        return _("not used in %(days)d days") % {"days": USES_OF_DAYS}
    words = ngettext("used %(count)d time in %(days)d days", "used %(count)d times in %(days)d days", count)
    return words % {"count": count, "days": USES_OF_DAYS}


# Changes. Each is one transaction and tells every process; who did it stands in the rule's history.


def write(rule: Rule) -> Rule:
    """Save a rule that was checked; a new one goes to the end of its stage. Raises Refused if the name is taken."""
    with transaction.atomic():
        others = list(Rule.objects.select_for_update().filter(stage=rule.stage))
        if any(other.name == rule.name and other.pk != rule.pk for other in others):
            raise Refused(_("Another rule of this stage has that name. Choose another name."))
        if rule.pk is None:
            rule.position = max((other.position for other in others), default=0) + STEP
        rule.save()
        DeskVersion.bump()
    return rule


def switch(rule: Rule, *, on: bool) -> None:
    with transaction.atomic():
        rule.is_active = on
        rule.save(update_fields=["is_active"])
        DeskVersion.bump()


def place(rule: Rule, *, earlier: bool) -> None:
    """Change places with the rule before (or after) it; the first goes no earlier, the last no later."""
    with transaction.atomic():
        order = list(Rule.objects.select_for_update().filter(stage=rule.stage))
        here = next(number for number, other in enumerate(order) if other.pk == rule.pk)
        there = here - 1 if earlier else here + 1
        if not 0 <= there < len(order):
            return
        order[here], order[there] = order[there], order[here]
        _number(order)
        DeskVersion.bump()


def remove(rule: Rule) -> None:
    with transaction.atomic():
        rule.delete()
        DeskVersion.bump()


def _number(order: Iterable[Rule]) -> None:
    for number, rule in enumerate(order, 1):
        if rule.position != number * STEP:
            rule.position = number * STEP
            rule.save(update_fields=["position"])
