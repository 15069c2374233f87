"""Who is told of an escalation: its owner at once, in the app and by mail; those above in a digest, once an hour."""

from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from tickets import desk, event_words, links, notices
from tickets.models import Role, TicketEvent

AN_HOUR = timedelta(hours=1)
DIGEST_WAITS = timedelta(minutes=1)


def owner_is_told(event: TicketEvent) -> None:
    """Whoever is asked; where nobody is free, the leads. Found long after it was due, the digest tells it alone."""
    if event.data.get("late_digest"):
        return
    owner = event.data.get("owner")
    people = {owner} if owner else set(notices.leads_of(event.ticket, desk.current()))
    notices.to_colleague(
        people - {event.by_id}, "escalation", event.ticket, lambda: _line(event), key=f"escalation:{event.pk}",
        is_pressing=True, mail=True, now=event.at,
    )  # fmt: skip


def leads_get_a_digest(event: TicketEvent) -> None:
    """One line and one mail an hour for the leads, who have the board; after an outage it stands for all at once."""
    people = set(notices.leads_of(event.ticket, desk.current())) - {event.by_id}
    is_late = bool(event.data.get("late_digest"))
    if is_late and event.data.get("owner"):
        people.add(event.data["owner"])
    elif not is_late:
        people.discard(event.data.get("owner"))
    hour = event.at.replace(minute=0, second=0, microsecond=0)
    notices.to_colleague(
        people, "escalation_digest", None, lambda: _("Tickets were escalated: look at the board"),
        key=f"escalations:{hour:%Y%m%d%H}", is_pressing=is_late, mail=True, now=event.at,
        hold_until=event.at + DIGEST_WAITS if is_late else hour + AN_HOUR, board=links.absolute(reverse("escalations")),
    )  # fmt: skip


def top_is_told(event: TicketEvent) -> None:
    """Nobody stands above: whoever has it, the leads and every manager, each time the level's time has passed again."""
    settings = desk.current()
    managers = {card.id for card in settings.staff.values() if card.role == Role.MANAGER and not card.is_bot}
    people = set(notices.leads_of(event.ticket, settings)) | managers
    if event.ticket.assignee_id:
        people.add(event.ticket.assignee_id)
    level = event.data.get("level", "")
    text = lambda: _("Overdue at %(level)s, and nobody stands above") % {"level": level}  # noqa: E731
    notices.to_colleague(
        people, "escalation", event.ticket, text, key=f"escalation:{event.pk}", is_pressing=True,
        mail=not event.data.get("late_digest"), now=event.at,
    )  # fmt: skip


def who_has_it_back_is_told(event: TicketEvent) -> None:
    """Handed down: whoever has it now, with the note."""
    if event.data.get("outcome") != "handed_down" or not event.ticket.assignee_id:
        return
    level = event.data.get("level", "")
    text = lambda: _("Back from %(level)s: %(note)s") % {"level": level, "note": event.reason}  # noqa: E731
    notices.to_colleague(
        {event.ticket.assignee_id} - {event.by_id}, "escalation", event.ticket, text, key=f"escalation:{event.pk}",
        is_pressing=True, mail=True, now=event.at,
    )  # fmt: skip


def _line(event: TicketEvent) -> str:
    why = event_words.escalation_reason(event.data.get("why", ""), event.data.get("evidence") or (), event.reason)
    return _("Escalated to %(level)s: %(why)s") % {"level": event.data.get("level", ""), "why": why}
