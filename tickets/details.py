"""Verbs that change what a ticket is called and how it is sorted: subject, category, priority, tags, team, snooze."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.lib import text
from tickets import desk, timeline
from tickets.errors import Refused
from tickets.models import Category, EventKind, Priority, Tag, Team, Ticket, User
from tickets.models.ticket import LAST_IN_QUEUE
from tickets.sla import Clocks

MAX_TAGS = 30


def locked(ticket: Ticket) -> Ticket:
    """The fresh row, held until the transaction ends."""
    return Ticket.objects.select_for_update(no_key=True).get(pk=ticket.pk)


def desk_of(by: User | None) -> desk.Desk:
    return desk.current(getattr(by, "desk_version", None))


@transaction.atomic
def set_priority(ticket: Ticket, *, priority: int, by: User | None, reason: str = "", now: datetime | None = None) -> Ticket:
    """Its promises are chosen anew; time already used stays used."""
    fresh, now = locked(ticket), now or timezone.now()
    if priority not in Priority.values:
        raise Refused(_("That is no priority."))
    if fresh.priority == priority:
        return fresh
    old, fresh.priority = fresh.priority, Priority(priority)
    clocks = Clocks.load(fresh, desk=desk_of(by), now=now)
    clocks.rechosen()
    return _changed(fresh, "priority", int(old), int(priority), by=by, now=now, reason=reason, also=clocks.save())


@transaction.atomic
def set_category(ticket: Ticket, *, category: Category | None, by: User | None, now: datetime | None = None) -> Ticket:
    """None takes the category away. Sorting for the first time meets the sorting deadline."""
    fresh, now = locked(ticket), now or timezone.now()
    if fresh.category_id == (category.pk if category else None):
        return fresh
    old = fresh.category_id
    fresh.category = category
    also: list[str] = []
    if category is not None and old is None:
        clocks = Clocks.load(fresh, desk=desk_of(by), now=now)
        clocks.sorted()
        also = clocks.save()
    return _changed(fresh, "category", old, fresh.category_id, by=by, now=now, also=also)


@transaction.atomic
def set_subject(ticket: Ticket, *, subject: str, by: User | None, now: datetime | None = None) -> Ticket:
    subject = " ".join(text.plain(subject, settings.MAX_SUBJECT_CHARACTERS).split())
    if not subject:
        raise Refused(_("A ticket needs a subject."), missing=["subject"])
    return _set_text(ticket, "subject", subject, by=by, now=now)


@transaction.atomic
def set_reference(ticket: Ticket, *, reference: str, by: User | None, now: datetime | None = None) -> Ticket:
    """The order or invoice number; empty takes it away."""
    return _set_text(ticket, "reference", " ".join(text.plain(reference, 64).split()), by=by, now=now)


@transaction.atomic
def set_resolution(ticket: Ticket, *, cause: str, fix: str, by: User | None, now: datetime | None = None) -> Ticket:
    """C5, also after the fact: what was wrong and what fixed it."""
    fresh = locked(ticket)
    for field, value in (("cause", cause), ("fix", fix)):
        fresh = _set_text(fresh, field, text.plain(value, settings.MAX_BODY_CHARACTERS).strip(), by=by, now=now)
    return fresh


@transaction.atomic
def set_team(ticket: Ticket, *, team: Team | None, by: User | None, reason: str = "", now: datetime | None = None) -> Ticket:
    """Its clocks count in the new team's hours from now on. The assignee stays; handing over is tickets.assignment's."""
    fresh, now = locked(ticket), now or timezone.now()
    if fresh.team_id == (team.pk if team else None):
        return fresh
    old = fresh.team_id
    fresh.team = team
    clocks = Clocks.load(fresh, desk=desk_of(by), now=now)
    clocks.rechosen()
    return _changed(fresh, "team", old, fresh.team_id, by=by, now=now, reason=reason, also=clocks.save())


@transaction.atomic
def add_tags(ticket: Ticket, *, names: Iterable[str], by: User | None, now: datetime | None = None) -> Ticket:
    """Tags are lower case words; unknown ones are made. Raises Refused past MAX_TAGS."""
    fresh = locked(ticket)
    had = set(fresh.tags.values_list("name", flat=True))
    added = [name for name in dict.fromkeys(map(tag_name, names)) if name and name not in had]
    if not added:
        return fresh
    if len(had) + len(added) > MAX_TAGS:
        raise Refused(_("A ticket takes %(count)d tags at most; remove one first.") % {"count": MAX_TAGS})
    Tag.objects.bulk_create([Tag(name=name) for name in added], ignore_conflicts=True)
    fresh.tags.add(*Tag.objects.filter(name__in=added))
    timeline.record(timeline.event(fresh, EventKind.TAGGED, by=by, now=now, added=added, removed=[]))
    return fresh


@transaction.atomic
def remove_tags(ticket: Ticket, *, names: Iterable[str], by: User | None, now: datetime | None = None) -> Ticket:
    fresh = locked(ticket)
    gone = list(fresh.tags.filter(name__in={tag_name(name) for name in names}))
    if not gone:
        return fresh
    fresh.tags.remove(*gone)
    removed = [tag.name for tag in gone]
    timeline.record(timeline.event(fresh, EventKind.TAGGED, by=by, now=now, added=[], removed=removed))
    return fresh


@transaction.atomic
def set_tags(ticket: Ticket, *, names: Iterable[str], by: User | None, now: datetime | None = None) -> Ticket:
    """Make the ticket's tags exactly these."""
    wanted = {tag_name(name) for name in names} - {""}
    had = set(ticket.tags.values_list("name", flat=True))
    fresh = remove_tags(ticket, names=sorted(had - wanted), by=by, now=now)
    return add_tags(fresh, names=sorted(wanted - had), by=by, now=now)


