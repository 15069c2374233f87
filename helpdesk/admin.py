"""The back office: Django's admin, open to administrators, in the order people need it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# What third parties would show here: the job queue is only a doorbell, and rights follow roles, not groups.
HIDDEN = {"django_q", "auth"}


@dataclass(frozen=True)
class Topic:
    """A box of the back office's start page and of its side list."""

    key: str
    title: str | Promise
    about: str | Promise
    models: tuple[str, ...]


# Later rooms add their models to a topic, or a topic of their own; what stands in none is listed last.
TOPICS = [
    Topic("people", gettext_lazy("People and hours"), gettext_lazy("Who works here, when, and at what."),
          ("User", "Team", "Skill", "Holiday", "Mailbox", "ApiToken")),
    Topic("desk", gettext_lazy("How the desk works"), gettext_lazy("Promises, rules, texts; a change counts at once."),
          ("SlaPolicy", "LifecycleTiming", "Rule", "Category", "MoveCondition", "Macro", "SavedView", "Target", "Tag",
           "Article")),
    Topic("escalation", gettext_lazy("Escalation"), gettext_lazy("Who is asked next, and when."),
          ("Ladder", "Level", "Trigger")),
    Topic("customers", gettext_lazy("Customers"), gettext_lazy("Whom we help, and where they reach us from."),
          ("Customer", "Organisation")),
    Topic("records", gettext_lazy("Records"), gettext_lazy("To look at: nothing here can be rewritten."),
          ("Ticket", "TicketEvent", "Escalation", "OutboxMail", "PlaybookLoad", "Heartbeat", "Webhook",
           "WebhookDelivery")),
]  # fmt: skip


class BackOffice(admin.AdminSite):
    site_header = site_title = gettext_lazy("Firstline back office")
    index_title = gettext_lazy("Run the desk")

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_authenticated and request.user.is_administrator)

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models = model_or_iterable if isinstance(model_or_iterable, Iterable) else [model_or_iterable]
        shown = [model for model in models if model._meta.app_label not in HIDDEN]
        super().register(shown, admin_class, **options)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Everybody signs in at the same door; who is signed in without being an administrator gets a 403."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied(_("Only administrators open the back office."))
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        """Signing out is done at the desk's own address."""
        return HttpResponse(status=307, headers={"Location": reverse("sign_out")})

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        return HttpResponse(status=302, headers={"Location": reverse("password_change")})

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        theme = request.COOKIES.get("theme", "")
        return {
            **super().each_context(request),
            "site_url": resolve_url(settings.LOGIN_REDIRECT_URL),
            "theme": theme if theme in ("light", "dark") else "auto",
        }

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """The models by topic; each topic stands where Django expects an app."""
        apps = super().get_app_list(request, app_label)
        if app_label is not None:
            return apps
        models = {model["object_name"]: model for app in apps for model in app["models"]}
        boxes = []
        for topic in TOPICS:
            found = [models.pop(name) for name in topic.models if name in models]
            if found:
                boxes.append(_box(topic.key, topic.title, topic.about, found))
        return [*boxes, _box("more", _("More"), "", list(models.values()))] if models else boxes


def _box(key: str, title: Any, about: Any, models: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": title, "about": about, "app_label": key, "app_url": reverse("admin:index"), "has_module_perms": True,
        "models": models,
    }  # fmt: skip
