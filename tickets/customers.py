"""Who a customer is: recognised by address, joined to their organisation, merged when known twice; their history."""

import re
from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models.query import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.lib import text
from helpdesk.lib.statements import Prepared
from tickets import timeline
from tickets.channels.base import Sender
from tickets.errors import Refused
from tickets.models import Customer, EventKind, Identity, IdentityKind, Message, Organisation, OutboxMail, Ticket, User

# Mail providers for everyone: an address there says nothing about whom somebody works for.
PUBLIC_PROVIDERS = frozenset({
    "aol.com", "att.net", "bluewin.ch", "btinternet.com", "comcast.net", "duck.com", "fastmail.com", "free.fr",
    "freenet.de", "gmail.com", "gmx.at", "gmx.ch", "gmx.de", "gmx.net", "googlemail.com", "hey.com",
    "hotmail.co.uk", "hotmail.com", "hotmail.de", "hotmail.fr", "icloud.com", "laposte.net", "libero.it",
    "live.com", "mac.com", "mail.com", "mail.ru", "mailbox.org", "me.com", "msn.com", "naver.com", "orange.fr",
    "outlook.com", "outlook.de", "pm.me", "posteo.de", "proton.me", "protonmail.com", "qq.com", "rediffmail.com",
    "seznam.cz", "t-online.de", "tutanota.com", "verizon.net", "wanadoo.fr", "web.de", "wp.pl", "yahoo.co.jp",
    "yahoo.co.uk", "yahoo.com", "yahoo.de", "yahoo.fr", "yandex.ru", "ymail.com", "zoho.com", "126.com", "163.com",
})  # fmt: skip
LONGEST_NAME = 120

# Two requests of a new customer at once: the second takes over the identity's owner that the first made.
CLAIM = """
INSERT INTO tickets_identity (customer_id, kind, value, verified_at) VALUES (%s, %s, %s, %s)
ON CONFLICT (kind, value) DO UPDATE SET value = excluded.value
RETURNING customer_id
"""


def recognise(sender: Sender, *, now: datetime, language: str = "", time_zone: str = "") -> Customer:
    """The customer behind an address, made when it is new; one statement when known, four at most when not.

    Call inside the transaction of what they sent. What a stranger types never changes a customer we know: only an empty
    name is filled in. `language` and `time_zone` are taken for new customers alone.
    """
    value = normalised(sender.kind, sender.value)
    if not value:
        raise Refused(_("We need an address to answer to."))
    known = _owner(sender.kind, value)
    name = clean_name(sender.name)
    if known is None:
        return _welcome(sender, value, name, now=now, language=language, time_zone=time_zone)
    if name and not known.name:
        known.name = name
        known.save(update_fields=["name"])
    return known


def of_user(user: User, *, now: datetime) -> Customer:
    """The customer who signs in as `user`: linked already, else the one with their address, else a new one."""
    linked = Customer.objects.filter(user=user).first()
    if linked is not None:
        return linked
    with transaction.atomic():
        sender = Sender(IdentityKind.EMAIL, user.email, user.name, is_verified=True)
        customer = recognise(sender, now=now, language=user.language, time_zone=user.time_zone)
        if customer.user_id is None:
            customer.user = user
            customer.save(update_fields=["user"])
    return customer


def find(kind: IdentityKind, value: str) -> Customer | None:
    """The customer who is known by this address, if any; one statement."""
    value = normalised(kind, value)
    return _owner(kind, value) if value else None


def normalised(kind: str, value: str) -> str:
    """An address as it is kept: mail and handles in lower case, numbers as digits with +; at most 254 characters."""
    if kind == IdentityKind.PHONE:
        digits = re.sub(r"[^0-9]", "", value[:100])
        international = value.strip().startswith(("+", "00"))
        return "+" + digits.removeprefix("00") if international and digits else digits
    return "".join(text.plain(value, 1000).split()).lower()[:254]


def clean_name(name: str) -> str:
    """A name on one line, without control characters, at most 120 characters."""
    return " ".join(text.plain(name, 4 * LONGEST_NAME).split())[:LONGEST_NAME].rstrip()


def history(
    customer: Customer, *, limit: int = 10, restricted: Collection[int] = (), without: Ticket | None = None
) -> QuerySet[Ticket]:
    """Their last tickets, newest first, in one statement, as rows of number, subject, state, priority, times and score.

    `restricted`: teams the reader may not look into. `without`: the ticket the reader is on already.
    """
    tickets = Ticket.objects.filter(customer=customer).order_by("-id")
    if restricted:
        tickets = tickets.exclude(team__in=restricted)
    if without:
        tickets = tickets.exclude(pk=without.pk)
    columns = ("id", "subject", "state", "priority", "created_at", "closed_at", "satisfaction__score")
    return tickets.values_list(*columns, named=True)[:limit]


