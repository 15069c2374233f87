"""The lists of the playbook's tickets section: which keys an entry has, and what each may hold."""

from collections.abc import Callable
from decimal import Decimal
from itertools import groupby
from typing import Any

import holidays
from django.core.exceptions import ValidationError

from helpdesk.lib import lined_yaml as y
from helpdesk.lib.lined_yaml import Faulty, Key, Kind, Node
from tickets.models import (
    Category,
    Channel,
    CustomerTier,
    Holiday,
    Macro,
    MoveCondition,
    OpeningHours,
    Priority,
    Rule,
    RuleStage,
    SavedView,
    Skill,
    SlaPolicy,
    State,
    Tag,
    Target,
    Team,
    Weekday,
)  # fmt: skip
from tickets.models.fields import validate_zone
from tickets.playbook_rows import Table, TeamTable, ViewTable

DAYS = {day.name[:3].lower(): day.value for day in Weekday}


def _hours(node: Node) -> list[tuple[int, Any, Any]]:
    hint = "write it like “mon-fri 08:00-18:00” or “sat 09:00-13:00”"
    found = []
    for line in y.list_of(y.text(40)).read(node):
        try:
            days, span = line.lower().split()
            first, _, last = days.partition("-")
            opens, closes = (y_time(part) for part in span.split("-"))
            numbers = range(DAYS[first], DAYS[last or first] + 1)
        except (ValueError, KeyError) as error:
            raise Faulty(f"“{line}” is not opening hours", hint) from error
        if not numbers or not (closes > opens or closes == y_time("00:00")):
            raise Faulty(f"“{line}” ends before it begins", hint + "; 00:00 is midnight at the day's end")
        found += [(day, opens, closes) for day in numbers]
    return sorted(found)


def _hours_in_words(rows: list[tuple[int, Any, Any]]) -> list[str]:
    """Neighbouring days with the same span on one line."""
    names = list(DAYS)
    lines = []
    for (opens, closes), same in groupby(sorted(rows, key=lambda r: (r[1], r[2], r[0])), key=lambda r: (r[1], r[2])):
        days = [day for day, _, _ in same]
        for _, run in groupby(enumerate(days), key=lambda pair: pair[1] - pair[0]):
            stretch = [names[day] for _, day in run]
            span = stretch[0] if len(stretch) == 1 else f"{stretch[0]}-{stretch[-1]}"
            lines.append(f"{span} {opens:%H:%M}-{closes:%H:%M}")
    return lines


def y_time(text: str) -> Any:
    return OpeningHours._meta.get_field("opens").to_python(text) if len(text) == 5 else _no_time(text)


def _no_time(text: str) -> Any:
    raise ValueError(text)


def _days_off(node: Node) -> list[tuple[Any, str]]:
    found = []
    for line in y.list_of(y.words(100)).read(node):
        day, _, name = line.partition(" ")
        try:
            found.append((Holiday._meta.get_field("date").to_python(day), name.strip()[:80] or day))
        except ValidationError as error:
            raise Faulty(f"“{line}” does not begin with a day", "write it like “2026-12-24 Christmas Eve”") from error
    return sorted(found)


def _zone(node: Node) -> str:
    try:
        validate_zone(node.text)
    except ValidationError as error:
        raise Faulty(f"“{node.text}” is not a time zone", "write one like Europe/Berlin or UTC") from error
    return node.text


def _country(node: Node) -> str:
    if node.text and node.text not in holidays.list_supported_countries():
        raise Faulty(f"no public holidays are known for “{node.text}”", "write two letters, for example DE or US")
    return node.text


def _words_of(choices: Any, name: Callable[[Any], str] = lambda member: member.value) -> Kind:
    return y.choice({name(member): member for member in choices})


def _decimal(node: Node) -> Decimal:
    return Decimal(str(y.number(0, 999_999, whole=False).read(node)))


priority = _words_of(Priority, lambda member: member.name.lower())
in_force = Key("in_force", y.truth, True)

