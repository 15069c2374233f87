"""The desk's own door for mail: SMTP, or LMTP behind a mail server. Takes mail for the desk's addresses and no other's.

“250” is said after the commit; while the database is away, “451”, and the sender keeps the message.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import close_old_connections

from tickets import desk, mail_store, own_addresses, threads
from tickets.errors import Refused
from tickets.files import NoRoom
from tickets.models import InboundMail, Road

log = structlog.get_logger()

MOST_RECIPIENTS = 100
STORED, LATER = "250 2.0.0 Stored as {number}", "451 4.3.0 It cannot be stored right now, please try again"
NOT_HERE = "550 5.1.1 Nobody here has that address"


class Door:
    """What aiosmtpd asks at each step of a talk; the database is asked in a thread, so that talks do not wait."""

    def __init__(self, *, is_lmtp: bool = False) -> None:
        self.is_lmtp = is_lmtp

    def protocol(self) -> SMTP:
        """One talk with one client."""
        kind = LMTP if self.is_lmtp else SMTP
        return kind(self, data_size_limit=mail_store.MOST_BYTES, enable_SMTPUTF8=True, ident="Firstline")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Sequence[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        try:
            is_ours = await asyncio.to_thread(_with_database, is_one_of_ours, address)
        except Exception as error:
            log.error("door_cannot_ask", error=str(error))
            return LATER
        if not is_ours:
            return NOT_HERE
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await asyncio.to_thread(_with_database, self._keep, envelope)
        # LMTP answers once for each recipient (RFC 2033, 4.2).
        return "\r\n".join([answer] * len(envelope.rcpt_tos)) if self.is_lmtp else answer

    def _keep(self, envelope: Envelope) -> str:
        raw = envelope.content
        if not isinstance(raw, bytes):
            return LATER
        try:
            mail = keep(raw, sender=envelope.mail_from or "", recipients=envelope.rcpt_tos)
        except NoRoom:
            return "452 4.3.1 The disk is full, please try again"
        except Refused as refusal:
            return f"554 5.6.0 {refusal}".encode("ascii", "replace").decode()
        except Exception as error:
            log.error("message_not_stored", error=f"{type(error).__name__}: {error}"[:500])
            return LATER
        return STORED.format(number=mail.pk)


def is_one_of_ours(address: str) -> bool:
    """Whether mail to this address belongs here: a mailbox's, or one of its signed reply addresses."""
    return own_addresses.is_one(address.lower(), own_addresses.all())


def keep(raw: bytes, *, sender: str, recipients: Sequence[str]) -> InboundMail:
    """Store what came through the door."""
    box = threads.ours(recipients, desk.current())
    return mail_store.keep(raw, road=Road.SMTP, mailbox=box, envelope_from=sender, envelope_to=recipients)


def _with_database(ask: Callable[..., Any], *arguments: Any) -> Any:
    close_old_connections()
    try:
        return ask(*arguments)
    finally:
        close_old_connections()


async def serve(host: str, port: int, *, is_lmtp: bool = False) -> asyncio.Server:
    """Listen; the caller keeps the loop running."""
    door = Door(is_lmtp=is_lmtp)
    return await asyncio.get_running_loop().create_server(door.protocol, host, port)
