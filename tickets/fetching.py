"""Fetches mail from IMAP servers: each message is stored and committed first, and only then set aside on the server.

Every mailbox has a lease, so that any number of processes may fetch; a mailbox that fails waits longer each time and
holds up none of the others, nor does a message that cannot be stored.
"""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.lib import imap
from helpdesk.lib.crypto import Unsealable, unseal
from tickets import mail_store, wording
from tickets.errors import Refused
from tickets.models import InboundMail, Mailbox, Road

log = structlog.get_logger()

POLL = timedelta(seconds=30)
# Renewed with every message; longer than the slowest one takes (imap.STEP_TIMEOUT a step).
LEASE = timedelta(minutes=3)
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(minutes=15)
AT_ONCE = 500  # messages of one mailbox in one go; the rest comes with the next


@dataclass
class Fetched:
    """What one visit brought. `left`: messages that stay on the server, with why the last of them does."""

    stored: int = 0
    left: int = 0
    why: str = ""
    lag: int | None = None


class Lost(Exception):
    """Another process has taken the mailbox over."""


def fetch_due(now: datetime | None = None) -> int:
    """Visit every mailbox whose turn it is; returns how many messages are new. Raises DatabaseError alone."""
    now = now or timezone.now()
    due = Mailbox.objects.filter(Q(next_at__isnull=True) | Q(next_at__lte=now), is_active=True, road=Road.IMAP)
    return sum(fetch(mailbox, now=now) for mailbox in due.order_by(F("next_at").asc(nulls_first=True), "pk"))


def fetch(mailbox: Mailbox, *, now: datetime | None = None) -> int:
    """Visit one mailbox, if nobody else does; returns how many messages are new, and writes how it went."""
    now = now or timezone.now()
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    if not Mailbox.objects.filter(free, pk=mailbox.pk, is_active=True).update(lease_until=now + LEASE):
        return 0
    mailbox.lease_until = now + LEASE
    fetched = Fetched()
    try:
        with imap.opened(account_of(mailbox)) as folder:
            _take_over(mailbox, folder, fetched)
    except Lost:
        log.warning("mailbox_taken_over", mailbox=mailbox.pk)
    except DatabaseError:
        raise
    except Exception as error:
        log.warning("mailbox_not_fetched", mailbox=mailbox.pk, error=words_of(error))
        _failed(mailbox, words_of(error))
    else:
        _succeeded(mailbox, fetched)
    return fetched.stored


def try_connection(mailbox: Mailbox) -> str:
    """Sign in and look, changing nothing; returns what went wrong in words, empty when all is well."""
    try:
        with imap.opened(account_of(mailbox)) as folder:
            folder.new(after=mailbox.last_uid, since=None)
    except Exception as error:
        return words_of(error)
    return ""


def account_of(mailbox: Mailbox) -> imap.Account:
    """How to sign in. Raises Unsealable, Refused when the environment variable it names is empty."""
    return imap.Account(
        host=mailbox.host,
        port=mailbox.port,
        security=mailbox.security,
        user=mailbox.user or mailbox.address,
        password=_password(mailbox),
        folder=mailbox.folder,
        move_to=mailbox.move_to if mailbox.after == Mailbox.After.MOVE else "",
    )


def words_of(error: Exception) -> str:
    """What went wrong, on one line."""
    if isinstance(error, Refused | Unsealable | imap.Refusal):
        return str(error)
    return " ".join(f"{type(error).__name__}: {error}".split())[:500]


def _password(mailbox: Mailbox) -> str:
    if name := mailbox.password_variable:
        if password := os.environ.get(name, ""):
            return password
        raise Refused(_("The environment variable %(name)s is not set.") % {"name": name})
    return unseal(mailbox.sealed_password) if mailbox.sealed_password else ""


def _take_over(mailbox: Mailbox, folder: imap.Folder, fetched: Fetched) -> None:
    """Store what is new, message by message, and set each aside once it is committed."""
    same = mailbox.uidvalidity == folder.uidvalidity
    since = mailbox.last_success_at if mailbox.uidvalidity is not None else None
    uids = folder.new(after=mailbox.last_uid if same else None, since=since)
    here = InboundMail.objects.filter(mailbox=mailbox, uidvalidity=folder.uidvalidity, uid__in=uids)
    stored = set(here.values_list("uid", flat=True))
    sizes = folder.sizes([uid for uid in uids if uid not in stored])
    done_to = (mailbox.last_uid or 0) if same else 0
    is_unbroken = True
    for uid in uids[:AT_ONCE]:
        try:
            if uid not in stored:
                _store(mailbox, folder, uid, sizes.get(uid), fetched)
            folder.set_aside(uid)
        except (DatabaseError, Lost, OSError):
            raise
        except Exception as error:
            # It stays where it is, unread, and is looked at again; the next ones do not wait for it.
            is_unbroken = False
            fetched.left, fetched.why = fetched.left + 1, _("Message %(uid)d: %(why)s") % {"uid": uid, "why": error}
            log.warning("message_not_stored", mailbox=mailbox.pk, uid=uid, error=str(error))
        if is_unbroken:
            done_to = max(done_to, uid)
        _renew(mailbox, uidvalidity=folder.uidvalidity, last_uid=done_to)


def _store(mailbox: Mailbox, folder: imap.Folder, uid: int, size: int | None, fetched: Fetched) -> None:
    if size is None:
        return  # gone since we asked
    if size > mail_store.MOST_BYTES:
        raise Refused(_("It is too large to take: %(size)s.") % {"size": wording.file_size(size)})
    message = folder.message(uid)
    if message is None:
        return
    mail_store.keep(message.raw, road=Road.IMAP, mailbox=mailbox, uidvalidity=folder.uidvalidity, uid=uid)
    fetched.stored += 1
    if message.arrived_at is not None:
        fetched.lag = max(0, int((timezone.now() - message.arrived_at).total_seconds()))


def _renew(mailbox: Mailbox, **place: int) -> None:
    """Keep the lease while there is work; Lost when it ran out and somebody else has it."""
    until = timezone.now() + LEASE
    mine = Mailbox.objects.filter(pk=mailbox.pk, lease_until=mailbox.lease_until)
    if not mine.update(lease_until=until, **place):
        raise Lost
    mailbox.lease_until = until


def _succeeded(mailbox: Mailbox, fetched: Fetched) -> None:
    now = timezone.now()
    health: dict[str, object] = {"last_success_at": now, "left_on_server": fetched.left, "last_error": fetched.why}
    if fetched.lag is not None:
        health["lag"] = fetched.lag
    if not fetched.left:
        health |= {"failures": 0, "failing_since": None}
    else:
        health |= {"failures": F("failures") + 1, "failing_since": Coalesce("failing_since", now)}
    mine = Mailbox.objects.filter(pk=mailbox.pk, lease_until=mailbox.lease_until)
    mine.update(lease_until=None, next_at=now + POLL, **health)


def _failed(mailbox: Mailbox, why: str) -> None:
    now = timezone.now()
    wait = min(FIRST_WAIT * 2 ** min(mailbox.failures, 10), LONGEST_WAIT)
    mine = Mailbox.objects.filter(pk=mailbox.pk, lease_until=mailbox.lease_until)
    mine.update(
        lease_until=None, next_at=now + wait, failures=F("failures") + 1, last_error=why,
        failing_since=Coalesce("failing_since", now),
    )  # fmt: skip
