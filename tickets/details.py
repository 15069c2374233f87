"""Verbs that change what a ticket is called and how it is sorted: subject, category, priority, tags, team; snooze."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.lib import text
from tickets import desk as desk_settings
from tickets.change import Change, changing
from tickets.errors import Refused
from tickets.models import Category, EventKind, Priority, Tag, Team, Ticket, User
from tickets.models.ticket import LAST_IN_QUEUE

MAX_TAGS = 30


def set_priority(
    ticket: Ticket, *, priority: int, by: User | None, reason: str = "", now: datetime | None = None
) -> Ticket:
    """Its promises are chosen anew; time already used stays used."""
    if priority not in Priority.values:
        raise Refused(_("That is no priority."))
    with _changing(ticket, by=by, now=now) as change:
        if _set(change, "priority", int(priority), by=by, reason=reason):
            change.clocks.rechosen()
    return change.ticket


def set_category(ticket: Ticket, *, category: Category | None, by: User | None, now: datetime | None = None) -> Ticket:
    """None takes the category away. A category meets the deadline for sorting."""
    with _changing(ticket, by=by, now=now) as change:
        if _set(change, "category_id", category.pk if category else None, by=by) and category:
            change.clocks.sorted()
    return change.ticket


def set_subject(ticket: Ticket, *, subject: str, by: User | None, now: datetime | None = None) -> Ticket:
    subject = " ".join(text.plain(subject, settings.MAX_SUBJECT_CHARACTERS).split())
    if not subject:
        raise Refused(_("A ticket needs a subject."), missing=["subject"])
    with _changing(ticket, by=by, now=now) as change:
        _set(change, "subject", subject, by=by)
    return change.ticket


def set_reference(ticket: Ticket, *, reference: str, by: User | None, now: datetime | None = None) -> Ticket:
    """The order or invoice number; empty takes it away."""
    with _changing(ticket, by=by, now=now) as change:
        _set(change, "reference", " ".join(text.plain(reference, 64).split()), by=by)
    return change.ticket


def set_resolution(ticket: Ticket, *, cause: str, fix: str, by: User | None, now: datetime | None = None) -> Ticket:
    """C5, before or after the fact: what was wrong and what fixed it."""
    with _changing(ticket, by=by, now=now) as change:
        _set(change, "cause", text.plain(cause, settings.MAX_BODY_CHARACTERS).strip(), by=by)
        _set(change, "fix", text.plain(fix, settings.MAX_BODY_CHARACTERS).strip(), by=by)
    return change.ticket


def set_team(
    ticket: Ticket, *, team: Team | None, by: User | None, reason: str = "", now: datetime | None = None
) -> Ticket:
    """Its clocks count in the new team’s hours from now on; the assignee stays (else: assignment.hand_over)."""
    with _changing(ticket, by=by, now=now) as change:
        if _set(change, "team_id", team.pk if team else None, by=by, reason=reason):
            change.clocks.rechosen()
    return change.ticket


def add_tags(ticket: Ticket, *, names: Iterable[str], by: User | None, now: datetime | None = None) -> Ticket:
    """Tags are lower-case words; unknown ones are made. Raises Refused past MAX_TAGS."""
    with _changing(ticket, by=by, now=now) as change:
        had = set(change.ticket.tags.values_list("name", flat=True))
        added = sorted(_names(names) - had)
        if len(had) + len(added) > MAX_TAGS:
            raise Refused(_("A ticket takes %(count)d tags at most; remove one first.") % {"count": MAX_TAGS})
        if added:
            tag(change.ticket, added)
            change.event(EventKind.TAGGED, by=by, added=added, removed=[])
    return change.ticket


def remove_tags(ticket: Ticket, *, names: Iterable[str], by: User | None, now: datetime | None = None) -> Ticket:
    with _changing(ticket, by=by, now=now) as change:
        gone = list(change.ticket.tags.filter(name__in=_names(names)))
        if gone:
            change.ticket.tags.remove(*gone)
            change.event(EventKind.TAGGED, by=by, added=[], removed=[tag.name for tag in gone])
    return change.ticket


def set_tags(ticket: Ticket, *, names: Iterable[str], by: User | None, now: datetime | None = None) -> Ticket:
    """Make the ticket's tags exactly these."""
    with _changing(ticket, by=by, now=now) as change:
        had, wanted = set(change.ticket.tags.values_list("name", flat=True)), _names(names)
        if len(wanted) > MAX_TAGS:
            raise Refused(_("A ticket takes %(count)d tags at most; remove one first.") % {"count": MAX_TAGS})
        added, removed = sorted(wanted - had), sorted(had - wanted)
        if removed:
            change.ticket.tags.remove(*Tag.objects.filter(name__in=removed))
        tag(change.ticket, added)
        if added or removed:
            change.event(EventKind.TAGGED, by=by, added=added, removed=removed)
    return change.ticket


def tag(ticket: Ticket, names: Iterable[str]) -> None:
    """Hang tags on a ticket within another verb's transaction, which tells of it; costs nothing without names.

    Three statements: make the missing ones, read their ids, tie them.
    """
    wanted = _names(names)
    if not wanted:
        return
    Tag.objects.bulk_create([Tag(name=name) for name in sorted(wanted)], ignore_conflicts=True)
    ids = Tag.objects.filter(name__in=wanted).values_list("pk", flat=True)
    tie = Ticket.tags.through
    tie.objects.bulk_create([tie(ticket_id=ticket.pk, tag_id=pk) for pk in ids], ignore_conflicts=True)


def snooze(ticket: Ticket, *, until: datetime | None, by: User | None, now: datetime | None = None) -> Ticket:
    """Out of the queue until then, or with None until the customer writes. Promises to the customer keep running."""
    with _changing(ticket, by=by, now=now) as change:
        if not change.ticket.is_open:
            raise Refused(_("Only open tickets can be snoozed."))
        if until is not None and until <= change.now:
            raise Refused(_("That moment has passed; pick a later one."))
        change.clocks.snoozed(until or LAST_IN_QUEUE)
        change.event(EventKind.SNOOZED, by=by, until=until.isoformat() if until else "")
    return change.ticket


def wake(ticket: Ticket, *, by: User | None, reason: str = "", now: datetime | None = None) -> Ticket:
    """Back into the queue; nothing happens to a ticket that is awake."""
    with _changing(ticket, by=by, now=now) as change:
        if change.ticket.snoozed_until is not None:
            change.clocks.woken()
            change.event(EventKind.WOKEN, by=by, reason=reason)
    return change.ticket


def tag_name(name: str) -> str:
    """As tags are kept: lower case, hyphens for spaces, at most 60 characters; empty when nothing is left."""
    return "-".join(text.plain(str(name), 200).lower().replace(",", " ").split())[:60].strip("-#")


def _names(names: Iterable[str]) -> set[str]:
    return {tag_name(name) for name in names} - {""}


def _changing(ticket: Ticket, *, by: User | None, now: datetime | None) -> Any:
    version = getattr(by, "desk_version", None)
    return changing(ticket, now=now or timezone.now(), desk=desk_settings.current(version))


def _set(change: Change, column: str, value: Any, *, by: User | None, reason: str = "") -> bool:
    """Set one column and tell of it as field, old, new; False when nothing changed."""
    changed = change.set(**{column: value})
    for old, new in changed.values():
        field = column.removesuffix("_id")
        change.event(EventKind.CHANGED, by=by, reason=reason, field=field, old=old, new=new)
    return bool(changed)
