"""The agent's ticket page, its parts that refresh by themselves, and the pages that explain it."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tickets import (
    clocks_explained,
    conversation_page,
    drafts,
    event_words,
    files,
    lifecycle,
    macros,
    presence,
    ticket_page,
    wording,
)
from tickets import desk as desk_settings
from tickets.desk import Desk
from tickets.forms_desk import as_number
from tickets.models import AfterSend, Attachment, MessageKind, Priority, State, Ticket, TicketEvent
from tickets.permissions import DeskRequest, desk_only, may_see, visible_ticket
from tickets.presence import Here
from tickets.views.shell import desk_page


@dataclass
class Composer:
    """What stands in the composer: a draft, a macro's text, or what was typed before it was refused."""

    body: str = ""
    kind: str = MessageKind.REPLY
    problem: str = ""
    somebody_wrote: bool = False
    missing: tuple[str, ...] = ()
    cause: str = ""
    fix: str = ""
    macro: Any = None
    changes: list[str] = field(default_factory=list)
    next_state: str = ""
    then: str = ""
    dedupe_key: str = ""


@desk_only
@require_http_methods(["GET", "HEAD"])
def ticket(request: DeskRequest, number: int) -> HttpResponse:
    return show(request, visible_ticket(request, number))


def show(request: DeskRequest, ticket: Ticket, composer: Composer | None = None, *, status: int = 200) -> HttpResponse:
    """The page; `composer` brings back what was typed and says what is in the way."""
    user, now = request.user, timezone.now()
    desk = desk_settings.current(user.desk_version)
    before = as_number(request.GET.get("before", ""))
    page = ticket_page.read(ticket, user=user, desk=desk, now=now, before=before or None)
    context = {
        "ticket": ticket,
        "page": page,
        "composer": composer or _composer(request, ticket, page, desk),
        "here": _here(page.beside.here, desk),
        "macros": macros.usable(desk, ticket),
        "moves": lifecycle.moves(ticket),
        "send_states": ticket_page.send_states(ticket),
        "steps": ticket_page.steps(ticket),
        "badges": ticket_page.badges(ticket),
        "facts": ticket_page.customer_facts(
            ticket.customer, csat=page.beside.csat, csat_count=page.beside.csat_count, now=now
        ),
        "is_asleep": ticket.snoozed_until is not None and ticket.snoozed_until > now,
        "view": request.GET.get("view", request.POST.get("view", ""))[:60],
        "new_key": uuid.uuid4().hex,
        "after_send": AfterSend.choices,
        **page_choices(desk, request, ticket),
    }
    return desk_page(request, "desk/ticket.html", context, status=status)


def page_choices(desk: Desk, request: DeskRequest, ticket: Ticket) -> dict[str, Any]:
    """Whom and what a ticket can be given."""
    closed = desk.restricted_for(request.user)
    return {
        "colleagues": [(card.id, card.name) for card in desk.staff.values() if card.is_active and not card.is_bot],
        "teams": [team for team in desk.teams.values() if team.pk not in closed],
        "states": State,
        "priorities": Priority.choices,
    }


def _composer(request: DeskRequest, ticket: Ticket, page: ticket_page.TicketPage, desk: Desk) -> Composer:
    composer = Composer(
        body=page.beside.draft, kind=page.beside.draft_kind or MessageKind.REPLY, then=request.user.after_send,
        cause=ticket.cause, fix=ticket.fix,
    )  # fmt: skip
    chosen = request.GET.get("macro", "")
    macro = next((macro for macro in macros.usable(desk, ticket) if str(macro.pk) == chosen), None)
    if macro is not None:
        filled = macros.fill(macro, ticket, request.user, desk)
        composer.body = f"{composer.body}\n\n{filled.body}".strip() if composer.body else filled.body
        composer.macro, composer.changes, composer.next_state = macro, filled.changes, filled.next_state or ""
    return composer


