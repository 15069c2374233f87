"""Macros and saved views, with a form field for each thing they hold instead of raw data."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.functional import lazy
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets import macros, view_filters
from tickets.admin.base import SettingAdmin
from tickets.admin.fields import WordsField
from tickets.models import Category, Channel, CustomerTier, Macro, Priority, SavedView, State, Team, User

NOTHING = ("", gettext_lazy("leave as it is"))


def _known() -> dict[str, set[str]]:
    return {
        "category": set(Category.objects.values_list("slug", flat=True)),
        "team": set(Team.objects.values_list("slug", flat=True)),
    }


def _placeholder_help() -> str:
    known = ((f"{{{{{name}}}}}", meaning) for name, (meaning, _value) in macros.PLACEHOLDERS.items())
    rows = format_html_join(", ", "<code>{}</code> {}", known)
    return format_html("{} {}", _("Filled in when used:"), rows)


def _categories() -> list[tuple[str, str]]:
    return list(Category.objects.values_list("slug", "name"))


def _teams() -> list[tuple[str, str]]:
    return list(Team.objects.values_list("slug", "name"))


class MacroForm(forms.ModelForm):
    set_state = forms.ChoiceField(
        label=gettext_lazy("Send as"),
        required=False,
        choices=[NOTHING, *((s.value, s.label) for s in macros.NEXT_STATES)],
    )
    set_priority = forms.ChoiceField(
        label=gettext_lazy("Priority"), required=False,
        choices=[NOTHING, *((key, priority.label) for key, priority in macros.PRIORITIES.items())],
    )  # fmt: skip
    set_category = forms.ChoiceField(
        label=gettext_lazy("Category"), required=False, choices=lambda: [NOTHING, *_categories()]
    )
    set_team = forms.ChoiceField(label=gettext_lazy("Team"), required=False, choices=lambda: [NOTHING, *_teams()])
    assign = forms.ChoiceField(
        label=gettext_lazy("Assign to"), required=False, choices=[NOTHING, *macros.ASSIGN.items()]
    )
    add_tag = WordsField(label=gettext_lazy("Add tags"), required=False, help_text=gettext_lazy("Commas between."))
    remove_tag = WordsField(label=gettext_lazy("Remove tags"), required=False)

    class Meta:
        model = Macro
        fields = ("name", "body", "team", "position", "is_active")
        help_texts = {
            "name": gettext_lazy("Folders by “::”, for example Billing::Refund processed."),
            "body": lazy(_placeholder_help, str)(),
            "team": gettext_lazy("Empty: every team uses it."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for action in self.instance.actions:
            name, value = action["do"], action["value"]
            if name in ("add_tag", "remove_tag"):
                self.initial.setdefault(name, []).append(value)
            elif name in self.fields:
                self.initial[name] = value

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        self.instance.actions = [
            {"do": name, "value": value} for name in macros.ACTIONS for value in _as_list(given.get(name))
        ]
        for problem in macros.problems(given.get("body", ""), self.instance.actions, known=_known()):
            self.add_error("body" if "{{" in problem else None, problem)
        return given


def _as_list(given: Any) -> list[Any]:
    return [value for value in (given if isinstance(given, list) else [given]) if value]


@admin.register(Macro)
class MacroAdmin(SettingAdmin):
    form = MacroForm
    list_display = ("name", "team", "also_sets", "position", "is_active")
    list_editable = ("position", "is_active")
    list_filter = ("is_active", "team")
    list_select_related = ("team",)
    search_fields = ("name", "body")
    fieldsets = (
        (None, {"fields": ("name", "body", "team", "position", "is_active")}),
        (
            gettext_lazy("Also sets"),
            {
                "fields": (
                    "set_state", "set_priority", "set_category", "set_team", "assign", "add_tag", "remove_tag",
                ),
                "description": gettext_lazy("Shown to the agent before it changes; a macro never sends by itself."),
            },
        ),
    )  # fmt: skip

    @admin.display(description=gettext_lazy("also sets"))
    def also_sets(self, macro: Macro) -> str:
        return ", ".join(f"{macros.ACTIONS[action['do']]}: {_shown(action)}" for action in macro.actions) or "—"

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Order and use are changed in the list without touching the rest."""
        return forms.ModelForm


