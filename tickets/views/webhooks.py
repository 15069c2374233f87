"""Webhooks: leads see who is told what; managers and administrators decide it. A secret is shown once."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tickets import webhook_book
from tickets.errors import Refused
from tickets.forms.webhook import WebhookForm
from tickets.models import EVERYTHING, PING, EventKind, Webhook
from tickets.permissions import DeskRequest, lead_only, manager_only
from tickets.views.shell import desk_page


@require_safe
@lead_only
def webhook_list(request: DeskRequest) -> HttpResponse:
    """GET /lead/webhooks/"""
    context = {"hooks": list(webhook_book.for_list()), "kinds_in_words": kinds_in_words}
    return desk_page(request, "lead/webhooks.html", context)


@require_http_methods(["GET", "POST"])
@manager_only
def webhook_new(request: DeskRequest) -> HttpResponse:
    """GET, POST /lead/webhooks/new/: the answer to a good POST is the only page that ever shows the secret."""
    form = WebhookForm(request.POST or None, hook=Webhook(kinds=[EVERYTHING]), by=request.user)
    if request.method == "POST" and form.is_valid() and (hook := _written(form, request)):
        return _show_secret(request, hook)
    return _form_page(request, form)


@require_http_methods(["GET", "POST"])
@manager_only
def webhook_settings(request: DeskRequest, pk: int) -> HttpResponse:
    """GET, POST /lead/webhooks/<id>/settings/"""
    form = WebhookForm(request.POST or None, hook=get_object_or_404(Webhook, pk=pk), by=request.user)
    if request.method == "POST" and form.is_valid() and (hook := _written(form, request)):
        messages.success(request, _("Saved. It counts from the next event on."))
        return redirect("webhook", hook.pk)
    return _form_page(request, form)


@require_POST
@manager_only
def webhook_secret(request: DeskRequest, pk: int) -> HttpResponse:
    """POST /lead/webhooks/<id>/secret/: a new secret, shown once; the one before goes on signing."""
    return _show_secret(request, webhook_book.rotate(get_object_or_404(Webhook, pk=pk), by=request.user))


@require_POST
@manager_only
def webhook_secret_end(request: DeskRequest, pk: int) -> HttpResponse:
    """POST /lead/webhooks/<id>/former-secret/removal/"""
    webhook_book.end_rotation(get_object_or_404(Webhook, pk=pk), by=request.user)
    messages.success(request, _("Only the new secret signs from now on."))
    return redirect("webhook", pk)


@require_POST
@manager_only
def webhook_standing(request: DeskRequest, pk: int) -> HttpResponse:
    """POST /lead/webhooks/<id>/standing/: `on` switches on, nothing switches off."""
    webhook_book.switch(get_object_or_404(Webhook, pk=pk), on=request.POST.get("on") == "yes", by=request.user)
    return redirect("webhook", pk)


@require_POST
@manager_only
def webhook_removal(request: DeskRequest, pk: int) -> HttpResponse:
    """POST /lead/webhooks/<id>/removal/"""
    webhook_book.remove(get_object_or_404(Webhook, pk=pk), by=request.user)
    messages.success(request, _("The webhook is gone."))
    return redirect("webhooks")


def kind_in_words(kind: str) -> str:
    if kind == PING:
        return _("Test")
    return str(EventKind(kind).label) if kind in EventKind.values else kind


def kinds_in_words(hook: Webhook) -> str:
    return _("everything") if EVERYTHING in hook.kinds else ", ".join(kind_in_words(kind) for kind in hook.kinds)


def _written(form: WebhookForm, request: DeskRequest) -> Webhook | None:
    try:
        return webhook_book.write(form.webhook(), by=request.user)
    except Refused as refusal:
        form.add_error("name", refusal.message)
        return None


def _form_page(request: DeskRequest, form: WebhookForm) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "hook": form.hook if form.hook.pk else None}
    return desk_page(request, "lead/webhook_form.html", context, status=422 if form.errors else 200)


@sensitive_variables("hook")
def _show_secret(request: DeskRequest, hook: Webhook) -> HttpResponse:
    return desk_page(request, "lead/webhook_secret.html", {"hook": hook})
