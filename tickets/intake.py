"""The front door: what a channel parsed becomes a ticket or a message on one, exactly once."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.lib import text
from helpdesk.lib.inserts import insert
from tickets import conversation, customers, details, mail_bodies, notices, routing, timeline, triage, unreachable
from tickets import desk as desk_settings
from tickets.channels.base import Inbound
from tickets.decisions import Decision, as_data
from tickets.desk import Desk
from tickets.errors import Refused
from tickets.models import Channel, Customer, EventKind, Message, MessageKind, State, Ticket, User
from tickets.routing import Assignment
from tickets.sla import Clocks


@dataclass(frozen=True)
class Received:
    ticket: Ticket
    message: Message
    is_new: bool  # False: the same inbound had come before
    tags: tuple[str, ...] = ()  # that rules gave a new ticket


def receive(
    inbound: Inbound,
    *,
    by: User | None = None,
    follows: Ticket | None = None,
    desk: Desk | None = None,
    now: datetime | None = None,
) -> Received:
    """Open a ticket: recognise the sender, sort, start the clocks, route, acknowledge; one transaction.

    `by`: the colleague who took it down for the customer, if any. The same `dedupe_key` again returns the first ticket.
    `desk`: the settings the caller has read already, which saves reading their version again.
    Raises Refused when there is nothing in it.
    """
    now = now or timezone.now()
    try:
        with transaction.atomic():
            return open_ticket(inbound, by=by, follows=follows, desk=desk or desk_settings.current(), now=now)
    except IntegrityError:
        first = Message.objects.select_related("ticket").filter(dedupe_key=inbound.dedupe_key or None).first()
        if first is None:
            raise
        return Received(first.ticket, first, is_new=False)


def answer(
    ticket: Ticket, inbound: Inbound, *, customer: Customer | None = None, now: datetime | None = None
) -> Message:
    """The customer answered on a ticket: heard there, on the one it was merged into, or on a new one that follows.

    `customer`: who wrote, where it is not the ticket's own but somebody in copy.
    """
    now = now or timezone.now()
    while ticket.merged_into is not None:
        ticket = ticket.merged_into
    _works_again(ticket.customer, inbound, now)
    try:
        return conversation.hear(
            ticket, body=inbound.body, customer=customer or ticket.customer, channel=inbound.channel,
            files=inbound.files, dedupe_key=inbound.dedupe_key, trust=inbound.trust, quoted=inbound.quoted,
            signature=inbound.signature, html=inbound.html, now=now,
        )  # fmt: skip
    except Refused:
        if ticket.state != State.CLOSED or not inbound.body.strip():
            raise
    return receive(inbound, follows=ticket, now=now).message


def open_ticket(
    inbound: Inbound,
    *,
    desk: Desk,
    now: datetime,
    by: User | None = None,
    follows: Ticket | None = None,
    customer: Customer | None = None,
) -> Received:
    """As `receive`, inside the caller's transaction: raises IntegrityError when the same inbound had come before.

    `customer`: the sender, where the caller has recognised them.
    """
    body = text.plain(inbound.body, settings.MAX_BODY_CHARACTERS)
    if not body.strip() and not inbound.files:
        raise Refused(_("There is nothing written yet. Tell us what happened, then send."))
    sender = inbound.sender
    customer = customer or customers.recognise(sender, now=now, language=inbound.language, time_zone=inbound.time_zone)
    _works_again(customer, inbound, now)
    ticket = Ticket(
        subject=_subject(inbound, body, follows), channel=inbound.channel, customer=customer,
        organisation_id=customer.organisation_id, customer_name=str(customer)[:120], customer_tier=customer.tier,
        category_id=inbound.category_id, reference=text.plain(inbound.reference, 64).strip(),
        language=customer.language,
        created_at=now, updated_at=now, waiting_since=now, last_message_at=now, preview=text.preview(body, 140),
        follows=follows,
    )  # fmt: skip
    if team := desk.teams.get(inbound.team_id or 0):
        ticket.team, ticket.tier = team, team.tier
    sorting = triage.sort(ticket, text=f"{ticket.subject}\n{body}", desk=desk)
    routed = routing.plan(ticket, facts=triage.facts(ticket, text=f"{ticket.subject}\n{body}", desk=desk), desk=desk)
    assignment = routing.pick(ticket, desk=desk, now=now)
    if assignment:
        ticket.assignee_id = assignment.user_id
    clocks = Clocks.new(ticket, desk=desk, now=now)
    clocks.begin()
    clocks.show()
    insert([ticket])
    clocks.save()
    message = _first_message(ticket, inbound, body, by=by, now=now)
    tags = tuple(decision.value for decision in [*sorting, *routed] if decision.what == "tag")
    details.tag(ticket, tags)
    _record(ticket, message, sorting, routed, assignment, by=by, now=now)
    if not ticket.is_spam and not inbound.is_quiet:
        notices.to_customer(ticket, "received", now=now, key=f"received:{ticket.pk}")
    return Received(ticket, message, is_new=True, tags=tags)


def _works_again(customer: Customer, inbound: Inbound, now: datetime) -> None:
    """Who writes to us by mail from an address that mail came back from has it working again."""
    if customer.bounced_at is None or inbound.channel != Channel.EMAIL:
        return
    if customers.normalised(inbound.sender.kind, inbound.sender.value) == customer.email.lower():
        unreachable.clear(customer.email, by=None, now=now)


def _subject(inbound: Inbound, body: str, follows: Ticket | None) -> str:
    """The sender's subject, else the first words of what they wrote."""
    given = text.plain(inbound.subject, settings.MAX_SUBJECT_CHARACTERS).replace("\n", " ").strip()
    if not given and follows is not None:
        given = follows.subject
    return given or text.preview(body, 80) or _("(no subject)")


def _first_message(ticket: Ticket, inbound: Inbound, body: str, *, by: User | None, now: datetime) -> Message:
    message = Message(
        ticket=ticket, kind=MessageKind.CUSTOMER, customer=ticket.customer, author_name=ticket.customer_name, author=by,
        channel=inbound.channel, body=body, has_files=bool(inbound.files), has_more=inbound.has_more,
        sentiment=ticket.sentiment, dedupe_key=inbound.dedupe_key, trust=inbound.trust, created_at=now,
    )  # fmt: skip
    insert([message])
    conversation.attach(message, inbound.files)
    mail_bodies.keep(message, quoted=inbound.quoted, signature=inbound.signature, html=inbound.html)
    return message


def _record(
    ticket: Ticket,
    message: Message,
    sorting: list[Decision],
    routed: list[Decision],
    assignment: Assignment | None,
    *,
    by: User | None,
    now: datetime,
) -> None:
    """The story of the arrival as events, written in one statement."""
    events = [
        timeline.event(
            ticket, EventKind.RECEIVED, by=by, now=now, to_state=State.NEW, message=message.pk, channel=ticket.channel,
            follows=ticket.follows_id,
        ),
        timeline.event(ticket, EventKind.SORTED, by=None, now=now, decisions=as_data(sorting)),
        timeline.event(ticket, EventKind.ROUTED, by=None, now=now, decisions=as_data(routed)),
    ]  # fmt: skip
    if assignment:
        events.append(
            timeline.event(
                ticket,
                EventKind.ASSIGNED,
                by=None,
                now=now,
                assignee=assignment.user_id,
                why=assignment.why,
                decision=as_data([assignment.decision])[0],
            )
        )
    timeline.record(*events)
