"""One mail over an open SMTP connection: all or nothing for its first reader, never silently less for the copies.

Django and smtplib call a mail sent when one recipient of several was accepted, and forget the rest.
"""

import smtplib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.message import sanitize_address

# Seconds the server may take over its last word. The longer we wait, the fewer mails leave twice (RFC 5321, 4.5.3.2.6,
# asks for ten minutes); the outbox's lease is the bound.
END_TIMEOUT = 30
Refusals = Mapping[str, tuple[int, bytes]]


def hand_over(server: smtplib.SMTP, mail: EmailMessage, *, waits_for_copies: bool) -> Refusals:
    """Send `mail` to its readers; returns the copies' addresses that the server refused, with its answers.

    A refused reader in To, or with `waits_for_copies` a copy refused for now (4xx), refuses the whole mail before
    anything has left. Raises smtplib's errors, and OSError.
    """
    encoding = mail.encoding or "utf-8"
    built: Any = mail.message()  # Django's own kind of message, which takes a line's end
    message: bytes = built.as_bytes(linesep="\r\n")
    server.ehlo_or_helo_if_needed()
    options = [f"size={len(message)}"] if server.does_esmtp and server.has_extn("size") else []
    sender = sanitize_address(mail.from_email, encoding)
    code, words = server.mail(sender, options)
    if code != 250:
        _start_anew(server)
        raise smtplib.SMTPSenderRefused(code, words, sender)
    refused: dict[str, tuple[int, bytes]] = {}
    for address in [*mail.to, *mail.cc]:
        code, words = server.rcpt(sanitize_address(address, encoding))
        if code not in (250, 251):
            refused[address] = (code, words)
            if address in mail.to or code == 421 or (waits_for_copies and code < 500):
                _start_anew(server)
                raise smtplib.SMTPRecipientsRefused({address: (code, words)})
    if server.sock is not None:
        server.sock.settimeout(END_TIMEOUT)
    code, words = server.data(message)
    if code != 250:
        _start_anew(server)
        raise smtplib.SMTPDataError(code, words)
    if server.sock is not None and server.timeout:
        server.sock.settimeout(server.timeout)
    return refused


def _start_anew(server: smtplib.SMTP) -> None:
    with suppress(smtplib.SMTPServerDisconnected):
        server.rset()