def _here(here: list[Here], desk: Desk) -> list[dict[str, Any]]:
    return [
        {"name": desk.staff[person.user_id].short_name, "is_writing": person.is_writing}
        for person in here
        if person.user_id in desk.staff
    ]


@desk_only
@require_GET
def ticket_messages(request: DeskRequest, number: int) -> HttpResponse:
    """The conversation alone, for a page that learns that something changed."""
    ticket = visible_ticket(request, number)
    desk = desk_settings.current(request.user.desk_version)
    said = conversation_page.read(ticket, user=request.user, desk=desk, now=timezone.now())
    return render(request, "desk/_ticket_conversation.html", {"ticket": ticket, "conversation": said})


@desk_only
@require_POST
def ticket_presence(request: DeskRequest, number: int) -> HttpResponse:
    """An open page says every 15 s that it is there; the answer says who else is, and whether somebody wrote."""
    ticket = visible_ticket(request, number, related=())
    now = timezone.now()
    if request.POST.get("leaving"):
        presence.leave(ticket, by=request.user)
        return HttpResponse(status=204)
    presence.report(
        ticket, by=request.user, is_writing=bool(request.POST.get("writing")),
        is_working=bool(request.POST.get("working")), now=now,
    )  # fmt: skip
    desk = desk_settings.current(request.user.desk_version)
    here = _here(presence.others(ticket, user=request.user, now=now), desk)
    response = render(request, "desk/_ticket_here.html", {"here": here})
    response["X-Last-Message"] = ticket.last_message_at.isoformat()
    return response


@desk_only
@require_POST
def ticket_draft(request: DeskRequest, number: int) -> HttpResponse:
    ticket = visible_ticket(request, number, related=())
    kept = drafts.keep(ticket, body=request.POST.get("body", ""), kind=request.POST.get("kind", ""), by=request.user)
    if request.headers.get("X-Requested-With") == "fetch":
        return JsonResponse({"said": _("Draft saved") if kept else ""})
    return redirect("ticket", number)


@desk_only
@require_GET
def ticket_clocks(request: DeskRequest, number: int) -> HttpResponse:
    """Each due time step by step."""
    ticket = visible_ticket(request, number)
    desk = desk_settings.current(request.user.desk_version)
    context = {"ticket": ticket, "clocks": clocks_explained.explain(ticket, desk)}
    return desk_page(request, "desk/ticket_clocks.html", context)


@desk_only
@require_GET
def ticket_timeline(request: DeskRequest, number: int) -> HttpResponse:
    """Every event of the ticket: who, when, why. Newest first, 200 a page."""
    ticket = visible_ticket(request, number)
    desk = desk_settings.current(request.user.desk_version)
    before = as_number(request.GET.get("before", ""))
    found = TicketEvent.objects.filter(ticket=ticket).order_by("-id")
    if before:
        found = found.filter(pk__lt=before)
    events = list(found[:201])
    rows = [
        {
            "at": wording.when(event.at),
            "iso": event.at.isoformat(),
            "kind": event.get_kind_display(),
            "words": event_words.describe(event, desk),
            "who": event_words.who(event, desk),
            "from_state": State(event.from_state).label if event.from_state in State.values else "",
            "to_state": State(event.to_state).label if event.to_state in State.values else "",
        }
        for event in events[:200]
    ]
    older = f"?before={events[199].pk}" if len(events) > 200 else ""
    return desk_page(request, "desk/ticket_timeline.html", {"ticket": ticket, "rows": rows, "older": older})


@desk_only
@require_GET
def desk_file(request: DeskRequest, file_id: int) -> HttpResponseBase:
    attachment = get_object_or_404(Attachment.objects.select_related("message__ticket"), pk=file_id)
    if not may_see(request.user, attachment.message.ticket):
        raise Http404
    try:
        return files.serve(attachment)
    except FileNotFoundError as error:
        raise Http404 from error
