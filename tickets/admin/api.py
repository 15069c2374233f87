"""Tokens of programs: every one to look at and revoke; new ones for services, which act in their own name."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tickets.admin.base import PlainAdmin
from tickets.api import tokens
from tickets.errors import Refused
from tickets.forms.api_token import LIVES, scope_choices
from tickets.models import STAFF_ROLES, ApiToken, Role, Team, User


class ServiceTokenForm(forms.ModelForm):
    """For a service that is known, or for a new one that this form makes."""

    user = forms.ModelChoiceField(
        label=gettext_lazy("Service"), queryset=User.objects.filter(is_bot=True), required=False,
        help_text=gettext_lazy("One that is known; leave it empty to make a new one below."),
    )  # fmt: skip
    service = forms.CharField(label=gettext_lazy("New service"), max_length=60, required=False)
    role = forms.ChoiceField(
        label=gettext_lazy("Role of the new service"), initial=Role.AGENT,
        choices=[(role.value, role.label) for role in STAFF_ROLES if role != Role.ADMINISTRATOR],
    )  # fmt: skip
    team = forms.ModelChoiceField(label=gettext_lazy("Team of the new service"), queryset=Team.objects, required=False)
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("It may"),
        widget=forms.CheckboxSelectMultiple,
        choices=lambda: scope_choices([*tokens.SCOPES]),
    )
    days = forms.ChoiceField(label=gettext_lazy("It opens for"), choices=LIVES, required=False)

    class Meta:
        model = ApiToken
        fields = ("name",)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if bool(given.get("user")) == bool(given.get("service")):
            raise forms.ValidationError(_("Choose a service or name a new one, one of the two."))
        return given


@admin.register(ApiToken)
class ApiTokenAdmin(PlainAdmin):
    form = ServiceTokenForm
    fields = ("user", "service", "role", "team", "name", "scopes", "days")
    list_display = ("name", "beginning", "user", "scopes", "last_used_at", "expires_at", "revoked_at")
    list_filter = ("user__is_bot", "user__role")
    list_select_related = ("user",)
    search_fields = ("name", "user__name", "user__email")
    actions = ("revoke",)

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> Any:
        if obj is None:
            return self.fields
        return ("name", "user", "scopes", "beginning", "created_at", "created_by", "last_used_at", "expires_at",
                "revoked_at")  # fmt: skip

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A token is never changed: revoke it and make another."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Revoked ones stay, to look back on."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        given, days = form.cleaned_data, form.cleaned_data["days"]
        user = given["user"] or tokens.make_service(given["service"], role=given["role"], team=given["team"])
        token, secret = tokens.make(
            user, name=given["name"], scopes=given["scopes"], by=request.user,  # type: ignore[arg-type]
            expires_at=timezone.now() + timedelta(days=int(days)) if days else None,
        )  # fmt: skip
        obj.__dict__.update(token.__dict__)
        obj.secret = secret  # type: ignore[attr-defined]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        try:
            return super().add_view(request, form_url, extra_context)
        except Refused as refusal:
            messages.error(request, refusal.message)
            return super().changelist_view(request)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """The secret stands in this answer and nowhere else."""
        context = {
            **self.admin_site.each_context(request), "title": _("The new token"), "token": obj, "opts": self.opts,
        }  # fmt: skip
        return TemplateResponse(request, "admin/tickets/apitoken/made.html", context)

    @admin.action(description=gettext_lazy("Revoke"), permissions=["view"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiToken]) -> None:
        for token in chosen:
            tokens.revoke(token)
        count = len(chosen)
        told = ngettext("%(count)d token opens nothing any more.", "%(count)d tokens open nothing any more.", count)
        messages.success(request, told % {"count": count})
