"""The escalation room's section of the playbook: ladders with their levels, and what starts a climb."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from escalation.models import Ladder
from escalation.playbook_tables import LADDERS, LEVELS, TRIGGERS, owner_of
from helpdesk.lib.lined_yaml import Node, Problem, Record, nearest, record, records, unknown
from helpdesk.lib.section import Change, Unloadable
from tickets import desk as desk_settings
from tickets import rule_checks
from tickets.models import SAID_BY_PEOPLE, Category, EscalationReason, Team, User
from tickets.playbook_rows import tidy

Data = dict[str, list[Record]]
# What a trigger of each kind cannot do without: the key, what is missing, and how to write it.
NEEDS = {
    EscalationReason.NO_RESPONSE: ("after", "add “after: 15 min”"),
    EscalationReason.UNSOLVED: ("after", "add “after: 1 h”"),
    EscalationReason.POOR_RATING: ("below", "add “below: 3”"),
    EscalationReason.WORDS: ("words", "add “words: [one, two]”"),
    EscalationReason.CUSTOMER: ("only_if", "add “only_if: {field: customer_tier, op: is, value: vip}”"),
    EscalationReason.TOPIC: ("only_if", "add “only_if: {field: category, op: is, value: …}”"),
}


class EscalationSection:
    """See helpdesk.lib.section.Section."""

    key = "escalation"

    def read(self, node: Node) -> tuple[Data, list[Problem]]:
        problems: list[Problem] = []
        if not node.is_map:
            return {}, [Problem(node.line, "the section should hold lists", "start with “ladders:”")]
        unknown(node, [LADDERS.key, TRIGGERS.key], problems)
        ladders, levels = _ladders(node.value.get(LADDERS.key), problems)
        triggers = records(node.value.get(TRIGGERS.key), TRIGGERS.all_keys, "name", problems)
        data = {LADDERS.key: ladders, LEVELS.key: levels, TRIGGERS.key: triggers}
        if not problems:
            problems += [fault for check in (_one_default, _rungs, _owners, _triggers) for fault in check(data)]
            problems += _conditions(data, None)
        return data, problems

    def load(self, data: Data) -> list[Change]:
        if missing := [*_missing(data), *_conditions(data, _desk_now())]:
            raise Unloadable(missing)
        ladders = LADDERS.load(data[LADDERS.key])
        named = {entry.values["key"] for entry in data[LADDERS.key]}
        levels = [
            change for change in LEVELS.load(data[LEVELS.key])
            if change.kind != "extra" or change.name.split(" · ")[0] in named
        ]  # fmt: skip
        return [*ladders, *levels, *TRIGGERS.load(data[TRIGGERS.key])]

    def export(self) -> Mapping[str, Any]:
        levels: dict[str, list[dict[str, Any]]] = {}
        for entry in LEVELS.export():
            levels.setdefault(entry.pop("ladder"), []).append(entry)
        ladders = [{**entry, "levels": levels.get(entry["key"], [])} for entry in LADDERS.export()]
        return {key: value for key, value in ((LADDERS.key, ladders), (TRIGGERS.key, tidy(TRIGGERS.export()))) if value}


section = EscalationSection()


def _ladders(node: Node | None, problems: list[Problem]) -> tuple[list[Record], list[Record]]:
    """Ladders, and the levels that stand inside them with their ladder's key."""
    if node is None or node.value is None:
        return [], []
    if not node.is_list:
        problems.append(Problem(node.line, "here should stand a list", "start each entry with “- key: …”"))
        return [], []
    without = []
    levels: list[Record] = []
    for item in node.value:
        inner = item.value.get("levels") if item.is_map else None
        outer = {key: value for key, value in item.value.items() if key != "levels"} if item.is_map else item.value
        without.append(replace(item, value=outer))
        key = item.value["key"].text if item.is_map and "key" in item.value else ""
        levels += _levels(inner, item, key, problems)
    return records(replace(node, value=without), LADDERS.all_keys, "key", problems), levels


def _levels(node: Node | None, ladder: Node, key: str, problems: list[Problem]) -> list[Record]:
    if node is None or not node.is_list or not node.value:
        line = node.line if node is not None else ladder.line
        problems.append(Problem(line, f"the ladder “{key}” has no levels", "add “levels:” with at least one"))
        return []
    keys = [each for each in LEVELS.all_keys if each.name != "ladder"]
    found = [read for item in node.value if (read := record(item, keys, problems))]
    for read in found:
        read.values["ladder"] = key
        read.values["climbs_after"] = read.values["climbs_after"] or (1 if read.values["self_service"] else None)
    return found


# What no single entry can tell: each returns its problems, at the line of the entry's key.


def _one_default(data: Data) -> list[Problem]:
    takers = [ladder for ladder in data[LADDERS.key] if ladder.values["takes_the_rest"]]
    message, fix = "two ladders take what no other fits", "keep it at one ladder"
    return [Problem(ladder.line_of("takes_the_rest"), message, fix) for ladder in takers[1:]]


