"""People and hours: colleagues with skills, shifts and absences; teams with opening hours and holidays; skills."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.admin.base import PlainAdmin, Rows, SettingAdmin, TellsTheDesk
from tickets.models import Absence, Holiday, OpeningHours, Role, Shift, Skill, Team, User


class ShiftRows(Rows):
    model = Shift
    verbose_name_plural = gettext_lazy("Shifts: when this person works; without any, whenever the team is open")


class AbsenceRows(Rows):
    model = Absence
    verbose_name_plural = gettext_lazy("Absences: nothing is assigned meanwhile")


class NewPersonForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name", "role", "team")
        field_classes: dict[str, Any] = {}

    def clean_email(self) -> str:
        return _free_address(self.cleaned_data["email"], self.instance)


class PersonForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"
        field_classes: dict[str, Any] = {}

    def clean_email(self) -> str:
        return _free_address(self.cleaned_data["email"], self.instance)

    def clean(self) -> dict[str, Any]:
        """Somebody must keep the keys: the last active administrator is neither switched off nor given another role."""
        given = super().clean() or self.cleaned_data
        keeps = given.get("role") == Role.ADMINISTRATOR and given.get("is_active")
        others = User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).exclude(pk=self.instance.pk)
        if self.initial.get("role") == Role.ADMINISTRATOR and not keeps and not others.exists():
            raise forms.ValidationError(_("This is the last administrator. Make somebody else one first."))
        return given


def _free_address(email: str, person: User) -> str:
    address = email.lower()
    if User.objects.filter(email=address).exclude(pk=person.pk).exists():
        raise forms.ValidationError(_("Somebody already signs in with this address."))
    return address


@admin.register(User)
class PersonAdmin(SettingAdmin, UserAdmin):
    add_form, form = NewPersonForm, PersonForm
    inlines = (ShiftRows, AbsenceRows)
    ordering = ("name",)
    list_display = ("name", "email", "role", "team", "tier", "skill_names", "capacity", "availability", "is_active")
    list_filter = ("role", "team", "tier", "skills", "availability", "is_active", "is_bot")
    list_select_related = ("team",)
    search_fields = ("name", "email")
    filter_horizontal = ()
    readonly_fields = ("sign_in", "last_login", "last_assigned_at", "date_joined")
    fieldsets = (
        (None, {"fields": ("name", "email", "sign_in", "role", "is_active")}),
        (
            gettext_lazy("Work"),
            {"fields": ("team", "also_in", "tier", "skills", "capacity", "is_experienced", "availability", "is_bot")},
        ),
        (gettext_lazy("Language and time"), {"fields": ("language", "time_zone")}),
        (gettext_lazy("Looking back"), {"fields": ("last_login", "last_assigned_at", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": ("email", "name", "role", "team", "usable_password", "password1", "password2"),
                "description": gettext_lazy(
                    "Leave out the password and the person sets one by “Forgot your password?” on the sign-in page."
                ),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("skills")

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return self.inlines if obj else ()

    @admin.display(description=gettext_lazy("password"))
    def sign_in(self, person: User) -> str:
        words = _("Set a new one") if person.has_usable_password() else _("None set; set one")
        return format_html('<a href="{}">{}</a>', reverse("admin:auth_user_password_change", args=[person.pk]), words)

    @admin.display(description=gettext_lazy("skills"))
    def skill_names(self, person: User) -> str:
        return ", ".join(skill.name for skill in person.skills.all()) or "—"

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        obj.is_staff = obj.is_superuser = obj.role == Role.ADMINISTRATOR
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """People are switched off, never deleted: what they wrote keeps their name."""
        return False


class OpeningRows(Rows):
    model = OpeningHours
    verbose_name_plural = gettext_lazy("Opening hours: promises run only then; without any, around the clock")


class HolidayRows(Rows):
    model = Holiday
    verbose_name_plural = gettext_lazy("Days off, beside public holidays")


@admin.register(Team)
class TeamAdmin(SettingAdmin):
    inlines = (OpeningRows, HolidayRows)
    list_display = ("name", "tier", "department", "time_zone", "people", "open_tickets", "is_always_open", "is_default")
    list_filter = ("tier", "department", "is_restricted")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    fieldsets = (
        (None, {"fields": ("name", "slug", "tier", "department", "is_default", "is_restricted")}),
        (gettext_lazy("Hours"), {"fields": ("time_zone", "is_always_open", "holiday_country")}),
        (
            gettext_lazy("Mail"),
            {
                "fields": ("signature",),
                "description": gettext_lazy(
                    "Below every reply. It may hold {{ agent.name }}, {{ agent.first_name }}, {{ team.name }} and"
                    " {{ site.name }}."
                ),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        members = Count("members", filter=Q(members__is_active=True), distinct=True)
        return super().get_queryset(request).annotate(people_count=members)

    @admin.display(description=gettext_lazy("people"))
    def people(self, team: Any) -> int:
        return team.people_count

    @admin.display(description=gettext_lazy("open tickets"))
    def open_tickets(self, team: Team) -> int:
        return team.tickets.open().count()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A team that has people or tickets stays: move them first."""
        if obj is not None and (obj.members.exists() or obj.tickets.exists()):
            return False
        return super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}


@admin.register(Skill)
class SkillAdmin(SettingAdmin):
    list_display = ("name", "slug", "people")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}

    @admin.display(description=gettext_lazy("people"))
    def people(self, skill: Skill) -> str:
        return ", ".join(skill.users.values_list("name", flat=True)) or "—"


@admin.register(Holiday)
class HolidayAdmin(TellsTheDesk, PlainAdmin):
    fields = ("date", "name", "team")
    list_display = ("date", "name", "team")
    list_filter = ("team",)
    list_select_related = ("team",)
    search_fields = ("name",)