def _shown(action: dict[str, Any]) -> str:
    names = {
        **{state.value: state.label for state in macros.NEXT_STATES},
        **{key: priority.label for key, priority in macros.PRIORITIES.items()},
        **macros.ASSIGN,
    }
    return str(names.get(action["value"], action["value"]))


def _staff() -> list[tuple[str, Any]]:
    people = User.objects.staff().values_list("pk", "name")
    return [
        ("", gettext_lazy("anybody or nobody")),
        ("me", gettext_lazy("whoever looks")),
        ("none", gettext_lazy("nobody")),
        *((str(pk), name) for pk, name in people),
    ]


class ViewForm(forms.ModelForm):
    """One field for each filter; what is left empty filters nothing."""

    state = forms.MultipleChoiceField(choices=State.choices, required=False, label=gettext_lazy("State"))
    priority = forms.TypedMultipleChoiceField(
        choices=Priority.choices, coerce=int, required=False, label=gettext_lazy("Priority")
    )
    category = forms.MultipleChoiceField(choices=_categories, required=False, label=gettext_lazy("Category"))
    team = forms.MultipleChoiceField(
        choices=lambda: [(view_filters.OWN_TEAMS, gettext_lazy("the reader's own teams")), *_teams()],
        required=False, label=gettext_lazy("Team"),
    )  # fmt: skip
    assignee = forms.ChoiceField(choices=_staff, required=False, label=gettext_lazy("Assignee"))
    channel = forms.MultipleChoiceField(choices=Channel.choices, required=False, label=gettext_lazy("Channel"))
    customer_tier = forms.MultipleChoiceField(
        choices=CustomerTier.choices, required=False, label=gettext_lazy("Customer's tier")
    )
    tag = WordsField(required=False, label=gettext_lazy("Tags"), help_text=gettext_lazy("All of them; commas between."))
    due = forms.ChoiceField(
        choices=[("", "—"), ("soon", gettext_lazy("due soon or over")), ("over", gettext_lazy("over"))],
        required=False, label=gettext_lazy("Promise"),
    )  # fmt: skip
    turn = forms.ChoiceField(
        choices=[("", "—"), ("ours", gettext_lazy("ours"))], required=False, label=gettext_lazy("Next move")
    )
    angry = forms.BooleanField(required=False, label=gettext_lazy("Angry customers only"))
    breached = forms.BooleanField(required=False, label=gettext_lazy("Broken promises only"))
    escalated = forms.BooleanField(required=False, label=gettext_lazy("Escalated only"))
    snoozed = forms.BooleanField(required=False, label=gettext_lazy("Snoozed tickets too"))

    class Meta:
        model = SavedView
        fields = ("name", "slug", "position", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, value in self.instance.filters.items():
            self.initial[name] = str(value) if name == "assignee" else value

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        names = [*view_filters.LISTS, *view_filters.WORDS, *view_filters.TRUTHS]
        self.instance.filters = {name: given[name] for name in names if given.get(name)}
        if (who := self.instance.filters.get("assignee", "")).isdigit():
            self.instance.filters["assignee"] = int(who)
        for problem in view_filters.problems(self.instance.filters, known=_known()):
            self.add_error(None, problem)
        return given


@admin.register(SavedView)
class SavedViewAdmin(SettingAdmin):
    """The views everybody sees; each person's own are theirs."""

    form = ViewForm
    list_display = ("position", "name", "slug", "is_active")
    list_display_links = ("name",)
    list_editable = ("position", "is_active")
    prepopulated_fields = {"slug": ("name",)}
    fieldsets = (
        (None, {"fields": ("name", "slug", "position", "is_active")}),
        (
            gettext_lazy("Shows tickets where all of this holds"),
            {"fields": (*view_filters.LISTS, *view_filters.WORDS, *view_filters.TRUTHS)},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(owner__isnull=True)

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        return forms.ModelForm
