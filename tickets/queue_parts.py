"""Parts of a queue's page that change with the desk's settings only: rendered once and kept with them."""

from collections.abc import Callable, Mapping
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import get_language
from markupsafe import Markup

from tickets import chips
from tickets.desk import Desk
from tickets.queues import kept

MOST_PARTS = 200  # some kilobytes each; every choice of chips is one


def bulk(desk: Desk) -> Markup:
    """The bar of what can be done to the ticked tickets, but for the page to come back to."""
    return _part(
        "desk/_queue_bulk.html", "", desk, lambda: {"chips": chips.chips({}, desk), "people": chips.people(desk)}
    )


def chip_menus(filters: Mapping[str, Any], desk: Desk) -> Markup:
    """A chip for each of chips.KEYS with what `filters` choose."""
    chosen = {key: filters[key] for key in chips.KEYS if filters.get(key)}
    return _part("desk/_queue_chips.html", repr(chosen), desk, lambda: {"chips": chips.chips(chosen, desk)})


def _part(template: str, of: str, desk: Desk, context: Callable[[], dict[str, Any]]) -> Markup:
    store, key = kept(desk).setdefault("parts", {}), (template, of, get_language())
    if key not in store:
        if len(store) >= MOST_PARTS:
            store.clear()
        store[key] = Markup(render_to_string(template, context()))  # noqa: S704 - our own template, escaped there
    made: Markup = store[key]
    return made
