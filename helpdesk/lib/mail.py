"""A mail as plain values: written from templates in the reader's language, handed over by one connection."""

import smtplib
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formataddr, parseaddr
from functools import cache
from types import TracebackType
from typing import Any, Self

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template import engines
from django.utils import timezone, translation
from jinja2 import Environment

from helpdesk.lib.text import plain

log = structlog.get_logger()

# Seconds for one step of the talk with the mail server; a mail takes about nine steps (connect, greet, encrypt, sign
# in, from, to, data, end, leave), so that even a server that answers at the last moment stays under outbox.LEASE.
STEP_TIMEOUT = 10


@dataclass(frozen=True)
class Written:
    """A mail's words."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Letter:
    """A mail ready to leave. `sender_name` stands before the desk's own address; `headers` join the usual ones."""

    to: str
    words: Written
    mail_id: str
    sender_name: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


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

    def send(self, letter: Letter) -> None:
        """Hand one letter over. Raises what the mail server or the network raises; the connection is then dropped."""
        if self._connection is None:
            self._connection = get_connection(timeout=STEP_TIMEOUT)
        try:
            self._connection.open()
            _as_mail(letter, self._connection).send()
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
    return isinstance(error, smtplib.SMTPDataError) and 500 <= error.smtp_code < 600


def _as_mail(letter: Letter, connection: BaseEmailBackend) -> EmailMultiAlternatives:
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    mail = EmailMultiAlternatives(
        subject=letter.words.subject,
        body=letter.words.text,
        # A line break in somebody's name would end the header, so names are one line here whatever they hold.
        from_email=formataddr((" ".join(plain(letter.sender_name, 200).split()) or name, address)),
        to=[letter.to],
        reply_to=[settings.DEFAULT_FROM_EMAIL],
        headers={"Message-ID": letter.mail_id, **letter.headers},
        connection=connection,
    )
    if letter.words.html:
        mail.attach_alternative(letter.words.html, "text/html")
    return mail
