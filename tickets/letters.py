"""Turns a row of the outbox into a letter: its words for this reader, its thread, or why it must not leave."""

import re
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.db.models import Q
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from helpdesk.lib import mail as post
from helpdesk.lib.mailparse import reply_marker
from tickets import closings, desk, envelopes, files, links, wording
from tickets.envelopes import BY_A_PERSON, SURVEYS, Envelope
from tickets.models import (
    OPEN_STATES,
    EventKind,
    Identity,
    IdentityKind,
    Message,
    OutboxMail,
    OutboxStatus,
    Priority,
    State,
    Ticket,
    TicketEvent,
    User,
)  # fmt: skip

# A mail that tells of a state is dropped when the state has moved on before it left (an undone reply, a slow server).
TRUE_IN: dict[str, tuple[str, ...]] = {
    "assigned": OPEN_STATES,
    "in_progress": (State.IN_PROGRESS,),
    "escalated": OPEN_STATES,
    "delayed": OPEN_STATES,
    "resolved": (State.RESOLVED,),
    "closed": (State.CLOSED,),
    "after_close": (State.CLOSED,),
    "waiting": (State.PENDING_CUSTOMER, State.PENDING_INTERNAL),
}
# Mails that leave without anyone of the desk having looked at the ticket. Anyone can type anyone's address into a form:
# an address that never opened a link of ours gets one of these an hour and three a day, however many forms name it.
UNASKED = ("received", "assigned", "delayed")
UNASKED_LIMITS = ((timedelta(hours=1), 1), (timedelta(days=1), 3))
DIGEST_REACHES_BACK = timedelta(hours=1)
DIGEST_LINES = 50
# The address of a customer's own page of any request, wherever it stands in a text.
PRIVATE = re.compile(r"(?:https?://[^\s/\"'<>]{1,255})?/r/[\w-]{10,80}(?:/[^\s\"'<>]{0,200})?")


def why_not(mail: OutboxMail, *, now: datetime) -> str:
    """Why the mail must not leave any more, in words for the log; empty when it may."""
    ticket = mail.ticket
    if mail.message is not None and mail.message.withdrawn_at:
        return "the reply was taken back"
    if ticket is None or mail.user_id:
        return ""
    if ticket.is_spam:
        return "the ticket is spam"
    if mail.kind == "after_close" and mail.customer is not None and mail.customer.surveys_stopped_at:
        return "the customer wants no surveys"
    if ticket.state not in TRUE_IN.get(mail.kind, (ticket.state,)):
        return f"the ticket is {ticket.state} by now"
    if mail.kind == "assigned" and mail.data.get("assignee") != ticket.assignee_id:
        return "somebody else has the ticket by now"
    if (
        mail.kind in UNASKED
        and not mail.data.get("is_deliberate")
        and not is_verified(mail.to)
        and _has_had_enough(mail, now)
    ):
        return "the address is not verified and had such a mail just now"
    return ""


def compose(mail: OutboxMail) -> post.Letter:
    """The letter of a row read with ticket, message, customer and user. Raises jinja2.TemplateError."""
    reader = mail.user or mail.customer or (mail.ticket.customer if mail.ticket else None)
    zone = wording.zone(reader.time_zone if reader else settings.TIME_ZONE)
    envelope = envelopes.of(mail)
    enclosed, linked = _files(mail)
    context = _context(mail, envelope) | {"files": linked, "enclosed": [file.name for file in enclosed]}
    words = post.write(mail.kind, context, language=mail.language, zone=zone)
    return post.Letter(
        to=mail.to, words=_without_private_links(words) if envelope.cc else words, mail_id=mail.mail_id,
        sender_name=envelope.sender_name, sender_address=envelope.sender_address, reply_to=envelope.reply_to,
        cc=envelope.cc, files=enclosed, headers=envelope.headers,
        waits_for_copies=mail.attempts <= envelopes.TRIES_FOR_COPIES,
    )  # fmt: skip


def is_verified(address: str) -> bool:
    """Whether somebody opened a link that we sent to this address."""
    return Identity.objects.filter(kind=IdentityKind.EMAIL, value=address.lower(), verified_at__isnull=False).exists()


def _has_had_enough(mail: OutboxMail, now: datetime) -> bool:
    others = OutboxMail.objects.filter(to=mail.to, kind__in=UNASKED, user__isnull=True).exclude(pk=mail.pk)
    # One that another worker is sending right now counts for the one after it.
    leaving = Q(status=OutboxStatus.PENDING, lease_until__gt=now, pk__lt=mail.pk)
    return any(
        others.filter(leaving | Q(status=OutboxStatus.SENT, sent_at__gt=now - span)).count() >= limit
        for span, limit in UNASKED_LIMITS
    )


def _without_private_links(words: post.Written) -> post.Written:
    """The mail goes to others too: no link in it may open the customer's page, whoever wrote it there."""
    others = links.absolute(reverse("my_requests"))
    return post.Written(
        subject=words.subject, text=PRIVATE.sub(others, words.text), html=PRIVATE.sub(others, words.html)
    )


