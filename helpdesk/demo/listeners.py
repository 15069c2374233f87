"""The demo's webhook: a receiver that was told of the last tickets, and once gave no answer. It is switched off, so
that nothing leaves the demo."""

from datetime import timedelta

from django.db import transaction

from tickets import desk, webhook_body
from tickets.models import DeliveryStatus, DeskVersion, EventKind, TicketEvent, Webhook, WebhookDelivery

KINDS = [EventKind.RECEIVED, EventKind.RESOLVED, EventKind.CLOSED]
SHOWN = 12
SILENT_AT = 3  # the one that was given up


def tell() -> None:
    """Make the receiver and the log of what it was told."""
    with transaction.atomic():
        hook = Webhook.objects.create(
            name="Stock system", address="https://stock.example/firstline", kinds=KINDS, is_active=False
        )
        settings = desk.current()
        newest = TicketEvent.objects.filter(kind__in=KINDS, ticket__team__is_restricted=False).order_by("-pk")[:SHOWN]
        for place, event in enumerate(newest.select_related("ticket__customer", "by")):
            answered, is_silent = event.at + timedelta(seconds=2), place == SILENT_AT
            WebhookDelivery.objects.create(
                webhook=hook, event=event, ticket=event.ticket, kind=event.kind,
                body=webhook_body.compose(event, settings, with_notes=False),
                status=DeliveryStatus.DEAD if is_silent else DeliveryStatus.DELIVERED, attempts=9 if is_silent else 1,
                created_at=event.at, queued_at=event.at, first_tried_at=event.at, next_at=event.at,
                delivered_at=None if is_silent else answered, response_code=503 if is_silent else 200,
                response_excerpt="down for maintenance" if is_silent else "ok", duration_ms=184 + 13 * place,
                last_error="HTTP 503" if is_silent else "",
            )  # fmt: skip
        DeskVersion.bump()
