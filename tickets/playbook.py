"""The tickets room's section of the playbook: what its lists hold together, and the desk's timing."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from helpdesk.lib import lined_yaml as y
from helpdesk.lib.lined_yaml import Key, Node, Problem, Record, nearest, record, records, unknown
from helpdesk.lib.section import Change
from tickets import desk as desk_settings
from tickets import macros, rule_actions, rules, view_filters
from tickets.desk import Desk
from tickets.models import Category, LifecycleTiming, Skill, Team
from tickets.playbook_rows import tidy
from tickets.playbook_tables import TABLES

TIMING = tuple(
    Key(name, y.minutes)
    for name in (
        "classify_within", "update_reminder_before", "follow_up_after", "internal_alert_after", "close_after",
        "after_close_follow_up", "reopen_window", "breaching_soon",
    )
)  # fmt: skip
Data = dict[str, list[Record]]
Names = dict[str, set[str]]


class TicketsSection:
    """See helpdesk.lib.section.Section."""

    key = "tickets"

    def read(self, node: Node) -> tuple[Data, list[Problem]]:
        problems: list[Problem] = []
        if not node.is_map:
            return {}, [Problem(node.line, "the section should hold lists", "start with “skills:” or “teams:”")]
        unknown(node, [*(table.key for table in TABLES), "timing"], problems)
        data = {
            table.key: records(node.value.get(table.key), table.all_keys, table.by[-1], problems)
            if len(table.by) == 1
            else _entries(node.value.get(table.key), table, problems)
            for table in TABLES
        }
        if "timing" in node.value:
            timing = record(node.value["timing"], TIMING, problems)
            data["timing"] = [timing] if timing else []
        names = _names(data)
        for check in (_one_default_team, _references, _rules, _macros, _views):
            problems += check(data, names)
        return data, problems

    def load(self, data: Data) -> list[Change]:
        changes = [change for table in TABLES for change in table.load(data[table.key])]
        return changes + [_load_timing(entry) for entry in data.get("timing", [])]

    def export(self) -> dict[str, Any]:
        content: dict[str, Any] = {table.key: table.export() for table in TABLES}
        timing = LifecycleTiming.objects.first() or LifecycleTiming()
        content["timing"] = {key.name: key.kind.write(getattr(timing, key.name)) for key in TIMING}
        return {key: tidy(value) for key, value in content.items() if value}


section = TicketsSection()


def _entries(node: Node | None, table: Any, problems: list[Problem]) -> list[Record]:
    """As `records`, for tables whose entries are named by several keys together."""
    if node is None or node.value is None:
        return []
    if not node.is_list:
        problems.append(Problem(node.line, "here should stand a list", "start each entry with “- ”"))
        return []
    found: list[Record] = []
    seen: dict[str, int] = {}
    for item in node.value:
        entry = record(item, table.all_keys, problems)
        if entry is None:
            continue
        label = table.label(entry.values)
        if label in seen:
            problems.append(Problem(entry.line, f"“{label}” is given twice, first in line {seen[label]}", "keep one"))
        seen.setdefault(label, entry.line)
        found.append(entry)
    return found


def _load_timing(entry: Record) -> Change:
    timing = LifecycleTiming.objects.first()
    given = {name: value for name, value in entry.values.items() if value is not None}
    if timing is None:
        LifecycleTiming.objects.create(**given)
        return Change("timing", "timing", "created")
    fields = {name: (getattr(timing, name), value) for name, value in given.items() if getattr(timing, name) != value}
    for name, value in given.items():
        setattr(timing, name, value)
    if fields:
        timing.save()
    return Change("timing", "timing", "changed" if fields else "same", fields)


# What no single entry can tell: each returns its problems, at the line of the entry's key.


def _names(data: Data) -> Names:
    """The keys one may refer to: those in the file and those already in the desk."""
    return {
        "category": _keys(data["categories"]) | set(Category.objects.values_list("slug", flat=True)),
        "skill": _keys(data["skills"]) | set(Skill.objects.values_list("slug", flat=True)),
        "team": _keys(data["teams"]) | set(Team.objects.values_list("slug", flat=True)),
    }


def _keys(entries: Iterable[Record]) -> set[str]:
    return {entry.values["key"] for entry in entries}


def _one_default_team(data: Data, names: Names) -> list[Problem]:
    takers = [team for team in data["teams"] if team.values["takes_the_rest"]]
    return [
        Problem(team.line_of("takes_the_rest"), "two teams take what no rule routes", "keep it at one team")
        for team in takers[1:]
    ]


def _references(data: Data, names: Names) -> list[Problem]:
    found = []
    for entries, key, what in (("macros", "team", "team"), ("conditions", "only_category", "category")):
        for entry in data[entries]:
            value = entry.values[key]
            if value is not None and value not in names[what]:
                message = f"there is no {what} “{value}”"
                found.append(Problem(entry.line_of(key), message, nearest(value, sorted(names[what]))))
    return found


def _rules(data: Data, names: Names) -> list[Problem]:
    desk = _desk_with(data)

    def actions(values: dict[str, Any]) -> list[str]:
        return rule_actions.problems(values["actions"], values["stage"], desk)

    def conditions(values: dict[str, Any]) -> list[str]:
        found = rules.problems(values["conditions"], values["actions"], values["stage"], desk)
        return found[: len(found) - len(actions(values))]

    return _said_by(data["rules"], "conditions", conditions) + _said_by(data["rules"], "actions", actions)


def _desk_with(data: Data) -> Desk:
    """The desk as it will be, as far as rules name its parts."""
    now = desk_settings.current()
    return replace(
        now,
        categories=_with_new(Category, now.categories, data["categories"]),
        teams=_with_new(Team, now.teams, data["teams"]),
        skills=_with_new(Skill, now.skills, data["skills"]),
    )


def _with_new(model: Any, rows: dict[int, Any], entries: list[Record]) -> dict[int, Any]:
    new = [model(slug=entry.values["key"], name=entry.values["name"]) for entry in entries]
    return dict(enumerate([*rows.values(), *new]))


def _macros(data: Data, names: Names) -> list[Problem]:
    return _said_by(data["macros"], "actions", lambda v: macros.problems(v["body"], v["actions"], known=names))


def _views(data: Data, names: Names) -> list[Problem]:
    return _said_by(data["views"], "filters", lambda v: view_filters.problems(v["filters"], known=names))


def _said_by(entries: list[Record], key: str, ask: Callable[[dict[str, Any]], Iterable[str]]) -> list[Problem]:
    return [
        Problem(entry.line_of(key), f"“{entry.values.get('name', '')}”: {message}", "")
        for entry in entries
        for message in ask(entry.values)
    ]