def _files(mail: OutboxMail) -> tuple[list[post.Enclosed], list[str]]:
    """The reply's files that leave with its mail, in order, as far as they fit; names of those that do not."""
    if mail.message is None or not mail.message.has_files:
        return [], []
    enclosed, linked, room = [], [], settings.MAIL_FILES_BYTES
    for file in mail.message.files.all():
        content = files.content_of(file) if file.size <= room else None
        if content is None:
            linked.append(file.name)
        else:
            enclosed.append(post.Enclosed(file.name, file.content_type, content))
            room -= len(content)
    return enclosed, linked


def _context(mail: OutboxMail, envelope: Envelope) -> dict[str, Any]:
    """What every template may use; names are there for every kind, empty where they do not apply."""
    site = {"site": settings.SITE_NAME, "site_url": settings.SITE_URL, "kind": mail.kind, "data": mail.data}
    nobody: dict[str, Any] = dict.fromkeys(("number", "subject", "url", "name", "agent", "body"), "")
    nobody |= {"ticket": None, "answer_due": None, "marker": "", "answers_by_mail": envelope.is_answered_by_mail}
    nobody |= {"is_shared": bool(envelope.cc), "unsubscribe_url": ""}
    if mail.user is not None:
        return {**site, **nobody, **_for_colleague(mail, mail.user)}
    if mail.ticket is None:
        return {**site, **nobody, **_for_address(mail)}
    return {**site, **nobody, **_for_customer(mail, mail.ticket, envelope)}


def _for_customer(mail: OutboxMail, ticket: Ticket, envelope: Envelope) -> dict[str, Any]:
    # Until the address is verified, or a colleague has looked and answered, nothing of what was typed is repeated: else
    # a form is a way to send one's own words to a stranger.
    trusted = ticket.first_responded_at is not None or is_verified(mail.to)
    author = mail.message.author if mail.message else None
    agent = author or ticket.assignee
    wants_surveys = mail.customer is None or mail.customer.surveys_stopped_at is None
    told = {
        "ticket": ticket,
        "number": ticket.number,
        "subject": ticket.subject if trusted else "",
        "name": (ticket.customer.name or ticket.customer_name) if trusted else "",
        "url": links.customer_url(ticket),
        "agent": agent.get_short_name() if agent and not agent.is_bot else "",
        "answer_due": None if ticket.first_responded_at else ticket.first_response_due_at,
        "body": mail.message.body if mail.message else "",
        "signature": closings.signature(ticket.team, agent),
        "quote": closings.last_words(mail.message) if mail.message and mail.kind in BY_A_PERSON else None,
        "state": ticket.state,
        "is_low": ticket.priority == Priority.LOW,
        "ratings": [(score, links.rating_url(ticket, score)) for score in range(5, 0, -1)] if wants_surveys else [],
        "unsubscribe_url": links.surveys_url(mail.customer) if mail.customer and mail.kind in SURVEYS else "",
        "into": ticket.merged_into,
        "into_url": links.customer_url(ticket.merged_into) if ticket.merged_into else "",
        "marker": reply_marker.line(mail.language) if envelope.is_answered_by_mail else "",
    }
    if envelope.cc:
        # Others read it too: what opens the customer's page is theirs alone.
        told |= {"url": links.absolute(reverse("my_requests")), "ratings": [], "into_url": "", "unsubscribe_url": ""}
    return told


def _for_address(mail: OutboxMail) -> dict[str, Any]:
    told = {"name": mail.customer.name if mail.customer and is_verified(mail.to) else "", "url": settings.SITE_URL}
    if mail.kind == "link":
        # Signed when the mail leaves, so that no working link rests in the database.
        told["url"] = links.my_requests_url(mail.data["identity"], mail.data["nonce"])
    return told


def _for_colleague(mail: OutboxMail, user: User) -> dict[str, Any]:
    told = {"name": user.get_short_name(), "url": links.absolute("/")}
    if mail.kind == "password_reset":
        # Made when the mail leaves, so that no working link rests in the database.
        key = urlsafe_base64_encode(force_bytes(user.pk))
        path = reverse("password_reset_confirm", args=[key, default_token_generator.make_token(user)])
        return {**told, "url": links.absolute(path)}
    if mail.kind == "breach_digest":
        return {**told, "url": links.absolute(reverse("queue")), "late": _late(mail, user)}
    if mail.ticket is None:
        return told
    return {
        **told,
        "ticket": mail.ticket,
        "number": mail.ticket.number,
        "subject": mail.ticket.subject,
        "url": _desk_url(mail.ticket),
        "body": _note_of(mail),
    }


def _note_of(mail: OutboxMail) -> str:
    note = Message.objects.standing().filter(pk=mail.data.get("message"), ticket=mail.ticket_id).first()
    return note.body if note else ""


def _late(mail: OutboxMail, user: User) -> list[dict[str, Any]]:
    """The open tickets whose promises were found broken late, shortly before or after this digest was written."""
    found = TicketEvent.objects.filter(
        kind=EventKind.BREACHED, at__gte=mail.created_at - DIGEST_REACHES_BACK, data__late_digest=True
    )
    numbers = found.values_list("ticket", flat=True)
    may_see = Ticket.objects.visible_to(user, restricted=desk.current().restricted_for(user))
    late = may_see.open().filter(pk__in=set(numbers)).order_by("queue_at", "id")[:DIGEST_LINES]
    return [{"number": one.pk, "subject": one.subject, "url": _desk_url(one)} for one in late]


def _desk_url(ticket: Ticket) -> str:
    return links.absolute(reverse("ticket", args=[ticket.pk]))