def merge_customers(customer: Customer, *, into: Customer, by: User | None) -> Customer:
    """Make one of two customers: addresses, tickets, messages, mails and notes move to `into`; `customer` is gone.

    The kept customer's own name, tier and organisation win; empty ones are filled in. Each moved ticket gets an event.
    Refused when both have a sign-in of their own, for one of them would be shut out.
    """
    if customer.pk == into.pk:
        raise Refused(_("That is the same customer."))
    with transaction.atomic():
        both = Customer.objects.select_for_update(of=("self",)).select_related("organisation").order_by("pk")
        found = {row.pk: row for row in both.filter(pk__in=[customer.pk, into.pk])}
        if len(found) < 2:
            raise Refused(_("One of the two is gone; somebody may have merged them already."))
        gone, kept = found[customer.pk], found[into.pk]
        if gone.user_id and kept.user_id:
            raise Refused(_("Both have a sign-in. Remove one of them first."))
        moved = list(Ticket.objects.select_for_update(of=("self",)).filter(customer=gone).order_by("pk"))
        _fill_in(kept, gone)
        Identity.objects.filter(customer=gone).update(customer=kept)
        Message.objects.filter(customer=gone).update(customer=kept)
        OutboxMail.objects.filter(customer=gone).update(customer=kept)
        Ticket.objects.filter(customer=gone).update(
            customer=kept,
            organisation=kept.organisation,
            customer_name=kept.name,
            customer_tier=kept.tier,
            updated_at=timezone.now(),
        )
        told: dict[str, Any] = {
            "field": "customer", "old": str(gone), "new": str(kept), "old_id": gone.pk, "new_id": kept.pk,
        }  # fmt: skip
        if moved:
            timeline.record(*(timeline.event(ticket, EventKind.CHANGED, by=by, **told) for ticket in moved))
        gone.delete()
        return kept


def verify(customer: Customer, *, email: str, now: datetime) -> None:
    """Note that the customer has opened a link we sent to this address: it is theirs."""
    address = normalised(IdentityKind.EMAIL, email)
    Identity.objects.filter(customer=customer, kind=IdentityKind.EMAIL, value=address, verified_at__isnull=True).update(
        verified_at=now
    )


def _owner(kind: str, value: str) -> Customer | None:
    identity: Identity | None = next(iter(_identity().objects([str(kind), value])), None)
    return identity.customer if identity else None


@cache
def _identity() -> Prepared:
    owned = Identity.objects.select_related("customer__organisation").order_by()
    return Prepared(owned.filter(kind="").filter(value=""))  # a kind and a value are one customer's alone


def _welcome(sender: Sender, value: str, name: str, *, now: datetime, language: str, time_zone: str) -> Customer:
    is_email = sender.kind == IdentityKind.EMAIL
    customer = Customer(
        name=name,
        email=value if is_email else "",
        organisation=_organisation_of(value) if is_email else None,
        language=language or settings.LANGUAGE_CODE,
        time_zone=time_zone or settings.TIME_ZONE,
    )
    customer.save(force_insert=True)
    verified_at = connection.ops.adapt_datetimefield_value(now) if sender.is_verified else None
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [customer.pk, str(sender.kind), value, verified_at])
        (owner_id,) = cursor.fetchone()
    if owner_id == customer.pk:
        return customer
    customer.delete()
    return Customer.objects.select_related("organisation").get(pk=owner_id)


def _organisation_of(email: str) -> Organisation | None:
    domain = email.rpartition("@")[2]
    if not domain or domain in PUBLIC_PROVIDERS:
        return None
    return Organisation.objects.filter(domain=domain).first()


def _fill_in(kept: Customer, gone: Customer) -> None:
    """What only the other one has is kept; notes of both stand below each other."""
    kept.name = kept.name or gone.name
    kept.email = kept.email or gone.email
    kept.organisation = kept.organisation or gone.organisation
    kept.own_tier = kept.own_tier or gone.own_tier
    kept.surveys_stopped_at = kept.surveys_stopped_at or gone.surveys_stopped_at
    kept.notes = "\n\n".join(note for note in (kept.notes, gone.notes) if note)
    if gone.user_id:
        user_id, gone.user = gone.user_id, None
        gone.save(update_fields=["user"])  # the sign-in belongs to one customer at a time
        kept.user_id = user_id
    kept.save()
