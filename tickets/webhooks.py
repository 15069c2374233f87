"""Tells other programs what happened: a row for each receiver and event, sent by the worker until it arrived or died.

Never lost: the row is written by the event's reaction, claimed and committed before anything is sent. A repeat bears
the same delivery id. A receiver that does not answer is left alone for ever longer, and holds up nobody else.
"""

import hashlib
import hmac
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from helpdesk.lib import safe_http
from helpdesk.lib.addresses import Bounds, NotAllowed, networks
from helpdesk.lib.inserts import insert
from tickets import desk as desk_settings
from tickets import webhook_body, webhook_book
from tickets.desk import Desk
from tickets.models import EVERYTHING, DeliveryStatus, EventKind, TicketEvent, Webhook, WebhookDelivery
from tickets.outbox import wait_after

log = structlog.get_logger()

# Longer than safe_http.Patience.total; after it another worker tries.
LEASE = timedelta(seconds=60)
# Of one tick, so that mail is never far away; a call under way when it ends may take safe_http.Patience.total more.
SLICE = timedelta(seconds=10)
AT_ONCE = 8  # receivers that are talked to at the same time
TRIED_FOR = timedelta(hours=24)
SWITCHED_OFF_AFTER = timedelta(days=5)
MOST_TRIES = 200  # only a delivery that takes its worker down with it gets so far
LONGEST_EXCERPT = 2000  # characters
CRASHED = "the worker went down while sending it"
NO_ANSWER_FOR_A_DAY = "the receiver has not answered for a day"


@dataclass(frozen=True)
class Outcome:
    """How one call went. `is_down`: it is the receiver that fails, not this delivery."""

    duration_ms: int
    code: int | None = None
    excerpt: str = ""
    error: str = ""
    is_down: bool = False

    @property
    def has_arrived(self) -> bool:
        return self.code is not None and 200 <= self.code < 300


# ── In ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def listening(desk: Desk) -> frozenset[str]:
    """The kinds of event that anybody is told of."""
    heard = {kind for hook in desk.webhooks for kind in (EventKind.values if EVERYTHING in hook.kinds else hook.kinds)}
    # Whoever is told of replies must not be told of one that was taken back in time.
    return frozenset(heard | {EventKind.WITHDRAWN.value} if EventKind.REPLIED in heard else heard)


def enqueue(event: TicketEvent) -> int:
    """Write what each listening receiver is to be told of `event`, in the caller's transaction; return how many.

    The database passes over what was written before, so a reaction may run twice.
    """
    desk = desk_settings.current()
    hooks = [hook for hook in desk.webhooks if hook.hears(event.kind) and _may_tell(hook, event, desk)]
    if event.kind == EventKind.WITHDRAWN:
        _forget_reply(event)
    if not hooks:
        return 0
    bodies = {notes: webhook_body.compose(event, desk, with_notes=notes) for notes in {h.includes_notes for h in hooks}}
    now = timezone.now()
    starts = max(now, _undo_until(event) or now)
    rows = [
        WebhookDelivery(
            webhook=hook, event=event, ticket_id=event.ticket_id, kind=event.kind, body=bodies[hook.includes_notes],
            created_at=now, queued_at=now, next_at=starts,
        )
        for hook in hooks
    ]  # fmt: skip
    insert(rows, ignore_conflicts=True)
    return len(rows)


def _may_tell(hook: Webhook, event: TicketEvent, desk: Desk) -> bool:
    team = desk.teams.get(event.ticket.team_id or 0)
    return hook.includes_restricted or team is None or not team.is_restricted


def _undo_until(event: TicketEvent) -> datetime | None:
    """A reply is told when it cannot be taken back any more."""
    if event.kind != EventKind.REPLIED:
        return None
    message = webhook_body.message_of(event)
    return message.undo_until if message else None


def _forget_reply(event: TicketEvent) -> None:
    """What was taken back before anybody was told of it is nobody's business."""
    replied = TicketEvent.objects.filter(
        ticket=event.ticket_id, kind=EventKind.REPLIED, data__message=event.data.get("message")
    )
    WebhookDelivery.objects.filter(
        event__in=replied, status=DeliveryStatus.WAITING, attempts=0, lease_until__isnull=True
    ).delete()


