"""The demo's mailbox at /demo/mail/: mail that would have left the house, as its reader sees it. Only in the demo."""

from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import getaddresses, localtime, make_msgid
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from helpdesk.lib.text import plain
from tickets import mail_store, reply_address, wording
from tickets.models import CaughtMail, Road

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
PAGE = 50
LONGEST_ANSWER = 20_000
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
    """GET /demo/mail/<id>/: one mail with its headers, as HTML and as text, and a form to answer it."""
    mail = get_object_or_404(CaughtMail, pk=pk)
    readers = _readers(mail) if reply_address.read(mail.headers.get("Reply-To", "")) else []
    return _page(request, "demo/mail_one.html", mail=mail, readers=readers)


@require_POST
@_in_the_demo
def demo_mail_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """POST /demo/mail/<id>/answer/: what its reader's mail program would send, taken in as mail is."""
    mail = get_object_or_404(CaughtMail, pk=pk)
    readers, typed = _readers(mail), plain(request.POST.get("body", ""), LONGEST_ANSWER).strip()
    number = reply_address.read(mail.headers.get("Reply-To", ""))
    if not typed or not readers or number is None:
        messages.error(request, _("There is nothing written yet. Write your message, then send."))
        return redirect("demo_mail_one", pk)
    chosen = request.POST.get("sender", "")
    sender = chosen if chosen in readers else readers[0]
    mail_store.keep(_answer(mail, sender, typed), road=Road.PIPE, envelope_from=sender)
    told = _("Your answer is on its way. In a few seconds it stands on request #%(number)d.") % {"number": number}
    messages.success(request, told)
    return redirect("demo_mail_one", pk)


@require_safe
@_in_the_demo
@xframe_options_sameorigin
def demo_mail_html(request: HttpRequest, pk: int) -> HttpResponse:
    """GET /demo/mail/<id>/html/: the mail's HTML alone, shut in by its own policy."""
    response = HttpResponse(get_object_or_404(CaughtMail, pk=pk).html)
    response._csp_replace = MAIL_POLICY  # type: ignore[attr-defined]  # what csp.decorators.csp_replace does, untyped
    return response


def _readers(mail: CaughtMail) -> list[str]:
    return [address for _name, address in getaddresses([mail.to]) if address]


def _answer(mail: CaughtMail, sender: str, typed: str) -> bytes:
    """A reply as mail programs write one: the answer on top, below it what is answered, quoted, the marker within."""
    headers = mail.headers
    said = _("On %(time)s %(name)s wrote:") % {"time": wording.when(mail.at), "name": headers.get("From", "")}
    quoted = "\n".join(f"> {line}".rstrip() for line in mail.text.split("\n"))
    reply = EmailMessage(policy=SMTP)
    reply["From"], reply["To"] = sender, headers.get("Reply-To", "")
    reply["Subject"] = mail.subject if mail.subject.startswith("Re:") else f"Re: {mail.subject}"
    reply["Date"], reply["Message-ID"] = localtime(), make_msgid(domain=sender.rpartition("@")[2])
    reply["In-Reply-To"] = headers.get("Message-ID", "")
    reply["References"] = " ".join(filter(None, [headers.get("References", ""), headers.get("Message-ID", "")]))
    reply.set_content(f"{typed}\n\n{said}\n{quoted}\n")
    return reply.as_bytes()


def _page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    links = [
        {"name": _("Help centre"), "url": reverse("portal_home"), "is_current": False},
        {"name": _("Desk"), "url": reverse("queue"), "is_current": False},
    ]
    return render(request, template, {"portal_name": settings.SITE_NAME, "portal_links": links, **context})
