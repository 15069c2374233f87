"""A mail as it was sent: its HTML made safe, in a frame of its own that runs nothing and asks nobody but us."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from tickets import mail_bodies
from tickets.models import MailBody
from tickets.permissions import DeskRequest, desk_only, may_see
from tickets.views.shell import desk_page

# The frame keeps our origin, so that its pictures are asked for with the reader's session; scripts have no way in.
SANDBOX = "allow-same-origin allow-popups allow-popups-to-escape-sandbox"
POLICY = (
    "default-src 'none'; img-src 'self'{remote}; style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none';"
    f" frame-ancestors 'self'; sandbox {SANDBOX}"
)


@desk_only
@require_GET
def message_as_sent(request: DeskRequest, message_id: int) -> HttpResponse:
    """The page around the frame; `?remote=1` shows pictures from elsewhere."""
    body = _visible(request, message_id)
    remote = _wants_remote(request)
    context = {
        "ticket": body.message.ticket,
        "message": body.message,
        "remote": remote,
        "has_remote": mail_bodies.as_sent(body, remote=remote).has_remote,
        "sandbox": SANDBOX,
    }
    return desk_page(request, "desk/message_as_sent.html", context)


@desk_only
@require_GET
@xframe_options_sameorigin
def message_html(request: DeskRequest, message_id: int) -> HttpResponse:
    """The mail's HTML alone."""
    body = _visible(request, message_id)
    remote = _wants_remote(request)
    response = render(
        request, "desk/message_html.html", {"html": mail_bodies.as_sent(body, remote=remote).html, "body": body}
    )
    # django-csp leaves an answer alone that carries a policy of its own.
    response["Content-Security-Policy"] = POLICY.format(remote=" https:" if remote else "")
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=0, no-store"
    return response


def _visible(request: DeskRequest, message_id: int) -> MailBody:
    found = MailBody.objects.select_related("message__ticket").exclude(html="")
    body = found.filter(pk=message_id).first() if message_id < 2**63 else None
    if body is None or not may_see(request.user, body.message.ticket):
        raise Http404
    return body


def _wants_remote(request: DeskRequest) -> bool:
    return request.GET.get("remote") == "1"
