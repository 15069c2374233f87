"""Addresses that are ours: the desk's and every mailbox's, with or without a tag behind a plus."""

from collections.abc import Collection

from helpdesk.lib import mail as post


def all() -> frozenset[str]:
    """Every address mail to us goes to, in lower case."""
    return frozenset({post.desk_address().lower()})


def is_one(address: str, ours: Collection[str]) -> bool:
    """Whether `address` (lower case) is one of `ours`, whatever stands behind its plus."""
    local, _at, domain = address.rpartition("@")
    return address in ours or f"{local.partition('+')[0]}@{domain}" in ours
