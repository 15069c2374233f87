"""What a colleague decides on a held mail: its sender is in on the ticket, is the customer, or has another matter."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.lib.mailparse.parsed import Address
from tickets import conversation, customers, intake, joining, participants
from tickets.change import changing
from tickets.channels.base import Inbound, Sender
from tickets.errors import Refused
from tickets.files import StoredFile
from tickets.models import (
    Channel,
    EventKind,
    Identity,
    IdentityKind,
    InboundMail,
    Message,
    MessageKind,
    Ticket,
    Trust,
    User,
)  # fmt: skip


def sender_of(message: Message) -> str:
    """The address a held mail came from; empty where the mail is gone."""
    return InboundMail.objects.filter(message=message).order_by("pk").values_list("sender", flat=True).first() or ""


def _name_of(message: Message) -> str:
    """The name before the address that a held mail shows."""
    return message.author_name.partition(" <")[0] if " <" in message.author_name else ""


def _subject_of(message: Message) -> str:
    mails = InboundMail.objects.filter(message=message).order_by("pk")
    return mails.values_list("subject", flat=True).first() or ""


def accept_as_participant(message: Message, *, by: User, now: datetime | None = None) -> Message:
    """The sender is in on the ticket from now on, and the mail counts as said. Refused in a colleague's name."""
    now = now or timezone.now()
    with transaction.atomic():
        address = _require(message, but=Trust.FORGED_AGENT)
        participants.keep(message.ticket, [Address(address, _name_of(message))], by=by, now=now)
        Message.objects.filter(pk=message.pk).update(
            customer=customers.recognise(Sender(IdentityKind.EMAIL, address, _name_of(message)), now=now)
        )
        return conversation.accept(message, by=by, now=now)


def accept_as_customer(message: Message, *, by: User, now: datetime | None = None) -> Message:
    """The address is another one of the ticket's customer. Refused when somebody else has it: merge the two first."""
    now = now or timezone.now()
    with transaction.atomic():
        address, customer = _require(message, but=Trust.FORGED_AGENT), message.ticket.customer
        identity, _is_new = Identity.objects.get_or_create(
            kind=IdentityKind.EMAIL, value=address, defaults={"customer": customer}
        )
        if identity.customer_id != customer.pk:
            told = {"address": address, "name": str(identity.customer)}
            raise Refused(_("%(address)s is known as %(name)s. If both are one person, merge the customers.") % told)
        Message.objects.filter(pk=message.pk).update(customer=customer)
        return conversation.accept(message, by=by, now=now)


def split_off(message: Message, *, by: User, now: datetime | None = None) -> Ticket:
    """A ticket of the sender's own; the held mail stays where it is, seen by colleagues alone, and is decided."""
    now = now or timezone.now()
    with transaction.atomic():
        address = _require(message)
        inbound = Inbound(
            channel=Channel(message.channel), sender=Sender(IdentityKind.EMAIL, address, _name_of(message)),
            body=message.body, subject=_subject_of(message),
            files=tuple(
                StoredFile(name=file.name, size=file.size, content_type=file.content_type, sha256=file.sha256)
                for file in message.files.all()
            ),
            dedupe_key=f"split:{message.pk}", is_quiet=True, trust=Trust.ACCEPTED,
        )  # fmt: skip
        received = intake.receive(inbound, by=by, now=now)
        with changing(message.ticket, now=now, by=by) as change:
            Message.objects.filter(pk=message.pk).update(trust=Trust.STRANGER)
            change.event(EventKind.SPLIT, by=by, into=received.ticket.pk, message=message.pk)
    joining.link(received.ticket, other=message.ticket, by=by, now=now)
    return received.ticket


def _require(message: Message, *, but: str = "") -> str:
    """The held mail's sender; Refused when it is decided already, or of a kind that this is no answer to."""
    held = Message.objects.select_for_update(of=("self",)).get(pk=message.pk)
    address = sender_of(held)
    if held.kind != MessageKind.NOTE or held.trust not in conversation.HELD or not address:
        raise Refused(_("Somebody decided on this message already."))
    if held.trust == but:
        raise Refused(_("It claims to be a colleague: ask them. If it is no fraud, make it a ticket of its own."))
    return address
