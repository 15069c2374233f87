"""Mail that became nothing: looked at safely, released by a person, or dropped; what came is never thrown away."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.lib import text
from helpdesk.lib.mailparse.guarded import parse_guarded
from helpdesk.lib.mailparse.parsed import Unreadable
from tickets import mail_intake, mail_store, rough_mail
from tickets.errors import Refused
from tickets.models import InboundMail, MailStatus, User

HEAD_BYTES, PREVIEW_CHARACTERS = 16 * 1024, 5_000
DECIDABLE = (MailStatus.QUARANTINED, MailStatus.KEPT, MailStatus.DROPPED)


def head_of(mail: InboundMail) -> str:
    """The headers as they came, as plain text."""
    return _plain(_split(mail)[0])


def preview_of(mail: InboundMail) -> str:
    """The beginning of the message as plain text: read as a message where that is possible, else as it came."""
    try:
        read = parse_guarded(mail_store.raw_of(mail))
    except Unreadable:
        return _plain(_split(mail)[1])[:PREVIEW_CHARACTERS]
    return text.plain(read.text, PREVIEW_CHARACTERS) or _plain(_split(mail)[1])[:PREVIEW_CHARACTERS]


def read_again(mail: InboundMail, *, by: User, now: datetime | None = None) -> InboundMail:
    """Back into the line: the worker reads it as if it had just come. Refused once it is decided."""
    now = now or timezone.now()
    with transaction.atomic():
        fresh = _lock(mail)
        InboundMail.objects.filter(pk=fresh.pk).update(
            status=MailStatus.WAITING,
            attempts=0,
            next_at=now,
            lease_until=None,
            error="",
            decided_by=by,
            decided_at=now,
        )
    return InboundMail.objects.get(pk=mail.pk)


def make_ticket(mail: InboundMail, *, by: User, now: datetime | None = None) -> InboundMail:
    """A ticket, or a message on one, whatever its kind: read as far as it can be. Refused where it names no sender."""
    now = now or timezone.now()
    raw = mail_store.raw_of(mail)
    try:
        read = parse_guarded(raw)
    except Unreadable:
        read = rough_mail.read(raw)
    with transaction.atomic():
        fresh = _lock(mail)
        fresh.status, fresh.attempts = MailStatus.WAITING, fresh.attempts + 1
        fresh.lease_until, fresh.decided_by, fresh.decided_at = now + mail_intake.LEASE, by, now
        fresh.save(update_fields=["status", "attempts", "lease_until", "decided_by", "decided_at"])
        try:
            mail_intake.act(fresh, read, now=now, by=by)
        except Unreadable as error:
            raise Refused(_("No ticket can be made of it: %(why)s") % {"why": error}) from error
    return InboundMail.objects.select_related("ticket").get(pk=mail.pk)


def drop(mail: InboundMail, *, by: User, now: datetime | None = None) -> InboundMail:
    """Out of the list; the message itself is kept and can still be released."""
    with transaction.atomic():
        fresh = _lock(mail)
        InboundMail.objects.filter(pk=fresh.pk).update(
            status=MailStatus.DROPPED, decided_by=by, decided_at=now or timezone.now()
        )
    return InboundMail.objects.get(pk=mail.pk)


def _lock(mail: InboundMail) -> InboundMail:
    fresh = InboundMail.objects.select_for_update(of=("self",)).get(pk=mail.pk)
    if fresh.status not in DECIDABLE:
        raise Refused(_("Somebody decided on this mail already, or it is being read again."))
    return fresh


def _split(mail: InboundMail) -> tuple[bytes, bytes]:
    raw = mail_store.raw_of(mail)
    end = mail_store.HEADER_END.search(raw, 0, mail_store.HEAD_BYTES)
    if end is None:
        return raw[:HEAD_BYTES], raw[HEAD_BYTES : HEAD_BYTES + 4 * PREVIEW_CHARACTERS]
    return raw[: end.start()][:HEAD_BYTES], raw[end.end() : end.end() + 4 * PREVIEW_CHARACTERS]


def _plain(content: bytes) -> str:
    return text.plain(content.decode("utf-8", "replace"), HEAD_BYTES)
