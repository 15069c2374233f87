"""One request as its customer sees it by the mailed link: conversation, answer, solved, opened again, rated, files."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from helpdesk.lib.http import client_address
from helpdesk.lib.text import initials
from tickets import customers, files, intake, lifecycle, links, mail_bodies, satisfaction, standing, throttle, wording
from tickets import desk as desk_settings
from tickets.channels.base import Inbound, Sender
from tickets.errors import Refused, Throttled
from tickets.forms.fields import largest
from tickets.forms.request import AnswerForm, LinkForm, RatingForm
from tickets.mail_bodies import Folded
from tickets.models import Attachment, Channel, IdentityKind, Message, MessageKind, Satisfaction, State, Ticket
from tickets.views.portal import customer_of, portal_page
from tickets.views.requests import keep_all

ANSWERS_PER_HOUR = 60
Page = Callable[..., HttpResponseBase]


def by_link(view: Page) -> Page:
    """Hand the view its ticket; a wrong, revoked or old link gets a page that offers a fresh one, always the same."""

    @wraps(view)
    def opened(request: HttpRequest, token: str, *given: Any, **options: Any) -> HttpResponseBase:
        ticket = links.ticket_of(token)
        if ticket is None or (links.is_over(ticket) and not _is_theirs(request, ticket)):
            return _closed_link(request)
        into = ticket.merged_into
        if into is not None and into.customer_id == ticket.customer_id and request.method == "GET":
            return redirect(links.customer_path(into))
        if not request.user.is_authenticated:
            # They read it in their own language and time, which we know from the ticket.
            translation.activate(ticket.language)
            timezone.activate(wording.zone(ticket.customer.time_zone))
        response = view(request, ticket, *given, **options)
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return opened


@require_GET
@by_link
def request_page(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    return _show(request, ticket, AnswerForm())


@require_POST
@by_link
def request_reply(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    """Answer: heard on the request, or on one that follows it when it was closed too long ago."""
    form = AnswerForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, ticket, form, status=422)
    try:
        throttle.hit(f"answer:{ticket.pk}:{client_address(request)}", limit=ANSWERS_PER_HOUR, per=timedelta(hours=1))
        message = intake.answer(ticket, _inbound(ticket, form))
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return _show(request, ticket, form, status=429 if isinstance(refusal, Throttled) else 422)
    _is_reached(ticket)
    heard_on = message.ticket
    if heard_on.follows_id == ticket.pk:
        told = _("We opened a new request for this, number %(number)d.") % {"number": heard_on.pk}
    else:
        told = _("Your answer is with us.")
    messages.success(request, told)
    # A request merged into another customer's is answered there, but its page stays that customer's.
    return redirect(links.customer_path(heard_on if heard_on.customer_id == ticket.customer_id else ticket))


@require_POST
@by_link
def request_solved(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    if ticket.state != State.CLOSED:
        lifecycle.confirm_solved(ticket, customer=ticket.customer)
        _is_reached(ticket)
    messages.success(request, _("Good to hear. Thank you for telling us."))
    return redirect(links.customer_path(ticket))


@require_POST
@by_link
def request_reopen(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    if ticket.state in (State.RESOLVED, State.CLOSED):
        lifecycle.reopen_by_customer(ticket, customer=ticket.customer)
        _is_reached(ticket)
    messages.success(request, _("It is open again. Tell us below what is still wrong."))
    return redirect(links.customer_path(ticket))


@require_http_methods(["GET", "POST"])
@by_link
def request_satisfaction(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    """The survey: the mail's link shows the score chosen there, its button (pressed by script at once) stores it."""
    earlier = Satisfaction.objects.filter(ticket=ticket).first()
    if request.method == "GET":
        asked = request.GET.get("score", "")
        chosen = int(asked) if asked in {str(score) for score in satisfaction.SCORES} else None
        is_new = chosen is not None and (earlier is None or earlier.score != chosen)
        return _survey(request, ticket, RatingForm(), earlier, chosen=chosen if is_new else None)
    form = RatingForm(request.POST)
    if not form.is_valid():
        return _survey(request, ticket, form, earlier, status=422)
    comment = form.cleaned_data["comment"] if "comment" in request.POST else None
    try:
        satisfaction.rate(ticket, score=form.cleaned_data["score"], comment=comment)
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return _survey(request, ticket, form, earlier, status=422)
    _is_reached(ticket)
    if comment is not None:
        messages.success(request, _("Thank you, that helps us."))
        return redirect(links.customer_path(ticket))
    return redirect(reverse("request_satisfaction", args=[links.token(ticket)]))


