"""Prepared answers: fills a macro's text from the ticket and applies what it also sets, through the verbs."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets import assignment, details, links, timeline
from tickets.desk import Desk
from tickets.models import EventKind, Macro, Priority, State, Ticket, User

MAX_ACTIONS = 10
PLACEHOLDER = re.compile(r"\{\{\s*([a-z_.]{1,40})\s*\}\}")
ANY_BRACES = re.compile(r"\{\{([^{}]{0,60})\}\}")

# The only names a text may hold, in the order the editor explains them. Nothing is ever evaluated.
PLACEHOLDERS: dict[str, tuple[Any, Callable[[Ticket, User], str]]] = {
    "customer.name": (gettext_lazy("the customer's name"), lambda ticket, user: _customer_name(ticket)),
    "customer.first_name": (
        gettext_lazy("the customer's first name, or “there”"),
        lambda ticket, user: _first_name(ticket),
    ),
    "ticket.number": (gettext_lazy("the ticket's number"), lambda ticket, user: str(ticket.number)),
    "ticket.subject": (gettext_lazy("the ticket's subject"), lambda ticket, user: ticket.subject),
    "ticket.reference": (gettext_lazy("the order or invoice number"), lambda ticket, user: ticket.reference),
    "ticket.link": (
        gettext_lazy("the link to the customer's own page"),
        lambda ticket, user: links.customer_url(ticket),
    ),
    "agent.name": (gettext_lazy("your name"), lambda ticket, user: user.name),
    "site.name": (gettext_lazy("the name of your desk"), lambda ticket, user: settings.SITE_NAME),
}

# What a macro may also set; a reply's next state is set when the reply is sent, all else when the macro is applied.
ACTIONS: dict[str, Any] = {
    "set_state": gettext_lazy("send as"),
    "set_priority": gettext_lazy("set the priority"),
    "set_category": gettext_lazy("set the category"),
    "set_team": gettext_lazy("move to the team"),
    "add_tag": gettext_lazy("add the tag"),
    "remove_tag": gettext_lazy("remove the tag"),
    "assign": gettext_lazy("assign to"),
}
PRIORITIES = {priority.name.lower(): priority for priority in Priority}
NEXT_STATES = (State.IN_PROGRESS, State.PENDING_CUSTOMER, State.PENDING_INTERNAL, State.RESOLVED)
ASSIGN = {"me": gettext_lazy("me"), "none": gettext_lazy("nobody")}


@dataclass(frozen=True)
class Filled:
    """A macro made ready for a ticket: text for the composer, what will change in words, and the state to send as."""

    body: str
    changes: list[str]
    actions: list[dict[str, Any]]
    next_state: State | None = None


def fill(macro: Macro, ticket: Ticket, user: User, desk: Desk) -> Filled:
    """The macro's text with its placeholders filled in, and what it would change on this ticket. Changes nothing."""
    changes = [words for action in macro.actions if (words := _change_in_words(action, ticket, user, desk))]
    wanted = [action["value"] for action in macro.actions if action["do"] == "set_state"]
    next_state = State(wanted[-1]) if wanted else None
    return Filled(fill_text(macro.body, ticket, user), changes, list(macro.actions), next_state)


def fill_text(body: str, ticket: Ticket, user: User) -> str:
    """Replace known placeholders in one pass; whatever else stands in braces, or in what was filled in, stays text."""

    def value(match: re.Match[str]) -> str:
        known = PLACEHOLDERS.get(match[1])
        return known[1](ticket, user) if known else match[0]

    return PLACEHOLDER.sub(value, body)


def apply(ticket: Ticket, macro: Macro, *, by: User, desk: Desk, now: datetime | None = None) -> Ticket:
    """Do everything the macro sets but the next state (the reply's), in one transaction with an event that names it."""
    now = now or timezone.now()
    with transaction.atomic():
        for action in macro.actions:
            if action["do"] in DO:
                ticket = DO[action["do"]](ticket, action["value"], by, desk, now)
        timeline.record(timeline.event(ticket, EventKind.MACRO_USED, by=by, now=now, macro=macro.pk, name=macro.name))
    return ticket


def usable(desk: Desk, ticket: Ticket) -> list[Macro]:
    """The macros offered on a ticket: those for every team and those of its own."""
    return [macro for macro in desk.macros if macro.team_id in (None, ticket.team_id)]


