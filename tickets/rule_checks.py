"""Whether a rule may be saved, and if not, what to tell the person who wrote it."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tickets import rule_actions, rule_words
from tickets.desk import Desk
from tickets.rule_fields import FIELDS, MAX_DEPTH, OPERATORS, Field, Kind, choices, values_of

MAX_LEAVES = 50
MAX_VALUES = 100  # words or choices of one condition
MAX_VALUE_LENGTH = 80
GROUPS = ("all", "any", "not")


def problems(conditions: Any, actions: Any, stage: str, desk: Desk | None = None) -> list[str]:
    """What is wrong with a rule, in sentences for the person who wrote it; empty when it may be saved.

    With `desk`, keys of categories, teams and skills must exist there.
    """
    return condition_problems(conditions, desk) + rule_actions.problems(actions, stage, desk)


def condition_problems(conditions: Any, desk: Desk | None = None) -> list[str]:
    """The same of bare conditions, wherever they stand: rules, ladders, levels, triggers."""
    leaves: list[dict[str, Any]] = []
    found = _shape(conditions, leaves, depth=1) if conditions != {} else []
    if len(leaves) > MAX_LEAVES:
        found.append(_("A rule has at most %(count)d conditions; make two rules of it.") % {"count": MAX_LEAVES})
    for leaf in leaves[:MAX_LEAVES]:
        found += _leaf_problems(leaf, desk)
    return found


def _shape(node: Any, leaves: list[dict[str, Any]], *, depth: int) -> list[str]:
    """Walk the groups, collect the leaves, and say what is not built right."""
    if depth > MAX_DEPTH:
        return [_("Conditions are nested more than %(count)d deep; make two rules of it.") % {"count": MAX_DEPTH}]
    if not isinstance(node, dict) or not node:
        return [_("A condition is empty. Fill it in or take it away.")]
    group = next((name for name in GROUPS if name in node), None)
    if group is None:
        leaves.append(node)
        return []
    if len(node) > 1:
        return [_("“%(group)s” stands alone; put other conditions inside it.") % {"group": group}]
    if group == "not":
        return _shape(node["not"], leaves, depth=depth + 1)
    if not isinstance(node[group], list) or not node[group]:
        return [_("The group “%(group)s” holds no condition. Add one or take the group away.") % {"group": group}]
    return [problem for part in node[group] for problem in _shape(part, leaves, depth=depth + 1)]


def _leaf_problems(leaf: dict[str, Any], desk: Desk | None) -> list[str]:
    name, key = str(leaf.get("field", "")), str(leaf.get("op", ""))
    if name not in FIELDS:
        return [_("A rule cannot look at “%(field)s”. It can look at: %(fields)s.") % {
            "field": name, "fields": ", ".join(FIELDS)}]  # fmt: skip
    known = FIELDS[name]
    fitting = {op: operator.label for op, operator in OPERATORS.items() if known.kind in operator.kinds}
    if key not in fitting:
        return [_("“%(op)s” cannot be asked of “%(field)s”. Use one of: %(fitting)s.") % {
            "op": key, "field": known.label, "fitting": ", ".join(fitting)}]  # fmt: skip
    if extra := set(leaf) - {"field", "op", "value"}:
        return [_("The condition on “%(field)s” has a part nobody knows: %(extra)s.") % {
            "field": known.label, "extra": ", ".join(sorted(map(str, extra)))}]  # fmt: skip
    return _value_problems(known, name, values_of(leaf), desk) if OPERATORS[key].takes_value else []


def _value_problems(known: Field, name: str, values: list[Any], desk: Desk | None) -> list[str]:
    label = {"field": known.label}
    if not values or "" in values:
        return [_("Say what “%(field)s” is compared with.") % label]
    if len(values) > MAX_VALUES:
        return [(ngettext(
            "“%(field)s” is compared with more than %(count)d thing.",
            "“%(field)s” is compared with more than %(count)d things; make two conditions of it.", MAX_VALUES,
        )) % (label | {"count": MAX_VALUES})]  # fmt: skip
    if known.kind == Kind.FLAG:
        flags = all(isinstance(value, bool) for value in values)
        return [] if flags else [_("“%(field)s” is either yes or no.") % label]
    if known.kind == Kind.NUMBER:
        numbers = all(isinstance(value, int) and not isinstance(value, bool) for value in values)
        return [] if numbers else [_("“%(field)s” is compared with a whole number.") % label]
    found = []
    allowed = choices(name, desk) if desk else None
    for value in values:
        shown = label | {"value": str(value)[:MAX_VALUE_LENGTH]}
        if not isinstance(value, (str, int)) or len(str(value)) > MAX_VALUE_LENGTH:
            found.append(_("“%(value)s” is too long or no text.") % shown)
        elif known.kind == Kind.WORDS and rule_words.term(str(value), in_any_form=False).is_empty:
            found.append(_("“%(value)s” has no letter or digit to look for.") % shown)
        elif allowed is not None and str(value) not in allowed:
            found.append(_("“%(field)s” is never “%(value)s”. Choose one of: %(allowed)s.")
                         % (shown | {"allowed": ", ".join(allowed)}))  # fmt: skip
    return found
