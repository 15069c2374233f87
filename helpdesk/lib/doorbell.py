"""Wakes the worker after a commit; nothing is lost if the bell fails, since the worker also looks by itself."""

import time

import structlog
from django.conf import settings
from django.db import transaction
from django_q.tasks import async_task

log = structlog.get_logger()


QUIET = 1.0  # seconds between two rings of one process: the worker that comes for the first finds what came since
_rung_at = 0.0


def ring() -> None:
    """Ask for a `tick` after the running transaction commits; many calls in one transaction ring once.

    Of many commits within QUIET seconds only the first rings; the worker looks every few seconds anyway.
    """
    if not settings.RING_DOORBELL:
        return
    hooks = transaction.get_connection().run_on_commit
    if not any(hook[1] is _ring for hook in hooks):
        transaction.on_commit(_ring, robust=True)


def _ring() -> None:
    global _rung_at
    now = time.monotonic()
    if now - _rung_at < QUIET:
        return
    _rung_at = now
    async_task("helpdesk.jobs.tick", save=False)
