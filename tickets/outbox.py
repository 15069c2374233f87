"""The way out of the house: claims waiting mail, sends it outside any transaction, tries again, gives up visibly.

Never lost: a row is written with the change it tells of and stays until it is sent or dead. Exactly once is impossible
over SMTP (RFC 1047): after a crash between the server's “250” and our own commit the mail leaves again, under the same
Message-ID.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.lib import doorbell
from helpdesk.lib import mail as post
from tickets import desk, letters, notices, timeline
from tickets.errors import Refused
from tickets.models import Customer, EventKind, Message, OutboxMail, OutboxStatus, Ticket, User

log = structlog.get_logger()

# Longer than the slowest way through one mail (mail.STEP_TIMEOUT for each of its steps); after it another worker tries.
LEASE = timedelta(seconds=120)
FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(hours=1)
# 15 s, 30 s, … to an hour, then hourly: three days in all, so that a server down over a weekend costs no mail.
MOST_TRIES = 80
# A mail that we cannot even write, or that takes its worker down with it, is not the server's fault: sooner given up.
MOST_TRIES_TO_WRITE = 5
MOST_IDS = 50  # of a References header; a longer one is nobody's conversation
CRASHED = "the worker went down while sending it"
HELD = "held back by manage.py outbox hold"


def drain(now: datetime | None = None, limit: int = 500, until: datetime | None = None) -> int:
    """Send what is due, oldest first, at most `limit` and not past `until`; return how many left.

    Never raises for one mail. Any number of workers may drain at once. `now` fixed: for tests.
    """
    sent = 0
    with post.Post() as server:
        for _turn in range(limit):
            moment = now or timezone.now()
            if until and timezone.now() >= until:
                break
            mail = _claim(moment)
            if mail is None:
                break
            sent += _try(mail, server, moment)
    return sent


def cancel(message: Message) -> bool:
    """Stop a reply's mail if it has not begun to leave; call inside the transaction that takes the reply back.

    True also when there was no mail to stop (the customer has no address).
    """
    mails = OutboxMail.objects.filter(message=message)
    waiting = mails.filter(status=OutboxStatus.PENDING, attempts=0, lease_until__isnull=True)
    return waiting.update(status=OutboxStatus.CANCELLED) > 0 or not mails.exists()


def resend(mail: OutboxMail, *, by: User, now: datetime | None = None) -> OutboxMail:
    """Give a dead mail a fresh round of tries. Refused unless it is dead."""
    now = now or timezone.now()
    with transaction.atomic():
        dead = OutboxMail.objects.filter(pk=mail.pk, status=OutboxStatus.DEAD)
        if not dead.update(status=OutboxStatus.PENDING, attempts=0, next_at=now, lease_until=None):
            raise Refused(_("This mail is not waiting for you: it was sent, or somebody tries it again already."))
        doorbell.ring()
    log.info("mail_resent", mail=mail.pk, by=by.pk)
    return OutboxMail.objects.get(pk=mail.pk)


def resend_all(mails: QuerySet[OutboxMail], *, by: User, now: datetime | None = None) -> int:
    """Give every dead mail among `mails` a fresh round of tries; return how many."""
    now = now or timezone.now()
    with transaction.atomic():
        dead = OutboxMail.objects.filter(pk__in=mails.filter(status=OutboxStatus.DEAD).values("pk"))
        count = dead.filter(status=OutboxStatus.DEAD).update(
            status=OutboxStatus.PENDING, attempts=0, next_at=now, lease_until=None
        )
        doorbell.ring()
    log.info("mails_resent", count=count, by=by.pk)
    return count


def hold() -> int:
    """Hold back all mail that waits, among what could not be delivered, where leads see it; return how many.

    After a restore: what was waiting when the copy was made may have left since. What is written later leaves as ever.
    """
    held = OutboxMail.objects.filter(status=OutboxStatus.PENDING)
    return held.update(status=OutboxStatus.DEAD, lease_until=None, last_error=HELD)


def release(now: datetime | None = None) -> int:
    """Let go what `hold` held back; return how many."""
    with transaction.atomic():
        held = OutboxMail.objects.filter(status=OutboxStatus.DEAD, last_error=HELD)
        count = held.update(status=OutboxStatus.PENDING, attempts=0, next_at=now or timezone.now(), last_error="")
        doorbell.ring()
    return count


def mail_of(message_ids: Sequence[str]) -> OutboxMail | None:
    """The mail that one of these ids (with or without brackets) names, ours or a provider's; the first id first."""
    wanted = [bare for one in message_ids if (bare := one.strip().strip("<>"))][:MOST_IDS]
    if not wanted:
        return None
    # SES writes an id of its own before a domain of its own.
    ids = {*wanted, *(one.partition("@")[0] for one in wanted), *(f"<{one}>" for one in wanted)}
    found = OutboxMail.objects.filter(Q(mail_id__in=ids) | Q(~Q(provider_id=""), provider_id__in=ids))
    mails = list(found.select_related("ticket__customer")[:MOST_IDS])

    def place(mail: OutboxMail) -> int:
        names = (mail.mail_id.strip("<>"), mail.provider_id.strip("<>").partition("@")[0])
        return next((at for at, one in enumerate(wanted) if {one, one.partition("@")[0]} & {*names}), len(wanted))

    return min(mails, key=place, default=None)


