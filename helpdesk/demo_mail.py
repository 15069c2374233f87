"""The demo's mailbox at /demo/mail/: mail that would have left the house, as its reader sees it. Only in the demo."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from tickets.models import CaughtMail

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
PAGE = 50
# A mail is a stranger's page: no scripts, nothing loaded from anywhere, styles of its own, links take the whole window.
MAIL_POLICY = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["data:"],
    "frame-ancestors": ["'self'"],
    "sandbox": ["allow-top-navigation-by-user-activation", "allow-popups"],
}


def _in_the_demo(view: View[P]) -> View[P]:
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not settings.DEMO:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@_in_the_demo
def demo_mail(request: HttpRequest) -> HttpResponse:
    """GET /demo/mail/?to=<part of an address>&before=<id>: newest first, 50 a page."""
    reader = request.GET.get("to", "").strip()[:254]
    mails = CaughtMail.objects.filter(to__icontains=reader) if reader else CaughtMail.objects.all()
    if (before := request.GET.get("before", "")).isdecimal():
        mails = mails.filter(pk__lt=min(int(before), 2**62))
    found = list(mails[: PAGE + 1])
    older = ""
    if len(found) > PAGE:
        query = request.GET.copy()
        query["before"] = str(found[PAGE - 1].pk)
        older = "?" + query.urlencode()
    return _page(request, "demo/mail.html", mails=found[:PAGE], reader=reader, older=older)


@require_safe
@_in_the_demo
def demo_mail_one(request: HttpRequest, pk: int) -> HttpResponse:
    """GET /demo/mail/<id>/: one mail with its headers, as HTML and as text."""
    return _page(request, "demo/mail_one.html", mail=get_object_or_404(CaughtMail, pk=pk))


@require_safe
@_in_the_demo
@xframe_options_sameorigin
def demo_mail_html(request: HttpRequest, pk: int) -> HttpResponse:
    """GET /demo/mail/<id>/html/: the mail's HTML alone, shut in by its own policy."""
    response = HttpResponse(get_object_or_404(CaughtMail, pk=pk).html)
    response._csp_replace = MAIL_POLICY  # type: ignore[attr-defined]  # what csp.decorators.csp_replace does, untyped
    return response


def _page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    links = [
        {"name": _("Help centre"), "url": reverse("portal_home"), "is_current": False},
        {"name": _("Desk"), "url": reverse("queue"), "is_current": False},
    ]
    return render(request, template, {"portal_name": settings.SITE_NAME, "portal_links": links, **context})