# ── Out ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def drain(until: datetime | None = None, now: datetime | None = None, limit: int = 2000) -> int:
    """Send what is due, several receivers at once, to each one after the other; return how many arrived.

    Not past `until`, nor past a slice of its own. Any number of workers may drain at once. `now` fixed: for tests.
    """
    end = min(until or datetime.max.replace(tzinfo=timezone.now().tzinfo), timezone.now() + SLICE)
    receivers = deque(_ready(now or timezone.now()))
    if not receivers:
        return 0
    arrived, under_way = 0, dict[Future[Outcome], tuple[Webhook, WebhookDelivery]]()
    with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(receivers))) as callers:
        while True:
            while receivers and len(under_way) < AT_ONCE and limit > 0 and timezone.now() < end:
                hook = receivers.popleft()
                if delivery := _claim(hook, now or timezone.now()):
                    limit -= 1
                    under_way[callers.submit(_call, *_request(hook, delivery))] = (hook, delivery)
            if not under_way:
                return arrived
            for done in wait(under_way, return_when=FIRST_COMPLETED).done:
                hook, delivery = under_way.pop(done)
                outcome = done.result()
                arrived += _record(hook, delivery, outcome, now or timezone.now())
                if not outcome.is_down and hook.is_active:
                    receivers.append(hook)


def bounds(hook: Webhook) -> Bounds:
    """What this receiver's address may be."""
    return Bounds(
        schemes=("https", "http") if settings.WEBHOOK_HTTP else ("https",),
        ports=frozenset(settings.WEBHOOK_PORTS),
        inside=networks(settings.WEBHOOK_NETWORKS) if hook.reaches_inside else (),
    )


def sign(body: str, secrets: Sequence[str], at: int) -> str:
    """The signature header: `t=<seconds>` and for each secret `v1=<HMAC-SHA256 of "<t>.<body>" in hex>`."""
    signed = f"{at}.{body}".encode()
    marks = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={at}", *(f"v1={mark}" for mark in marks)])


def _ready(now: datetime) -> list[Webhook]:
    """Receivers in use that are not left alone just now and have something due."""
    due = WebhookDelivery.objects.filter(_free(now), webhook=OuterRef("pk"), status=DeliveryStatus.WAITING)
    rested = Q(retry_at__isnull=True) | Q(retry_at__lte=now)
    return list(Webhook.objects.filter(rested, Exists(due), is_active=True).order_by("pk"))


def _free(now: datetime) -> Q:
    return Q(next_at__lte=now) & (Q(lease_until__isnull=True) | Q(lease_until__lte=now))


def _claim(hook: Webhook, now: datetime) -> WebhookDelivery | None:
    """Lease the receiver's next delivery and count the try, committed before anything is sent.

    One whose ticket has an earlier one still waiting is passed over: a ticket's story is told in order.
    """
    earlier = WebhookDelivery.objects.filter(
        webhook=hook.pk, ticket=OuterRef("ticket"), status=DeliveryStatus.WAITING, pk__lt=OuterRef("pk")
    )
    with transaction.atomic():
        waiting: QuerySet[WebhookDelivery] = WebhookDelivery.objects.filter(
            _free(now), ~Exists(earlier), webhook=hook.pk, status=DeliveryStatus.WAITING
        ).order_by("pk")
        if connection.features.has_select_for_update_skip_locked:
            waiting = waiting.select_for_update(skip_locked=True, of=("self",))
        delivery = waiting.first()
        if delivery is None:
            return None
        # Compare and set: on SQLite, where rows are not locked, the second worker changes nothing here.
        mine = WebhookDelivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts, status=DeliveryStatus.WAITING)
        crashed = CRASHED if delivery.lease_until else delivery.last_error
        delivery.first_tried_at = delivery.first_tried_at or now
        delivery.attempts += 1
        if not mine.update(
            attempts=delivery.attempts, lease_until=now + LEASE, last_error=crashed,
            first_tried_at=delivery.first_tried_at,
        ):  # fmt: skip
            return None
    return delivery


def _request(hook: Webhook, delivery: WebhookDelivery) -> tuple[str, bytes, dict[str, str], Bounds]:
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Firstline-Webhooks/1",
        "Firstline-Delivery": delivery.delivery_id,
        "Firstline-Event": delivery.kind,
        "Firstline-Signature": sign(delivery.body, hook.secrets, int(time.time())),
    }
    return hook.address, delivery.body.encode(), headers, bounds(hook)


