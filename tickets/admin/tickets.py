"""Tickets, to look at; what can be done to many at once goes through the desk's verbs like everything else."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tickets import assignment, joining, lifecycle, wording
from tickets.admin.base import RecordAdmin
from tickets.errors import Refused
from tickets.models import Ticket
from tickets.permissions import DeskRequest

REASON = gettext_lazy("Done in the back office")


@admin.register(Ticket)
class TicketAdmin(RecordAdmin):
    list_display = ("subject_line", "state", "priority", "customer_name", "assignee", "team", "time_left", "created_at")
    list_display_links = None
    list_filter = ("state", "priority", "category", "team", "channel", "has_breached", "is_spam")
    list_select_related = ("assignee", "team")
    search_fields = ("=id", "subject", "customer_name")
    actions = ("unassign", "close", "reopen", "mark_spam", "unmark_spam")
    fieldsets = (
        (None, {"fields": ("open_on_desk", "subject", "state", "priority", "category", "channel", "reference")}),
        (gettext_lazy("Whose"), {"fields": ("customer", "organisation", "customer_tier", "team", "tier", "assignee")}),
        (
            gettext_lazy("Promises"),
            {"fields": ("policy", "due_at", "due_kind", "first_response_due_at", "resolution_due_at", "has_breached")},
        ),
        (
            gettext_lazy("History"),
            {
                "fields": (
                    "created_at", "first_responded_at", "resolved_at", "closed_at", "reopen_count", "last_message_at",
                    "snoozed_until", "cause", "fix", "merged_into", "split_from", "follows", "sentiment", "is_angry",
                    "is_spam",
                )
            },
        ),
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [str(name) for _title, options in self.fieldsets for name in options["fields"]]

    @admin.display(description=gettext_lazy("ticket"), ordering="-id")
    def subject_line(self, ticket: Ticket) -> str:
        address = reverse("admin:tickets_ticket_change", args=[ticket.pk])
        return format_html('<a href="{}">#{} {}</a>', address, ticket.number, ticket.subject)

    @admin.display(description=gettext_lazy("time left"), ordering="queue_at")
    def time_left(self, ticket: Ticket) -> str:
        return wording.clock(ticket.due_at, timezone.now())

    @admin.display(description=gettext_lazy("on the desk"))
    def open_on_desk(self, ticket: Ticket) -> str:
        return format_html('<a href="{}">{}</a>', reverse("ticket", args=[ticket.pk]), _("Open it there to work on it"))

    @admin.action(description=gettext_lazy("Put back into the queue"))
    def unassign(self, request: DeskRequest, tickets: QuerySet[Ticket]) -> None:
        self._each(request, tickets, lambda t: assignment.unassign(t, by=request.user, reason=str(REASON)))

    @admin.action(description=gettext_lazy("Close resolved tickets"))
    def close(self, request: DeskRequest, tickets: QuerySet[Ticket]) -> None:
        self._each(request, tickets, lambda t: lifecycle.close(t, by=request.user, reason=str(REASON)))

    @admin.action(description=gettext_lazy("Reopen"))
    def reopen(self, request: DeskRequest, tickets: QuerySet[Ticket]) -> None:
        self._each(request, tickets, lambda t: lifecycle.reopen(t, by=request.user, reason=str(REASON)))

    @admin.action(description=gettext_lazy("Mark as spam"))
    def mark_spam(self, request: DeskRequest, tickets: QuerySet[Ticket]) -> None:
        self._each(request, tickets, lambda t: joining.mark_spam(t, by=request.user))

    @admin.action(description=gettext_lazy("Not spam after all"))
    def unmark_spam(self, request: DeskRequest, tickets: QuerySet[Ticket]) -> None:
        self._each(request, tickets, lambda t: joining.unmark_spam(t, by=request.user))

    def _each(self, request: HttpRequest, tickets: QuerySet[Ticket], verb: Callable[[Ticket], Any]) -> None:
        """One verb, one transaction, for each ticket; a refusal is shown and keeps no other ticket back."""
        done = 0
        for ticket in tickets:
            try:
                verb(ticket)
                done += 1
            except Refused as refusal:
                self.message_user(request, f"#{ticket.pk}: {refusal.message}", messages.WARNING)
        if done:
            said = ngettext("%(count)d ticket done.", "%(count)d tickets done.", done) % {"count": done}
            self.message_user(request, said, messages.SUCCESS)
