"""Keeps every incoming message as it came, before anybody looks into it: once it is stored and committed it is ours."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.lib import doorbell
from helpdesk.lib.inserts import insert
from tickets import files, wording
from tickets.errors import Refused
from tickets.models import InboundMail, Mailbox, Road

# A larger message is not read: mail servers refuse at 25 to 50 MB, and reading takes several times its size in memory.
MOST_BYTES = 50 * 1024 * 1024
# Up to here a message lies in its row, which one write makes safe; above, on disk under its hash.
IN_THE_ROW = 128 * 1024
NOTED_EVERY = timedelta(minutes=1)
LONGEST_MAIL_ID = 255
HEAD_BYTES = 64 * 1024
# What says that two copies are one message, whatever the roads between added above it.
SAME_IN_COPIES = (b"message-id", b"from", b"date", b"subject")
FOLDED = re.compile(rb"\r?\n[ \t]+")
ADDRESS = re.compile(r"[^\s<>()\",;:]{1,64}@[^\s<>()\",;:]{1,253}")
HEADER_END = re.compile(rb"\r?\n\r?\n")


def keep(
    raw: bytes,
    *,
    road: str,
    mailbox: Mailbox | None = None,
    uidvalidity: int | None = None,
    uid: int | None = None,
    envelope_from: str = "",
    envelope_to: Sequence[str] = (),
    now: datetime | None = None,
) -> InboundMail:
    """Store a message in one transaction, committed when this returns; the worker takes it in afterwards.

    The same message again (its UID in this mailbox, or its Message-ID with equal bytes) returns the row of the first.
    Raises Refused when it is empty or larger than MOST_BYTES, files.NoRoom when the disk is full, DatabaseError when
    the database is away: then nothing is kept and the sender must keep it.
    """
    if not raw.strip():
        raise Refused(_("There is no message."))
    if len(raw) > MOST_BYTES:
        limit = wording.file_size(MOST_BYTES)
        raise Refused(_("The message is too large: up to %(limit)s are taken.") % {"limit": limit})
    now = now or timezone.now()
    head = _head(raw)
    mail = InboundMail(
        raw=raw if len(raw) <= IN_THE_ROW else None,
        sha256=hashlib.sha256(raw).hexdigest(),
        size=len(raw),
        road=Road(road),
        mailbox=mailbox,
        uidvalidity=uidvalidity,
        uid=uid,
        mail_id=_mail_id(head.get(b"message-id", b"")),
        fingerprint=_fingerprint(raw, head),
        sender=_sender(head.get(b"from", b"")),
        envelope_from=_address(envelope_from),
        envelope_to=[_address(address) for address in envelope_to][:100],
        received_at=now,
        next_at=now,
    )
    if mail.raw is None:
        files.keep_bytes(raw)  # first, so that no row ever names bytes that are not there
    try:
        with transaction.atomic(durable=True):
            insert([mail])
            _note_arrival(mailbox, road, now)
            doorbell.ring()
    except IntegrityError:
        if first := _first(mail):
            return first
        raise
    return mail


def _note_arrival(mailbox: Mailbox | None, road: str, now: datetime) -> None:
    """The mailbox is not silent; written once a minute at most. A fetched one's success is written by the visit."""
    if mailbox is None or (mailbox.last_mail_at and now - mailbox.last_mail_at < NOTED_EVERY):
        return
    mailbox.last_mail_at = now
    changes = {"last_mail_at": now} if road == Road.IMAP else {"last_mail_at": now, "last_success_at": now}
    Mailbox.objects.filter(pk=mailbox.pk).update(**changes)


def raw_of(mail: InboundMail) -> bytes:
    """The message as it came; FileNotFoundError if its bytes are gone."""
    if mail.raw is not None:
        return bytes(mail.raw)
    with files.open_stored(mail.sha256) as stored:
        return stored.read()


def _first(mail: InboundMail) -> InboundMail | None:
    """The row that was there already."""
    same = Q(mail_id=mail.mail_id, sha256=mail.sha256)
    if mail.uid is not None:
        same |= Q(uidvalidity=mail.uidvalidity, uid=mail.uid)
    return InboundMail.objects.filter(same, mailbox=mail.mailbox).order_by("pk").first()


def _head(raw: bytes) -> dict[bytes, bytes]:
    """The first of each header that tells copies of a message apart from other messages; nothing is decoded."""
    end = HEADER_END.search(raw, 0, HEAD_BYTES)
    head = FOLDED.sub(b" ", raw[: end.start() if end else HEAD_BYTES])
    found: dict[bytes, bytes] = {}
    for line in head.splitlines():
        name, colon, value = line.partition(b":")
        key = name.strip().lower()
        if colon and key in SAME_IN_COPIES:
            found.setdefault(key, value.strip())
    return found


def _fingerprint(raw: bytes, head: dict[bytes, bytes]) -> str:
    """A hash that is equal for copies of a message: line ends, space at the end and added headers do not count."""
    end = HEADER_END.search(raw, 0, HEAD_BYTES)
    body = raw[end.end() :] if end else raw[HEAD_BYTES:]
    digest = hashlib.sha256()
    for name in SAME_IN_COPIES:
        digest.update(b"%s:%s\n" % (name, b" ".join(head.get(name, b"").split())))
    digest.update(b"\n".join(line.rstrip() for line in body.splitlines()).rstrip())
    return digest.hexdigest()[:40]


def _mail_id(value: bytes) -> str:
    """A Message-ID without brackets, cut to what the column holds; its hash where it is longer."""
    text = value.decode("ascii", "replace").replace("\0", "")
    inner = text.partition("<")[2].partition(">")[0].strip() or text.strip("<> \t")
    return inner if len(inner) <= LONGEST_MAIL_ID else hashlib.sha256(inner.encode()).hexdigest()


def _sender(value: bytes) -> str:
    """The address of a From header as far as one sees it without reading the message; reading it corrects this."""
    found = ADDRESS.findall(value[:1000].decode("ascii", "replace"))
    return _address(found[-1]) if found else ""


def _address(value: str) -> str:
    return "".join(character for character in value if character.isprintable()).strip("<> ").lower()[:254]
