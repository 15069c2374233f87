"""How one list of the playbook and the rows of one table become each other, without needless writes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Model

from helpdesk.lib import lined_yaml as y
from helpdesk.lib.lined_yaml import Key, Record
from helpdesk.lib.section import Change
from tickets.models import Holiday, OpeningHours, SavedView, Team

POSITION_STEP = 10
# The order in which a rule's or filter's keys read best; the database keeps none.
READING_ORDER = ("all", "any", "not", "do", "field", "op", "value")


@dataclass(frozen=True)
class Table:
    """One list of the section. `by`: the keys that name an entry; `columns`: keys named unlike their column;
    `references`: keys that hold another table's key; `ordered_in`: entries without a position get one by their order
    in the file, counted anew for each value of that key ("" for the whole list)."""

    key: str
    model: type[Model]
    by: tuple[str, ...]
    keys: tuple[Key, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    references: Mapping[str, type[Model]] = field(default_factory=dict)
    ordered_in: str | None = None

    @property
    def all_keys(self) -> tuple[Key, ...]:
        return self.keys if self.ordered_in is None else (*self.keys, Key("position", y.number(0, 30_000)))

    def label(self, values: Mapping[str, Any]) -> str:
        return " · ".join(str(values[key]) for key in self.by if values[key] is not None)

    def load(self, entries: Iterable[Record]) -> list[Change]:
        """Bring the rows to what the entries say; a key left out of the file without a default leaves its column."""
        wanted = self.with_positions(entries)
        rows = {self.label(self.entry(row)): row for row in self.rows()}
        changes = [self.save(rows.get(self.label(values)), values) for values in wanted]
        named = {self.label(values) for values in wanted}
        return changes + [Change(self.key, label, "extra") for label in rows if label not in named]

    def save(self, row: Any, values: dict[str, Any]) -> Change:
        wanted = {self.columns.get(key, key): self.column_value(key, value) for key, value in values.items()}
        wanted = {column: value for column, value in wanted.items() if value is not ...}
        label = self.label(values)
        if row is None:
            self.model._default_manager.create(**wanted)
            return Change(self.key, label, "created")
        fields = {}
        for column, value in wanted.items():
            old = getattr(row, column)
            if old != value:
                fields[column] = (old, value)
                setattr(row, column, value)
        if fields:
            row.save()
        return Change(self.key, label, "changed" if fields else "same", fields)

    def column_value(self, key: str, value: Any) -> Any:
        """The value for the column; `...` (leave it) where the file says nothing and there is no default."""
        if key in self.references:
            slug = {"slug": value} if value is not None else None
            return self.references[key]._default_manager.get(**slug) if slug else None
        if value is None and not self.model._meta.get_field(self.columns.get(key, key)).null:
            return ...
        return value

    def rows(self) -> Any:
        return self.model._default_manager.select_related(*(self.columns.get(key, key) for key in self.references))

    def export(self) -> list[dict[str, Any]]:
        """Every row as an entry; what is as it would be anyway is left out."""
        entries: list[dict[str, Any]] = []
        counted: dict[Any, int] = {}
        for row in self.rows():
            entry = self.entry(row)
            group = entry.get(self.ordered_in or "")
            counted[group] = counted.get(group, 0) + POSITION_STEP
            if self.ordered_in is not None and entry["position"] == counted[group]:
                del entry["position"]
            kinds = {key.name: key for key in self.all_keys}
            entries.append(
                {
                    name: tidy(kinds[name].kind.write(value))
                    for name, value in entry.items()
                    if value is not None and value != kinds[name].default
                }
            )
        return entries

    def entry(self, row: Any) -> dict[str, Any]:
        """A row's values by the file's keys."""
        values = {}
        for key in self.all_keys:
            value = getattr(row, self.columns.get(key.name, key.name))
            values[key.name] = value.slug if key.name in self.references and value is not None else value
        return values

    def with_positions(self, entries: Iterable[Record]) -> list[dict[str, Any]]:
        placed: list[dict[str, Any]] = []
        counted: dict[Any, int] = {}
        for entry in entries:
            values = dict(entry.values)
            group = values.get(self.ordered_in or "")
            counted[group] = counted.get(group, 0) + POSITION_STEP
            if self.ordered_in is not None and values["position"] is None:
                values["position"] = counted[group]
            placed.append(values)
        return placed


class TeamTable(Table):
    """Teams, with their opening hours and days off as short lines."""

    def save(self, row: Any, values: dict[str, Any]) -> Change:
        values = dict(values)
        hours, days_off = values.pop("hours"), values.pop("days_off")
        if values["takes_the_rest"]:
            # Only one team may: the one in the file takes over.
            for other in Team.objects.filter(is_default=True).exclude(slug=values["key"]):
                other.is_default = False
                other.save()
        change = super().save(row, values)
        team = Team.objects.get(slug=values["key"])
        differing = {
            **_replace(team, OpeningHours, ("weekday", "opens", "closes"), hours, "hours"),
            **_replace(team, Holiday, ("date", "name"), days_off, "days_off"),
        }
        if change.kind == "created" or not differing:
            return change
        return Change(self.key, change.name, "changed", {**change.fields, **differing})

    def entry(self, row: Any) -> dict[str, Any]:
        plain = Table(self.key, self.model, self.by, self.keys[:-2], self.columns)
        return {
            **plain.entry(row),
            "hours": [(h.weekday, h.opens, h.closes) for h in row.opening_hours.all()],
            "days_off": [(h.date, h.name) for h in row.holidays.all()],
        }

    def rows(self) -> Any:
        return Team.objects.prefetch_related("opening_hours", "holidays")


class ViewTable(Table):
    """The shared views; what people made for themselves is theirs."""

    def rows(self) -> Any:
        return SavedView.objects.filter(owner__isnull=True)


def _replace(team: Team, model: type[Model], columns: tuple[str, ...], wanted: list[Any] | None, name: str) -> dict:
    """Make the team's child rows exactly `wanted`; returns {name: (before, after)} if they were not so already."""
    if wanted is None:
        return {}
    rows = model._default_manager.filter(team=team)
    before = list(rows.values_list(*columns))
    if sorted(before) == sorted(wanted):
        return {}
    rows.delete()
    model._default_manager.bulk_create(model(team=team, **dict(zip(columns, row, strict=True))) for row in wanted)
    return {name: (len(before), len(wanted))}


def tidy(value: Any) -> Any:
    """Plain values for the file: rules' keys in reading order, numbers without a needless fraction."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: READING_ORDER.index(key) if key in READING_ORDER else 99)
        return {key: tidy(value[key]) for key in keys}
    if isinstance(value, list):
        return [tidy(item) for item in value]
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return value
