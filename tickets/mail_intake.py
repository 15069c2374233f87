"""Takes kept mail in: reads it in a guarded process, finds its kind and its ticket, and acts on it in one transaction.

Kept means ours, so nothing here loses a message: a try that ends badly is tried again, and what cannot be read or taken
in goes to quarantine, where a person looks at it. One bad message never stops the next.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_noop

from helpdesk.lib import text
from helpdesk.lib.mailparse.guarded import parse_guarded
from helpdesk.lib.mailparse.parsed import Parsed, Unreadable
from tickets import (
    automatic_mail,
    bounces,
    conversation,
    customers,
    intake,
    joining,
    mail_store,
    participants,
    rough_mail,
    threads,
)
from tickets import desk as desk_settings
from tickets.channels import email
from tickets.channels.base import Inbound
from tickets.desk import Desk
from tickets.errors import Refused
from tickets.files import NoRoom, StoredFile
from tickets.models import InboundMail, Mailbox, MailSort, MailStatus, Message, Ticket, Trust, User  # fmt: skip
from tickets.threads import Standing

log = structlog.get_logger()

# Longer than reading the worst message (mailparse.guarded) and acting on it take together.
LEASE = timedelta(seconds=90)
TRIES_AFTER = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
MOST_TRIES = len(TRIES_AFTER) + 1
DISK_FULL_WAITS = timedelta(minutes=5)
PARENT_WAITS = timedelta(seconds=3)
CRASHED = gettext_noop("Reading it took the worker down, again and again.")
# Claimed in one statement: the try is counted and committed before anybody looks into the message. Along with it comes
# which message its copy became already, how many the same sender sent within the hour, and the desk's version.
CLAIM = """
UPDATE tickets_inboundmail SET attempts = attempts + 1, lease_until = %s WHERE id = (
    SELECT id FROM tickets_inboundmail
    WHERE status = 'waiting' AND next_at <= %s AND (lease_until IS NULL OR lease_until <= %s)
    ORDER BY next_at, id LIMIT 1 {skip_locked}
) RETURNING {columns},
    (SELECT said.id FROM tickets_message said
        WHERE said.dedupe_key = 'mail:' || tickets_inboundmail.fingerprint AND said.dedupe_key <> '') AS same_message,
    (SELECT COUNT(*) FROM tickets_inboundmail other
        WHERE other.sender = tickets_inboundmail.sender AND other.received_at > %s) AS lately,
    COALESCE((SELECT number FROM tickets_deskversion WHERE id = 1), 0) AS desk_version
