"""What one receiver was told and what it answered: the log, one delivery, a test, and telling it again."""

import json
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models.query import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from tickets import webhook_book
from tickets.models import DeliveryStatus, Webhook, WebhookDelivery
from tickets.permissions import DeskRequest, closed_teams, lead_only, manager_only
from tickets.views.shell import desk_page
from tickets.views.webhooks import kind_in_words, kinds_in_words

PAGE = 50
SHOWN = ("all", *DeliveryStatus.values)
# How far back “all that was given up” reaches, in hours, with its words.
# Hours, and how they read after “again what was given up in …”.
SPANS = {
    1: gettext_lazy("the last hour"),
    24: gettext_lazy("the last 24 hours"),
    7 * 24: gettext_lazy("the last 7 days"),
    30 * 24: gettext_lazy("the last 30 days"),
}


@require_safe
@lead_only
def webhook(request: DeskRequest, pk: int) -> HttpResponse:
    """GET /lead/webhooks/<id>/?show=all|waiting|delivered|dead&before=<id>: newest first, 50 a page."""
    hook = get_object_or_404(webhook_book.for_list(), pk=pk)
    show = request.GET.get("show", "all")
    deliveries = _visible(request).filter(webhook=hook)
    if show in DeliveryStatus.values:
        deliveries = deliveries.filter(status=show)
    if (before := request.GET.get("before", "")).isdecimal():
        deliveries = deliveries.filter(pk__lt=min(int(before), 2**62))
    found = list(deliveries.defer("body", "response_excerpt").order_by("-pk")[: PAGE + 1])
    context: dict[str, Any] = {
        "hook": hook, "show": show if show in SHOWN else "all", "kind_in_words": kind_in_words,
        "kinds": kinds_in_words(hook), "deliveries": found[:PAGE], "spans": SPANS.items(),
        "tabs": [("all", _("All")), *DeliveryStatus.choices],
        "older": f"?show={show}&before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
    }  # fmt: skip
    return desk_page(request, "lead/webhook.html", context)


@require_safe
@lead_only
def webhook_delivery(request: DeskRequest, pk: int, delivery: int) -> HttpResponse:
    """GET /lead/webhooks/<id>/deliveries/<id>/: what was sent and what was answered."""
    found = get_object_or_404(_visible(request).select_related("webhook"), pk=delivery, webhook=pk)
    context = {"delivery": found, "kind": kind_in_words(found.kind), "body": _readable(found.body)}
    return desk_page(request, "lead/webhook_delivery.html", context)


@require_POST
@manager_only
def webhook_delivery_again(request: DeskRequest, pk: int, delivery: int) -> HttpResponse:
    """POST /lead/webhooks/<id>/deliveries/<id>/again/"""
    found = get_object_or_404(_visible(request).select_related("webhook"), pk=delivery, webhook=pk)
    webhook_book.replay(found, by=request.user)
    messages.success(request, _("It is sent again within seconds."))
    return redirect("webhook_delivery", pk, delivery)


@require_POST
@manager_only
def webhook_again(request: DeskRequest, pk: int) -> HttpResponse:
    """POST /lead/webhooks/<id>/deliveries/again/: all that was given up in the last `hours`."""
    hook = get_object_or_404(Webhook, pk=pk)
    hours = request.POST.get("hours", "")
    span = int(hours) if hours in [str(known) for known in SPANS] else max(SPANS)
    count = webhook_book.replay_dead(hook, since=timezone.now() - timedelta(hours=span), by=request.user)
    messages.success(
        request,
        ngettext("%(count)d delivery is sent again.", "%(count)d deliveries are sent again.", count) % {"count": count},
    )
    return redirect("webhook", pk)


@require_POST
@manager_only
def webhook_test(request: DeskRequest, pk: int) -> HttpResponse:
    """POST /lead/webhooks/<id>/test/: a ping, sent by the worker within seconds; its page shows how it went."""
    ping = webhook_book.ping(get_object_or_404(Webhook, pk=pk), by=request.user)
    messages.success(request, _("The test is on its way; look again in a few seconds."))
    return redirect("webhook_delivery", pk, ping.pk)


def _visible(request: DeskRequest) -> QuerySet[WebhookDelivery]:
    """Deliveries of tickets this person may see, and of no ticket."""
    deliveries = WebhookDelivery.objects.all()
    closed = closed_teams(request.user)
    return deliveries.exclude(ticket__team__in=closed) if closed else deliveries


def _readable(body: str) -> str:
    """JSON with line breaks for people."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body
