"""A rule as it is being written: rows of conditions and actions, kept as typed until everything is right."""

from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from tickets import rule_actions, rules
from tickets.desk import Desk
from tickets.models import Rule, RuleStage
from tickets.rule_fields import Kind

MAX_ROWS = 20
LONGEST_VALUE = 8000
YES_NO = {"yes": True, "no": False}


@dataclass
class Row:
    """One condition or action: what was chosen, what was typed, what may be chosen now, and what is wrong."""

    what: str = ""
    op: str = ""
    values: list[str] = field(default_factory=list)
    choices: dict[str, Any] = field(default_factory=dict)
    operators: dict[str, Any] = field(default_factory=dict)
    widget: str = "words"  # words, choices, choice, flag, number, text, none
    problems: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return ", ".join(self.values)


@dataclass
class RuleForm:
    stage: str
    name: str = ""
    match: str = "all"
    conditions: list[Row] = field(default_factory=list)
    actions: list[Row] = field(default_factory=list)
    is_active: bool = True
    stops: bool = False
    # Groups within groups, or more rows than a page takes, are not drawn as rows; they are kept as they are.
    nested: dict[str, Any] | None = None
    problems: list[str] = field(default_factory=list)
    name_problem: str = ""

    @classmethod
    def of(cls, rule: Rule) -> "RuleForm":
        form = cls(rule.stage, rule.name, is_active=rule.is_active, stops=rule.stops)
        form.match, leaves = _flat(rule.conditions)
        if leaves is None or len(leaves) > MAX_ROWS:
            form.nested, leaves = rule.conditions, None
        form.conditions = [
            Row(str(leaf.get("field", "")), str(leaf.get("op", "")), _written(leaf.get("value")))
            for leaf in leaves or []
        ]
        form.actions = [Row(str(a.get("do", "")), values=_written(a.get("value"))) for a in rule.actions]
        return form

    @classmethod
    def read(cls, given: QueryDict, *, stage: str, nested: dict[str, Any] | None = None) -> "RuleForm":
        """What was posted: `condition-0-field`, `condition-0-op`, `condition-0-value`, `action-0-do` …"""
        form = cls(stage, " ".join(given.get("name", "").replace("\x00", "").split())[:200], nested=nested)
        form.match = "any" if given.get("match") == "any" else "all"
        form.is_active, form.stops = "is_active" in given, "stops" in given
        numbers = range(MAX_ROWS + 1)
        form.conditions = [
            Row(
                str(given[f"condition-{n}-field"]), given.get(f"condition-{n}-op", ""), _values(given, f"condition-{n}")
            )
            for n in numbers
            if f"condition-{n}-field" in given
        ]
        form.actions = [
            Row(str(given[f"action-{n}-do"]), values=_values(given, f"action-{n}"))
            for n in numbers
            if f"action-{n}-do" in given
        ]
        return form

    def change(self, what: str) -> None:
        """A button that changes the rows: add-condition, add-action, remove-condition-2, remove-action-0."""
        verb, _dash, rest = what.partition("-")
        kind, _dash, number = rest.partition("-")
        rows = {"condition": self.conditions, "action": self.actions}.get(kind)
        if rows is None:
            return
        if verb == "add" and len(rows) < MAX_ROWS:
            rows.append(Row("text", "has_word") if kind == "condition" else Row())
        elif verb == "remove" and number.isdigit() and int(number) < len(rows):
            del rows[int(number)]

    def draw(self, desk: Desk) -> "RuleForm":
        """Give each row the choices that fit what it has chosen."""
        for row in self.conditions:
            known = rules.FIELDS.get(row.what)
            row.operators = {
                key: operator.label
                for key, operator in rules.OPERATORS.items()
                if known and known.kind in operator.kinds
            }
            if row.op not in row.operators:
                row.op = next(iter(row.operators), "")
            row.choices = (rules.choices(row.what, desk) or {}) if known else {}
            row.widget = self._widget(row, known.kind if known else None)
        for row in self.actions:
            action = rule_actions.ACTIONS.get(row.what)
            takes = action.takes if action else ""
            row.choices = rule_actions.choices(takes, desk) or {}
            row.widget = "choice" if row.choices else {"tier": "number", "text": "text"}.get(takes, "none")
        return self

    def _widget(self, row: Row, kind: Kind | None) -> str:
        operator = rules.OPERATORS.get(row.op)
        if kind is None or operator is None or not operator.takes_value:
            return "none"
        if row.choices:
            return "choices"
        return {Kind.FLAG: "flag", Kind.NUMBER: "number"}.get(kind, "words")

    def rule(self, rule: Rule) -> Rule:
        """Write what was typed onto `rule`, in memory."""
        rule.stage, rule.name, rule.is_active, rule.stops = self.stage, self.name, self.is_active, self.stops
        leaves = [self._leaf(row) for row in self.conditions]
        if self.nested is not None:
            rule.conditions = self.nested
        else:
            rule.conditions = {} if not leaves else leaves[0] if len(leaves) == 1 else {self.match: leaves}
        rule.actions = [self._action(row) for row in self.actions]
        return rule

    def check(self, desk: Desk) -> bool:
        """Say at each row what is wrong with it; True if all is right."""
        self.name_problem = "" if 0 < len(self.name) <= 80 else _("Give the rule a name of up to 80 characters.")
        stage = self.stage
        for row in self.conditions:
            row.problems = rules.problems(self._leaf(row), [], stage, desk)[: -len(rule_actions.problems([], stage))]
        for row in self.actions:
            row.problems = rule_actions.problems([self._action(row)], stage, desk)
        self.problems = [] if self.actions else rule_actions.problems([], stage)
        if len(self.conditions) > MAX_ROWS or len(self.actions) > MAX_ROWS:
            self.problems.append(_("That is too much for one rule; make two of it."))
        rows = [*self.conditions, *self.actions]
        return not (self.name_problem or self.problems or any(row.problems for row in rows))

    def _leaf(self, row: Row) -> dict[str, Any]:
        operator = rules.OPERATORS.get(row.op)
        leaf = {"field": row.what, "op": row.op}
        return {**leaf, "value": _typed(row)} if operator is None or operator.takes_value else leaf

    def _action(self, row: Row) -> dict[str, Any]:
        action = rule_actions.ACTIONS.get(row.what)
        if action is None or not action.takes:
            return {"do": row.what}
        value: Any = row.values[0] if row.values else ""
        if action.takes == "tier":
            value = int(value) if value.isascii() and value.isdigit() and len(value) < 4 else value
        elif action.takes == "text":
            value = row.text
        return {"do": row.what, "value": value}

    @property
    def fields(self) -> dict[str, Any]:
        return {key: known.label for key, known in rules.FIELDS.items()}

    @property
    def possible_actions(self) -> dict[str, Any]:
        return {key: action.label for key, action in rule_actions.ACTIONS.items() if self.stage in action.stages}

    @property
    def stage_label(self) -> str:
        return str(RuleStage(self.stage).label)


