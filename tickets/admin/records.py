"""Records to look at: what happened on tickets, mail that went out, playbooks that were loaded, workers alive."""

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy, ngettext

from tickets import outbox
from tickets.admin.base import RecordAdmin
from tickets.errors import Refused
from tickets.models import Heartbeat, OutboxMail, PlaybookLoad, TicketEvent, Webhook, WebhookDelivery
from tickets.permissions import DeskRequest


def ticket_link(number: int | None) -> str:
    if number is None:
        return "—"
    return format_html('<a href="{}">#{}</a>', reverse("admin:tickets_ticket_change", args=[number]), number)


@admin.register(TicketEvent)
class TicketEventAdmin(RecordAdmin):
    """Append-only: nobody adds, changes or deletes what happened."""

    list_display = ("at", "ticket_number", "kind", "who", "from_state", "to_state", "reason")
    list_display_links = ("at",)
    list_filter = ("kind",)
    list_select_related = ("by",)
    ordering = ("-id",)
    search_fields = ("=ticket__id",)
    fields = ("ticket", "kind", "at", "by", "from_state", "to_state", "reason", "details", "reacted_at")
    readonly_fields = fields

    @admin.display(description=gettext_lazy("ticket"))
    def ticket_number(self, event: TicketEvent) -> str:
        return ticket_link(event.ticket_id)

    @admin.display(description=gettext_lazy("by"))
    def who(self, event: TicketEvent) -> Any:
        return event.by or gettext_lazy("the desk")

    @admin.display(description=gettext_lazy("details"))
    def details(self, event: TicketEvent) -> str:
        return format_html("<pre>{}</pre>", json.dumps(event.data, indent=2, ensure_ascii=False, sort_keys=True))


@admin.register(OutboxMail)
class OutboxMailAdmin(RecordAdmin):
    list_display = ("created_at", "kind", "to", "ticket_number", "status", "attempts", "sent_at", "error")
    list_display_links = ("created_at",)
    list_filter = ("status", "kind")
    search_fields = ("=ticket__id", "to")
    actions = ("send_again",)
    fields = (
        "kind", "ticket", "to", "language", "status", "attempts", "created_at", "next_at", "sent_at", "last_error",
        "mail_id",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=gettext_lazy("ticket"))
    def ticket_number(self, mail: OutboxMail) -> str:
        return ticket_link(mail.ticket_id)

    @admin.display(description=gettext_lazy("last error"))
    def error(self, mail: OutboxMail) -> str:
        return mail.last_error[:80] or "—"

    @admin.action(description=gettext_lazy("Send again what could not be delivered"))
    def send_again(self, request: DeskRequest, mails: QuerySet[OutboxMail]) -> None:
        done = 0
        for mail in mails:
            try:
                outbox.resend(mail, by=request.user)
                done += 1
            except Refused as refusal:
                self.message_user(request, f"{mail}: {refusal.message}", messages.WARNING)
        if done:
            said = ngettext("%(count)d mail is on its way.", "%(count)d mails are on their way.", done)
            self.message_user(request, said % {"count": done}, messages.SUCCESS)


@admin.register(PlaybookLoad)
class PlaybookLoadAdmin(RecordAdmin):
    list_display = ("loaded_at", "name", "sha256")
    list_filter = ("name",)
    fields = ("name", "loaded_at", "sha256", "file")
    readonly_fields = fields

    @admin.display(description=gettext_lazy("file as it was loaded"))
    def file(self, load: PlaybookLoad) -> str:
        return format_html("<pre>{}</pre>", load.text)


@admin.register(Heartbeat)
class HeartbeatAdmin(RecordAdmin):
    list_display = ("name", "at")
    fields = list_display
    readonly_fields = fields


@admin.register(Webhook)
class WebhookAdmin(RecordAdmin):
    """Set up on the lead's pages; the secrets are shown nowhere here."""

    list_display = ("name", "address", "is_active", "failing_since")
    fields = (
        "name", "address", "kinds", "includes_notes", "includes_restricted", "reaches_inside", "is_active",
        "created_at", "failing_since", "retry_at",
    )  # fmt: skip
    readonly_fields = fields


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(RecordAdmin):
    list_display = ("created_at", "webhook", "kind", "ticket_number", "status", "attempts", "response_code", "error")
    list_display_links = ("created_at",)
    list_filter = ("status", "webhook")
    list_select_related = ("webhook",)
    search_fields = ("=ticket__id", "=delivery_id")
    fields = (
        "webhook", "kind", "ticket", "delivery_id", "status", "attempts", "created_at", "next_at", "delivered_at",
        "response_code", "duration_ms", "last_error", "body", "response_excerpt",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=gettext_lazy("ticket"))
    def ticket_number(self, delivery: WebhookDelivery) -> str:
        return ticket_link(delivery.ticket_id)

    @admin.display(description=gettext_lazy("last error"))
    def error(self, delivery: WebhookDelivery) -> str:
        return delivery.last_error[:80] or "—"
