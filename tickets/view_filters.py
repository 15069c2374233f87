"""What a saved view may filter by: the whitelist behind tickets.queues, checked wherever a view is written."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from tickets.models import Channel, CustomerTier, Priority, State

# Keys whose value is a list of these; None: the desk's own keys or free words, checked by name below.
LISTS: dict[str, list[Any] | None] = {
    "state": list(State.values),
    "priority": list(Priority.values),
    "channel": list(Channel.values),
    "customer_tier": list(CustomerTier.values),
    "category": None,
    "team": None,
    "tag": None,
}
WORDS = {"assignee": ("me", "none"), "due": ("soon", "over"), "turn": ("ours",)}
TRUTHS = ("angry", "breached", "escalated", "snoozed")
OWN_TEAMS = "mine"  # as a team: those the reader is in


def problems(filters: Any, *, known: Mapping[str, set[str]]) -> list[str]:
    """What is wrong with a view's filters, in words; `known` holds the keys of "category" and "team"."""
    if not isinstance(filters, dict):
        return [_("The filters must be “key: value” lines.")]
    return [fault for key, value in filters.items() if (fault := _fault(key, value, known))]


def _fault(key: str, value: Any, known: Mapping[str, set[str]]) -> str:
    if key in LISTS:
        return _list_fault(key, value, known)
    if key in WORDS:
        if value in WORDS[key] or (key == "assignee" and isinstance(value, int) and not isinstance(value, bool)):
            return ""
        return _one_of(key, value, WORDS[key])
    if key in TRUTHS:
        return "" if isinstance(value, bool) else _("%(key)s: write yes or no.") % {"key": key}
    known_keys = ", ".join([*LISTS, *WORDS, *TRUTHS])
    return _("“%(key)s” is no filter; use one of: %(known)s") % {"key": key, "known": known_keys}


def _list_fault(key: str, value: Any, known: Mapping[str, set[str]]) -> str:
    if not isinstance(value, list) or not value:
        return _("%(key)s: write a list, for example [one, two].") % {"key": key}
    if key == "tag":
        return "" if all(isinstance(tag, str) and tag for tag in value) else _("tag: write words.")
    choices = LISTS[key] or sorted(known[key]) + ([OWN_TEAMS] if key == "team" else [])
    wrong = [item for item in value if item not in choices]
    return _one_of(key, wrong[0], choices) if wrong else ""


def _one_of(key: str, value: Any, choices: Any) -> str:
    return _("%(key)s: “%(value)s” is not known; use one of: %(known)s") % {
        "key": key, "value": value, "known": ", ".join(map(str, choices)),
    }  # fmt: skip
