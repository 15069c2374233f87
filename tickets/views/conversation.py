"""What an agent says on a ticket: reply, note, take back, and macros that prepare a reply."""

from contextlib import nullcontext
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from helpdesk.lib import text
from tickets import conversation, files, held_mail, macros
from tickets import desk as desk_settings
from tickets.errors import Refused
from tickets.files import StoredFile
from tickets.models import AfterSend, Macro, Message, MessageKind, State, Ticket, User
from tickets.permissions import (
    DeskRequest,
    desk_only,
    may_see,
    may_withdraw,
    visible_number,
    visible_ticket,
    visible_tickets,
)
from tickets.views.ticket import Composer, show


@desk_only
@require_POST
def ticket_reply(request: DeskRequest, number: int) -> HttpResponseBase:
    """Answer and pick the next state; refused, the page comes back with everything that was typed."""
    # The two kinds share one form: what is marked as a note must never reach the customer.
    if request.POST.get("kind") == MessageKind.NOTE:
        return ticket_note(request, number)
    ticket = visible_number(request, number)
    posted = request.POST
    next_state = State(posted["next_state"]) if posted.get("next_state") in State.values else None
    try:
        # Only a macro's changes and the reply must stand or fall together.
        with transaction.atomic() if posted.get("macro") else nullcontext():
            if posted.get("macro"):
                _use_macro(request, visible_ticket(request, number))
            message = conversation.reply(
                ticket, body=posted.get("body", ""), by=request.user, next_state=next_state, files=_files(request),
                dedupe_key=_key(request), seen=None if posted.get("anyway") else parse_moment(posted.get("seen", "")),
                cause=posted.get("cause", ""), fix=posted.get("fix", ""),
            )  # fmt: skip
    except Refused as refusal:
        return _again(request, number, refusal)
    words = _("Sent as %(state)s: #%(number)d") if next_state else _("Sent: #%(number)d")
    told = words % {"state": next_state.label if next_state else "", "number": ticket.pk}
    undo = reverse("message_withdrawal", args=[message.pk])
    messages.success(request, told, extra_tags=f"undo:{undo}")
    return _go_on(request, ticket)


@desk_only
@require_POST
def ticket_note(request: DeskRequest, number: int) -> HttpResponse:
    ticket = visible_number(request, number)
    try:
        conversation.note(
            ticket, body=request.POST.get("body", ""), by=request.user, files=_files(request), dedupe_key=_key(request)
        )
    except Refused as refusal:
        return _again(request, number, refusal)
    return redirect(f"{reverse('ticket', args=[number])}#newest")


@desk_only
@require_POST
def message_verdict(request: DeskRequest, message_id: int) -> HttpResponse:
    """Decide on a held mail: its sender is in on the ticket, is the customer, or gets a ticket of their own."""
    visible = Message.objects.filter(ticket__in=visible_tickets(request.user)).select_related("ticket__customer")
    message = get_object_or_404(visible, pk=message_id)
    verdict = request.POST.get("verdict", "")
    if verdict == "split":
        other = held_mail.split_off(message, by=request.user)
        messages.success(request, _("It is ticket #%(number)d now.") % {"number": other.pk})
    elif verdict == "customer":
        held_mail.accept_as_customer(message, by=request.user)
        messages.success(request, _("The address is another one of the customer’s from now on."))
    elif verdict == "participant":
        held_mail.accept_as_participant(message, by=request.user)
        messages.success(request, _("The mail counts, and its sender is kept in copy."))
    return redirect("ticket", message.ticket_id)


@desk_only
@require_POST
def message_withdrawal(request: DeskRequest, message_id: int) -> HttpResponse:
    """Undo of a send: the text is a draft again."""
    message = get_object_or_404(Message.objects.select_related("ticket"), pk=message_id)
    if not may_see(request.user, message.ticket):
        raise Http404
    if not may_withdraw(request.user, message):
        raise PermissionDenied(_("Only who wrote a reply can take it back."))
    try:
        conversation.withdraw(message, by=request.user)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("Taken back. The text is in the composer again."))
    return redirect("ticket", message.ticket_id)


