"""Reads a raw message: bytes in, `Parsed` out, and nothing but `Unreadable` raised."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_tz

from helpdesk.lib.mailparse import addresses, automatic, bodies, bounces, forwards, parts, quotes, words
from helpdesk.lib.mailparse.limits import LARGEST_MESSAGE, LONGEST_HEADER_KEPT, LONGEST_LIST
from helpdesk.lib.mailparse.parsed import Address, Forwarded, Parsed, Unreadable
from helpdesk.lib.mailparse.parts import Part

_ID = re.compile(r"<([^<>\s]{1,900})>")
_BARE_ID = re.compile(r"[^\s<>,;()\"]{1,450}@[^\s<>,;()\"]{1,450}")
_MOST_HEADERS = 300
_DELIVERED = (
    "delivered-to",
    "x-delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-rcpt-to",
    "apparently-to",
)
_EARLIEST, _LATEST = datetime(1980, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def parse(raw: bytes) -> Parsed:
    """What the message holds. Raises Unreadable beyond the limits; messages from outside go through `guarded`."""
    if len(raw) > LARGEST_MESSAGE:
        raise Unreadable("The message is larger than what can be read here.")
    try:
        return _parsed(raw)
    except Unreadable:
        raise
    except RecursionError as error:
        raise Unreadable("The message nests too deep.") from error
    except Exception as error:  # whatever a stranger sends: it is kept whole, and a person looks at it
        raise Unreadable(f"Reading the message failed ({type(error).__name__}).") from error


def _parsed(raw: bytes) -> Parsed:
    root = parts.split(raw)
    hint = _charset_of_body(root)
    body = bodies.read(root)
    defects = list(body.defects)
    sender = _sender(root, hint)
    if not sender.email:
        defects.append("There is no readable sender.")
    subject = words.text(root.raw("subject"), hint)
    returned = bounces.read(root, subject=subject, sender=sender, text=body.text)
    signs = automatic.look(root, subject=subject, sender=sender, text=body.text)
    cut = quotes.split(body.text)
    reply_to = addresses.parse(root.raw("reply-to"), hint)
    return Parsed(
        message_id=_first_id(root, "message-id"),
        in_reply_to=_ids(root, "in-reply-to"),
        references=_ids(root, "references"),
        subject=subject,
        date=_date(root.text("date")),
        sender=sender,
        written_by=_author(root, sender, reply_to, signs.is_list, hint),
        reply_to=reply_to,
        to=_list(root, "to", hint),
        cc=_list(root, "cc", hint),
        delivered_to=_delivered_to(root),
        return_path=_return_path(root),
        text=body.text,
        html=body.html,
        reply=cut.reply,
        quoted=cut.quoted,
        signature=cut.signature,
        attachments=tuple(body.attachments),
        is_auto_reply=signs.is_auto_reply and not (returned and (returned.is_bounce or returned.is_feedback_report)),
        is_bounce=bool(returned and returned.is_bounce),
        is_list=signs.is_list,
        is_feedback_report=bool(returned and returned.is_feedback_report),
        is_delivery_notice=bool(returned and returned.is_delivery_notice),
        automatic_because=(returned.because if returned else "") or signs.because,
        undelivered=returned.undelivered if returned else (),
        original_message_id=returned.original_message_id if returned else "",
        forwarded=forwards.find(body.text, subject) or _attached_message(root),
        headers=_headers(root, hint),
        defects=tuple(defects),
    )


def _charset_of_body(root: Part) -> str:
    """The charset of the message's first text: what its raw eight-bit headers are written in, if at all."""
    return next((part.charset for part in parts.leaves(root)[:5] if part.charset), "")


def _sender(root: Part, hint: str) -> Address:
    """From:, else Sender:; of several the first with an address."""
    named = Address()
    for header in ("from", "sender"):
        for raw in root.all(header)[:5]:
            found = addresses.parse(raw, hint)
            with_email = next((address for address in found if address.email), None)
            if with_email:
                return with_email
            named = named if named.name or not found else found[0]
    return named


def _author(root: Part, sender: Address, reply_to: tuple[Address, ...], is_list: bool, hint: str) -> Address:
    """Who wrote it where a list put itself into From: both X-Original-From and Reply-To name the same person."""
    original = next((address for address in addresses.parse(root.raw("x-original-from"), hint) if address.email), None)
    is_passed_on = is_list or " via " in sender.name
    if is_passed_on and original and any(address.email == original.email for address in reply_to):
        return original
    return sender


def _list(root: Part, name: str, hint: str) -> tuple[Address, ...]:
    found = [address for raw in root.all(name)[:20] for address in addresses.parse(raw, hint) if address.email]
    return tuple({address.email: address for address in reversed(found)}.values())[::-1][:LONGEST_LIST]


def _delivered_to(root: Part) -> tuple[str, ...]:
    found = [
        addresses.email_in(root_value) for root_value in (words.text(v) for n, v in root.headers if n in _DELIVERED)
    ]
    return tuple(dict.fromkeys(email for email in found if email))[:LONGEST_LIST]


def _return_path(root: Part) -> str | None:
    raw = root.all("return-path")
    return addresses.email_in(words.text(raw[0])) if raw else None


def _ids(root: Part, name: str) -> tuple[str, ...]:
    """The ids of a header, in order, without doubles; bare ones only where none has brackets."""
    text = " ".join(words.text(value) for value in root.all(name)[:5])[:100_000]
    found = _ID.findall(text) or _BARE_ID.findall(text)
    return tuple(dict.fromkeys(found))[:LONGEST_LIST]


def _first_id(root: Part, name: str) -> str:
    found = _ids(root, name)
    if found:
        return found[0]
    bare = root.text(name).strip("<> \t")
    return bare[:900] if bare and " " not in bare else ""


def _date(text: str) -> datetime | None:
    """The moment in UTC, None where it cannot be read or lies outside what mail can be."""
    try:
        read = parsedate_tz(text[:100])
        if read is None:
            return None
        moment = datetime(*read[:6], tzinfo=UTC).timestamp() - (read[9] or 0)
        found = datetime.fromtimestamp(moment, UTC)
    except (ValueError, OverflowError, IndexError, TypeError, OSError):
        return None
    return found if _EARLIEST <= found <= _LATEST else None


def _attached_message(root: Part) -> Forwarded | None:
    """The message somebody attached to their own, told as a forward; not what a bounce returns."""
    if root.type == "multipart/report":
        return None
    attached = [part for part in parts.leaves(root) if part.type == "message/rfc822"]
    if len(attached) != 1:
        return None
    try:
        inner = parts.split(attached[0].content)
        if not inner.raw("from"):
            return None
        hint = _charset_of_body(inner)
        return Forwarded(_sender(inner, hint), words.text(inner.raw("subject"), hint), bodies.read(inner).text)
    except Unreadable:
        return None


def _headers(root: Part, hint: str) -> dict[str, str]:
    """Every header once, the first of its name."""
    kept: dict[str, str] = {}
    for name, value in root.headers:
        if name not in kept and len(kept) < _MOST_HEADERS:
            kept[name] = words.text(value[: 4 * LONGEST_HEADER_KEPT], hint)[:LONGEST_HEADER_KEPT]
    return kept
