"""Who is told of what: each function takes an event that happened and writes the notices that follow from it.

Every notice carries a key made from what it tells of, so a function may run twice for one event without telling twice.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tickets import desk, notices, unreachable
from tickets.models import DeadlineKind, EventKind, Ticket, TicketEvent

# What is due of a customer's own interest; an update is a promise too, but a mail about a missing mail helps nobody.
PROMISED_TO_CUSTOMER = (DeadlineKind.FIRST_RESPONSE, DeadlineKind.RESOLUTION)
# Events this close together come from one act of one person: “take it and start” is one mail.
ONE_BREATH = timedelta(seconds=2)
# After an outage the sweeper finds broken promises in a row; the digest waits for the last of them.
DIGEST_WAITS = timedelta(minutes=1)
POOR_SCORE = 2
# What may bring a ticket to a higher tier.
UPWARD = (EventKind.HANDED_OVER, EventKind.ESCALATED, EventKind.ESCALATION_CLIMBED)


# ── The customer ─────────────────────────────────────────────────────────────────────────────────────────────────────


def customer_has_an_agent(event: TicketEvent) -> None:
    """“Mira is looking after it”; a receipt or “a specialist takes over” from the same moment says so already."""
    if event.data.get("with_reply") or event.at - event.ticket.created_at < ONE_BREATH:
        return
    if any(_goes_up(other) for other in _at_once_with(event, *UPWARD)):
        return
    assignee, is_deliberate = event.data.get("assignee"), event.by_id is not None
    _customer(event, "assigned", key=f"assigned:{event.pk}", assignee=assignee, is_deliberate=is_deliberate)


def customer_sees_work_begin(event: TicketEvent) -> None:
    """Once each time the ticket is opened; not when their own answer set it going, nor along with “assigned”."""
    if event.data.get("with_reply") or event.data.get("why") == "customer_answered":
        return
    if not _at_once_with(event, EventKind.ASSIGNED).exists():
        _customer(event, "in_progress", key=f"in_progress:{event.ticket_id}:{event.ticket.reopen_count}")


def customer_is_asked(event: TicketEvent) -> None:
    if not event.data.get("with_reply"):
        _customer(event, "waiting", key=f"waiting:{event.pk}", waits_for="customer")


def customer_waits_with_us(event: TicketEvent) -> None:
    if not event.data.get("with_reply"):
        key = f"waiting-us:{event.ticket_id}:{event.ticket.reopen_count}"
        _customer(event, "waiting", key=key, waits_for="us")


def customer_gets_a_solution(event: TicketEvent) -> None:
    """A reply that resolves says so itself, and whoever says “it is solved” need not be told."""
    if not event.data.get("with_reply") and event.data.get("why") != "customer":
        _customer(event, "resolved", key=f"resolved:{event.pk}")


def customer_is_asked_how_it_was(event: TicketEvent) -> None:
    """The survey, once each time the ticket is closed after work."""
    if event.ticket.merged_into_id is None:
        _customer(event, "closed", key=f"closed:{event.ticket_id}:{event.ticket.reopen_count}")


def customer_sees_it_reopened(event: TicketEvent) -> None:
    """Only when we reopen it: a customer who does so knows, and a mail to every answer could start a loop."""
    if event.by_id and not event.data.get("with_reply"):
        _customer(event, "reopened", key=f"reopened:{event.pk}")


def customer_gets_a_specialist(event: TicketEvent) -> None:
    """A hand-over or an escalation to a higher tier, once each time the ticket is opened, however far it climbs; one
    within a tier, or down, changes nothing for the customer."""
    if _goes_up(event):
        _customer(event, "escalated", key=f"escalated:{event.ticket_id}:{event.ticket.reopen_count}")


def customer_learns_of_the_delay(event: TicketEvent) -> None:
    """Before they have to ask, once a promise; not for promises found broken long after an outage."""
    kind = event.data.get("kind")
    if kind in PROMISED_TO_CUSTOMER and not event.data.get("late_digest"):
        _customer(event, "delayed", key=f"delayed:{event.ticket_id}:{kind}:{event.ticket.reopen_count}", promise=kind)


def customer_is_followed_up(event: TicketEvent) -> None:
    if event.data.get("kind") == DeadlineKind.AFTER_CLOSE:
        _customer(event, "after_close", key=f"after_close:{event.pk}")
    else:
        _customer(event, "waiting", key=f"follow_up:{event.pk}", waits_for="customer", is_reminder=True)


def customer_learns_of_the_merge(event: TicketEvent) -> None:
    if event.ticket.merged_into_id is not None:
        _customer(event, "merged", key=f"merged:{event.pk}")


# ── Colleagues ───────────────────────────────────────────────────────────────────────────────────────────────────────


def assignee_gets_the_ticket(event: TicketEvent) -> None:
    """Unless they took it themselves, or are told that it was escalated to them."""
    assignee = event.data.get("assignee")
    if assignee and assignee != event.by_id and not event.data.get("with_escalation"):
        _colleagues(event, {assignee}, "assigned_to_you", lambda: _("Assigned to you"), mail=True)


def mentioned_are_told(event: TicketEvent) -> None:
    who = str(event.by) if event.by else _("Somebody")
    text = lambda: _("%(who)s mentioned you") % {"who": who}  # noqa: E731
    mentions = set(event.data.get("mentions", ())) - {event.by_id}
    _colleagues(event, mentions, "mention", text, mail=True, message=event.data.get("message"))


def assignee_sees_the_answer(event: TicketEvent) -> None:
    _colleagues(event, _assignee(event.ticket), "customer_wrote", lambda: _("The customer wrote"))


def leads_are_alerted(event: TicketEvent) -> None:
    """Where a rule asks for it, or an angry customer wrote: once a ticket, pressing, by mail too."""
    decided = [decision for decision in event.data.get("decisions", ()) if not decision.get("is_overruled")]
    is_asked_for = any(decision["what"] == "alert_lead" for decision in decided)
    # What was heard tells in `why` which words were angry.
    angry = bool(event.data.get("why")) if event.kind == EventKind.HEARD else event.ticket.is_angry
    if not is_asked_for and not angry:
        return
    text = lambda: _("An angry customer needs you") if angry else _("A customer needs your attention")  # noqa: E731
    _colleagues(
        event, _leads(event.ticket), "alert", text, key=f"alert:{event.ticket_id}", is_pressing=True, mail=True
    )  # fmt: skip


def somebody_sees_it_is_due_soon(event: TicketEvent) -> None:
    """Whoever holds the ticket; without anyone, the leads."""
    name = _deadline_name(event)
    text = lambda: _("Due soon: %(promise)s") % {"promise": name()}  # noqa: E731
    _colleagues(event, _holder(event.ticket), "due_soon", text, is_pressing=True, mail=True)


def breach_is_told(event: TicketEvent) -> None:
    """The holder and the leads; promises found broken long after (an outage) come as one digest an hour instead."""
    people = _assignee(event.ticket) | _leads(event.ticket)
    if event.data.get("late_digest"):
        text = lambda: _("Promises were broken while nobody watched the clock")  # noqa: E731
        notices.to_colleague(
            people, "breach_digest", None, text, key=f"digest:{event.at:%Y%m%d%H}", is_pressing=True, mail=True,
            hold_until=event.at + DIGEST_WAITS, now=event.at,
        )  # fmt: skip
        return
    name = _deadline_name(event)
    text = lambda: _("Promise broken: %(promise)s") % {"promise": name()}  # noqa: E731
    _colleagues(event, people, "breached", text, is_pressing=True)


def somebody_is_reminded(event: TicketEvent) -> None:
    name = _deadline_name(event)
    text = lambda: _("Reminder: %(promise)s") % {"promise": name()}  # noqa: E731
    people = _holder(event.ticket)
    if event.data.get("kind") == DeadlineKind.INTERNAL_AGE or event.data.get("set_aside"):
        people |= _leads(event.ticket)
    _colleagues(event, people, "reminder", text)


def assignee_sees_it_is_back(event: TicketEvent) -> None:
    _colleagues(event, _assignee(event.ticket), "woken", lambda: _("Back from snooze"))


def held_mail_waits(event: TicketEvent) -> None:
    """Whoever holds the ticket decides whether to believe it."""
    text = lambda: _("A mail that nobody vouches for waits for your decision")  # noqa: E731
    _colleagues(event, _holder(event.ticket), "held_mail", text, key=f"held_mail:{event.ticket_id}:{event.at:%Y%m%d%H}")


def loop_is_told(event: TicketEvent) -> None:
    text = lambda: _("A mail loop was cut")  # noqa: E731
    _colleagues(event, _holder(event.ticket), "mail_loop", text)


def poor_rating_is_told(event: TicketEvent) -> None:
    score = event.data.get("score") or 0
    if 0 < score <= POOR_SCORE:
        text = lambda: _("The customer rated it %(score)s of 5") % {"score": score}  # noqa: E731
        _colleagues(event, _leads(event.ticket), "rated", text)


def leads_see_the_dead_letter(event: TicketEvent) -> None:
    text = lambda: _("A mail could not be delivered")  # noqa: E731
    _colleagues(event, _leads(event.ticket), "notice_dead", text, is_pressing=True)


def somebody_sees_the_mail_came_back(event: TicketEvent) -> None:
    """Whoever holds the ticket; without anyone, the leads. Pressing where the address is no use any more."""
    data = event.data
    text = lambda: unreachable.in_words(data["how"], data["address"], data.get("words", ""))  # noqa: E731
    is_pressing = bool(data.get("is_dead"))
    _colleagues(event, _holder(event.ticket), "mail_returned", text, is_pressing=is_pressing)


# ── How ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _customer(event: TicketEvent, kind: str, *, key: str, **data: Any) -> None:
    notices.to_customer(event.ticket, kind, now=event.at, key=key, **data)


def _at_once_with(event: TicketEvent, *kinds: EventKind) -> QuerySet[TicketEvent]:
    """Events of those kinds on the same ticket, from the same act."""
    return event.ticket.events.filter(kind__in=kinds, at__gte=event.at - ONE_BREATH, at__lte=event.at + ONE_BREATH)


def _goes_up(event: TicketEvent) -> bool:
    """Whether it leads to a higher tier, or to somebody above the team."""
    return bool(event.data.get("to_above")) or (event.data.get("to_tier") or 0) > (event.data.get("from_tier") or 0)


def _colleagues(
    event: TicketEvent,
    people: set[int],
    kind: str,
    text: notices.Words,
    *,
    key: str = "",
    is_pressing: bool = False,
    mail: bool = False,
    **data: Any,
) -> None:
    notices.to_colleague(
        people, kind, event.ticket, text, key=key or f"{kind}:{event.pk}", is_pressing=is_pressing, mail=mail,
        now=event.at, **data,
    )  # fmt: skip


def _assignee(ticket: Ticket) -> set[int]:
    return {ticket.assignee_id} if ticket.assignee_id else set()


def _leads(ticket: Ticket) -> set[int]:
    return set(notices.leads_of(ticket, desk.current()))


def _holder(ticket: Ticket) -> set[int]:
    return _assignee(ticket) or _leads(ticket)


def _deadline_name(event: TicketEvent) -> Callable[[], str]:
    kind = event.data.get("kind", "")
    return lambda: str(DeadlineKind(kind).label) if kind in DeadlineKind.values else ""
