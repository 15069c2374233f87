"""Addresses that are ours, and which of them a ticket's mails come from and are answered to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.conf import settings

from helpdesk.lib import mail as post
from tickets import desk as desk_settings
from tickets.desk import Desk
from tickets.models import Mailbox, Ticket


@dataclass(frozen=True)
class Own:
    """`name`: a mailbox's own. `reads`: answers to `address` come in; else customers answer on their request's page."""

    address: str
    name: str
    reads: bool


def all() -> frozenset[str]:
    """Every address that mail to us goes to, in lower case; one statement."""
    return of_desk(desk_settings.current())


def of_desk(desk: Desk) -> frozenset[str]:
    """The same from settings at hand."""
    return frozenset({post.desk_address().lower(), *(box.address.lower() for box in desk.mailboxes.values())})


def is_one(address: str, ours: Collection[str]) -> bool:
    """Whether `address` (lower case) is one of `ours`, whatever stands behind its plus."""
    local, _at, domain = address.rpartition("@")
    return address in ours or f"{local.partition('+')[0]}@{domain}" in ours


def of(ticket: Ticket | None, came_by: Sequence[int] = ()) -> tuple[Own, Own]:
    """Where a ticket's mails come from, and where they are answered to; one statement.

    From: the mailbox of its team, else the one it came by (`came_by`: ids of mailboxes), else the desk. Answers go
    there if we read it; else to the mailbox of no team, else to any.
    """
    boxes = list(Mailbox.objects.filter(is_active=True).order_by("pk").only("pk", "address", "name", "team_id"))
    team_id = ticket.team_id if ticket else None
    own = next((box for box in boxes if team_id is not None and box.team_id == team_id), None)
    own = own or next((box for one in came_by for box in boxes if box.pk == one), None)
    if own is not None:
        sender = Own(own.address, own.name, reads=True)
        return sender, sender
    address = post.desk_address()
    is_read = settings.REPLY_BY_MAIL or any(box.address.lower() == address.lower() for box in boxes)
    desk = Own(address, "", reads=is_read)
    other = next((box for box in boxes if box.team_id is None), None) or next(iter(boxes), None)
    return desk, desk if is_read or other is None else Own(other.address, other.name, reads=True)
