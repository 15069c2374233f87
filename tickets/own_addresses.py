"""Addresses that are ours: the desk's and every mailbox's, with or without a tag behind a plus."""

from collections.abc import Collection

from helpdesk.lib import mail as post
from tickets import desk as desk_settings
from tickets.desk import Desk


def all() -> frozenset[str]:
    """Every address mail to us goes to, in lower case; one statement."""
    return of(desk_settings.current())


def of(desk: Desk) -> frozenset[str]:
    """The same from settings at hand."""
    return frozenset({post.desk_address().lower(), *(box.address.lower() for box in desk.mailboxes.values())})


def is_one(address: str, ours: Collection[str]) -> bool:
    """Whether `address` (lower case) is one of `ours`, whatever stands behind its plus."""
    local, _at, domain = address.rpartition("@")
    return address in ours or f"{local.partition('+')[0]}@{domain}" in ours
