"""Ladders, levels and triggers in the back office, and the record of escalations."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from escalation.models import Escalation, EscalationStep, Ladder, Level, OnCall, Owner, Trigger
from tickets import desk, rule_checks
from tickets.admin.base import RecordAdmin, Rows, SettingAdmin
from tickets.admin.fields import SpanField, WordsField, span_words
from tickets.admin.records import ticket_link
from tickets.models import EscalationReason

SPANS = {models.PositiveIntegerField: {"form_class": SpanField}}


class ConditionsField(forms.JSONField):
    """Conditions as of a rule, written as JSON and checked like a rule's."""

    def __init__(self, **kwargs: Any) -> None:
        example = '{"field": "category", "op": "is", "value": "technical"}'
        kwargs["help_text"] = _("Empty: any ticket. Else written like %(example)s.") % {"example": example}
        super().__init__(**{"required": False, "empty_value": {}, **kwargs})

    def to_python(self, value: Any) -> Any:
        found = super().to_python(value)
        return {} if found is None else found

    def validate(self, value: Any) -> None:
        if problems := rule_checks.condition_problems(value, desk.current()):
            raise ValidationError(problems)


class LadderForm(forms.ModelForm):
    conditions = ConditionsField(label=gettext_lazy("for tickets"), initial=dict)

    class Meta:
        model = Ladder
        fields = ["name", "slug", "position", "conditions", "is_default", "is_active"]


class LevelForm(forms.ModelForm):
    conditions = ConditionsField(label=gettext_lazy("only if"), initial=dict)
    reasons = forms.MultipleChoiceField(
        label=gettext_lazy("or if the reason is"), required=False, choices=EscalationReason.choices,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip

    class Meta:
        model = Level
        fields = [
            "ladder", "rank", "name", "owner", "team", "role", "answer_within", "limit", "in_working_time",
            "conditions", "reasons", "scope", "skills", "authority", "refund_limit", "currency", "target_share",
        ]  # fmt: skip


class TriggerForm(forms.ModelForm):
    conditions = ConditionsField(label=gettext_lazy("only if"), initial=dict)
    words = WordsField(label=gettext_lazy("words"), required=False, max_length=80)

    class Meta:
        model = Trigger
        fields = [
            "name", "kind", "position", "is_active", "ladder", "start_rank", "minutes", "in_working_time", "below",
            "words", "conditions",
        ]  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """A trigger points at a level that is there; what it looks for is given."""
        given = super().clean() or {}
        ladders = [given["ladder"]] if given.get("ladder") else list(Ladder.objects.filter(is_active=True))
        for ladder in ladders:
            if not ladder.levels.filter(rank=given.get("start_rank") or 0).exclude(owner=Owner.NOBODY).exists():
                self.add_error("start_rank", _("The ladder “%(ladder)s” has no such level.") % {"ladder": ladder})
        if given.get("kind") == EscalationReason.WORDS and not given.get("words"):
            self.add_error("words", _("Say which words."))
        if given.get("kind") in (EscalationReason.CUSTOMER, EscalationReason.TOPIC) and not given.get("conditions"):
            self.add_error("conditions", _("Say for which tickets, or it would be pulled for every one."))
        return given


class OnCallRows(Rows):
    model = OnCall


@admin.register(Ladder)
class LadderAdmin(SettingAdmin):
    form = LadderForm
    list_display = ("position", "name", "slug", "is_default", "is_active", "rungs")
    list_display_links = ("name",)
    list_editable = ("position", "is_active")
    search_fields = ("name", "slug")

    @admin.display(description=gettext_lazy("levels"))
    def rungs(self, ladder: Ladder) -> str:
        return " → ".join(ladder.levels.order_by("rank").values_list("name", flat=True))


@admin.register(Level)
class LevelAdmin(SettingAdmin):
    form = LevelForm
    inlines = (OnCallRows,)
    formfield_overrides = SPANS
    list_display = ("ladder", "rank", "name", "owner", "team", "role", "time")
    list_display_links = ("name",)
    list_filter = ("ladder",)
    list_select_related = ("ladder", "team")
    search_fields = ("name",)

    @admin.display(description=gettext_lazy("climbs on after"), ordering="limit")
    def time(self, level: Level) -> str:
        return "—" if level.owner == Owner.NOBODY else span_words(level.limit)


@admin.register(Trigger)
class TriggerAdmin(SettingAdmin):
    form = TriggerForm
    formfield_overrides = SPANS
    list_display = ("position", "name", "kind", "ladder", "start_rank", "time", "is_active")
    list_display_links = ("name",)
    list_editable = ("position", "is_active")
    list_filter = ("kind", "ladder", "is_active")
    list_select_related = ("ladder",)
    search_fields = ("name",)

    @admin.display(description=gettext_lazy("after"), ordering="minutes")
    def time(self, trigger: Trigger) -> str:
        return span_words(trigger.minutes)


class StepRows(Rows):
    model = EscalationStep
    fields = readonly_fields = ("at", "kind", "level", "by", "why")  # type: ignore[assignment]
    can_delete = False

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False


@admin.register(Escalation)
class EscalationAdmin(RecordAdmin):
    list_display = ("opened_at", "ticket_number", "level", "status", "reason", "owner", "closed_at")
    list_display_links = ("opened_at",)
    list_filter = ("status", "reason", "ladder")
    list_select_related = ("level", "owner")
    ordering = ("-id",)
    search_fields = ("=ticket__id",)
    inlines = (StepRows,)
    fields = (
        "ticket", "ladder", "level", "status", "reason", "evidence", "why", "trigger", "pulled_by", "owner",
        "opened_at", "level_since", "acknowledged_at", "acknowledged_by", "closed_at", "note",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=gettext_lazy("ticket"))
    def ticket_number(self, escalation: Escalation) -> str:
        return ticket_link(escalation.ticket_id)
