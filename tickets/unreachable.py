"""Addresses that mail comes back from: marked with the other server's words, spared further mail, cleared again."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from helpdesk.lib import doorbell, text
from tickets import timeline
from tickets.models import (
    Customer,
    EventKind,
    Identity,
    IdentityKind,
    OutboxMail,
    OutboxStatus,
    ReturnedMail,
    ReturnKind,
    Ticket,
    User,
)  # fmt: skip

# A mailbox that is full, a server that is away: this often within this span, and the address counts as dead.
SOFT_LIMIT, SOFT_SPAN = 3, timedelta(days=7)
LONGEST_WORDS = 500
# Begins `OutboxMail.last_error` of what is kept back because the address is marked.
HELD = "the address is marked: mail to it came back"
# What was kept back longer than this tells of a time long gone and stays where it is.
STILL_NEWS = timedelta(days=30)


def note(
    address: str,
    kind: ReturnKind,
    words: str,
    *,
    mail: OutboxMail | None,
    ticket: Ticket | None,
    is_certain: bool,
    now: datetime,
) -> ReturnedMail | None:
    """Keep that a mail to `address` came back, tell it on the ticket; None when it was told of that mail already.

    Hard, or soft SOFT_LIMIT times in SOFT_SPAN: the customer is marked, and where it `is_certain` that it was our mail
    (its secret Message-ID came back with it), nothing more leaves for the address until `clear`. Else anyone could stop
    a customer's mail by writing us a false notice.
    """
    address, words = address.lower(), " ".join(text.plain(words, 2 * LONGEST_WORDS).split())[:LONGEST_WORDS]
    with transaction.atomic():
        found = ReturnedMail(address=address, kind=kind, words=words, mail=mail, ticket=ticket, at=now)
        if mail is not None and ReturnedMail.objects.filter(mail=mail, address=address, kind=kind).exists():
            return None
        is_dead = kind == ReturnKind.HARD or (kind == ReturnKind.SOFT and _is_once_too_often(address, now))
        found.holds = is_dead and is_certain
        ReturnedMail.objects.bulk_create([found], ignore_conflicts=True)
        if is_dead:
            _customers(address).update(bounced_at=now, bounce_words=words)
        if kind == ReturnKind.COMPLAINT:
            _owners(address).filter(surveys_stopped_at__isnull=True).update(surveys_stopped_at=now)
        if mail is not None:
            OutboxMail.objects.filter(pk=mail.pk, to__iexact=address).update(last_error=words)
        if ticket is not None:
            timeline.record(
                timeline.event(
                    ticket, EventKind.MAIL_RETURNED, by=None, now=now, address=address, kind=str(kind), words=words,
                    mail=mail.pk if mail else None, kind_of_mail=mail.kind if mail else "", is_dead=is_dead,
                )
            )  # fmt: skip
    return found


def is_held(address: str) -> bool:
    """Whether nothing leaves for the address until somebody says that it works again; one statement."""
    return ReturnedMail.objects.filter(address=address.lower(), holds=True, cleared_at__isnull=True).exists()


def clear(address: str, *, by: User | None, now: datetime) -> int:
    """The address works again (a colleague says so, or its owner wrote from it); what was kept back leaves now.

    Returns how many mails are on their way again.
    """
    address = address.lower()
    with transaction.atomic():
        ReturnedMail.objects.filter(address=address, cleared_at__isnull=True).update(cleared_at=now, holds=False)
        marked = _customers(address).filter(bounced_at__isnull=False)
        marked.update(bounced_at=None, bounce_words="")
        kept_back = OutboxMail.objects.filter(
            to__iexact=address, status=OutboxStatus.DEAD, last_error__startswith=HELD, created_at__gt=now - STILL_NEWS
        )
        count = kept_back.update(status=OutboxStatus.PENDING, attempts=0, next_at=now, last_error="")
        if count:
            doorbell.ring()
    return count


def why_held(address: str) -> str:
    """For the log and the lead's page."""
    last = ReturnedMail.objects.filter(address=address.lower(), holds=True, cleared_at__isnull=True).first()
    return f"{HELD} ({last.words})" if last and last.words else HELD


def in_words(kind: str, address: str, words: str) -> str:
    """What happened, as a sentence without its full stop."""
    said = {
        ReturnKind.HARD: _("Mail to %(address)s came back"),
        ReturnKind.SOFT: _("Mail to %(address)s came back for now"),
        ReturnKind.COMPLAINT: _("%(address)s reported our mail as spam; surveys are stopped"),
    }.get(ReturnKind(kind), "") % {"address": address}
    return f"{said}: “{words}”" if words else said


def _is_once_too_often(address: str, now: datetime) -> bool:
    recent = ReturnedMail.objects.filter(
        address=address, kind=ReturnKind.SOFT, at__gt=now - SOFT_SPAN, cleared_at__isnull=True
    )
    return recent.count() + 1 >= SOFT_LIMIT


def _customers(address: str) -> QuerySet[Customer]:
    """Those we write to at this address."""
    return Customer.objects.filter(_owned(address), email__iexact=address)


def _owners(address: str) -> QuerySet[Customer]:
    return Customer.objects.filter(_owned(address))


def _owned(address: str) -> Q:
    owner = Identity.objects.filter(kind=IdentityKind.EMAIL, value=address).values("customer")
    return Q(pk__in=owner)
