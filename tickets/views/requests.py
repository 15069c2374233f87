"""The customer's form: a new request, its confirmation, and what may help while it is typed."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_http_methods

from helpdesk.lib.http import client_address
from tickets import desk as desk_settings
from tickets import expected, files, intake, links, suggestions, throttle, wording
from tickets.channels.base import Inbound, Sender
from tickets.desk import Desk
from tickets.errors import Refused, Throttled
from tickets.forms.fields import largest
from tickets.forms.request import RequestForm
from tickets.models import Channel, Customer, IdentityKind, Ticket
from tickets.views.portal import customer_of, portal_page

SENT = "request-sent"
HOUR = timedelta(hours=1)


@require_http_methods(["GET", "POST"])
def request_new(request: HttpRequest) -> HttpResponse:
    """The form, or what was sent with it; a refusal gives everything typed back."""
    desk = desk_settings.current(getattr(request.user, "desk_version", None))
    if request.method == "GET":
        return _form_page(request, RequestForm(initial=_known(request), desk=desk), desk)
    form = RequestForm(request.POST, request.FILES, desk=desk)
    if form.is_from_a_robot:
        return _as_if_sent()
    if not form.is_valid():
        return _form_page(request, form, desk, status=422)
    try:
        throttle.hit(
            f"request:{client_address(request)}", f"request:{form.cleaned_data['email']}",
            limit=settings.PUBLIC_FORMS_PER_HOUR, per=HOUR,
        )  # fmt: skip
        received = intake.receive(_inbound(request, form), desk=desk)
    except Refused as refusal:
        form.add_error(None, refusal.message)
        response = _form_page(request, form, desk, status=_status(refusal))
        if isinstance(refusal, Throttled):
            response["Retry-After"] = str(refusal.retry_after)
        return response
    ticket = received.ticket
    return redirect(_sent_url(ticket.number, ticket.first_response_due_at, form.cleaned_data["time_zone"]))


@require_GET
def request_sent(request: HttpRequest) -> HttpResponse:
    """Thank you, the number, when to expect an answer; never the link, which is for the address's owner alone."""
    try:
        number, due, zone = signing.loads(request.GET.get("t", ""), salt=SENT, max_age=timedelta(days=1))
    except (signing.BadSignature, ValueError, TypeError):
        return redirect("portal_home")
    if zone and not request.user.is_authenticated:
        timezone.activate(wording.zone(zone))
    now = timezone.now()
    told = Ticket(first_response_due_at=datetime.fromisoformat(due) if due else None)
    context = {"number": number, "promise": expected.promised(told, now), "own_url": _own_url(request, number)}
    return portal_page(request, "request_sent", context)


@require_http_methods(["GET", "POST"])
def request_suggestions(request: HttpRequest) -> HttpResponse:
    """The part beside the form: pages that match what was typed so far.

    Changes nothing; POST as well, so that what people type does not end up in addresses and their logs.
    """
    given = request.POST if request.method == "POST" else request.GET
    desk = desk_settings.current(getattr(request.user, "desk_version", None))
    found = _helpful(desk, *(given.get(name, "") for name in ("subject", "body", "category")))
    return portal_page(request, "_suggestions", {"suggestions": found})


def _form_page(request: HttpRequest, form: RequestForm, desk: Desk, *, status: int = 200) -> HttpResponse:
    now = timezone.now()
    context = {
        "form": form.refreshed() if form.is_bound else form,
        "reply_time": expected.sentence(expected.usual(desk, now), now),
        "largest": largest(),
        # Without script, and for who came from the start page, what may help stands there at once.
        "suggestions": _helpful(desk, *(_typed(form, name) for name in ("subject", "body", "category"))),
    }
    return portal_page(request, "request_new", context, status=status)


def _helpful(desk: Desk, subject: str, body: str, category: str) -> list[suggestions.Suggestion]:
    return suggestions.ask(f"{subject}\n{body}", category=category, language=get_language() or "", desk=desk)


def _typed(form: RequestForm, name: str) -> str:
    return str(form[name].value() or "") if name in form.fields else ""


def _known(request: HttpRequest) -> dict[str, Any]:
    """What need not be typed: the visitor's own address, and what a link of ours put in."""
    given = {name: request.GET.get(name, "")[:200] for name in ("subject", "category", "reference")}
    if request.user.is_authenticated:
        return {**given, "email": request.user.email, "name": request.user.name}
    customer = customer_of(request) if request.session.keys() else None
    return {**given, "email": customer.email, "name": customer.name} if customer else given


def _inbound(request: HttpRequest, form: RequestForm) -> Inbound:
    given = form.cleaned_data
    is_own = request.user.is_authenticated and request.user.email == given["email"]
    return Inbound(
        channel=Channel.WEB,
        sender=Sender(IdentityKind.EMAIL, given["email"], given["name"], is_verified=is_own),
        body=given["body"],
        subject=given["subject"],
        category_id=form.category_id,
        reference=given["reference"],
        files=tuple(keep_all(given["files"])),
        dedupe_key=form.dedupe_key,
        language=get_language() or "",
        time_zone=given["time_zone"],
    )


def keep_all(uploads: list[UploadedFile]) -> list[files.StoredFile]:
    """Put checked uploads on disk before anything points at them."""
    return [files.keep(upload) for upload in uploads]


def _status(refusal: Refused) -> int:
    if isinstance(refusal, Throttled):
        return 429
    return 507 if isinstance(refusal, files.NoRoom) else 422


def _sent_url(number: int, due: datetime | None, zone: str) -> str:
    token = signing.dumps([number, due.isoformat() if due else None, zone], salt=SENT)
    return f"{reverse('request_sent')}?t={token}"


def _as_if_sent() -> HttpResponse:
    """A robot hears what everybody hears; of what it sent nothing is kept but that it came."""
    throttle.tally(f"robots:{timezone.now():%Y-%m-%d}", per=timedelta(days=30))
    newest = Ticket.objects.order_by("-id").values_list("id", flat=True).first() or 0
    return redirect(_sent_url(newest + 1, None, ""))


def _own_url(request: HttpRequest, number: int) -> str:
    """The way to the request for a visitor we know to be its customer; empty for all others."""
    customer: Customer | None = customer_of(request) if request.session.keys() else None
    ticket = Ticket.objects.filter(pk=number, customer=customer).first() if customer else None
    return links.customer_path(ticket) if ticket else ""
