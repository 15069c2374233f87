"""/healthz: the web process lives. /readyz: the whole desk works, with database, worker, mail and reactions."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError
from django.db.models import Max, Min
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from helpdesk import reactions
from tickets import mailbox_health
from tickets.models import Heartbeat, InboundMail, Mailbox, MailStatus, OutboxMail, OutboxStatus

log = structlog.get_logger()

# After these the desk is not well: the worker beats every 3 s, and mail and reactions are due at once.
WORKER_SILENT = timedelta(seconds=30)
WAITS_TOO_LONG = timedelta(minutes=5)


@dataclass(frozen=True)
class Health:
    """Ages in seconds, None where nothing waits (for the worker: where there is none); `problems` in words."""

    worker_age: float | None
    outbox_age: float | None
    reactions_age: float | None
    mail_in_age: float | None
    mailboxes_failing: int
    dead_mails: int
    problems: list[str]


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; asks nobody else."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when everything works, else 503; as JSON, with what is wrong in words."""
    try:
        health = look(timezone.now())
    except DatabaseError as error:
        log.error("database_does_not_answer", error=str(error))
        body = {"ready": False, "database": False, "problems": ["The database does not answer."]}
        return JsonResponse(body, status=503)
    body = {
        "ready": not health.problems,
        "database": True,
        "worker_heartbeat_seconds": health.worker_age,
        "outbox_oldest_seconds": health.outbox_age,
        "reactions_oldest_seconds": health.reactions_age,
        "mail_in_oldest_seconds": health.mail_in_age,
        "mailboxes_failing": health.mailboxes_failing,
        "dead_mails": health.dead_mails,
        "problems": health.problems,
    }
    return JsonResponse(body, status=503 if health.problems else 200)


def look(now: datetime) -> Health:
    """How the desk is: six questions to small indexes. Raises DatabaseError when the database does not answer."""
    beat = Heartbeat.objects.filter(name__startswith="worker-").aggregate(last=Max("at"))["last"]
    pending = OutboxMail.objects.filter(status=OutboxStatus.PENDING, next_at__lte=now)
    due = pending.aggregate(first=Min("next_at"))["first"]
    event = reactions.waiting(now).order_by("pk").values_list("at", flat=True).first()
    dead = OutboxMail.objects.filter(status=OutboxStatus.DEAD)[:100].count()
    kept = InboundMail.objects.filter(status=MailStatus.WAITING, next_at__lte=now)
    came = kept.aggregate(first=Min("next_at"))["first"]
    failing = Mailbox.objects.filter(is_active=True, failing_since__lte=now - mailbox_health.FAILS_TOO_LONG).count()
    problems = []
    if beat is None:
        problems.append("No worker runs: mail, timers and routing stand still. Start one with “manage.py work”.")
    elif now - beat > WORKER_SILENT:
        problems.append(f"The worker has given no sign of life for {_seconds(now, beat):.0f} s.")
    if due and now - due > WAITS_TOO_LONG:
        problems.append(f"A mail has been due for {_seconds(now, due):.0f} s and nobody sends it.")
    if event and now - event > WAITS_TOO_LONG and beat is not None:
        problems.append(f"What follows from an event has been waiting for {_seconds(now, event):.0f} s.")
    if came and now - came > WAITS_TOO_LONG:
        problems.append(f"Mail that came in has been waiting for {_seconds(now, came):.0f} s and nobody reads it.")
    return Health(
        worker_age=_seconds(now, beat),
        outbox_age=_seconds(now, due),
        reactions_age=_seconds(now, event),
        mail_in_age=_seconds(now, came),
        mailboxes_failing=failing,
        dead_mails=dead,
        problems=problems,
    )


def _seconds(now: datetime, at: datetime | None) -> float | None:
    return None if at is None else round(max((now - at).total_seconds(), 0.0), 1)