@transaction.atomic
def snooze(ticket: Ticket, *, until: datetime | None, by: User | None, now: datetime | None = None) -> Ticket:
    """Out of the queue until then, or with None until the customer writes. Promises to the customer keep running."""
    fresh, now = locked(ticket), now or timezone.now()
    if not fresh.is_open:
        raise Refused(_("Only open tickets can be snoozed."))
    if until is not None and until <= now:
        raise Refused(_("That moment has passed; pick a later one."))
    fresh.snoozed_until = until or LAST_IN_QUEUE
    clocks = Clocks.load(fresh, desk=desk_of(by), now=now)
    clocks.snoozed(fresh.snoozed_until)
    fresh.save(update_fields=["snoozed_until", *clocks.save()])
    told = until.isoformat() if until else ""
    timeline.record(timeline.event(fresh, EventKind.SNOOZED, by=by, now=now, until=told))
    return fresh


@transaction.atomic
def wake(ticket: Ticket, *, by: User | None, reason: str = "", now: datetime | None = None) -> Ticket:
    """Back into the queue; nothing happens to a ticket that is awake."""
    fresh, now = locked(ticket), now or timezone.now()
    if fresh.snoozed_until is None:
        return fresh
    fresh.snoozed_until = None
    clocks = Clocks.load(fresh, desk=desk_of(by), now=now)
    clocks.woken()
    fresh.save(update_fields=["snoozed_until", *clocks.save()])
    timeline.record(timeline.event(fresh, EventKind.WOKEN, by=by, now=now, reason=reason))
    return fresh


def tag_name(name: str) -> str:
    """As tags are kept: lower case, hyphens for spaces, at most 60 characters."""
    return "-".join(text.plain(str(name), 200).lower().replace(",", " ").split())[:60].strip("-#")


def _set_text(ticket: Ticket, field: str, value: str, *, by: User | None, now: datetime | None) -> Ticket:
    fresh = locked(ticket)
    old = getattr(fresh, field)
    if old == value:
        return fresh
    setattr(fresh, field, value)
    return _changed(fresh, field, old, value, by=by, now=now)


def _changed(
    ticket: Ticket, field: str, old: Any, new: Any, *, by: User | None, now: datetime | None, reason: str = "",
    also: Iterable[str] = (),
) -> Ticket:  # fmt: skip
    ticket.save(update_fields=[field, *also])
    timeline.record(
        timeline.event(ticket, EventKind.CHANGED, by=by, now=now, reason=reason, field=field, old=old, new=new)
    )
    return ticket
