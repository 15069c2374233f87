"""A customer's mail apart from its words: its sender, where its answer goes, its copies, its place in a thread."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings

from tickets import links, own_addresses, reply_address, threading_ids, unreachable
from tickets.models import InboundMail, OutboxMail, Ticket

# Written by a person; every other mail is marked as automatic (RFC 3834) so that no vacation responder answers it.
BY_A_PERSON = ("reply",)
SURVEYS = ("closed", "after_close")
# A copy that a server refuses for now (as greylisting does) is waited for this many tries; then the mail goes without.
TRIES_FOR_COPIES = 5
MOST_INBOUND = 200


@dataclass(frozen=True)
class Envelope:
    """`is_answered_by_mail`: an answer to it comes in; else it is given on the request's page."""

    sender_name: str = ""
    sender_address: str = ""
    reply_to: str = ""
    cc: Sequence[str] = ()
    headers: dict[str, str] = field(default_factory=dict)
    is_answered_by_mail: bool = False


def of(mail: OutboxMail) -> Envelope:
    """Of a row read with its ticket, message and customer; three statements for a customer's mail, else none."""
    headers = {}
    if mail.kind not in BY_A_PERSON:
        headers = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    ticket = mail.ticket
    if ticket is None:
        return Envelope(headers=headers)
    if mail.user_id is not None:
        # A colleague's mails about one ticket stand together, apart from what its customer gets.
        return Envelope(headers=headers | threading_ids.headers(ticket, ()))
    came = list(
        InboundMail.objects.filter(ticket=ticket).order_by("pk").values_list("mail_id", "mailbox_id")[:MOST_INBOUND]
    )
    sender, answered = own_addresses.of(ticket, [box for _mail_id, box in came if box])
    headers |= threading_ids.headers(ticket, [mail_id for mail_id, _box in came])
    if mail.kind in SURVEYS and mail.customer is not None:
        headers["List-Unsubscribe"] = f"<{links.surveys_url(mail.customer)}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    return Envelope(
        sender_name=_sender_name(mail, sender.name),
        sender_address=sender.address,
        reply_to=_reply_to(ticket, answered),
        cc=_copies(mail),
        headers=headers,
        is_answered_by_mail=answered.reads,
    )


def _reply_to(ticket: Ticket, answered: own_addresses.Own) -> str:
    if answered.reads and settings.REPLY_WITH_PLUS:
        return reply_address.address_for(ticket.pk, answered.address)
    return answered.address


def _sender_name(mail: OutboxMail, own_name: str) -> str:
    """“Mira Kovac (Firstline)” on a person's reply, else the mailbox's own name; empty: the desk's."""
    author = mail.message.author if mail.message is not None and mail.kind in BY_A_PERSON else None
    return f"{author.name} ({own_name or settings.SITE_NAME})" if author is not None else own_name


def _copies(mail: OutboxMail) -> list[str]:
    """Each address once, never the reader's own, none that mail comes back from."""
    wanted = [one for one in dict.fromkeys(address.lower() for address in mail.cc) if one != mail.to.lower()]
    if not wanted:
        return []
    held = unreachable.held_among(wanted)
    return [one for one in wanted if one not in held]
