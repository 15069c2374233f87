"""What one process of a fault test does to a desk, in children that are killed by kill -9 at any moment.

`python -m tests.faults.hands <what> <chance> …` in the environment of a test's desk; `chance`: how many of the children
die (0 to 1). Forking is a hundred times cheaper than starting Python, so a thousand messages meet hundreds of deaths.
"""

import io
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import DatabaseError, connections, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from helpdesk import jobs, reactions, timers  # noqa: E402
from helpdesk.lib import safe_http  # noqa: E402
from tickets import fetching, mail_intake, outbox, webhooks  # noqa: E402
from tickets.models import InboundMail, Mailbox, OutboxMail, TicketEvent, WebhookDelivery  # noqa: E402

SUPPORT = "support@firstline.test"
over: list[int] = []


def lives(hand: str, work: Callable[[], object], *, chance: float, within: float) -> bool:
    """Do the work in a child, which may be killed `within` so many seconds; True if it ended well."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        code = 1
        with suppress(BaseException):
            work()
            code = 0
        os._exit(code)
    if random.random() < chance:
        time.sleep(random.random() * within)
        os.kill(child, signal.SIGKILL)
    _pid, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        with (settings.DATA_DIR / f"deaths-{hand}").open("a") as deaths:
            deaths.write("x")
    return status == 0


def pipe(chance: float, folder: str) -> None:
    """A mail server that hands each message of the folder to `manage.py deliver` until that ends with 0."""
    for path in sorted(Path(folder).glob("*.eml")):

        def deliver(content: bytes = path.read_bytes()) -> None:
            sys.stdin = io.TextIOWrapper(io.BytesIO(content))
            call_command("deliver", recipient=[SUPPORT], stdout=io.StringIO(), stderr=io.StringIO())

        while not lives("pipe", deliver, chance=1.4 * chance, within=0.03):
            time.sleep(0.02)


def door(chance: float, port: str) -> None:
    """`manage.py mail_door`, killed every other moment."""
    opens = partial(call_command, "mail_door", port=int(port), stdout=io.StringIO())
    while not over:
        lives("door", opens, chance=1 if chance else 0, within=2.0)


def fetch(chance: float) -> None:
    """Visits to the mailboxes, by one fetcher at a time: the lease that a dead one left counts as run out."""
    while not over:
        lives("fetch", _visit, chance=chance, within=0.3)
        time.sleep(0.1)


def _visit() -> None:
    Mailbox.objects.update(lease_until=None)
    for mailbox in Mailbox.objects.filter(road="imap"):
        fetching.fetch(mailbox)


def work(chance: float) -> None:
    """A worker's ticks."""
    while not over:
        lives("work", jobs.tick, chance=chance, within=0.6)
        time.sleep(0.05)


def settle(_chance: float) -> None:
    """The rest is done in peace, with time for every lease to run out."""
    now = timezone.now()
    for _turn in range(60):
        now += timedelta(minutes=5)
        _visit()
        mail_intake.take_in(now=now, limit=100_000)
        reactions.react(now=now, limit=100_000)
        outbox.drain(now=now, limit=100_000)
        if not (
            InboundMail.objects.filter(status="waiting").exists()
            or OutboxMail.objects.filter(status="pending").exists()
            or reactions.waiting(now).exists()
        ):
            return


def call(chance: float) -> None:
    """Webhooks, with less patience than usual and with time that passes faster, until all has been told."""
    hasty = safe_http.Patience(connect=1, silence=1, total=1)
    safe_http.Patience = lambda: hasty  # type: ignore[assignment,misc]
    now = timezone.now()
    for _turn in range(20_000):
        with suppress(DatabaseError):
            if not WebhookDelivery.objects.filter(status="waiting").exists():
                return
            lives("call", partial(webhooks.drain, now=now, limit=100_000), chance=chance, within=0.4)
            now += timedelta(seconds=20)


def sweep(chance: float) -> None:
    """What an undisturbed sweep does, then undone; and the same by sweepers that are killed. Prints both."""
    start = timezone.now()
    moments = [start + timedelta(minutes=minutes) for minutes in (0, 3, 20)]
    with transaction.atomic():
        for moment in moments:
            timers.sweep(moment, limit=100_000)
        undisturbed = _told()
        transaction.set_rollback(True)
    for moment in moments[:2]:
        for _turn in range(12):
            lives("sweep", partial(timers.sweep, moment, limit=100_000), chance=chance, within=0.25)
    timers.sweep(moments[2], limit=100_000)
    reactions.react(now=moments[2], limit=100_000)
    print(repr((undisturbed, _told())))


def _told() -> list[tuple[int, str, str]]:
    """What happened by the clock: ticket, event and deadline."""
    events = TicketEvent.objects.filter(kind__in=["breached", "due_soon", "reminded", "escalated"])
    return sorted((event.ticket_id, event.kind, str(event.data.get("kind", ""))) for event in events)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, frame: over.append(number))
    globals()[sys.argv[1]](float(sys.argv[2]), *sys.argv[3:])