def _flat(conditions: Any) -> tuple[str, list[dict[str, Any]] | None]:
    """How rows are joined, and the rows; None where groups stand within groups."""
    if not conditions:
        return "all", []
    if "field" in conditions:
        return "all", [conditions]
    for match in ("all", "any"):
        parts = conditions.get(match)
        if isinstance(parts, list) and all("field" in part for part in parts):
            return match, parts
    return "all", None


def _written(value: Any) -> list[str]:
    if value is None:
        return []
    named = {True: "yes", False: "no"}
    values = value if isinstance(value, list) else [value]
    return [named[item] if isinstance(item, bool) else str(item) for item in values]


def _values(given: QueryDict, prefix: str) -> list[str]:
    """Ticked choices as they are; typed words at their commas and line breaks."""
    typed = given.get(f"{prefix}-words")
    if typed is None:
        return [value.replace("\x00", "") for value in given.getlist(f"{prefix}-value")[:100]]
    parts = typed.replace("\x00", "")[:LONGEST_VALUE].replace("\n", ",").split(",")
    return list(dict.fromkeys(word for part in parts if (word := " ".join(part.split()))))


def _typed(row: Row) -> Any:
    """The values as the evaluator wants them: a list of words or choices, a truth, numbers."""
    known = rules.FIELDS.get(row.what)
    if known and known.kind == Kind.FLAG:
        return YES_NO.get(row.values[0], row.values[0]) if row.values else ""
    if known and known.kind == Kind.NUMBER:
        return [int(v) if v.isascii() and v.isdigit() and len(v) < 4 else v for v in row.values]
    return row.values
