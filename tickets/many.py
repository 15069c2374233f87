"""One act on many tickets: each through its own verb and its own transaction, so that one refusal stops no other."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from tickets import assignment, details, joining, lifecycle
from tickets.desk import Desk
from tickets.errors import Refused
from tickets.models import Priority, State, Ticket, User

MOST = 100  # tickets in one go; past that it is a job for a rule
Act = Callable[[Ticket], object]


@dataclass
class Outcome:
    """What became of it: numbers of the tickets that changed, and of the others by the reason why not."""

    done: list[int] = field(default_factory=list)
    refused: dict[str, list[int]] = field(default_factory=dict)


def each(tickets: Iterable[Ticket], act: Act) -> Outcome:
    """Do `act` (see `act_of`) to every ticket, one after the other."""
    outcome = Outcome()
    for ticket in tickets:
        try:
            act(ticket)
        except Refused as refusal:
            outcome.refused.setdefault(refusal.message, []).append(ticket.pk)
        else:
            outcome.done.append(ticket.pk)
    return outcome


def act_of(what: str, value: str, *, by: User, desk: Desk) -> Act:
    """The act named `what` ("assign", "state", "priority", "category", "tag", "untag", "spam") with its value.

    Raises Refused when there is no such act, or its value is unknown.
    """
    makers: dict[str, Callable[[], Act | None]] = {
        "assign": lambda: _assign(value, by),
        "state": lambda: _move(value, by),
        "priority": lambda: _priority(value, by),
        "category": lambda: _category(value, by, desk),
        "tag": lambda: _tags(value, by, details.add_tags),
        "untag": lambda: _tags(value, by, details.remove_tags),
        "spam": lambda: lambda ticket: joining.mark_spam(ticket, by=by),
    }
    act = makers[what]() if what in makers else None
    if act is None:
        raise Refused(_("Choose what to do with the selected tickets."))
    return act


def _assign(value: str, by: User) -> Act | None:
    if value == "none":
        return lambda ticket: assignment.unassign(ticket, by=by)
    to = by if value == "me" else User.objects.staff().filter(pk=value).first() if value.isdecimal() else None
    return (lambda ticket: assignment.assign(ticket, to=to, by=by)) if to else None


def _move(value: str, by: User) -> Act | None:
    return (lambda ticket: lifecycle.move(ticket, State(value), by=by)) if value in State.values else None


def _priority(value: str, by: User) -> Act | None:
    if value not in map(str, Priority.values):
        return None
    return lambda ticket: details.set_priority(ticket, priority=int(value), by=by)


def _category(value: str, by: User, desk: Desk) -> Act | None:
    category = desk.category_by_slug.get(value)
    return (lambda ticket: details.set_category(ticket, category=category, by=by)) if category else None


def _tags(value: str, by: User, verb: Callable[..., Ticket]) -> Act | None:
    names = [name for name in value.split(",") if name.strip()]
    return (lambda ticket: verb(ticket, names=names, by=by)) if names else None
