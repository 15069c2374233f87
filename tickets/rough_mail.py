"""What the headers alone tell of a message that cannot be read, with the beginning of its text as it came."""

import re
from email import policy
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from email.utils import getaddresses

from helpdesk.lib import text
from helpdesk.lib.mailparse.parsed import Address, Parsed
from tickets import mail_store

TEXT_BYTES = 20_000
TAGS = re.compile(r"<[^<>]{0,500}>")


def read(raw: bytes) -> Parsed:
    """Sender, subject and raw text; each empty where even that cannot be made out. Never raises."""
    end = mail_store.HEADER_END.search(raw, 0, mail_store.HEAD_BYTES)
    rest = raw[end.end() :] if end else b""
    body = TAGS.sub("", text.plain(rest[:TEXT_BYTES].decode("utf-8", "replace"), TEXT_BYTES))
    try:
        sender, subject = _head(raw[: end.start() if end else mail_store.HEAD_BYTES])
    except Exception:
        return Parsed(text=body)  # nothing of the headers makes sense to the standard library
    return Parsed(sender=sender, subject=subject, text=body)


def _head(raw: bytes) -> tuple[Address, str]:
    head = BytesHeaderParser(policy=policy.compat32).parsebytes(raw)
    people = [(name, email) for name, email in getaddresses([str(head.get("From", ""))[:1000]]) if "@" in email]
    name, email = people[0] if people else ("", "")
    return Address(email.lower(), _words(name)), _words(str(head.get("Subject", "")))


def _words(value: str) -> str:
    try:
        return text.plain(str(make_header(decode_header(value[:500]))), 200)
    except Exception:
        return text.plain(value, 200)
