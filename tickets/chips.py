"""The filter chips over a queue: what the address asks for, laid over a view's filters, and what each chip offers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tickets.desk import Desk
from tickets.models import Channel, Priority, State
from tickets.queues import DUE, SORTS

# The chips' keys, as tickets.view_filters names them. An address with `f` in it says them all: one left out means any.
KEYS = ("state", "channel", "priority", "team", "category", "assignee")
TOLD_BY_NAME = 2  # up to so many chosen values stand on the chip


@dataclass(frozen=True)
class Chip:
    """`options` are (value, label, is chosen); several may be chosen unless `is_single`."""

    key: str
    name: str
    options: list[tuple[str, str, bool]]
    is_single: bool = False

    @property
    def value(self) -> str:
        """What is chosen, in words; empty: any."""
        chosen = [label for value, label, is_chosen in self.options if is_chosen and value]
        if len(chosen) > TOLD_BY_NAME:
            return ngettext("%(count)d chosen", "%(count)d chosen", len(chosen)) % {"count": len(chosen)}
        return ", ".join(chosen)


def asked(query: QueryDict, filters: Mapping[str, Any], desk: Desk) -> dict[str, Any]:
    """A view's `filters` with what the address changes of them; values nobody knows are passed over."""
    asked = dict(filters)
    if tags := [tag for tag in query.getlist("tag") if tag]:
        asked["tag"] = tags[:5]
    if "f" not in query:
        return asked
    for key in KEYS:
        asked.pop(key, None)
        if values := _values(key, query.getlist(key), desk):
            asked[key] = values
    if "state" in asked:
        asked.pop("turn", None)
    return asked


def sort_of(query: QueryDict, *, is_open_only: bool) -> str:
    """The order asked for; tickets that are done have no time left and show newest first."""
    sort = query.get("sort", DUE)
    return sort if is_open_only and sort in SORTS else DUE if is_open_only else "newest"


def is_changed(filters: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    return {key: value for key, value in filters.items() if value} != asked


def _values(key: str, given: list[str], desk: Desk) -> Any:
    known: Iterable[str]
    if key == "assignee":
        return _assignee(given[0], desk) if given else None
    if key == "priority":
        return [int(value) for value in given if value in map(str, Priority.values)]
    known = {
        "state": State.values, "channel": Channel.values, "team": [*desk.team_by_slug, "mine"],
        "category": desk.category_by_slug,
    }[key]  # fmt: skip
    return [value for value in given if value in known]


def _assignee(given: str, desk: Desk) -> str | int | None:
    if given in ("me", "none"):
        return given
    return int(given) if given.isdecimal() and int(given) in desk.staff else None


def chips(filters: Mapping[str, Any], desk: Desk) -> list[Chip]:
    """The chips with what `filters` choose; state and channel first, as people look for them."""
    return [
        _chip("state", _("State"), filters, ((state.value, str(state.label)) for state in State)),
        _chip("channel", _("Channel"), filters, ((channel.value, str(channel.label)) for channel in Channel)),
        _chip("priority", _("Priority"), filters, ((str(level.value), str(level.label)) for level in Priority)),
        _chip("team", _("Team"), filters, _teams(desk)),
        _chip("category", _("Category"), filters, ((slug, row.name) for slug, row in desk.category_by_slug.items())),
        _chip("assignee", _("Assignee"), filters, people(desk), is_single=True),
    ]


def _teams(desk: Desk) -> list[tuple[str, str]]:
    return [("mine", _("My teams")), *((slug, team.name) for slug, team in desk.team_by_slug.items())]


def people(desk: Desk) -> list[tuple[str, str]]:
    """Whom tickets may be with: oneself, nobody, then everybody by name."""
    cards = sorted((card for card in desk.staff.values()), key=lambda card: card.name.casefold())
    return [("me", _("Me")), ("none", _("Nobody")), *((str(card.id), card.name) for card in cards)]


def _chip(
    key: str, name: str, filters: Mapping[str, Any], options: Iterable[tuple[str, str]], *, is_single: bool = False
) -> Chip:
    given = filters.get(key) or ()
    chosen = {str(value) for value in (given if isinstance(given, list) else [given])} if given else set()
    shown = [(value, label, value in chosen) for value, label in options]
    return Chip(key, name, [("", _("Anybody"), not chosen), *shown] if is_single else shown, is_single)
