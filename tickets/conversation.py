"""What is said on a ticket: hear the customer, reply, note, and take a reply back."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.utils.dateparse import parse_datetime
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from helpdesk.lib import text
from helpdesk.lib.inserts import insert
from tickets import lifecycle, mail_bodies, notices, outbox, participants, sentiment
from tickets.change import Change, changing
from tickets.desk import Desk
from tickets.errors import Refused
from tickets.files import StoredFile
from tickets.models import (
    Attachment,
    Channel,
    Customer,
    Draft,
    EventKind,
    Message,
    MessageKind,
    State,
    Ticket,
    TicketEvent,
    Trust,
    User,
)  # fmt: skip

# What a reply changes besides state and clocks; kept on the message so that taking it back is exact.
TAKEN_BACK = (
    "assignee_id", "waiting_since", "first_responded_at", "resolved_at", "closed_at", "last_message_at",
    "last_from_customer", "preview", "cause", "fix", "snoozed_until",
)  # fmt: skip
# States of trust in which a mail is shown to colleagues alone and changes nothing.
HELD = (Trust.REPLY_LINK, Trust.CHANGED_FROM, Trust.FORGED_AGENT, Trust.FORGED_CUSTOMER)
MENTION = re.compile(r"(?<![\w@.])@([\w.\-]{2,60})")


def hear(
    ticket: Ticket,
    *,
    body: str,
    customer: Customer,
    channel: Channel,
    files: Sequence[StoredFile] = (),
    dedupe_key: str = "",
    trust: str = "",
    quoted: str = "",
    signature: str = "",
    html: str = "",
    now: datetime | None = None,
) -> Message:
    """The customer wrote on their ticket: a waiting one goes on, a resolved or freshly closed one reopens.

    Callers outside use intake.answer, which opens a follow-up ticket where this raises Refused (closed too long ago).
    The same `dedupe_key` again returns the message it made the first time.
    """
    with changing(ticket, now=now) as change:
        if said := _already_said(dedupe_key):
            return said
        _refuse_long_closed(change)
        mood = sentiment.mood(body)
        message = _say(
            change, MessageKind.CUSTOMER, body, files, dedupe_key, customer=customer,
            author_name=str(customer)[:120], channel=channel, sentiment=mood.sentiment, trust=trust,
            has_more=bool(quoted or signature or html),
        )  # fmt: skip
        mail_bodies.keep(message, quoted=quoted, signature=signature, html=html)
        _go_on_hearing(change, message, mood, customer=customer, by=None)
    return message


def hold(
    ticket: Ticket,
    *,
    body: str,
    author_name: str,
    sender: str,
    customer: Customer | None,
    channel: Channel,
    trust: str,
    files: Sequence[StoredFile] = (),
    dedupe_key: str = "",
    quoted: str = "",
    signature: str = "",
    html: str = "",
    now: datetime | None = None,
) -> Message:
    """Somebody wrote whom we cannot believe: colleagues see it as a note, nothing else changes until `accept`."""
    with changing(ticket, now=now) as change:
        if said := _already_said(dedupe_key):
            return said
        message = _say(
            change, MessageKind.NOTE, body, files, dedupe_key, customer=customer, author_name=author_name[:120],
            channel=channel, trust=trust, has_more=bool(quoted or signature or html),
        )  # fmt: skip
        mail_bodies.keep(message, quoted=quoted, signature=signature, html=html)
        change.event(EventKind.HELD, by=None, message=message.pk, trust=trust, sender=sender)
    return message


def accept(message: Message, *, by: User, now: datetime | None = None) -> Message:
    """Believe a held message: from now on it was said on the ticket, with all that follows when a customer writes."""
    with changing(message.ticket, now=now, by=by) as change:
        held = Message.objects.select_for_update(of=("self",)).select_related("customer").get(pk=message.pk)
        if held.trust not in HELD or held.kind != MessageKind.NOTE:
            raise Refused(_("Somebody decided on this message already."))
        _refuse_long_closed(change)
        mood = sentiment.mood(held.body)
        held.kind, held.trust, held.sentiment = MessageKind.CUSTOMER, Trust.ACCEPTED, mood.sentiment
        held.save(update_fields=["kind", "trust", "sentiment"])
        change.event(EventKind.ACCEPTED, by=by, message=held.pk, sender=held.author_name)
        change.set(last_message_at=change.now, preview=text.preview(held.body, 140))
        _go_on_hearing(change, held, mood, customer=held.customer or change.ticket.customer, by=by)
    return held


def _refuse_long_closed(change: Change) -> None:
    if change.ticket.state == State.CLOSED and not lifecycle.may_still_reopen(change.ticket, change):
        raise Refused(_("This request was closed some time ago. Send a new one and mention its number."))


def _go_on_hearing(
    change: Change, message: Message, mood: sentiment.Mood, *, customer: Customer, by: User | None
) -> None:
    """What follows when a customer has written: the mood, the turn, the state, the clocks."""
    fresh, before = change.ticket, change.ticket.state
    change.set(
        sentiment=mood.sentiment, is_angry=fresh.is_angry or mood.is_angry, snoozed_until=None,
        waiting_since=fresh.waiting_since or change.now, last_from_customer=True,
    )  # fmt: skip
    change.event(
        EventKind.HEARD, by=by, customer=customer.pk, message=message.pk, mood=mood.sentiment,
        why=mood.why if mood.is_angry else "",
    )  # fmt: skip
    if before == State.PENDING_CUSTOMER:
        lifecycle.step(change, State.IN_PROGRESS, by=None, why="customer_answered")
    elif before in (State.RESOLVED, State.CLOSED) and not fresh.merged_into_id:
        lifecycle.reopen_step(change, by=None, customer=customer.pk, why="customer_answered")
    change.clocks.woken()


def reply(
    ticket: Ticket,
    *,
    body: str,
    by: User,
    next_state: State | None = None,
    files: Sequence[StoredFile] = (),
    dedupe_key: str = "",
    seen: datetime | None = None,
    cause: str = "",
    fix: str = "",
    now: datetime | None = None,
) -> Message:
    """Answer the customer and pick the next state in one step; the mail waits UNDO_SEND_SECONDS and can be taken back.

    From New it acknowledges first; an unassigned ticket becomes the answerer's. `seen`: when the newest message on the
    writer's screen was written; Refused when somebody wrote after it. `cause`, `fix`: for Resolved.
    """
    try:
        return _answer(
            ticket, body, by=by, next_state=next_state, files=files, dedupe_key=dedupe_key, seen=seen, cause=cause,
            fix=fix, now=now,
        )  # fmt: skip
    except (IntegrityError, Refused):
        # The ticket was locked while the first of two equal forms was said; the second finds it done.
        if said := _already_said(dedupe_key):
            return said
        raise


def _answer(
    ticket: Ticket,
    body: str,
    *,
    by: User,
    next_state: State | None,
    files: Sequence[StoredFile],
    dedupe_key: str,
    seen: datetime | None,
    cause: str,
    fix: str,
    now: datetime | None,
) -> Message:
    for words in (cause, fix):
        _refuse_too_long(words)
    with changing(ticket, now=now, by=by) as change:
        fresh = change.ticket
        _require_a_reader(fresh)
        if seen is not None and fresh.last_message_at > seen:
            raise Refused(_("Somebody wrote while you did. Read it, then send again; your text is still here."))
        before = _standing(change)
        message = _say(
            change, MessageKind.REPLY, body, files, dedupe_key, author=by, author_name=by.name, before=before
        )
        if fresh.assignee_id is None and not by.is_bot:
            change.set(assignee_id=by.pk)
            change.event(EventKind.ASSIGNED, by=by, assignee=by.pk, with_reply=True)
        change.event(
            EventKind.REPLIED, by=by, message=message.pk, next_state=next_state or "",
            first=fresh.first_responded_at is None,
            waited=int((change.now - fresh.waiting_since).total_seconds()) if fresh.waiting_since else 0,
        )  # fmt: skip
        _go_on(change, next_state, by=by, cause=cause, fix=fix)
        change.set(last_from_customer=False, waiting_since=None, snoozed_until=None)
        change.clocks.answered()
        notices.to_customer(
            fresh, "reply", now=change.now, message=message, key=f"reply:{message.pk}", hold_until=message.undo_until,
            cc=participants.addresses(fresh),
        )  # fmt: skip
    return message


def note(
    ticket: Ticket,
    *,
    body: str,
    by: User,
    files: Sequence[StoredFile] = (),
    dedupe_key: str = "",
    trust: str = "",
    now: datetime | None = None,
) -> Message:
    """Say something among colleagues: changes neither state nor assignee; @name tells that colleague."""
    with changing(ticket, now=now, by=by) as change:
        if said := _already_said(dedupe_key):
            return said
        message = _say(change, MessageKind.NOTE, body, files, dedupe_key, author=by, author_name=by.name, trust=trust)
        mentioned = mentions_in(body, change.desk) - {by.pk}
        if mentioned:
            message.mentions.add(*mentioned)
        change.event(EventKind.NOTED, by=by, message=message.pk, mentions=sorted(mentioned))
    return message


def withdraw(message: Message, *, by: User, now: datetime | None = None) -> Ticket:
    """Take a reply back before its mail leaves: ticket and clocks stand as before, the text is a draft again."""
    with changing(message.ticket, now=now) as change:
        fresh = Message.objects.select_for_update().get(pk=message.pk)
        may = fresh.kind == MessageKind.REPLY and fresh.author_id == by.pk and fresh.before and not fresh.withdrawn_at
        if not may or change.now > (fresh.undo_until or change.now):
            raise Refused(_("Too late to take it back: the mail is on its way."))
        if _has_moved_on(fresh):
            raise Refused(
                _("It cannot be taken back: something else happened on the ticket since. Write once more instead.")
            )
        if not outbox.cancel(fresh):
            raise Refused(_("Too late to take it back: the mail is on its way."))
        Message.objects.filter(pk=fresh.pk).update(withdrawn_at=change.now)
        state_now = change.ticket.state
        before: dict[str, Any] = fresh.before or {}
        lifecycle.restore_step(change, to=State(before["state"]), clocks=before["clocks"])
        change.set(**{name: _as_value(name, value) for name, value in before["fields"].items()})
        change.event(EventKind.WITHDRAWN, by=by, message=fresh.pk, from_state=state_now, to_state=change.ticket.state)
        Draft.objects.update_or_create(
            ticket=change.ticket, user=by, kind=MessageKind.REPLY, defaults={"body": fresh.body}
        )
    return change.ticket


def mentions_in(body: str, desk: Desk) -> set[int]:
    """Ids of the colleagues named by @first, @first.last or @mailbox name; an ambiguous first name names nobody."""
    known: dict[str, set[int]] = {}
    for card in desk.staff.values():
        spoken = card.name.lower().split()
        names = {card.email.split("@")[0].lower(), ".".join(spoken), "".join(spoken)} | set(spoken[:1])
        for name in names:
            known.setdefault(name, set()).add(card.id)
    found: set[int] = set()
    for word in MENTION.findall(body.lower()):
        who = known.get(word.rstrip(".-"), set())
        if len(who) == 1:
            found |= who
    return found


def _require_a_reader(ticket: Ticket) -> None:
    """Nobody would get a reply on these: say so instead of keeping it to ourselves."""
    if ticket.merged_into_id:
        raise Refused(_("This ticket was merged into #%(number)s; answer there.") % {"number": ticket.merged_into_id})
    if ticket.is_spam:
        raise Refused(_("This ticket is marked as spam, so nobody would get your reply. Mark it as no spam first."))


def _go_on(change: Change, next_state: State | None, *, by: User, cause: str, fix: str) -> None:
    ticket = change.ticket
    if ticket.state in (State.RESOLVED, State.CLOSED) and next_state not in (None, ticket.state):
        lifecycle.reopen_step(change, by=by, with_reply=True)
    if ticket.state == State.NEW and next_state != State.FIRST_RESPONSE:
        lifecycle.step(change, State.FIRST_RESPONSE, by=by, with_reply=True)
    if ticket.first_responded_at is None:
        change.set(first_responded_at=change.now)
    if next_state not in (None, ticket.state):
        lifecycle.step(change, State(next_state), by=by, cause=cause, fix=fix, with_reply=True)


def _say(
    change: Change, kind: MessageKind, typed: str, files: Sequence[StoredFile], dedupe_key: str, **columns: Any
) -> Message:
    ticket, now = change.ticket, change.now
    body = text.plain(typed, settings.MAX_BODY_CHARACTERS)
    if kind != MessageKind.CUSTOMER:
        _refuse_too_long(typed)
    if not body.strip() and not files:
        raise Refused(_("There is nothing written yet. Write your message, then send."))
    columns.setdefault("channel", ticket.channel)
    message = Message(
        ticket=ticket, kind=kind, body=body, has_files=bool(files), created_at=now, dedupe_key=dedupe_key,
        undo_until=now + timedelta(seconds=settings.UNDO_SEND_SECONDS) if kind == MessageKind.REPLY else None,
        **columns,
    )  # fmt: skip
    insert([message])
    attach(message, files)
    if author := columns.get("author"):
        Draft.objects.filter(ticket=ticket, user=author, kind=kind).delete()
    if kind != MessageKind.NOTE:
        change.set(last_message_at=now, preview=text.preview(body, 140))
    return message


def _refuse_too_long(typed: str) -> None:
    """A colleague's words are never cut silently; what customers send is limited, or cut, at the door it came by."""
    if len(typed.strip()) > settings.MAX_BODY_CHARACTERS:
        length, limit = (
            number_format(size, force_grouping=True) for size in (len(typed), settings.MAX_BODY_CHARACTERS)
        )
        problem = _("This has %(length)s characters; at most %(limit)s fit. Please shorten it.")
        raise Refused(problem % {"length": length, "limit": limit})


