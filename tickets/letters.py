"""Turns a row of the outbox into a letter: its words for this reader, its thread, or why it must not leave."""

import hashlib
import re
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.db.models import Q
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from helpdesk.lib import mail as post
from tickets import desk, links, wording
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
# Written by a person; every other mail is marked as automatic (RFC 3834) so that no vacation responder answers it.
BY_A_PERSON = ("reply",)
SURVEYS = ("closed", "after_close")
# Mails that leave without anyone of the desk having looked at the ticket. Anyone can type anyone's address into a form:
# an address that never opened a link of ours gets one of these an hour and three a day, however many forms name it.
UNASKED = ("received", "assigned", "delayed")
UNASKED_LIMITS = ((timedelta(hours=1), 1), (timedelta(days=1), 3))
DIGEST_REACHES_BACK = timedelta(hours=1)
DIGEST_LINES = 50
THREAD_ID = re.compile(r"ticket-(\d{1,18})\.([0-9a-fA-F]{24})")


def why_not(mail: OutboxMail, *, now: datetime) -> str:
    """Why the mail must not leave any more, in words for the log; empty when it may."""
    ticket = mail.ticket
    if mail.message is not None and mail.message.withdrawn_at:
        return "the reply was taken back"
    if ticket is None or mail.user_id:
        return ""
    if ticket.is_spam:
        return "the ticket is spam"
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
    words = post.write(mail.kind, _context(mail), language=mail.language, zone=zone)
    return post.Letter(
        to=mail.to, words=words, mail_id=mail.mail_id, sender_name=_sender_name(mail), headers=_headers(mail)
    )


def is_verified(address: str) -> bool:
    """Whether somebody opened a link that we sent to this address."""
    return Identity.objects.filter(kind=IdentityKind.EMAIL, value=address.lower(), verified_at__isnull=False).exists()


def thread_id(ticket: Ticket) -> str:
    """The Message-ID all mails of a ticket refer to; it cannot be guessed from the number."""
    return f"<ticket-{ticket.pk}.{_thread_secret(ticket)}@{post.domain()}>"


def ticket_of_thread(message_id: str) -> Ticket | None:
    """The ticket whose `thread_id` this is; None for a forged one."""
    found = THREAD_ID.fullmatch(message_id.strip().strip("<>").partition("@")[0])
    if found is None:
        return None
    ticket = Ticket.objects.select_related("customer").filter(pk=int(found[1])).first()
    is_real = ticket is not None and constant_time_compare(_thread_secret(ticket), found[2].lower())
    return ticket if is_real else None


def _thread_secret(ticket: Ticket) -> str:
    return hashlib.sha256(f"thread:{ticket.pk}:{ticket.access_key}".encode()).hexdigest()[:24]


def _has_had_enough(mail: OutboxMail, now: datetime) -> bool:
    others = OutboxMail.objects.filter(to=mail.to, kind__in=UNASKED, user__isnull=True).exclude(pk=mail.pk)
    # One that another worker is sending right now counts for the one after it.
    leaving = Q(status=OutboxStatus.PENDING, lease_until__gt=now, pk__lt=mail.pk)
    return any(
        others.filter(leaving | Q(status=OutboxStatus.SENT, sent_at__gt=now - span)).count() >= limit
        for span, limit in UNASKED_LIMITS
    )


def _headers(mail: OutboxMail) -> dict[str, str]:
    headers = {}
    if mail.ticket is not None:
        headers["References"] = headers["In-Reply-To"] = thread_id(mail.ticket)
    if mail.kind not in BY_A_PERSON:
        headers["Auto-Submitted"] = "auto-generated"
        headers["X-Auto-Response-Suppress"] = "All"
    if mail.kind in SURVEYS and mail.ticket is not None:
        subject = f"No%20surveys%20please%20%23{mail.ticket.pk}"
        headers["List-Unsubscribe"] = f"<mailto:{post.desk_address()}?subject={subject}>"
    return headers


def _sender_name(mail: OutboxMail) -> str:
    """“Mira Kovac (Firstline)” on a person's reply, else the desk's own name."""
    if mail.kind not in BY_A_PERSON or mail.message is None or mail.message.author is None:
        return ""
    return f"{mail.message.author.name} ({settings.SITE_NAME})"


def _context(mail: OutboxMail) -> dict[str, Any]:
    """What every template may use; names are there for every kind, empty where they do not apply."""
    site = {"site": settings.SITE_NAME, "site_url": settings.SITE_URL, "kind": mail.kind, "data": mail.data}
    nobody: dict[str, Any] = dict.fromkeys(("number", "subject", "url", "name", "agent", "body"), "")
    nobody |= {"ticket": None, "answer_due": None}
    if mail.user is not None:
        return {**site, **nobody, **_for_colleague(mail, mail.user)}
    if mail.ticket is None:
        return {**site, **nobody, **_for_address(mail)}
    return {**site, **nobody, **_for_customer(mail, mail.ticket)}


def _for_customer(mail: OutboxMail, ticket: Ticket) -> dict[str, Any]:
    # Until the address is verified, or a colleague has looked and answered, nothing of what was typed is repeated: else
    # a form is a way to send one's own words to a stranger.
    trusted = ticket.first_responded_at is not None or is_verified(mail.to)
    author = mail.message.author if mail.message else None
    agent = author or ticket.assignee
    return {
        "ticket": ticket,
        "number": ticket.number,
        "subject": ticket.subject if trusted else "",
        "name": (ticket.customer.name or ticket.customer_name) if trusted else "",
        "url": links.customer_url(ticket),
        "agent": agent.get_short_name() if agent and not agent.is_bot else "",
        "answer_due": None if ticket.first_responded_at else ticket.first_response_due_at,
        "body": mail.message.body if mail.message else "",
        "files": [file.name for file in mail.message.files.all()] if mail.message and mail.message.has_files else [],
        "signature": ticket.team.signature if ticket.team else "",
        "state": ticket.state,
        "is_low": ticket.priority == Priority.LOW,
        "ratings": [(score, links.rating_url(ticket, score)) for score in range(5, 0, -1)],
        "into": ticket.merged_into,
        "into_url": links.customer_url(ticket.merged_into) if ticket.merged_into else "",
    }


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