def _rungs(data: Data) -> list[Problem]:
    """Ranks go up one by one; a rank, a name or a team that comes again would lead a climb back down. A role may come
    again: whoever of it has not had the ticket is asked."""
    found = []
    for ladder in data[LADDERS.key]:
        key, last = ladder.values["key"], None
        names: dict[str, int] = {}
        teams: dict[str, int] = {}
        for level in _levels_of(data, key):
            rank, line = level.values["rank"], level.line_of("rank")
            if last is None and rank > 1:
                found.append(Problem(line, f"the ladder “{key}” begins at rank {rank}", "begin at rank 1 (or 0)"))
            elif last is not None and rank <= last:
                message = f"the ladder “{key}” loops: rank {rank} comes after rank {last}"
                found.append(Problem(line, message, f"write rank {last + 1}"))
            elif last is not None and rank > last + 1:
                message = f"the ladder “{key}” has a gap: rank {rank} comes after rank {last}"
                found.append(Problem(line, message, f"write rank {last + 1}"))
            last = rank if last is None else max(rank, last)
            for seen, name, what in ((names, level.values["name"], "name"), (teams, level.values["team"], "team")):
                if name is not None and name in seen:
                    message = f"the ladder “{key}” loops: the level's {what} is that of rank {seen[name]}"
                    found.append(Problem(level.line, message, f"give each level a {what} of its own"))
                seen.setdefault(name or "", rank)
    return found


def _owners(data: Data) -> list[Problem]:
    found = []
    for level in data[LEVELS.key]:
        values = level.values
        given = [key for key in ("team", "role", "people", "self_service") if values[key]]
        name = f"the level “{values['name']}”"
        if not given:
            fix = "add “team: …”, “role: …” or “people: [address, …]”"
            found.append(Problem(level.line, f"{name} has no owner", fix))
        elif len(given) > 1:
            found.append(Problem(level.line_of(given[1]), f"{name} has two owners", f"keep one of: {', '.join(given)}"))
        elif values["self_service"] and values["rank"] != 0:
            message = f"{name} is left to the customers, which only rank 0 may be"
            found.append(Problem(level.line_of("self_service"), message, "give it a team"))
        if owner_of(values) and not values["climbs_after"]:
            found.append(Problem(level.line, f"{name} never climbs on", "add “climbs_after: 1 h”"))
    return found


def _triggers(data: Data) -> list[Problem]:
    found = []
    ranks = {ladder.slug: set(ladder.levels.values_list("rank", flat=True)) for ladder in Ladder.objects.all()}
    in_use = set(Ladder.objects.filter(is_active=True).values_list("slug", flat=True))
    for ladder in data[LADDERS.key]:
        key = ladder.values["key"]
        ranks[key] = {level.values["rank"] for level in _levels_of(data, key)}
        in_use = (in_use | {key}) if ladder.values["in_use"] else (in_use - {key})
    for trigger in data[TRIGGERS.key]:
        values, kind = trigger.values, EscalationReason(trigger.values["kind"])
        named = values["ladder"]
        if named is not None and named not in ranks:
            message = f"there is no ladder “{named}”"
            found.append(Problem(trigger.line_of("ladder"), message, nearest(named, sorted(ranks))))
        else:
            asked = [named] if named else sorted(in_use)
            for short in [key for key in asked if values["starts_at"] not in ranks[key]]:
                message = (
                    f"“{values['name']}” points at no level: the ladder “{short}” has no rank {values['starts_at']}"
                )
                fix = "use one of: " + ", ".join(str(rank) for rank in sorted(ranks[short]) if rank)
                found.append(Problem(trigger.line_of("starts_at"), message, fix))
        need, fix = NEEDS.get(kind, ("", ""))
        if need and not values[need] and kind not in SAID_BY_PEOPLE:
            found.append(Problem(trigger.line, f"“{values['name']}” needs “{need}”", fix))
    return found


def _conditions(data: Data, desk: Any) -> list[Problem]:
    """Conditions as of a rule; with `desk`, what they name must be there."""
    found = []
    for entries, key in (
        (data[LADDERS.key], "only_for"),
        (data[LEVELS.key], "only_if"),
        (data[TRIGGERS.key], "only_if"),
    ):
        for entry in entries:
            said = rule_checks.condition_problems(entry.values[key], desk)
            found += [Problem(entry.line_of(key), f"“{entry.values['name']}”: {message}", "") for message in said]
    return found


def _missing(data: Data) -> list[Problem]:
    """Teams and people that are neither in the file nor on the desk."""
    teams = set(Team.objects.values_list("slug", flat=True))
    people = set(User.objects.staff().values_list("email", flat=True))
    found = []
    for level in data[LEVELS.key]:
        if (slug := level.values["team"]) and slug not in teams:
            found.append(Problem(level.line_of("team"), f"there is no team “{slug}”", nearest(slug, sorted(teams))))
        for email in level.values["people"]:
            if email not in people:
                message = f"nobody of the desk has the address “{email}”"
                found.append(Problem(level.line_of("people"), message, nearest(email, sorted(people))))
    return found


def _desk_now() -> Any:
    """The desk as it is within this very load, as far as conditions name its parts."""
    return replace(
        desk_settings.current(),
        categories={category.pk: category for category in Category.objects.filter(is_active=True)},
        teams={team.pk: team for team in Team.objects.all()},
    )


def _levels_of(data: Data, key: str) -> Iterable[Record]:
    return [level for level in data[LEVELS.key] if level.values["ladder"] == key]