def attach(message: Message, files: Sequence[StoredFile]) -> None:
    """Hang stored files on a message."""
    if files:
        Attachment.objects.bulk_create(
            Attachment(
                message=message,
                name=kept.name,
                size=kept.size,
                content_type=kept.content_type,
                sha256=kept.sha256,
                content_id=text.plain(kept.content_id, 250),
            )
            for kept in files
        )


def _already_said(dedupe_key: str) -> Message | None:
    # The ticket is locked, so a second submit of the same form waits here and then finds the first one's message.
    return Message.objects.filter(dedupe_key=dedupe_key).first() if dedupe_key else None


def _standing(change: Change) -> dict[str, Any]:
    ticket = change.ticket
    fields = {name: getattr(ticket, name) for name in TAKEN_BACK}
    plain = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields.items()}
    return {"state": ticket.state, "fields": plain, "clocks": change.clocks.snapshot()}


def _as_value(name: str, value: Any) -> Any:
    return parse_datetime(value) if value and name.endswith(("_at", "_since", "_until")) else value


def _has_moved_on(message: Message) -> bool:
    """Whether anything but a note, a tag or a link came after the reply: what stood before is no longer true then."""
    harmless = (EventKind.NOTED, EventKind.TAGGED, EventKind.LINKED, EventKind.UNLINKED, EventKind.MACRO_USED)
    since = TicketEvent.objects.filter(ticket=message.ticket_id, at__gt=message.created_at)
    return since.exclude(kind__in=harmless).exists()