"""


class CameLate(Exception):
    """Another worker took this message over: what this one did must not stand."""


@dataclass(frozen=True)
class Outcome:
    """What became of a message."""

    status: MailStatus
    sort: MailSort = MailSort.PERSON
    ticket: Ticket | None = None
    message: Message | None = None
    trust: str = ""
    error: str = ""


def take_in(now: datetime | None = None, limit: int = 500, until: datetime | None = None) -> int:
    """Take in what waits, oldest first, at most `limit` and not past `until`; returns how many are through.

    Any number of workers may do so at once. `now` fixed: for tests. Raises DatabaseError when the database is away.
    """
    done = 0
    for _turn in range(limit):
        moment = now or timezone.now()
        if until and timezone.now() >= until:
            break
        mail = _claim(moment)
        if mail is None:
            break
        done += _take(mail, moment)
    return done


def _claim(now: datetime) -> InboundMail | None:
    skip_locked = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    columns = ", ".join(f'"{field.column}"' for field in InboundMail._meta.concrete_fields)
    adapt = connection.ops.adapt_datetimefield_value
    query = CLAIM.format(skip_locked=skip_locked, columns=columns)
    times = [adapt(now + LEASE), adapt(now), adapt(now), adapt(now - automatic_mail.LOOP_LOOKS_BACK)]
    return next(iter(list(InboundMail.objects.raw(query, times))), None)


def _take(mail: InboundMail, now: datetime) -> bool:
    if mail.attempts > MOST_TRIES:
        return _finish(mail, Outcome(MailStatus.QUARANTINED, error=mail.error or CRASHED))
    try:
        with translation.override(settings.LANGUAGE_CODE):
            parsed = parse_guarded(mail_store.raw_of(mail))
            return act(mail, parsed, now=now)
    except CameLate:
        log.warning("mail_taken_over", mail=mail.pk, attempt=mail.attempts)
        return False
    except threads.ParentWaits:
        return _later(mail, now + PARENT_WAITS, "", counts=False)
    except NoRoom as error:
        return _later(mail, now + DISK_FULL_WAITS, str(error), counts=False)
    except (Unreadable, Refused) as error:
        mail.subject = mail.subject or rough_mail.read(mail_store.raw_of(mail)).subject
        return _finish(mail, Outcome(MailStatus.QUARANTINED, error=str(error)))
    except Exception as error:
        if isinstance(error, DatabaseError) and not _database_answers():
            raise
        log.exception("mail_not_taken_in", mail=mail.pk, attempt=mail.attempts)
        words = f"{type(error).__name__}: {error}"[:1000]
        if mail.attempts >= MOST_TRIES:
            return _finish(mail, Outcome(MailStatus.QUARANTINED, error=words))
        return _later(mail, now + TRIES_AFTER[mail.attempts - 1], words)


def act(mail: InboundMail, parsed: Parsed, *, now: datetime, by: User | None = None) -> bool:
    """Do what the message asks for, whole or not at all; `by`: who released it, so it becomes a ticket in any case."""
    kept, left_out = email.keep_files(parsed.attachments)
    with transaction.atomic():
        desk = desk_settings.current(getattr(mail, "desk_version", None))
        mail.sender, mail.subject = parsed.sender.email[:254], text.preview(text.plain(parsed.subject, 1000), 200)
        mail.automatic_because = text.plain(parsed.automatic_because, 200)
        mailbox = (mail.mailbox_id and desk.mailboxes.get(mail.mailbox_id)) or _addressed(mail, parsed, desk)
        taken = Taken(mail, parsed, mailbox=mailbox, desk=desk, now=now)
        outcome = None if by else _automatic(taken)
        if outcome is None:
            outcome = _from_a_person(taken, kept, left_out, by=by)
        return _settle(mail, outcome)


@dataclass(frozen=True)
class Taken:
    """A claimed message with all that is known about it."""

    mail: InboundMail
    parsed: Parsed
    mailbox: Mailbox | None
    desk: Desk
    now: datetime


def _automatic(taken: Taken) -> Outcome | None:
    """What a machine sent; None for mail from a person."""
    mail, parsed, now = taken.mail, taken.parsed, taken.now
    if parsed.is_bounce or parsed.is_feedback_report:
        ticket = bounces.returned(parsed, now=now)
        sort = MailSort.BOUNCE if parsed.is_bounce else MailSort.COMPLAINT
        return Outcome(MailStatus.DONE if ticket else MailStatus.KEPT, sort, ticket)
    if parsed.is_delivery_notice:
        ticket, _is_signed = threads.hinted(parsed, mail)
        return Outcome(MailStatus.DONE if ticket else MailStatus.KEPT, MailSort.NOTICE, ticket)
    if why := automatic_mail.loop(parsed, mail, desk=taken.desk, now=now):
        ticket = automatic_mail.cut(parsed, mail, why=why, now=now)
        mail.automatic_because = why[:200]
        return Outcome(MailStatus.KEPT, MailSort.LOOP, ticket)
    if parsed.is_auto_reply:
        ticket = automatic_mail.note(parsed, mail, now=now)
        return Outcome(MailStatus.DONE if ticket else MailStatus.KEPT, MailSort.AUTO_REPLY, ticket)
    return None


def _from_a_person(
    taken: Taken, kept: tuple[StoredFile, ...], left_out: tuple[str, ...], *, by: User | None
) -> Outcome:
    mail, parsed, mailbox, desk = taken.mail, taken.parsed, taken.mailbox, taken.desk
    same = getattr(mail, "same_message", None)
    if not parsed.sender.email:
        raise Unreadable("It does not say who sent it.")
    if earlier := Message.objects.select_related("ticket").filter(pk=same).first() if same else None:
        return Outcome(MailStatus.DONE, MailSort.PERSON, earlier.ticket, earlier, earlier.trust)
    standing = threads.find(parsed, mail, desk=desk, mailbox=mailbox)
    sort = MailSort.LIST if parsed.is_list else MailSort.PERSON
    inbound = email.inbound(
        parsed, mail, kept=kept, left_out=left_out, team_id=mailbox.team_id if mailbox else None,
        is_quiet=_is_quiet(parsed, standing), trust=standing.trust or "",
    )  # fmt: skip
    if standing.ticket is None:
        received = _open(taken, inbound, standing, by=by)
        return Outcome(MailStatus.DONE, sort, received.ticket, received.message, received.message.trust)
    message = _on_ticket(standing.ticket, inbound, standing, taken)
    return Outcome(MailStatus.DONE, sort, message.ticket, message, standing.trust or "")


def _open(taken: Taken, inbound: Inbound, standing: Standing, *, by: User | None) -> intake.Received:
    """A ticket of its own: for the sender, or for whoever wrote what a colleague passes on."""
    parsed, desk, now = taken.parsed, taken.desk, taken.now
    original = parsed.forwarded.sender if parsed.forwarded else None
    passes_on = standing.colleague is not None and (standing.is_confirmed or by is not None)
    if passes_on and original is not None and original.email and not threads.is_own(original.email, desk):
        inbound = email.from_original(parsed, taken.mail, original, base=inbound, trust=Trust.FORWARDED)
        by = by or User.objects.filter(pk=standing.colleague.id if standing.colleague else None).first()
    customer = standing.customer if inbound.sender.value == parsed.sender.email else None
    received = intake.open_ticket(inbound, desk=desk, now=now, by=by, customer=customer)
    if standing.mentions is not None:
        joining.link(received.ticket, other=standing.mentions, by=by, now=now)
    _keep_others(received.ticket, taken)
    return received


def _on_ticket(ticket: Ticket, inbound: Inbound, standing: Standing, taken: Taken) -> Message:
    now = taken.now
    if standing.is_held:
        return conversation.hold(
            joining.target_of(ticket), body=inbound.body, author_name=_who(inbound),
            sender=inbound.sender.value, customer=standing.customer, channel=inbound.channel, trust=inbound.trust,
            files=inbound.files, dedupe_key=inbound.dedupe_key, quoted=inbound.quoted, signature=inbound.signature,
            html=inbound.html, now=now,
        )  # fmt: skip
    if standing.colleague is not None:
        author = User.objects.get(pk=standing.colleague.id)
        return conversation.note(
            ticket, body=inbound.body, by=author, files=inbound.files, dedupe_key=inbound.dedupe_key,
            trust=inbound.trust, now=now,
        )  # fmt: skip
    writer = standing.customer
    if writer is None or writer.pk != ticket.customer_id:
        writer = customers.recognise(inbound.sender, now=now)
    message = intake.answer(ticket, inbound, customer=writer, now=now)
    _keep_others(message.ticket, taken)
    return message


def _who(inbound: Inbound) -> str:
    """“Chris Novak <chris@elsewhere.example>”: who must be judged is shown by address."""
    sender = inbound.sender
    return f"{customers.clean_name(sender.name)[:60]} <{sender.value}>" if sender.name else sender.value


def _keep_others(ticket: Ticket, taken: Taken) -> None:
    """Whoever else the mail was written to is in on the ticket."""
    parsed = taken.parsed
    others = [
        one for one in (*parsed.to, *parsed.cc)
        if one.email and one.email != parsed.sender.email and not threads.is_own(one.email, taken.desk)
    ]  # fmt: skip
    if others and not parsed.is_list:
        participants.keep(ticket, others, by=None, now=taken.now)


def _is_quiet(parsed: Parsed, standing: Standing) -> bool:
    """Whether nobody must be answered by a machine: lists, machines, and colleagues whom nothing confirms."""
    says = parsed.headers.get("auto-submitted", "no").partition(";")[0].strip().lower()
    bulk = parsed.headers.get("precedence", "").strip().lower() in ("bulk", "junk", "list")
    silent = "x-auto-response-suppress" in parsed.headers or parsed.return_path == ""
    return parsed.is_list or says != "no" or bulk or silent or standing.trust == Trust.FORGED_AGENT


def _addressed(mail: InboundMail, parsed: Parsed, desk: Desk) -> Mailbox | None:
    """Which of our mailboxes it was sent to."""
    to = [*mail.envelope_to, *parsed.delivered_to, *(one.email for one in (*parsed.to, *parsed.cc))]
    return threads.ours(filter(None, to), desk)


def _later(mail: InboundMail, at: datetime, why: str, *, counts: bool = True) -> bool:
    mine = InboundMail.objects.filter(pk=mail.pk, attempts=mail.attempts, status=MailStatus.WAITING)
    mine.update(next_at=at, lease_until=None, error=why, attempts=mail.attempts - (not counts))
    return False


def _settle(mail: InboundMail, outcome: Outcome) -> bool:
    """Write what became of it along with what was done; raises CameLate where another worker has it by now."""
    if not _finish(mail, outcome):
        raise CameLate
    return True


def _finish(mail: InboundMail, outcome: Outcome) -> bool:
    """Write what became of it, unless the lease ran out and another worker has it (its number is higher)."""
    mine = InboundMail.objects.filter(pk=mail.pk, attempts=mail.attempts, status=MailStatus.WAITING)
    finished = mine.update(
        status=outcome.status, sort=outcome.sort if outcome.error == "" else "", ticket=outcome.ticket,
        message=outcome.message, trust=outcome.trust, error=outcome.error, lease_until=None, sender=mail.sender,
        subject=mail.subject, automatic_because=mail.automatic_because,
    )  # fmt: skip
    return finished == 1


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True
