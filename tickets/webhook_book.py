"""The receivers as people keep them: made, changed, given a new secret, switched on and off, tested, told again."""

from datetime import datetime, timedelta

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.lib import doorbell
from tickets import desk as desk_settings
from tickets import notices, webhook_body
from tickets.errors import Refused
from tickets.models import PING, DeliveryStatus, DeskVersion, Role, User, Webhook, WebhookDelivery  # fmt: skip
from tickets.models.webhook import new_secret

log = structlog.get_logger()

SWITCHED_OFF = "the webhook was switched off"
# How long the log is kept, by how it ended.
DELIVERED_KEPT = timedelta(days=30)
DEAD_KEPT = timedelta(days=90)


def write(hook: Webhook, *, by: User) -> Webhook:
    """Save a receiver, new or changed. Refused when the name is taken."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                hook.save()
        except IntegrityError:
            raise Refused(_("There is a webhook of this name already.")) from None
        DeskVersion.bump()
    log.info("webhook_written", webhook=hook.pk, by=by.pk, address=hook.address)
    return hook


def rotate(hook: Webhook, *, by: User) -> Webhook:
    """A new secret beside the present one, which goes on signing until `end_rotation`."""
    hook.former_secret, hook.secret = hook.secret, new_secret()
    hook.save(update_fields=["former_secret", "secret"])
    log.info("webhook_secret_changed", webhook=hook.pk, by=by.pk)
    return hook


def end_rotation(hook: Webhook, *, by: User) -> None:
    Webhook.objects.filter(pk=hook.pk).update(former_secret="")
    log.info("webhook_former_secret_ended", webhook=hook.pk, by=by.pk)


def switch(hook: Webhook, *, on: bool, by: User | None, now: datetime | None = None) -> None:
    """Use a receiver, from the next event on and with a clean slate; or not, and give up what waits for it."""
    now = now or timezone.now()
    with transaction.atomic():
        if on:
            Webhook.objects.filter(pk=hook.pk).update(is_active=True, failing_since=None, failures=0, retry_at=None)
        else:
            Webhook.objects.filter(pk=hook.pk).update(is_active=False, retry_at=None)
            waiting = WebhookDelivery.objects.filter(webhook=hook.pk, status=DeliveryStatus.WAITING)
            waiting.filter(Q(lease_until__isnull=True) | Q(lease_until__lte=now)).update(
                status=DeliveryStatus.DEAD, lease_until=None, last_error=SWITCHED_OFF
            )
        DeskVersion.bump()
    hook.is_active = on
    log.info("webhook_switched", webhook=hook.pk, on=on, by=by.pk if by else None)


def give_up(hook: Webhook, *, now: datetime) -> None:
    """Switch a receiver off that has failed for days, and tell whoever can mend it."""
    with transaction.atomic():
        switch(hook, on=False, by=None, now=now)
        staff = desk_settings.current().staff.values()
        readers = [card.id for card in staff if card.role in (Role.LEAD, Role.MANAGER, Role.ADMINISTRATOR)]
        text = lambda: _("The webhook “%(name)s” has failed for days and was switched off.") % {"name": hook.name}  # noqa: E731
        key = f"webhook_off:{hook.pk}:{hook.failing_since:%Y%m%d%H%M%S}"
        notices.to_colleague(readers, "webhook_off", None, text, key=key, is_pressing=True, now=now)
    log.error("webhook_switched_off", webhook=hook.pk, failing_since=str(hook.failing_since))


def remove(hook: Webhook, *, by: User) -> None:
    """Take a receiver away, its log with it."""
    with transaction.atomic():
        Webhook.objects.filter(pk=hook.pk).delete()
        DeskVersion.bump()
    log.info("webhook_removed", webhook=hook.pk, by=by.pk)


def ping(hook: Webhook, *, by: User, now: datetime | None = None) -> WebhookDelivery:
    """Write a test for this receiver; the worker sends it within seconds. Refused while it is switched off."""
    now = now or timezone.now()
    if not hook.is_active:
        raise Refused(_("Switch the webhook on first; nothing leaves while it is off."))
    with transaction.atomic():
        Webhook.objects.filter(pk=hook.pk).update(retry_at=None)
        delivery = WebhookDelivery.objects.create(
            webhook=hook, kind=PING, body=webhook_body.ping(now), created_at=now, queued_at=now, next_at=now
        )
        doorbell.ring()
    return delivery


def replay(delivery: WebhookDelivery, *, by: User, now: datetime | None = None) -> None:
    """Tell it again, as it was, under the same delivery id. Refused while it waits or its receiver is off."""
    if not replay_all(WebhookDelivery.objects.filter(pk=delivery.pk), hook=delivery.webhook, by=by, now=now):
        raise Refused(_("This delivery waits already."))


def replay_dead(hook: Webhook, *, since: datetime, by: User, now: datetime | None = None) -> int:
    """Tell again all that was given up since that moment; return how many."""
    dead = WebhookDelivery.objects.filter(webhook=hook.pk, status=DeliveryStatus.DEAD, created_at__gte=since)
    return replay_all(dead, hook=hook, by=by, now=now)


def replay_all(deliveries: QuerySet[WebhookDelivery], *, hook: Webhook, by: User, now: datetime | None = None) -> int:
    """Give these deliveries of `hook`, those that wait already left out, a fresh round of tries; return how many."""
    now = now or timezone.now()
    if not hook.is_active:
        raise Refused(_("Switch the webhook on first; nothing leaves while it is off."))
    with transaction.atomic():
        again = deliveries.exclude(status=DeliveryStatus.WAITING)
        count = again.update(
            status=DeliveryStatus.WAITING, attempts=0, queued_at=now, next_at=now, first_tried_at=None,
            lease_until=None, delivered_at=None,
        )  # fmt: skip
        Webhook.objects.filter(pk=hook.pk).update(retry_at=None)
        doorbell.ring()
    log.info("webhook_replayed", webhook=hook.pk, count=count, by=by.pk)
    return count


def for_list() -> QuerySet[Webhook]:
    """Every receiver with counts of what is `waiting` and `dead` and when the last one arrived: one statement."""
    own = WebhookDelivery.objects.filter(webhook=OuterRef("pk")).order_by()
    counts = {
        name: Subquery(own.filter(status=status).values("webhook").annotate(n=Count("pk")).values("n"))
        for name, status in (("waiting", DeliveryStatus.WAITING), ("dead", DeliveryStatus.DEAD))
    }
    arrived = own.filter(status=DeliveryStatus.DELIVERED).order_by("-pk").values("delivered_at")[:1]
    return Webhook.objects.annotate(**counts, arrived_at=Subquery(arrived))


def sweep(now: datetime) -> int:
    """Forget old entries of the log."""
    old = Q(status=DeliveryStatus.DELIVERED, created_at__lt=now - DELIVERED_KEPT)
    old |= Q(status=DeliveryStatus.DEAD, created_at__lt=now - DEAD_KEPT)
    return WebhookDelivery.objects.filter(old).delete()[0]
