"""Tickets that belong together or were never one: merge and its undo, split, link, spam."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from tickets import intake, lifecycle
from tickets.change import Change, changing
from tickets.channels.base import Inbound, Sender
from tickets.errors import Refused
from tickets.files import StoredFile
from tickets.models import (
    Attachment,
    Channel,
    Customer,
    EventKind,
    Identity,
    IdentityKind,
    Message,
    MessageKind,
    State,
    Ticket,
    TicketEvent,
    TicketLink,
    User,
)  # fmt: skip


def merge(ticket: Ticket, *, into: Ticket, by: User, now: datetime | None = None) -> Ticket:
    """Close `ticket` as a duplicate of `into`; its messages stay on it, later mail is heard on `into`. Undo: `unmerge`.

    Only tickets of one customer: on the other's page a stranger would read along. Raises Refused otherwise.
    """
    into = target_of(into)
    if into.pk == ticket.pk:
        raise Refused(_("A ticket cannot be merged into itself."))
    with _changing_both(ticket, into, now=now) as (change, kept):
        duplicate = change.ticket
        if duplicate.customer_id != kept.ticket.customer_id:
            raise Refused(_("The two tickets are of different customers. Link them, or merge the customers first."))
        if kept.ticket.merged_into_id:
            raise Refused(_("#%(number)d was merged itself just now; look again.") % {"number": into.pk})
        if duplicate.state == State.CLOSED:
            raise Refused(_("A closed ticket cannot be merged; link the two instead."))
        change.set(merged_into_id=into.pk)
        lifecycle.set_aside_step(change, by=by, kind=EventKind.MERGED, into=into.pk, since=_since(duplicate))
        kept.event(EventKind.LINKED, by=by, other=duplicate.pk, merged=True)
    return change.ticket


def unmerge(ticket: Ticket, *, by: User, now: datetime | None = None) -> Ticket:
    """Undo a merge: the ticket stands in the state and with the clocks it had before."""
    if ticket.merged_into is None:
        raise Refused(_("This ticket is not merged into another."))
    with _changing_both(ticket, ticket.merged_into, now=now) as (change, kept):
        if change.ticket.merged_into_id != kept.ticket.pk:
            raise Refused(_("Somebody undid this merge already."))
        before = change.ticket.events.filter(kind=EventKind.MERGED).last()
        if before is None:
            raise Refused(_("How it stood before is not known any more; open a new ticket instead."))
        change.set(merged_into_id=None)
        _restore(change, before)
        change.event(
            EventKind.UNMERGED, by=by, into=kept.ticket.pk, from_state=State.CLOSED, to_state=change.ticket.state
        )
        kept.event(EventKind.UNLINKED, by=by, other=change.ticket.pk, merged=True)
    return change.ticket


def target_of(ticket: Ticket) -> Ticket:
    """The ticket on which work goes on: where it was merged into, however often; else itself."""
    while ticket.merged_into is not None:
        ticket = ticket.merged_into
    return ticket


def split(
    ticket: Ticket, *, message: Message, by: User, subject: str = "", dedupe_key: str = "", now: datetime | None = None
) -> Ticket:
    """Open a ticket of its own for a second matter in `message`, which stays where it was. Returns the new ticket.

    The new one is sorted, timed and routed like any other, and the customer gets its number.
    """
    if message.ticket_id != ticket.pk or message.kind != MessageKind.CUSTOMER:
        raise Refused(_("Only what the customer wrote on this ticket can be split off."))
    now = now or timezone.now()
    with transaction.atomic():
        inbound = Inbound(
            channel=Channel(message.channel), sender=_sender(ticket.customer), subject=subject or ticket.subject,
            body=message.body, reference=ticket.reference, dedupe_key=dedupe_key, language=ticket.language,
            files=tuple(_stored(file) for file in message.files.all()),
        )  # fmt: skip
        received = intake.receive(inbound, by=by, now=now)
        if not received.is_new:
            return received.ticket
        with _changing_both(received.ticket, ticket, now=now) as (change, old):
            change.set(split_from_id=ticket.pk)
            change.event(EventKind.SPLIT, by=by, out_of=ticket.pk, message=message.pk)
            old.event(EventKind.SPLIT, by=by, into=received.ticket.pk, message=message.pk)
    return change.ticket


def link(ticket: Ticket, *, other: Ticket, by: User | None, now: datetime | None = None) -> Ticket:
    """The two have to do with each other; a second time nothing happens."""
    if ticket.pk == other.pk:
        raise Refused(_("A ticket cannot be linked to itself."))
    with _changing_both(ticket, other, now=now) as (change, far):
        one, two = sorted((ticket.pk, other.pk))
        _link, is_new = TicketLink.objects.get_or_create(one_id=one, other_id=two, defaults={"by": by})
        if is_new:
            change.event(EventKind.LINKED, by=by, other=other.pk)
            far.event(EventKind.LINKED, by=by, other=ticket.pk)
    return change.ticket


def unlink(ticket: Ticket, *, other: Ticket, by: User, now: datetime | None = None) -> Ticket:
    with _changing_both(ticket, other, now=now) as (change, far):
        one, two = sorted((ticket.pk, other.pk))
        count, _rows = TicketLink.objects.filter(one_id=one, other_id=two).delete()
        if count:
            change.event(EventKind.UNLINKED, by=by, other=other.pk)
            far.event(EventKind.UNLINKED, by=by, other=ticket.pk)
    return change.ticket


def mark_spam(ticket: Ticket, *, by: User, now: datetime | None = None) -> Ticket:
    """Close it without an answer, mail or survey. Undo: `unmark_spam`."""
    with changing(ticket, now=now) as change:
        if change.ticket.is_spam and change.ticket.state == State.CLOSED:
            return change.ticket
        change.set(is_spam=True)
        lifecycle.set_aside_step(change, by=by, kind=EventKind.SPAM, since=_since(change.ticket))
    return change.ticket


def unmark_spam(ticket: Ticket, *, by: User, now: datetime | None = None) -> Ticket:
    """Not spam after all: back to the state and the clocks before."""
    with changing(ticket, now=now) as change:
        if not change.ticket.is_spam:
            return change.ticket
        before = change.ticket.events.filter(kind=EventKind.SPAM).last()
        from_state = change.ticket.state
        change.set(is_spam=False)
        if before is not None and from_state == State.CLOSED:
            _restore(change, before)
        change.event(EventKind.NOT_SPAM, by=by, from_state=from_state, to_state=change.ticket.state)
    return change.ticket


def _since(ticket: Ticket) -> str:
    return ticket.waiting_since.isoformat() if ticket.waiting_since else ""


def _restore(change: Change, before: TicketEvent) -> None:
    """Stand as before the event that set the ticket aside; the customer has waited all the while."""
    lifecycle.restore_step(change, to=State(before.from_state), clocks=before.data["clocks"])
    change.set(waiting_since=parse_datetime(before.data.get("since", "")))


@contextmanager
def _changing_both(ticket: Ticket, other: Ticket, *, now: datetime | None) -> Iterator[tuple[Change, Change]]:
    """One change over two tickets, locked lower number first, so that two such changes never wait for each other."""
    now = now or timezone.now()
    with transaction.atomic():
        list(
            Ticket.objects.select_for_update(of=("self",)).filter(pk__in=(ticket.pk, other.pk)).order_by("pk")
            .values_list("pk")
        )  # fmt: skip
        with changing(other, now=now) as far, changing(ticket, now=now) as change:
            yield change, far


def _sender(customer: Customer) -> Sender:
    """An address we know the customer by, the main one first."""
    known = Identity.objects.filter(customer=customer).order_by("pk")
    identity = known.filter(kind=IdentityKind.EMAIL, value=customer.email.lower()).first() or known.first()
    if identity is None:
        raise Refused(_("This customer has no address; add one to the profile first."))
    return Sender(kind=IdentityKind(identity.kind), value=identity.value, name=customer.name)


def _stored(file: Attachment) -> StoredFile:
    return StoredFile(file.name, file.size, file.content_type, file.sha256, file.content_id)
