"""Which ticket a mail belongs to and how far it may be believed: an outsider never writes in another's thread.

Looked at in order of trust: the address we signed for the ticket, Message-IDs of ours and of mails we took in, the
number in the subject. All three are only hints to a ticket; what the mail may do there follows from who wrote it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q

from helpdesk.lib.mailparse.parsed import Parsed
from tickets import customers, outbox, own_addresses, participants, reply_address
from tickets.desk import Desk, StaffCard
from tickets.models import Customer, IdentityKind, InboundMail, Mailbox, MailStatus, Ticket, Trust

NUMBER = re.compile(r"\[#(\d{1,18})\]")
MOST_IDS = 50
# A mail whose parent still waits to be taken in waits for it, but not for ever.
WAITS_FOR_PARENT = timedelta(minutes=10)


class ParentWaits(Exception):
    """The mail answers one that is not taken in yet."""


@dataclass(frozen=True)
class Standing:
    """Where a mail belongs. `ticket`: none opens one; `is_held`: shown to colleagues there and without effect.

    `mentions`: a ticket it names without a right to it. `customer`: whom we know by the sender's address; `colleague`:
    whose address it is, `is_confirmed` if the mail server vouches for it.
    """

    trust: Trust | None
    ticket: Ticket | None = None
    is_held: bool = False
    mentions: Ticket | None = None
    customer: Customer | None = None
    colleague: StaffCard | None = None
    is_confirmed: bool = False


def find(parsed: Parsed, mail: InboundMail, *, desk: Desk, mailbox: Mailbox | None) -> Standing:
    """Where the mail belongs. Raises ParentWaits. No statement for a first mail, but the one that knows its sender."""
    sender = parsed.sender.email
    customer = customers.find(IdentityKind.EMAIL, sender)
    verdict = authentication(parsed, mailbox)
    colleague = next((card for card in desk.staff.values() if card.is_active and card.email.lower() == sender), None)
    ticket, is_signed = hinted(parsed, mail)
    if colleague is not None and not (
        ticket is not None and customer is not None and ticket.customer_id == customer.pk
    ):
        return _of_colleague(colleague, ticket, customer, is_confirmed=verdict == "pass", desk=desk)
    if ticket is None:
        trust = Trust.REPLY_TO_DIFFERS if _reply_to_differs(parsed) else Trust.KNOWN if customer else None
        return Standing(trust, customer=customer)
    if customer is not None and customer.pk == ticket.customer_id and verdict != "fail":
        trust = Trust.REPLY_TO_DIFFERS if _reply_to_differs(parsed) else Trust.KNOWN
        return Standing(trust, ticket, customer=customer)
    if verdict != "fail" and sender in {person.address for person in participants.of(ticket)}:
        return Standing(Trust.PARTICIPANT, ticket, customer=customer)
    if is_signed or (customer is not None and customer.pk == ticket.customer_id):
        return Standing(_unbelieved(parsed, ticket, customer, verdict), ticket, is_held=True, customer=customer)
    return Standing(Trust.STRANGER, mentions=ticket, customer=customer)


def hinted(parsed: Parsed, mail: InboundMail) -> tuple[Ticket | None, bool]:
    """The ticket the mail points at, and whether by the address we signed for it. Raises ParentWaits."""
    addressed = [*(one.email for one in (*parsed.to, *parsed.cc)), *parsed.delivered_to, *mail.envelope_to]
    for address in dict.fromkeys(addressed):
        number = reply_address.read(address) if address else None
        if number is not None and (ticket := _ticket(number)):
            return ticket, True
    ids = list(dict.fromkeys((*parsed.in_reply_to, *reversed(parsed.references))))[:MOST_IDS]
    if ids and (found := outbox.ticket_of(ids) or _of_earlier_mail(ids, mail)):
        return found, False
    named = NUMBER.search(parsed.subject)
    return (_ticket(int(named[1])) if named else None), False


def authentication(parsed: Parsed, mailbox: Mailbox | None) -> str:
    """What the mailbox's own mail server found out about the From address: pass, fail, or "" where it says nothing.

    Only its own line counts (RFC 8601): it stands above whatever the sender wrote, and bears the server's name.
    """
    authority = mailbox.trusted_authority.strip().lower() if mailbox else ""
    line = " ".join(parsed.headers.get("authentication-results", "").lower().split())
    name, _semicolon, results = line.partition(";")
    if not authority or name.split(" ")[0] != authority:
        return ""
    found = re.search(r"(?:^|[;\s])dmarc=(\w+)", results)
    return {"pass": "pass", "fail": "fail"}.get(found[1], "") if found else ""


def ours(addresses: Iterable[str], desk: Desk) -> Mailbox | None:
    """The first of our mailboxes among these addresses, whatever stands behind a plus."""
    by_address = {box.address.lower(): box for box in desk.mailboxes.values()}
    for address in addresses:
        local, _at, domain = address.lower().rpartition("@")
        if box := by_address.get(address.lower()) or by_address.get(f"{local.partition('+')[0]}@{domain}"):
            return box
    return None


def is_own(address: str, desk: Desk) -> bool:
    """Whether mail from this address is our own."""
    return own_addresses.is_one(address, own_addresses.of(desk))


def _of_colleague(
    card: StaffCard, ticket: Ticket | None, customer: Customer | None, *, is_confirmed: bool, desk: Desk
) -> Standing:
    if ticket is not None and is_confirmed and not _may_see(card, ticket, desk):
        return Standing(Trust.STRANGER, mentions=ticket, customer=customer, colleague=card, is_confirmed=True)
    return Standing(
        Trust.COLLEAGUE if is_confirmed else Trust.FORGED_AGENT,
        ticket,
        is_held=ticket is not None and not is_confirmed,
        customer=customer,
        colleague=card,
        is_confirmed=is_confirmed,
    )


def _may_see(card: StaffCard, ticket: Ticket, desk: Desk) -> bool:
    team = desk.teams.get(ticket.team_id or 0)
    return team is None or not team.is_restricted or team.pk in card.team_ids


def _unbelieved(parsed: Parsed, ticket: Ticket, customer: Customer | None, verdict: str) -> Trust:
    if verdict == "fail" and customer is not None and customer.pk == ticket.customer_id:
        return Trust.FORGED_CUSTOMER
    name = parsed.sender.name.strip().lower()
    same_name = bool(name) and name == ticket.customer.name.strip().lower()
    return Trust.CHANGED_FROM if same_name else Trust.REPLY_LINK


def _reply_to_differs(parsed: Parsed) -> bool:
    return any(one.email and one.email != parsed.sender.email for one in parsed.reply_to)


def _ticket(number: int) -> Ticket | None:
    if not 0 < number < 2**63:
        return None
    return Ticket.objects.select_related("customer", "merged_into").filter(pk=number).first()


def _of_earlier_mail(ids: list[str], mail: InboundMail) -> Ticket | None:
    """The ticket of a mail that came before, as when a customer adds to their own first mail."""
    earlier = InboundMail.objects.filter(mail_id__in=ids).exclude(pk=mail.pk)
    rows = earlier.filter(Q(ticket__isnull=False) | Q(status=MailStatus.WAITING)).order_by("-pk")
    found = list(rows.values_list("ticket_id", "status", "received_at")[:MOST_IDS])
    for ticket_id, _status, _at in found:
        if ticket_id:
            return _ticket(ticket_id)
    if any(mail.received_at - at < WAITS_FOR_PARENT for _number, _status, at in found):
        raise ParentWaits
    return None
