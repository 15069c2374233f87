"""Other recipients of a ticket: kept from the mail that named them, added or removed by hand, answered in Cc.

They get the replies that people write, as a copy of the customer's mail, and nothing else: no automatic mail, and never
the customer's private link. An address that a colleague removed does not come back with the next mail.
"""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.lib.mailparse.parsed import Address
from tickets import customers, own_addresses
from tickets.change import Change, changing
from tickets.errors import Refused
from tickets.models import EventKind, Identity, IdentityKind, Participant, Ticket, User

MOST = 20  # a mail to a crowd is no conversation


def of(ticket: Ticket) -> list[Participant]:
    """Those who get copies, in the order they came."""
    return list(Participant.objects.filter(ticket=ticket.pk, removed_at__isnull=True).order_by("pk")[:MOST])


def addresses(ticket: Ticket) -> list[str]:
    """Where copies of a reply go; one statement."""
    return [person.address for person in of(ticket) if person.address != ticket.customer.email.lower()]


def keep(ticket: Ticket, addresses: Iterable[Address], *, by: User | None, now: datetime | None = None) -> int:
    """Keep these as other recipients, once each; returns how many are new.

    Left out: the customer's own addresses, ours, what is no address. From a mail (`by` None) also whoever a colleague
    removed before, and whatever is beyond MOST.
    """
    wanted = _wanted(addresses)
    if not wanted:
        return 0
    with changing(ticket, now=now, by=by) as change:
        return _keep(change, wanted, by=by)


def add(ticket: Ticket, *, address: str, name: str = "", by: User, now: datetime | None = None) -> None:
    """Add one by hand. Refused where it is no address, ours, the customer's, in already, or one too many."""
    typed = customers.normalised(IdentityKind.EMAIL, address)
    wanted = _wanted([Address(typed, name)])
    if not wanted:
        raise Refused(_("“%(address)s” cannot get mail from here. Check how it is written.") % {"address": typed})
    with changing(ticket, now=now, by=by) as change:
        if not _keep(change, wanted, by=by):
            raise Refused(
                _("%(address)s gets the mails of this ticket already, or it has %(most)d other recipients.")
                % {"address": typed, "most": MOST}
            )


def remove(ticket: Ticket, *, address: str, by: User, now: datetime | None = None) -> None:
    """No more copies to this address; a later mail that names it does not bring it back."""
    with changing(ticket, now=now or timezone.now(), by=by) as change:
        theirs = Participant.objects.filter(ticket=change.ticket, address=address.lower(), removed_at__isnull=True)
        if theirs.update(removed_at=change.now):
            change.event(EventKind.CHANGED, by=by, field="participants", old=address.lower(), new="")


def _wanted(given: Iterable[Address]) -> dict[str, str]:
    """Name by address, in order; only what can get mail and is not ours."""
    ours = own_addresses.all()
    wanted: dict[str, str] = {}
    for one in given:
        address = customers.normalised(IdentityKind.EMAIL, one.email)
        if address and address not in wanted and not own_addresses.is_one(address, ours) and _is_address(address):
            wanted[address] = customers.clean_name(one.name)
    return wanted


def _keep(change: Change, wanted: dict[str, str], *, by: User | None) -> int:
    ticket = change.ticket
    theirs = Identity.objects.filter(customer=ticket.customer_id, kind=IdentityKind.EMAIL).values_list(
        "value", flat=True
    )
    own = {*theirs, ticket.customer.email.lower()}
    known = {one.address: one for one in Participant.objects.filter(ticket=ticket)}
    room = MOST - sum(one.removed_at is None for one in known.values())
    back = [known[one] for one in wanted if by is not None and one in known and known[one].removed_at][:room]
    new = [one for one in wanted if one not in known and one not in own][: room - len(back)]
    Participant.objects.filter(pk__in=[one.pk for one in back]).update(removed_at=None, by=by)
    Participant.objects.bulk_create(
        Participant(ticket=ticket, address=one, name=wanted[one], added_at=change.now, by=by) for one in new
    )
    added = [*new, *(one.address for one in back)]
    if added:
        change.event(EventKind.CHANGED, by=by, field="participants", old="", new=", ".join(added))
    return len(added)


def _is_address(address: str) -> bool:
    try:
        validate_email(address)
    except ValidationError:
        return False
    return True
