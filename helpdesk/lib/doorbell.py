"""Wakes the worker once after a commit; nothing is lost if the bell fails, since the worker also looks by itself."""

import structlog
from django.conf import settings
from django.db import transaction
from django_q.tasks import async_task

log = structlog.get_logger()


def ring() -> None:
    """Ask for a `tick` after the running transaction commits; many calls in one transaction ring once."""
    if not settings.RING_DOORBELL:
        return
    hooks = transaction.get_connection().run_on_commit
    if not any(hook[1] is _ring for hook in hooks):
        transaction.on_commit(_ring, robust=True)


def _ring() -> None:
    async_task("helpdesk.jobs.tick", save=False)