def problems(body: str, actions: Any, *, known: Mapping[str, set[str]]) -> list[str]:
    """What is wrong with a macro, in words; `known` holds the keys of "category" and "team"."""
    found = [
        _("“{{%(name)s}}” is not filled in; use one of: %(known)s")
        % {"name": name, "known": ", ".join(f"{{{{{known_name}}}}}" for known_name in PLACEHOLDERS)}
        for name in ANY_BRACES.findall(body)
        if name.strip() not in PLACEHOLDERS
    ]
    if not isinstance(actions, list) or len(actions) > MAX_ACTIONS:
        return [*found, _("What it also sets must be a list of %(count)d entries at most.") % {"count": MAX_ACTIONS}]
    return found + [fault for action in actions if (fault := _fault(action, known))]


def _fault(action: Any, known: Mapping[str, set[str]]) -> str:
    if not isinstance(action, dict) or set(action) != {"do", "value"} or not isinstance(action["value"], str):
        return _("Each thing it sets needs exactly “do” and “value”, both text.")
    do, value = action["do"], action["value"]
    if do not in ACTIONS:
        return _("“%(do)s” is nothing a macro can do; use one of: %(known)s") % {"do": do, "known": ", ".join(ACTIONS)}
    choices = {
        "set_state": {state.value for state in NEXT_STATES},
        "set_priority": set(PRIORITIES),
        "set_category": known["category"],
        "set_team": known["team"],
        "assign": set(ASSIGN),
    }.get(do)
    if choices is not None and value not in choices:
        return _("%(do)s: “%(value)s” is not known; use one of: %(known)s") % {
            "do": do, "value": value, "known": ", ".join(sorted(choices)),
        }  # fmt: skip
    if choices is None and not 0 < len(value.strip()) <= 60:
        return _("%(do)s: write a tag of 1 to 60 characters.") % {"do": do}
    return ""


def _change_in_words(action: dict[str, Any], ticket: Ticket, user: User, desk: Desk) -> str:
    """One change as a person says it; empty when the ticket is so already."""
    do, value = action["do"], action["value"]
    if do == "set_state":
        return _("Send as %(state)s") % {"state": State(value).label}
    if do == "set_priority" and PRIORITIES[value] != ticket.priority:
        return _("Priority: %(priority)s") % {"priority": PRIORITIES[value].label}
    if do == "set_category":
        category = desk.category_by_slug.get(value)
        if category is None or category.pk == ticket.category_id:
            return ""
        return _("Category: %(name)s") % {"name": category.name}
    if do == "set_team":
        team = desk.team_by_slug.get(value)
        return _("Team: %(name)s") % {"name": team.name} if team is not None and team.pk != ticket.team_id else ""
    if do == "add_tag":
        return _("Tag added: %(tag)s") % {"tag": value}
    if do == "remove_tag":
        return _("Tag removed: %(tag)s") % {"tag": value}
    if do == "assign" and value == "me" and ticket.assignee_id != user.pk:
        return _("Assigned to you")
    if do == "assign" and value == "none" and ticket.assignee_id:
        return _("Assigned to nobody")
    return ""


def _set_priority(ticket: Ticket, value: str, by: User, desk: Desk, now: datetime) -> Ticket:
    return details.set_priority(ticket, priority=PRIORITIES[value], by=by, now=now)


def _set_category(ticket: Ticket, value: str, by: User, desk: Desk, now: datetime) -> Ticket:
    category = desk.category_by_slug.get(value)
    return details.set_category(ticket, category=category, by=by, now=now) if category else ticket


def _set_team(ticket: Ticket, value: str, by: User, desk: Desk, now: datetime) -> Ticket:
    team = desk.team_by_slug.get(value)
    return details.set_team(ticket, team=team, by=by, now=now) if team else ticket


def _add_tag(ticket: Ticket, value: str, by: User, desk: Desk, now: datetime) -> Ticket:
    return details.add_tags(ticket, names=[value], by=by, now=now)


def _remove_tag(ticket: Ticket, value: str, by: User, desk: Desk, now: datetime) -> Ticket:
    return details.remove_tags(ticket, names=[value], by=by, now=now)


def _assign(ticket: Ticket, value: str, by: User, desk: Desk, now: datetime) -> Ticket:
    if value == "me":
        return ticket if ticket.assignee_id == by.pk else assignment.assign(ticket, to=by, by=by, now=now)
    return assignment.unassign(ticket, by=by, now=now) if ticket.assignee_id else ticket


DO: dict[str, Callable[[Ticket, str, User, Desk, datetime], Ticket]] = {
    "set_priority": _set_priority,
    "set_category": _set_category,
    "set_team": _set_team,
    "add_tag": _add_tag,
    "remove_tag": _remove_tag,
    "assign": _assign,
}


def _customer_name(ticket: Ticket) -> str:
    return ticket.customer_name or _("there")


def _first_name(ticket: Ticket) -> str:
    """The first word of the name; an address that stands in for a name is none."""
    first = ticket.customer_name.split(" ")[0]
    return first if first and "@" not in first else _("there")