def _call(address: str, body: bytes, headers: dict[str, str], within: Bounds) -> Outcome:
    """One call; never raises. Runs in a thread of its own and must not touch the database."""
    started = time.monotonic()

    def took() -> int:
        return round((time.monotonic() - started) * 1000)

    try:
        answer = safe_http.post(address, body, headers=headers, bounds=within)
    except NotAllowed as error:
        return Outcome(took(), error=f"NotAllowed: {error}", is_down=True)
    except safe_http.Unreachable as error:
        return Outcome(took(), error=str(error), is_down=True)
    except Exception as error:  # whatever a receiver makes a library say must not stop the others
        log.exception("webhook_call_failed")
        return Outcome(took(), error=f"{type(error).__name__}: {error}"[:300], is_down=True)
    words = answer.body.decode("utf-8", "replace").replace("\x00", "")[:LONGEST_EXCERPT]
    why = "" if 200 <= answer.status < 300 else f"HTTP {answer.status}"
    if 300 <= answer.status < 400:
        why += ": redirects are not followed"
    return Outcome(took(), answer.status, words, why, is_down=answer.status >= 500 or answer.status == 429)


# ── Afterwards ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _record(hook: Webhook, delivery: WebhookDelivery, outcome: Outcome, now: datetime) -> bool:
    """Write how a try went, on the delivery and on its receiver; True if it arrived."""
    said = {
        "response_code": outcome.code, "response_excerpt": outcome.excerpt, "duration_ms": outcome.duration_ms,
        "last_error": outcome.error,
    }  # fmt: skip
    if outcome.has_arrived:
        _finish(delivery, status=DeliveryStatus.DELIVERED, delivered_at=now, **said)
        if hook.failing_since or hook.failures:
            Webhook.objects.filter(pk=hook.pk).update(failing_since=None, failures=0, retry_at=None)
            hook.failing_since, hook.failures = None, 0
        return True
    next_at = now + wait_after(delivery.attempts)
    is_over = next_at > (delivery.first_tried_at or now) + TRIED_FOR or delivery.attempts >= MOST_TRIES
    if is_over:
        _finish(delivery, status=DeliveryStatus.DEAD, **said)
        log.error("webhook_dead", webhook=hook.pk, delivery=delivery.delivery_id, why=outcome.error)
    else:
        _finish(delivery, next_at=next_at, **said)
    _count_failure(hook, outcome, now)
    return False


def _count_failure(hook: Webhook, outcome: Outcome, now: datetime) -> None:
    """Leave a receiver alone that is down; after days of failing, switch it off and say so."""
    changes: dict[str, object] = {"failing_since": Coalesce(F("failing_since"), now)}
    if outcome.is_down:
        changes |= {"failures": F("failures") + 1, "retry_at": now + wait_after(hook.failures + 1)}
    Webhook.objects.filter(pk=hook.pk).update(**changes)
    hook.failing_since = hook.failing_since or now
    hook.failures += outcome.is_down
    if hook.failing_since <= now - SWITCHED_OFF_AFTER:
        webhook_book.give_up(hook, now=now)
        hook.is_active = False
    elif outcome.is_down and hook.failing_since <= now - TRIED_FOR:
        # What waited behind the one that was tried has had its day too.
        _waiting(hook).filter(queued_at__lte=now - TRIED_FOR).update(
            status=DeliveryStatus.DEAD, last_error=NO_ANSWER_FOR_A_DAY
        )


def _waiting(hook: Webhook) -> QuerySet[WebhookDelivery]:
    """What waits for this receiver and nobody sends just now."""
    return WebhookDelivery.objects.filter(webhook=hook.pk, status=DeliveryStatus.WAITING, lease_until__isnull=True)


def _finish(delivery: WebhookDelivery, **changes: object) -> bool:
    """Write this try's outcome, unless the lease ran out and another worker tries already (its number is higher)."""
    mine = WebhookDelivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts, status=DeliveryStatus.WAITING)
    finished = mine.update(lease_until=None, **changes) == 1
    if not finished:
        log.warning("webhook_outcome_came_late", delivery=delivery.delivery_id, attempt=delivery.attempts)
    return finished
