"""Raw messages for tests of the way in: plain bytes, as a mail server hands them over."""

from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any

from tests import cast
from tickets import mail_intake, mail_store
from tickets.models import InboundMail, Road

SUPPORT = "support@firstline.test"


def raw(
    body: str = "The invoice is wrong, please look at it.",
    *,
    sender: str = "Dana Fox <dana@people.example>",
    to: str = SUPPORT,
    subject: str = "Invoice is wrong",
    message_id: str | None = "",
    headers: Mapping[str, str] | None = None,
    files: Sequence[tuple[str, bytes]] = (),
    **more: Any,
) -> bytes:
    """One message. `message_id`: None for none, "" for a fresh one; `more`: headers by name with underscores."""
    mail = EmailMessage()
    if sender:
        mail["From"] = sender
    mail["To"], mail["Subject"], mail["Date"] = to, subject, format_datetime(cast.MONDAY)
    if message_id is not None:
        mail["Message-ID"] = message_id or make_msgid(domain="people.example")
    for name, value in {**(headers or {}), **{key.replace("_", "-"): value for key, value in more.items()}}.items():
        mail[name] = value
    mail.set_content(body)
    for name, content in files:
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


def come(content: bytes, *, road: str = Road.PIPE, **how: Any) -> InboundMail:
    """Keep a message and take it in."""
    mail = mail_store.keep(content, road=road, **how)
    mail_intake.take_in()
    mail.refresh_from_db()
    return mail
