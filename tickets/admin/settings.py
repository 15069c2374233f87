"""How the desk works: promises, timing, categories, tags, conditions on moves, targets, and a way to the rules."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.admin.base import PlainAdmin, SettingAdmin
from tickets.admin.fields import SpanField, span_words
from tickets.models import Category, LifecycleTiming, MoveCondition, Rule, SlaPolicy, Tag, Target

SPANS = {models.PositiveIntegerField: {"form_class": SpanField}}


@admin.register(SlaPolicy)
class SlaPolicyAdmin(SettingAdmin):
    formfield_overrides = SPANS
    list_display = (
        "position", "name", "priority", "channel", "customer_tier", "first", "solved", "updates", "is_active",
    )  # fmt: skip
    list_display_links = ("name",)
    list_editable = ("position", "is_active")
    list_filter = ("priority", "channel", "customer_tier", "is_active")
    search_fields = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "position", "is_active")}),
        (
            gettext_lazy("For which tickets"),
            {
                "fields": ("priority", "channel", "customer_tier"),
                "description": gettext_lazy(
                    "What is left empty fits every ticket. The first policy by position that fits is the ticket's."
                ),
            },
        ),
        (
            gettext_lazy("What we promise"),
            {"fields": ("first_response", "resolution", "update_every", "warn_at_percent", "in_business_hours")},
        ),
    )

    @admin.display(description=gettext_lazy("first response"), ordering="first_response")
    def first(self, policy: SlaPolicy) -> str:
        return span_words(policy.first_response)

    @admin.display(description=gettext_lazy("resolution"), ordering="resolution")
    def solved(self, policy: SlaPolicy) -> str:
        return span_words(policy.resolution)

    @admin.display(description=gettext_lazy("updates every"), ordering="update_every")
    def updates(self, policy: SlaPolicy) -> str:
        return span_words(policy.update_every) if policy.update_every else "—"


@admin.register(LifecycleTiming)
class LifecycleTimingAdmin(SettingAdmin):
    """One row for the desk: its list leads straight to it."""

    formfield_overrides = SPANS

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        timing = LifecycleTiming.objects.first()
        if timing is None:
            return HttpResponseRedirect(reverse("admin:tickets_lifecycletiming_add"))
        return HttpResponseRedirect(reverse("admin:tickets_lifecycletiming_change", args=[timing.pk]))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request) and not LifecycleTiming.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Category)
class CategoryAdmin(SettingAdmin):
    list_display = ("position", "name", "slug", "is_public", "is_active")
    list_display_links = ("name",)
    list_editable = ("position", "is_public", "is_active")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A category that tickets have stays, or they would lose it: take it out of use."""
        if obj is not None and obj.ticket_set.exists():
            return False
        return super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}


@admin.register(Tag)
class TagAdmin(PlainAdmin):
    list_display = ("name", "used")
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(ticket_count=Count("tickets"))

    @admin.display(description=gettext_lazy("tickets"), ordering="ticket_count")
    def used(self, tag: Any) -> int:
        return tag.ticket_count


@admin.register(MoveCondition)
class MoveConditionAdmin(SettingAdmin):
    list_display = ("sentence", "only_category", "is_active")
    list_editable = ("is_active",)
    list_filter = ("state", "needs", "is_active")
    list_select_related = ("only_category",)

    @admin.display(description=gettext_lazy("condition"), ordering="state")
    def sentence(self, condition: MoveCondition) -> str:
        words = {"state": condition.get_state_display(), "needs": condition.get_needs_display()}
        return _("Before “%(state)s” a ticket needs %(needs)s") % words


@admin.register(Target)
class TargetAdmin(SettingAdmin):
    list_display = ("name", "direction", "value", "unit", "is_per_agent", "metric")
    list_editable = ("value",)
    list_filter = ("is_per_agent", "direction")
    search_fields = ("name", "metric")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A figure is computed under its metric's name, so that name stays."""
        return ("metric",) if obj else ()


@admin.register(Rule)
class RuleAdmin(SettingAdmin):
    """The order and the history of rules; they are written where they can be tried out first."""

    list_display = ("stage", "position", "rule", "is_active")
    list_display_links = None
    list_filter = ("stage", "is_active")
    search_fields = ("name",)
    exclude = ("conditions", "actions")
    readonly_fields = ("written",)

    @admin.display(description=gettext_lazy("name"), ordering="name")
    def rule(self, rule: Rule) -> str:
        return format_html('<a href="{}">{}</a>', reverse("rule", args=[rule.pk]), rule.name)

    @admin.display(description=gettext_lazy("conditions and actions"))
    def written(self, rule: Rule) -> str:
        return format_html('<a href="{}">{}</a>', reverse("rule", args=[rule.pk]), _("Open in the rules editor"))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The editor's address is shown above the list."""
        return super().changelist_view(request, {**(extra_context or {}), "editor_url": reverse("rules")})