def ticket_of(message_ids: Sequence[str]) -> Ticket | None:
    """The ticket that one of these ids (with or without brackets) belongs to: its thread's, or that of a mail of ours.

    The ids cannot be guessed, so whoever names one has seen a mail of the ticket. Mails to colleagues name none.
    """
    for one in message_ids[:MOST_IDS]:
        if ticket := letters.ticket_of_thread(one):
            return ticket
    mail = mail_of(message_ids)
    return mail.ticket if mail and mail.user_id is None else None


def counts() -> tuple[int, int]:
    """How many mails wait, and how many are held back."""
    held = OutboxMail.objects.filter(status=OutboxStatus.DEAD, last_error=HELD)
    return OutboxMail.objects.filter(status=OutboxStatus.PENDING).count(), held.count()


def wait_after(attempts: int) -> timedelta:
    """How long to wait after that many failed tries: doubling from 15 s to 1 h, ± 20 % so that they spread out."""
    doubled = FIRST_WAIT * 2 ** min(attempts - 1, 20)
    return min(doubled, LONGEST_WAIT) * random.uniform(0.8, 1.2)


def _claim(now: datetime) -> OutboxMail | None:
    """Lease the next mail that is due and count the try, committed before anything is sent."""
    with transaction.atomic():
        waiting = _due(now).order_by("next_at", "id")
        if connection.features.has_select_for_update_skip_locked:
            waiting = waiting.select_for_update(skip_locked=True)
        row = waiting.values_list("pk", "attempts", "lease_until", "last_error").first()
        if row is None:
            return None
        pk, attempts, lease, error = row
        # Compare and set: on SQLite, where rows are not locked, the second worker changes nothing here.
        claimed = OutboxMail.objects.filter(pk=pk, attempts=attempts, status=OutboxStatus.PENDING)
        # A lease that ran out means that the last try never came back.
        if not claimed.update(attempts=attempts + 1, lease_until=now + LEASE, last_error=CRASHED if lease else error):
            return None
    related = ("ticket__customer", "ticket__assignee", "ticket__team", "ticket__merged_into", "message__author")
    return OutboxMail.objects.select_related(*related, "customer", "user").get(pk=pk)


def _due(now: datetime) -> QuerySet[OutboxMail]:
    """Due, not leased, and with no earlier mail of the same ticket to the same reader still waiting: order is kept."""
    earlier = OutboxMail.objects.filter(
        ticket=OuterRef("ticket"), to=OuterRef("to"), status=OutboxStatus.PENDING, pk__lt=OuterRef("pk")
    )
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    return OutboxMail.objects.filter(free, ~Exists(earlier), status=OutboxStatus.PENDING, next_at__lte=now)


def _try(mail: OutboxMail, server: post.Post, now: datetime) -> bool:
    most = MOST_TRIES_TO_WRITE if mail.last_error == CRASHED else MOST_TRIES
    if mail.attempts > most:
        return _bury(mail, mail.last_error, now)
    try:
        if reason := letters.why_not(mail, now=now):
            _finish(mail, status=OutboxStatus.CANCELLED, last_error=reason)
            return False
        letter = letters.compose(mail)
    except Exception as error:
        log.exception("mail_not_written", mail=mail.pk, kind=mail.kind)
        return _again_or_bury(mail, error, now, most=MOST_TRIES_TO_WRITE)
    try:
        server.send(letter)
    except Exception as error:
        log.warning("mail_not_sent", mail=mail.pk, kind=mail.kind, attempt=mail.attempts, error=_words(error))
        return _again_or_bury(mail, error, now, most=mail.attempts if post.is_final(error) else MOST_TRIES)
    return _finish(mail, status=OutboxStatus.SENT, sent_at=now, last_error="")


def _again_or_bury(mail: OutboxMail, error: Exception, now: datetime, *, most: int) -> bool:
    if mail.attempts >= most:
        return _bury(mail, _words(error), now, bounced=post.is_final(error))
    _finish(mail, next_at=now + wait_after(mail.attempts), last_error=_words(error))
    return False


def _bury(mail: OutboxMail, why: str, now: datetime, *, bounced: bool = False) -> bool:
    """Give up: a dead letter that leads see and can send again, told on the ticket."""
    with transaction.atomic():
        if not _finish(mail, status=OutboxStatus.DEAD, last_error=why):
            return False
        if bounced and mail.customer_id:
            Customer.objects.filter(pk=mail.customer_id).update(bounced_at=now)
        if mail.ticket is not None:
            event = timeline.event(
                mail.ticket, EventKind.NOTICE_DEAD, by=None, now=now, mail=mail.pk, kind_of_mail=mail.kind, why=why
            )
            timeline.record(event)
        else:
            leads = notices.leads_of(None, desk.current())
            text = lambda: _("A mail to %(address)s could not be delivered.") % {"address": mail.to}  # noqa: E731
            key = f"notice_dead:{mail.pk}:{mail.attempts}"
            notices.to_colleague(leads, "notice_dead", None, text, key=key, now=now)
    log.error("mail_dead", mail=mail.pk, kind=mail.kind, why=why)
    return False


def _finish(mail: OutboxMail, **changes: object) -> bool:
    """Write this try's outcome, unless the lease ran out and another worker tries already (its number is higher)."""
    mine = OutboxMail.objects.filter(pk=mail.pk, attempts=mail.attempts, status=OutboxStatus.PENDING)
    finished = mine.update(lease_until=None, **changes) == 1
    if not finished:
        log.warning("mail_outcome_came_late", mail=mail.pk, attempt=mail.attempts)
    return finished


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:1000]
