"""The portal's frame and its start page, and all requests of one customer, by mail link or signed in."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from helpdesk.lib.http import client_address
from tickets import customers, expected, links, notices, standing, throttle
from tickets import desk as desk_settings
from tickets.errors import Throttled
from tickets.forms.request import LinkForm
from tickets.models import Customer, Identity, IdentityKind, Ticket

# The customer whose mail link this visitor opened; kept in the session, which ends by itself.
VISITOR = "customer"
SHOWN = 50
LINKS_PER_HOUR = 5


def portal_page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Render a page of the portal with its frame; pages of one customer are kept out of search engines."""
    user = request.user
    if not user.is_authenticated:
        action = {"name": _("Sign in"), "url": reverse("sign_in")}
    elif user.is_desk_staff:
        action = {"name": _("To the desk"), "url": reverse("queue")}
    else:
        action = {"name": _("Preferences"), "url": reverse("preferences")}
    here = request.path
    frame = {
        "portal_name": settings.SITE_NAME,
        "portal_links": [
            {
                "name": _("Browse articles"),
                "url": reverse("articles"),
                "is_current": here.startswith(reverse("articles")),
            },
            {"name": _("New request"), "url": reverse("request_new"), "is_current": here == reverse("request_new")},
            {"name": _("My requests"), "url": reverse("my_requests"), "is_current": here == reverse("my_requests")},
        ],
        "portal_action": action,
    }
    return render(request, f"portal/{template}.html", {**frame, **(context or {})}, status=status)


def customer_of(request: HttpRequest) -> Customer | None:
    """The customer this visitor is: signed in, or come by a link that we mailed to them."""
    if request.user.is_authenticated:
        return Customer.objects.filter(user=request.user).first()
    number = request.session.get(VISITOR)
    return Customer.objects.filter(pk=number).first() if number else None


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    desk, now = desk_settings.current(getattr(request.user, "desk_version", None)), timezone.now()
    context = {
        "categories": [category for category in desk.categories.values() if category.is_public],
        "reply_time": expected.sentence(expected.usual(desk, now), now),
    }
    return portal_page(request, "home", context)


@require_GET
def my_requests(request: HttpRequest) -> HttpResponse:
    """Their requests, the open ones first; strangers may ask for a link by mail."""
    customer = customer_of(request)
    if customer is None:
        return portal_page(request, "my_requests_ask", {"form": LinkForm()})
    tickets = list(Ticket.objects.filter(customer=customer, merged_into=None).order_by("-id")[: SHOWN + 1])
    now = timezone.now()
    # Who came by a link sees what links open; who signed in sees everything.
    sees_all = request.user.is_authenticated
    rows = [_row(ticket) for ticket in tickets[:SHOWN] if sees_all or not links.is_over(ticket, now=now)]
    context = {
        "customer": customer,
        "open_rows": [row for row in rows if row["ticket"].is_open],
        "done_rows": [row for row in rows if not row["ticket"].is_open],
        "is_cut": len(tickets) > SHOWN,
        "shown": SHOWN,
        "now": now,
    }
    return portal_page(request, "my_requests", context)


@require_http_methods(["GET", "POST"])
def my_requests_link(request: HttpRequest) -> HttpResponse:
    """Mail a link to all requests; the answer is the same whether or not we know the address."""
    if request.method == "GET":
        return portal_page(request, "my_requests_ask", {"form": LinkForm()})
    form = LinkForm(request.POST)
    if not form.is_valid():
        return portal_page(request, "my_requests_ask", {"form": form}, status=422)
    email = form.cleaned_data["email"]
    try:
        throttle.hit(f"link:{client_address(request)}", f"link:{email}", limit=LINKS_PER_HOUR, per=timedelta(hours=1))
    except Throttled as refusal:
        form.add_error(None, refusal.message)
        response = portal_page(request, "my_requests_ask", {"form": form}, status=429)
        response["Retry-After"] = str(refusal.retry_after)
        return response
    _mail_link(email)
    return portal_page(request, "my_requests_asked", {"email": email, "life": links.LIFE_OF_REQUESTS_LINK})


@require_http_methods(["GET", "POST"])
def my_requests_open(request: HttpRequest, token: str) -> HttpResponse:
    """Open a mailed link by a press of a button: mail scanners follow links, and this one works once."""
    identity = _identity_of(token)
    if identity is None:
        return portal_page(request, "my_requests_over", {"form": LinkForm()}, status=410)
    if request.method == "GET":
        return portal_page(request, "my_requests_open", {"token": token, "email": identity.value})
    if not throttle.first_time(_use_of(token), per=2 * links.LIFE_OF_REQUESTS_LINK):
        return portal_page(request, "my_requests_over", {"form": LinkForm()}, status=410)
    customers.verify(identity.customer, email=identity.value, now=timezone.now())
    request.session.cycle_key()
    request.session[VISITOR] = identity.customer_id
    return redirect("my_requests")


@require_POST
def my_requests_leave(request: HttpRequest) -> HttpResponse:
    """Forget who came by the mailed link, as on a shared computer."""
    request.session.pop(VISITOR, None)
    request.session.cycle_key()
    return redirect("portal_home")


def _row(ticket: Ticket) -> dict[str, Any]:
    words, tone = standing.short(ticket)
    return {"ticket": ticket, "url": links.customer_path(ticket), "state": words, "tone": tone}


def _mail_link(email: str) -> None:
    identity = Identity.objects.select_related("customer").filter(kind=IdentityKind.EMAIL, value=email).first()
    if identity is None:
        # As much work as for a known address, so that time does not tell them apart.
        throttle.tally("link:nobody", per=timedelta(hours=1))
        return
    nonce = get_random_string(22)
    with transaction.atomic():
        notices.to_address(
            email, "link", key=f"link:{nonce}", now=timezone.now(), language=get_language() or settings.LANGUAGE_CODE,
            customer=identity.customer, identity=identity.pk, nonce=nonce,
        )  # fmt: skip


def _identity_of(token: str) -> Identity | None:
    """Whose link it is; None if forged, too old, or used already."""
    read = links.read_my_requests(token)
    if read is None or throttle.is_known(_use_of(token)):
        return None
    return Identity.objects.select_related("customer").filter(pk=read[0]).first()


def _use_of(token: str) -> str:
    """One use an issued link, however often its mail was sent."""
    read = links.read_my_requests(token)
    return f"link-used:{read[1]}" if read else "link-used:"