@require_GET
@by_link
def request_file(request: HttpRequest, ticket: Ticket, file: int) -> HttpResponseBase:
    """A file of the conversation, never one of a note or of a reply taken back."""
    public = Message.objects.public().filter(ticket=ticket)
    attachment = Attachment.objects.filter(message__in=public, pk=file).first() if file < 2**63 else None
    if attachment is None:
        raise Http404
    try:
        return files.serve(attachment)
    except FileNotFoundError as error:
        raise Http404 from error


def _show(request: HttpRequest, ticket: Ticket, form: AnswerForm, *, status: int = 200) -> HttpResponse:
    desk, now = desk_settings.current(getattr(request.user, "desk_version", None)), timezone.now()
    said = list(Message.objects.public().filter(ticket=ticket))
    token, attached, more = links.token(ticket), _files_of(said), mail_bodies.of(said)
    context = {
        "ticket": ticket,
        "token": token,
        "standing": standing.of(ticket, desk=desk, now=now),
        "messages": [
            _said(message, attached.get(message.pk, []), more.get(message.pk, mail_bodies.NOTHING), token, now)
            for message in said
        ],
        "form": form.refreshed() if form.is_bound else form,
        "is_done": ticket.state in (State.RESOLVED, State.CLOSED),
        "is_closed": ticket.state == State.CLOSED,
        "earlier": Satisfaction.objects.filter(ticket=ticket).first() if ticket.state == State.CLOSED else None,
        "scores": satisfaction.SCORES,
        "largest": largest(),
        "now": now,
        "zone": timezone.get_current_timezone_name(),
    }
    return portal_page(request, "request", context, status=status)


def _files_of(said: list[Message]) -> dict[int, list[Attachment]]:
    """The files by message; one statement, and none where there are no files at all."""
    by_message: dict[int, list[Attachment]] = {}
    if with_files := [message.pk for message in said if message.has_files]:
        for attachment in Attachment.objects.filter(message__in=with_files):
            by_message.setdefault(attachment.message_id, []).append(attachment)
    return by_message


def _said(message: Message, attached: list[Attachment], more: Folded, token: str, now: datetime) -> dict[str, Any]:
    is_theirs = message.kind == MessageKind.CUSTOMER
    name = message.author_name or (_("You") if is_theirs else settings.SITE_NAME)
    return {
        "id": message.pk,
        "kind": message.kind,
        "author": name,
        "initials": initials(name),
        "body": message.body,
        "quoted": more.quoted,
        "signature": more.signature,
        "at": message.created_at.isoformat(),
        "meta": wording.when(message.created_at, now),
        "files": [
            {
                "name": row.name,
                "url": reverse("request_file", args=[token, row.pk]),
                "size": wording.file_size(row.size),
            }
            for row in attached
        ],
    }


def _survey(
    request: HttpRequest,
    ticket: Ticket,
    form: RatingForm,
    earlier: Satisfaction | None,
    *,
    chosen: int | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "ticket": ticket, "token": links.token(ticket), "form": form, "earlier": earlier, "chosen": chosen,
        "scores": satisfaction.SCORES, "is_done": ticket.state in (State.RESOLVED, State.CLOSED),
    }  # fmt: skip
    return portal_page(request, "satisfaction", context, status=status)


def _inbound(ticket: Ticket, form: AnswerForm) -> Inbound:
    customer = ticket.customer
    return Inbound(
        channel=Channel.WEB,
        sender=Sender(IdentityKind.EMAIL, customer.email, customer.name),
        body=form.cleaned_data["body"],
        files=tuple(keep_all(form.cleaned_data["files"])),
        dedupe_key=form.dedupe_key,
    )


def _is_reached(ticket: Ticket) -> None:
    """Whoever presses a button behind the link has read the mail it came in: the address is theirs."""
    if ticket.customer.email:
        customers.verify(ticket.customer, email=ticket.customer.email, now=timezone.now())


def _is_theirs(request: HttpRequest, ticket: Ticket) -> bool:
    customer = customer_of(request) if request.user.is_authenticated else None
    return customer is not None and customer.pk == ticket.customer_id


def _closed_link(request: HttpRequest) -> HttpResponse:
    """No counting of wrong links: their 144 bits are not guessed, and looking at a page changes nothing."""
    return portal_page(request, "link_over", {"form": LinkForm()}, status=404)
