"""The lead's view of outgoing mail: what could not be delivered, what waits, and reactions that were set aside."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib import messages
from django.db.models import Model
from django.db.models.query import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tickets import outbox, unreachable
from tickets.models import OutboxMail, OutboxStatus, ReturnedMail
from tickets.permissions import DeskRequest, closed_teams, lead_only
from tickets.views.shell import desk_page
from tickets.views.ticket_mail import cleared

Row = TypeVar("Row", bound=Model)
PAGE = 50
SHOWN: dict[str, Callable[[QuerySet[OutboxMail]], QuerySet[OutboxMail]]] = {
    "dead": lambda mails: mails.filter(status=OutboxStatus.DEAD),
    "waiting": lambda mails: mails.filter(status=OutboxStatus.PENDING),
    "retrying": lambda mails: mails.filter(status=OutboxStatus.PENDING, attempts__gt=0),
}


@require_safe
@lead_only
def outbox_page(request: DeskRequest) -> HttpResponse:
    """GET /lead/outbox/?show=dead|retrying|waiting&before=<id>: newest first, 50 a page."""
    show = request.GET.get("show", "dead")
    if show not in SHOWN:
        show = "dead"
    mails = SHOWN[show](_visible(request)).select_related("ticket").order_by("-pk")
    if (before := request.GET.get("before", "")).isdecimal():
        mails = mails.filter(pk__lt=min(int(before), 2**62))
    found = list(mails[: PAGE + 1])
    context: dict[str, Any] = {
        "title": _("Outgoing mail"),
        "show": show,
        "names": names(),
        "mails": found[:PAGE],
        "older": f"?show={show}&before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
    }
    return desk_page(request, "lead/outbox.html", context)


@require_POST
@lead_only
def outbox_resend(request: DeskRequest, pk: int) -> HttpResponse:
    """POST /lead/outbox/<id>/delivery/: try a dead letter again."""
    mail = get_object_or_404(_visible(request), pk=pk)
    outbox.resend(mail, by=request.user)
    messages.success(request, _("The mail to %(address)s is on its way again.") % {"address": mail.to})
    return redirect("outbox")


@require_POST
@lead_only
def outbox_resend_all(request: DeskRequest) -> HttpResponse:
    """POST /lead/outbox/deliveries/: try every dead letter again, as after an outage of the mail server."""
    count = outbox.resend_all(_visible(request), by=request.user)
    messages.success(request, _("Mails that are on their way again: %(count)d") % {"count": count})
    return redirect("outbox")


@require_safe
@lead_only
def returned(request: DeskRequest) -> HttpResponse:
    """GET /lead/outbox/returned/?before=<id>: mail that came back, also what fits nothing of ours; newest first."""
    found = _may_see(request, ReturnedMail.objects.select_related("ticket", "mail").order_by("-pk"))
    if (before := request.GET.get("before", "")).isdecimal():
        found = found.filter(pk__lt=min(int(before), 2**62))
    rows = list(found[: PAGE + 1])
    context: dict[str, Any] = {
        "title": _("Returned mail"),
        "show": "returned",
        "names": names(),
        "rows": rows[:PAGE],
        "older": f"?before={rows[PAGE - 1].pk}" if len(rows) > PAGE else "",
    }
    return desk_page(request, "lead/returned.html", context)


@require_POST
@lead_only
def returned_clear(request: DeskRequest, pk: int) -> HttpResponse:
    """POST /lead/outbox/returned/<id>/clearing/: the address works again; what was kept back leaves."""
    row = get_object_or_404(_may_see(request, ReturnedMail.objects.all()), pk=pk)
    count = unreachable.clear(row.address, by=request.user, now=timezone.now())
    messages.success(request, cleared(row.address, count))
    return redirect("returned")


def names() -> dict[str, str]:
    """What each kind of mail is called."""
    return {
        "received": _("Receipt"),
        "assigned": _("Somebody looks after it"),
        "in_progress": _("Work began"),
        "reply": _("Reply"),
        "waiting": _("Waiting"),
        "escalated": _("A specialist takes over"),
        "delayed": _("It takes longer"),
        "resolved": _("Solved"),
        "closed": _("Survey"),
        "after_close": _("Follow-up after closing"),
        "merged": _("Put together"),
        "reopened": _("Opened again"),
        "link": _("Link to requests"),
        "password_reset": _("Password reset"),
        "mention": _("Mention"),
        "assigned_to_you": _("Assigned to you"),
        "alert": _("Alert"),
        "breach_digest": _("Digest of broken promises"),
        "due_soon": _("Due soon"),
        "escalation": _("Escalation"),
        "escalation_digest": _("Digest of escalations"),
    }


def _visible(request: DeskRequest) -> QuerySet[OutboxMail]:
    """Mail of tickets this lead may see, and mail of no ticket."""
    return _may_see(request, OutboxMail.objects.all())


def _may_see(request: DeskRequest, rows: QuerySet[Row]) -> QuerySet[Row]:
    closed = closed_teams(request.user)
    return rows.exclude(ticket__team__in=closed) if closed else rows