SKILLS = Table(
    "skills", Skill, ("key",), (Key("key", y.slug, is_required=True), Key("name", y.words(80), is_required=True)),
    columns={"key": "slug"},
)  # fmt: skip
CATEGORIES = Table(
    "categories", Category, ("key",),
    (
        Key("key", y.slug, is_required=True),
        Key("name", y.words(80), is_required=True),
        Key("offered_in_the_form", y.truth, True),
        Key("in_use", y.truth, True),
    ),
    columns={"key": "slug", "offered_in_the_form": "is_public", "in_use": "is_active"}, ordered_in="",
)  # fmt: skip
TAGS = Table("tags", Tag, ("name",), (Key("name", y.words(60), is_required=True),))
TEAMS = TeamTable(
    "teams", Team, ("key",),
    (
        Key("key", y.slug, is_required=True),
        Key("name", y.words(80), is_required=True),
        Key("tier", y.number(0, 9), is_required=True),
        Key("department", y.text(80), ""),
        Key("time_zone", Kind(_zone)),
        Key("public_holidays_of", Kind(_country)),
        Key("always_open", y.truth, False),
        Key("restricted", y.truth, False),
        Key("takes_the_rest", y.truth, False),
        Key("signature", y.text(2000)),
        Key("hours", Kind(_hours, _hours_in_words)),
        Key("days_off", Kind(_days_off, lambda rows: [f"{day} {name}" for day, name in rows])),
    ),
    columns={
        "key": "slug", "public_holidays_of": "holiday_country", "always_open": "is_always_open",
        "restricted": "is_restricted", "takes_the_rest": "is_default",
    },
)  # fmt: skip
POLICIES = Table(
    "sla_policies", SlaPolicy, ("name",),
    (
        Key("name", y.words(80), is_required=True),
        Key("priority", priority),
        Key("channel", _words_of(Channel), ""),
        Key("customer_tier", _words_of(CustomerTier), ""),
        Key("first_response", y.minutes, is_required=True),
        Key("resolution", y.minutes, is_required=True),
        Key("update_every", y.minutes, 240),
        Key("warn_at_percent", y.number(1, 99), 75),
        Key("in_business_hours", y.truth, True),
        in_force,
    ),
    columns={"in_force": "is_active"}, ordered_in="",
)  # fmt: skip
RULES = Table(
    "rules", Rule, ("stage", "name"),
    (
        Key("stage", _words_of(RuleStage), is_required=True),
        Key("name", y.words(80), is_required=True),
        Key("conditions", y.anything, {}),
        Key("actions", y.anything, is_required=True),
        Key("stops", y.truth, False),
        in_force,
    ),
    columns={"in_force": "is_active"}, ordered_in="stage",
)  # fmt: skip
MACROS = Table(
    "macros", Macro, ("name",),
    (
        Key("name", y.words(120), is_required=True),
        Key("team", y.slug),
        Key("body", y.text(20_000), ""),
        Key("actions", y.anything, []),
        Key("in_use", y.truth, True),
    ),
    columns={"in_use": "is_active"}, references={"team": Team}, ordered_in="",
)  # fmt: skip


VIEWS = ViewTable(
    "views", SavedView, ("key",),
    (
        Key("key", y.slug, is_required=True),
        Key("name", y.words(60), is_required=True),
        Key("filters", y.anything, {}),
        Key("shown", y.truth, True),
    ),
    columns={"key": "slug", "shown": "is_active"}, ordered_in="",
)  # fmt: skip
CONDITIONS = Table(
    "conditions", MoveCondition, ("before", "needs", "only_category"),
    (
        Key("before", _words_of(State), is_required=True),
        Key("needs", _words_of(MoveCondition.Needs), is_required=True),
        Key("only_category", y.slug),
        in_force,
    ),
    columns={"before": "state", "in_force": "is_active"}, references={"only_category": Category},
)  # fmt: skip
TARGETS = Table(
    "targets", Target, ("metric",),
    (
        Key("metric", y.slug, is_required=True),
        Key("name", y.words(80), is_required=True),
        Key("aim", _words_of(Target.Direction), is_required=True),
        Key("value", Kind(_decimal), is_required=True),
        Key("unit", y.words(16), is_required=True),
        Key("per_agent", y.truth, False),
    ),
    columns={"aim": "direction", "per_agent": "is_per_agent"},
)  # fmt: skip
# A table may refer to those before it.
TABLES = (SKILLS, CATEGORIES, TAGS, TEAMS, POLICIES, RULES, MACROS, VIEWS, CONDITIONS, TARGETS)
