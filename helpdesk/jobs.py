"""The worker's jobs. Each takes no arguments and reads what is due from our own tables, so it may run at any time,
twice, and in several workers at once; a lost or doubled call changes nothing."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connections
from django.utils import timezone
from django_q.models import Task

from helpdesk import reactions, timers
from helpdesk.demo import trickle
from helpdesk.pulse import BEAT, NAME_VARIABLE
from tickets import mail_intake, mailbox_health, outbox, presence, routing, throttle, webhook_book, webhooks
from tickets.api import tokens
from tickets.models import CaughtMail, Heartbeat

log = structlog.get_logger()

# A tick stops taking up new work after this long, well before the queue's own timeout of 60 s ends it by force.
TICK_TAKES_AT_MOST = timedelta(seconds=40)
HEARTBEATS_KEPT = timedelta(days=1)
FAILED_TASKS_KEPT = timedelta(days=7)
CAUGHT_MAIL_KEPT = 5000


def tick() -> dict[str, int]:
    """Do what is due: timers, waiting tickets, reactions, mail. Returns how much of each; a part fails alone."""
    until = timezone.now() + TICK_TAKES_AT_MOST
    parts: dict[str, Callable[[], int]] = {
        "deadlines": timers.sweep,
        "assigned": lambda: routing.assign_waiting(now=timezone.now()),
        "mail_in": lambda: mail_intake.take_in(until=until),
        "mailboxes": lambda: mailbox_health.sweep(timezone.now()),
        "reactions": lambda: reactions.react(until=until),
        "mails": lambda: outbox.drain(until=until),
        "webhooks": lambda: webhooks.drain(until=until),
    }
    if settings.DEMO:
        parts["demo"] = trickle.drip
    with alive_meanwhile():
        return {name: _alone(name, part) for name, part in parts.items()}


def pulse() -> None:
    """The sign of life that the watchdog waits for, and a look at what is due; comes through the queue like any job."""
    beat()
    tick()


def housekeeping(now: datetime | None = None) -> dict[str, int]:
    """Clear away what has served: attempts counted, sign-ins that ended, who was looking, old signs of life."""
    now = now or timezone.now()
    caught = CaughtMail.objects.order_by("-pk").values_list("pk", flat=True)
    old_caught = caught[CAUGHT_MAIL_KEPT : CAUGHT_MAIL_KEPT + 1]
    parts: dict[str, Callable[[], int]] = {
        "throttles": lambda: throttle.sweep(now),
        "answers": lambda: tokens.sweep(now),
        "sessions": lambda: Session.objects.filter(expire_date__lt=now).delete()[0],
        "presences": lambda: presence.forget_gone(now),
        "heartbeats": lambda: Heartbeat.objects.filter(at__lt=now - HEARTBEATS_KEPT).delete()[0],
        "tasks": lambda: Task.objects.filter(success=False, stopped__lt=now - FAILED_TASKS_KEPT).delete()[0],
        "deliveries": lambda: webhook_book.sweep(now),
        "caught": lambda: CaughtMail.objects.filter(pk__lte=max(old_caught, default=0)).delete()[0],
    }
    return {name: _alone(name, part) for name, part in parts.items()}


def beat() -> None:
    """Write this worker's sign of life; nothing outside a worker."""
    if name := os.environ.get(NAME_VARIABLE):
        Heartbeat.objects.update_or_create(name=name, defaults={"at": timezone.now()})


@contextmanager
def alive_meanwhile() -> Iterator[None]:
    """Give signs of life while long work runs, but not longer than it may take: a hung worker must fall silent."""
    over = threading.Event()
    beats = int(TICK_TAKES_AT_MOST / BEAT)

    def run() -> None:
        try:
            for _turn in range(beats):
                if over.wait(BEAT.total_seconds()):
                    return
                _alone("heartbeat", beat)
        finally:
            connections.close_all()  # a thread has connections of its own

    if not os.environ.get(NAME_VARIABLE):
        yield
        return
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()


def _alone(name: str, part: Callable[[], object]) -> int:
    try:
        done = part()
    except Exception:
        log.exception("job_part_failed", part=name)
        return 0
    return done if isinstance(done, int) else 0
