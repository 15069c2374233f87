"""The lead's view of incoming mail: how the mailboxes are, what became nothing, and the source of any message."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.db.models.query import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tickets import mail_store, mailbox_health, quarantine
from tickets.models import InboundMail, Mailbox, MailStatus
from tickets.permissions import DeskRequest, closed_teams, lead_only, visible_tickets
from tickets.views.shell import desk_page

PAGE = 50
SHOWN = (MailStatus.QUARANTINED, MailStatus.KEPT, MailStatus.DROPPED, MailStatus.WAITING)
# What lists read: never the message itself.
COLUMNS = ("pk", "sender", "subject", "sort", "status", "error", "automatic_because", "received_at", "size", "trust")


@require_safe
@lead_only
def mailboxes(request: DeskRequest) -> HttpResponse:
    """GET /lead/mailboxes/: every mailbox with its health."""
    now = timezone.now()
    boxes = Mailbox.objects.select_related("team").annotate(
        waiting=Count("mails", filter=Q(mails__status=MailStatus.WAITING)),
        set_aside=Count("mails", filter=Q(mails__status=MailStatus.QUARANTINED)),
    )
    if closed := closed_teams(request.user):
        boxes = boxes.exclude(team__in=closed)
    rows = [(box, mailbox_health.trouble(box, now)) for box in boxes]
    return desk_page(request, "lead/mailboxes.html", {"title": _("Mailboxes"), "rows": rows})


@require_safe
@lead_only
def quarantine_list(request: DeskRequest) -> HttpResponse:
    """GET /lead/quarantine/?show=quarantined|kept|dropped|waiting&before=<id>: newest first, 50 a page."""
    show = request.GET.get("show", "")
    if show not in SHOWN:
        show = MailStatus.QUARANTINED
    mails = _visible(request).filter(status=show).order_by("-pk").only(*COLUMNS)
    if (before := request.GET.get("before", "")).isdecimal():
        mails = mails.filter(pk__lt=min(int(before), 2**62))
    found = list(mails[: PAGE + 1])
    context: dict[str, Any] = {
        "title": _("Incoming mail"),
        "show": show,
        "mails": found[:PAGE],
        "older": f"?show={show}&before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
    }
    return desk_page(request, "lead/quarantine.html", context)


@require_safe
@lead_only
def quarantine_mail(request: DeskRequest, pk: int) -> HttpResponse:
    """GET /lead/quarantine/<id>/: one mail, why it is where it is, its headers and the beginning of its text."""
    return _source(
        request, get_object_or_404(_visible(request).select_related("mailbox", "ticket", "decided_by"), pk=pk)
    )


@require_safe
@lead_only
def message_source(request: DeskRequest, message_id: int) -> HttpResponse:
    """GET /lead/messages/<id>/source/: the same for a message on a ticket."""
    if message_id >= 2**63:  # more than a column holds
        raise Http404
    mails = _visible(request).filter(message=message_id, message__ticket__in=visible_tickets(request.user))
    mail = mails.select_related("mailbox", "ticket", "decided_by").order_by("pk").first()
    if mail is None:
        raise Http404
    return _source(request, mail)


@require_safe
@lead_only
def quarantine_raw(request: DeskRequest, pk: int) -> HttpResponse:
    """GET /lead/quarantine/<id>/raw/: the message as it came, as a download."""
    mail = get_object_or_404(_visible(request), pk=pk)
    response = HttpResponse(mail_store.raw_of(mail), content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="mail-{mail.pk}.eml"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@require_POST
@lead_only
def quarantine_release(request: DeskRequest, pk: int) -> HttpResponse:
    """POST /lead/quarantine/<id>/release/ with how=again|ticket."""
    mail = get_object_or_404(_visible(request), pk=pk)
    if request.POST.get("how") == "ticket":
        made = quarantine.make_ticket(mail, by=request.user)
        if made.ticket_id:
            messages.success(request, _("It is on ticket #%(number)d now.") % {"number": made.ticket_id})
            return redirect("ticket", made.ticket_id)
        return redirect("quarantine")
    quarantine.read_again(mail, by=request.user)
    messages.success(request, _("It is read again in a moment."))
    return redirect("quarantine")


@require_POST
@lead_only
def quarantine_drop(request: DeskRequest, pk: int) -> HttpResponse:
    """POST /lead/quarantine/<id>/removal/: out of the list; it stays among the dropped."""
    quarantine.drop(get_object_or_404(_visible(request), pk=pk), by=request.user)
    messages.success(request, _("Dropped. It is kept among the dropped mails."))
    return redirect("quarantine")


def _source(request: DeskRequest, mail: InboundMail) -> HttpResponse:
    context = {
        "title": mail.subject or _("(no subject)"),
        "mail": mail,
        "head": quarantine.head_of(mail),
        "preview": quarantine.preview_of(mail),
        "may_decide": mail.status in quarantine.DECIDABLE,
    }
    return desk_page(request, "lead/quarantine_mail.html", context)


def _visible(request: DeskRequest) -> QuerySet[InboundMail]:
    """Mail of tickets this lead may see and, where it made none, of mailboxes that serve no closed team."""
    mails = InboundMail.objects.all()
    closed = closed_teams(request.user)
    return mails.exclude(ticket__team__in=closed).exclude(mailbox__team__in=closed) if closed else mails
