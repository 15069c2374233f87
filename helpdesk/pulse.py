"""The queue's broker: django-q2's own over the database, which also sends a pulse through the cluster it feeds."""

import os
import time
import uuid
from datetime import timedelta

from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.signing import SignedPackage

# The name under which a worker gives its sign of life; helpdesk.worker sets it for its cluster and nobody else's.
NAME_VARIABLE = "FIRSTLINE_WORKER"
BEAT = timedelta(seconds=3)


class Broker(ORM):
    """A pulse is a job that no table holds: pusher → queue → worker. It proves the whole way, in this very cluster."""

    _next_pulse = 0.0

    def dequeue(self) -> list[tuple[int | None, str]] | None:
        """The next jobs as (id, signed task). A pulse has no id: there is nothing to acknowledge."""
        if NAME_VARIABLE in os.environ and time.monotonic() >= self._next_pulse:
            self._next_pulse = time.monotonic() + BEAT.total_seconds()
            return [(None, _pulse())]
        return super().dequeue()


def _pulse() -> str:
    task = {
        "id": uuid.uuid4().hex,
        "name": "pulse",
        "func": "helpdesk.jobs.pulse",
        "args": (),
        "kwargs": {},
        "started": timezone.now(),
        "save": False,
    }
    return SignedPackage.dumps(task)
