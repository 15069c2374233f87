"""Mail of ours that came back: matched to the mail it was, its address judged, the ticket's people told.

A notice is believed as far as it proves itself. One that carries our Message-ID, which only the mail itself held, may
stop the mail to an address. One that merely names somebody we wrote to is shown and stops nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from helpdesk.lib.mailparse.parsed import Parsed, Undelivered
from tickets import outbox, unreachable
from tickets.models import OutboxMail, OutboxStatus, ReturnKind, Ticket

# A server may try for five days before it gives up (RFC 5321, 4.5.4.1), and somebody's clock is always late.
RECENT = timedelta(days=8)
# It was the mail that was not wanted, not the address that does not work.
ABOUT_THE_MAIL = frozenset({
    "authfailure", "badreputation", "blocked", "contenterror", "failedstarttls", "mesgtoobig", "norelaying",
    "notcompliantrfc", "policyviolation", "ratelimited", "requireptr", "securityerror", "spamdetected", "speeding",
    "toomanyconn", "virusdetected",
})  # fmt: skip
# A provider's reports that need nothing done.
HARMLESS = frozenset({"sent", "queued", "delivered", "opened", "clicked", "autoresponded", "subscribed", "inbound"})


def returned(parsed: Parsed, *, now: datetime | None = None) -> Ticket | None:
    """Take in a bounce or a complaint; returns the ticket whose mail it was, None where nothing of ours fits.

    Kept either way. The same notice again changes nothing. A bounce of a bounce matches nothing, for we never answer one.
    """
    now = now or timezone.now()
    if parsed.is_delivery_notice and not parsed.is_bounce:
        return None
    named = outbox.mail_of(_ids(parsed))
    if parsed.is_feedback_report:
        address = named.to if named else _first_address(parsed)
        return _take_in(address, ReturnKind.COMPLAINT, parsed.automatic_because, named=named, now=now)
    undelivered = parsed.undelivered or _nameless(named, parsed)
    tickets = [
        _take_in(one.recipient, _kind(one), one.words or one.status or one.reply_code, named=named, now=now)
        for one in undelivered
    ]
    return next((ticket for ticket in tickets if ticket is not None), named.ticket if named else None)


def provider_event(
    kind: str, *, recipient: str, message_id: str, is_hard: bool, words: str, now: datetime | None = None
) -> None:
    """The same from a mail provider's report. `kind`: anymail's event type (bounced, rejected, failed, complained, …)."""
    now = now or timezone.now()
    if kind in HARMLESS or not recipient:
        return
    named = outbox.mail_of([message_id])
    if kind in ("complained", "unsubscribed"):
        _take_in(recipient, ReturnKind.COMPLAINT, words, named=named, now=now)
    elif kind in ("bounced", "rejected", "failed", "deferred"):
        what = ReturnKind.HARD if is_hard and kind != "deferred" else ReturnKind.SOFT
        _take_in(recipient, what, words, named=named, now=now)


def _take_in(address: str, kind: ReturnKind, words: str, *, named: OutboxMail | None, now: datetime) -> Ticket | None:
    """Mark one recipient. A forwarding server may name another address than the one we wrote to: then ours counts."""
    if named is not None and address.lower() not in _readers(named):
        address, words = named.to, f"{address}: {words}" if address else words
    mail = named or _lately_to(address, now)
    ticket = mail.ticket if mail else None
    unreachable.note(address, kind, words, mail=mail, ticket=ticket, is_certain=named is not None, now=now)
    return ticket


def _ids(parsed: Parsed) -> list[str]:
    """Ids the notice names, the surest first: of the mail it quotes, then of what it says it answers."""
    return [one for one in (parsed.original_message_id, *parsed.in_reply_to, *reversed(parsed.references)) if one]


def _kind(one: Undelivered) -> ReturnKind:
    return ReturnKind.HARD if one.is_hard and one.reason not in ABOUT_THE_MAIL else ReturnKind.SOFT


def _nameless(named: OutboxMail | None, parsed: Parsed) -> Sequence[Undelivered]:
    """A bounce that names no recipient: of the mail it quotes, and for now, since nobody says more."""
    if not parsed.is_bounce:
        return []
    return [Undelivered(recipient=named.to if named else "", words=parsed.automatic_because)]


def _first_address(parsed: Parsed) -> str:
    return next((one.recipient for one in parsed.undelivered), "")


def _readers(mail: OutboxMail) -> set[str]:
    return {one.lower() for one in (mail.to, *mail.cc)}


def _lately_to(address: str, now: datetime) -> OutboxMail | None:
    """The last mail that left for this address within RECENT; a copy's address stands in no index and is not found."""
    sent = OutboxMail.objects.filter(Q(to=address) | Q(to=address.lower()), status=OutboxStatus.SENT)
    return sent.filter(sent_at__gt=now - RECENT).select_related("ticket").order_by("-pk").first() if address else None
