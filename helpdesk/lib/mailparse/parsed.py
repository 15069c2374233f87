"""What a raw message holds, as plain values: the border between reading mail and everything that acts on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Address:
    """One mailbox of a header: `email` lower-cased, without brackets ("" where none could be read); one-line `name`."""

    email: str = ""
    name: str = ""


@dataclass(frozen=True)
class Attached:
    """A file of the message, decoded. `content_id` has no angle brackets; `is_inline`: the HTML shows it by that id."""

    name: str
    content_type: str
    content: bytes
    content_id: str = ""
    is_inline: bool = False


@dataclass(frozen=True)
class Undelivered:
    """One recipient a bounce speaks of. `status`: enhanced code of RFC 3463 ("5.1.1") or ""; `reply_code`: SMTP's.

    `reason`: a word of the bounce vocabulary (userunknown, mailboxfull, …; "" where none could be read). `is_hard`:
    trying again is no use.
    """

    recipient: str
    status: str = ""
    reply_code: str = ""
    reason: str = ""
    is_hard: bool = False
    words: str = ""  # what the other server said, one line of at most 500 characters


@dataclass(frozen=True)
class Forwarded:
    """A message somebody passed on inside their own: who wrote it and what, as far as the text tells."""

    sender: Address = Address()
    subject: str = ""
    body: str = ""


@dataclass(frozen=True)
class Parsed:
    """A message as read. Ids are without angle brackets; headers that cannot be read are empty, never an error."""

    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    subject: str = ""
    date: datetime | None = None
    sender: Address = Address()  # From:, else Sender:
    # Who wrote it, where a mailing list put its own address into From: (both its X-Original-From and Reply-To name the
    # same person); else the sender. As little proof of who it is as From: itself.
    written_by: Address = Address()
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    # Where it was delivered: Delivered-To, X-Original-To, Envelope-To and their like; lower-cased addresses, in order.
    delivered_to: tuple[str, ...] = ()
    return_path: str | None = None  # "" is the empty path of bounces; None: no such header
    text: str = ""  # all of the body as text, from the plain part or else from the HTML
    html: str = ""  # the HTML as it came: show it only through mailparse.clean_html
    # `text` cut in three: what was written now, what was quoted below or around it, how it was signed.
    reply: str = ""
    quoted: str = ""
    signature: str = ""
    attachments: tuple[Attached, ...] = ()
    is_auto_reply: bool = False
    is_bounce: bool = False
    is_list: bool = False
    is_feedback_report: bool = False  # a complaint (RFC 5965)
    is_delivery_notice: bool = False  # delivered, delayed, read: nothing to do
    automatic_because: str = ""  # the sign it was read from, in English, for the person who looks
    undelivered: tuple[Undelivered, ...] = ()
    # Of the message a bounce or complaint speaks of, as far as it is quoted: its Message-ID.
    original_message_id: str = ""
    forwarded: Forwarded | None = None
    # Single headers by lower-cased name, decoded, at most 1,000 characters each: authentication-results, list-id,
    # auto-submitted, precedence, x-… of loop marks.
    headers: Mapping[str, str] = field(default_factory=dict)
    defects: tuple[str, ...] = ()  # what was wrong with it, in English


class Unreadable(Exception):
    """The message is too large, too deep or too slow to read, or reading it failed: it goes to quarantine whole."""
