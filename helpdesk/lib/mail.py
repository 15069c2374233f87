"""A mail as plain values: written from templates in the reader's language, handed over by one connection."""

import re
import smtplib
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formataddr, parseaddr
from functools import cache
from types import TracebackType
from typing import Any, Self

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend
from django.template import engines
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from jinja2 import Environment

from helpdesk.lib import mail_provider, smtp_talk
from helpdesk.lib.text import plain

log = structlog.get_logger()

LOOP_MARK = "X-Firstline-Desk"
# Class and subject of an enhanced status code (RFC 3463): a bad, moved, disabled or unknown mailbox or domain.
ENHANCED = re.compile(r"\b(5\.\d{1,3}\.\d{1,3})\b")
ABOUT_THE_ADDRESS = frozenset({"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.1", "5.4.4"})

# Seconds for one step of the talk with the mail server; a mail takes about nine steps (connect, greet, encrypt, sign
# in, from, to, data, end, leave), so that even a server that answers at the last moment stays under outbox.LEASE, its
# last word (smtp_talk.END_TIMEOUT) included.
STEP_TIMEOUT = 10


@dataclass(frozen=True)
class Written:
    """A mail's words."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Enclosed:
    """A file in a mail."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Letter:
    """A mail ready to leave. `headers` join the usual ones.

    `sender_name` and `sender_address` where they are not the desk's own; `reply_to`: where answers go, if not to it.
    `waits_for_copies`: rather try again later than leave out a copy that the server refuses for now.
    """

    to: str
    words: Written
    mail_id: str
    sender_name: str = ""
    sender_address: str = ""
    reply_to: str = ""
    cc: Sequence[str] = ()
    files: Sequence[Enclosed] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    waits_for_copies: bool = True


@dataclass(frozen=True)
class Handed:
    """What became of a letter: the provider's own id for it, and the copies it did not take, with what it said."""

    provider_id: str = ""
    refused: Mapping[str, tuple[bool, str]] = field(default_factory=dict)  # address: (for good, the server's words)


def write(kind: str, context: Mapping[str, Any], *, language: str, zone: zoneinfo.ZoneInfo) -> Written:
    """Fill templates/emails/<kind>.subject.txt, .txt and .html, in that language and time zone.

    Raises jinja2.TemplateError when a template lacks something; a subject is one line of at most 200 characters.
    """
    with translation.override(language), timezone.override(zone):
        subject = " ".join(_plain().get_template(f"emails/{kind}.subject.txt").render(context).split())
        return Written(
            subject=subject[:200],
            text=_plain().get_template(f"emails/{kind}.txt").render(context).strip() + "\n",
            html=_pages().get_template(f"emails/{kind}.html").render(context),
        )


def _pages() -> Environment:
    engine: Any = engines["jinja2"]
    return engine.env


@cache
def _plain() -> Environment:
    """The same templates, for text that nobody reads as HTML: nothing is escaped."""
    return _pages().overlay(autoescape=False)


def desk_address() -> str:
    """The bare address that mails come from and answers go to."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def domain() -> str:
    """The right side of Message-IDs."""
    return desk_address().rpartition("@")[2] or "localhost"


class Post:
    """One connection to the mail server for a run of mails; opened with the first, closed at the end or on a fault."""

    def __init__(self) -> None:
        self._connection: BaseEmailBackend | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, letter: Letter) -> Handed:
        """Hand one letter over. Raises what the mail server, the provider or the network raises.

        The connection is then dropped.
        """
        if self._connection is None:
            self._connection = get_connection()
            if isinstance(self._connection, SmtpBackend):
                self._connection.timeout = STEP_TIMEOUT
        try:
            self._connection.open()
            mail = _as_mail(letter, self._connection)
            if isinstance(self._connection, SmtpBackend) and self._connection.connection is not None:
                refused = smtp_talk.hand_over(
                    self._connection.connection, mail, waits_for_copies=letter.waits_for_copies
                )
                return Handed(refused={to: (code >= 500, in_words(words)) for to, (code, words) in refused.items()})
            refused_copies = mail_provider.send(mail)
            return Handed(mail_provider.provider_id(mail), refused_copies)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.close()
        except Exception as error:
            log.info("mail_connection_not_closed", error=str(error))


def is_final(error: Exception) -> bool:
    """Whether the server refused this reader or this mail for good (a 5xx of RFC 5321), so that trying again is no use.

    A refused sign-in or sender is ours to mend and is not final.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _words in error.recipients.values())
    if isinstance(error, smtplib.SMTPDataError):
        return 500 <= error.smtp_code < 600
    return mail_provider.is_final(error)


def refused_address(error: Exception) -> str:
    """What was said against the reader's address where the error is about it, and for good; else nothing.

    A server may refuse for another reason than the address: the mail's size, a policy, our reputation (5.7.1, 5.3.4 of
    RFC 3463). Without such a code a refused recipient is one.
    """
    if not is_final(error):
        return ""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()))
        said = in_words(words)
        found = ENHANCED.search(said)
        return f"{code} {said}" if found is None or found[1] in ABOUT_THE_ADDRESS else ""
    if isinstance(error, smtplib.SMTPDataError):
        said = in_words(error.smtp_error)
        found = ENHANCED.search(said)
        return f"{error.smtp_code} {said}" if found is not None and found[1] in ABOUT_THE_ADDRESS else ""
    return mail_provider.refused_address(error)


def in_words(said: bytes | str) -> str:
    """A server's answer on one line."""
    return " ".join((said.decode("utf-8", "replace") if isinstance(said, bytes) else said).split())[:500]


def loop_mark() -> str:
    """The value of LOOP_MARK in mails of this installation: a mail that comes in with it is our own, come round."""
    return salted_hmac(LOOP_MARK, domain(), algorithm="sha256").hexdigest()[:16]


def _as_mail(letter: Letter, connection: BaseEmailBackend) -> EmailMultiAlternatives:
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    mail = EmailMultiAlternatives(
        subject=letter.words.subject,
        body=letter.words.text,
        # A line break in somebody's name would end the header, so names are one line here whatever they hold.
        from_email=formataddr((_one_line(letter.sender_name) or name, letter.sender_address or address)),
        to=[letter.to],
        cc=list(letter.cc),
        reply_to=[letter.reply_to or settings.DEFAULT_FROM_EMAIL],
        headers={"Message-ID": letter.mail_id, LOOP_MARK: loop_mark(), **letter.headers},
        connection=connection,
    )
    if letter.words.html:
        mail.attach_alternative(letter.words.html, "text/html")
    for file in letter.files:
        # Django would take a mail in a mail apart, and fails where it is not in UTF-8.
        kind = "application/octet-stream" if file.content_type.startswith("message/") else file.content_type
        mail.attach(file.name, file.content, kind)
    mail_provider.prepare(mail)
    return mail


def _one_line(name: str) -> str:
    return " ".join(plain(name, 200).split())