@desk_only
@require_http_methods(["GET", "POST"])
def ticket_macro(request: DeskRequest, number: int, macro_id: int) -> HttpResponse:
    """GET: the filled text and what it would change, as JSON for the composer. POST: apply what it sets."""
    ticket = visible_ticket(request, number)
    desk = desk_settings.current(request.user.desk_version)
    macro = _macro(ticket, str(macro_id), desk)
    if macro is None:
        raise Http404
    if request.method == "POST":
        macros.apply(ticket, macro, by=request.user, desk=desk)
        return redirect("ticket", number)
    filled = macros.fill(macro, ticket, request.user, desk)
    return JsonResponse(
        {
            "id": macro.pk,
            "name": macro.name,
            "body": filled.body,
            "changes": filled.changes,
            "next_state": filled.next_state or "",
        }
    )


def parse_moment(value: str) -> Any:
    """A moment a form carried, None for anything else."""
    try:
        moment = parse_datetime(value)
    except ValueError:
        return None
    return moment if moment is None or timezone.is_aware(moment) else None


def _use_macro(request: DeskRequest, ticket: Ticket) -> None:
    desk = desk_settings.current(request.user.desk_version)
    macro = _macro(ticket, request.POST.get("macro", ""), desk)
    if macro is None or Message.objects.filter(dedupe_key=_key(request) or None).exists():
        return
    macros.apply(ticket, macro, by=request.user, desk=desk)


def _macro(ticket: Ticket, chosen: str, desk: desk_settings.Desk) -> Macro | None:
    return next((macro for macro in macros.usable(desk, ticket) if str(macro.pk) == chosen), None)


def _key(request: DeskRequest) -> str:
    given = text.plain(request.POST.get("dedupe_key", ""), 40)
    return f"desk:{request.user.pk}:{given}" if given else ""


def _files(request: DeskRequest) -> list[StoredFile]:
    uploads = request.FILES.getlist("files")
    if len(uploads) > settings.MAX_FILES_PER_MESSAGE:
        raise Refused(_("At most %(count)d files go with one message.") % {"count": settings.MAX_FILES_PER_MESSAGE})
    return [files.keep(upload) for upload in uploads]


def _again(request: DeskRequest, number: int, refusal: Refused) -> HttpResponse:
    """The page with what was typed, what is in the way, and whatever somebody else wrote meanwhile."""
    posted = request.POST
    ticket = visible_ticket(request, number)
    seen = parse_moment(posted.get("seen", ""))
    desk = desk_settings.current(request.user.desk_version)
    macro = _macro(ticket, posted.get("macro", ""), desk)
    composer = Composer(
        body=posted.get("body", ""),
        kind=MessageKind.NOTE if posted.get("kind") == MessageKind.NOTE else MessageKind.REPLY,
        problem=refusal.message,
        somebody_wrote=seen is not None and ticket.last_message_at > seen,
        missing=refusal.missing,
        cause=posted.get("cause", ""),
        fix=posted.get("fix", ""),
        macro=macro,
        changes=macros.fill(macro, ticket, request.user, desk).changes if macro else [],
        next_state=posted.get("next_state", "") if posted.get("next_state") in State.values else "",
        then=posted.get("then", ""),
        dedupe_key=posted.get("dedupe_key", "")[:40],
    )
    return show(request, ticket, composer, status=409)


def _go_on(request: DeskRequest, ticket: Ticket) -> HttpResponse:
    """To the next ticket, back to the list, or stay: as chosen, and remembered."""
    user, then = request.user, request.POST.get("then", "")
    if then in AfterSend.values and then != user.after_send:
        User.objects.filter(pk=user.pk).update(after_send=then)
    else:
        then = user.after_send
    if then == AfterSend.STAY:
        return redirect(f"{reverse('ticket', args=[ticket.pk])}#newest")
    if then == AfterSend.NEXT and (number := _next_number(user, ticket)):
        return redirect("ticket", number)
    view = request.POST.get("view", "")
    return redirect(reverse("queue", query={"view": view} if view else None))


def _next_number(user: User, ticket: Ticket) -> int | None:
    """One's own ticket that is due next and waits for us."""
    mine = visible_tickets(user).our_turn().assigned_to(user).awake(timezone.now()).exclude(pk=ticket.pk)
    return mine.order_by("queue_at", "id").values_list("pk", flat=True).first()
