"""Pages of escalation: the board, a ticket's own ladder, and what may be done with an escalation."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from escalation import board, ladder, ladders
from escalation.facts import facts_of
from escalation.forms import EscalateForm, NoteForm
from escalation.models import Escalation, EscalationStep
from tickets import desk as desk_settings
from tickets import wording
from tickets.desk import Desk
from tickets.errors import Refused
from tickets.models import EscalationReason, Ticket
from tickets.permissions import DeskRequest, desk_only, lead_only, may_see, visible_ticket
from tickets.views.shell import desk_page


@require_safe
@lead_only
def escalations(request: DeskRequest) -> HttpResponse:
    """GET /lead/escalations/: every open escalation, by level; for htmx and the page's own script the board alone."""
    return _board(request, title=_("Escalations"), is_own=False)


@require_safe
@desk_only
def my_escalations(request: DeskRequest) -> HttpResponse:
    """GET /desk/escalations/: those that wait for the reader or their team."""
    return _board(request, title=_("My escalations"), is_own=True)


@desk_only
@require_http_methods(["GET", "POST"])
def ticket_escalation(request: DeskRequest, number: int) -> HttpResponse:
    """The ticket's ladder and where it stands, or the form to escalate it; as a part of the ticket's page the strip."""
    ticket = visible_ticket(request, number)
    desk = _desk(request)
    standing = board.visible(request.user, desk=desk).filter(ticket=ticket).annotate(due_at=board.due()).first()
    if request.htmx and request.method == "GET":
        return render(request, "escalation/_strip.html", {"ticket": ticket, **_strip(request, standing, desk)})
    if standing is not None and request.method == "GET":
        return desk_page(request, "escalation/ticket.html", {"ticket": ticket, **_strip(request, standing, desk)})
    return _escalate(request, ticket, desk)


@desk_only
@require_POST
def escalation_acknowledge(request: DeskRequest, pk: int) -> HttpResponse:
    found = _workable(request, pk)
    ladder.acknowledge(found, by=request.user)
    messages.success(request, _("#%(number)d is yours now.") % {"number": found.ticket_id})
    return _back(request, found)


@desk_only
@require_http_methods(["GET", "POST"])
def escalation_climb(request: DeskRequest, pk: int) -> HttpResponse:
    """Further up, with a word on why."""
    found = _workable(request, pk)

    def do(note: str) -> None:
        climbed = ladder.climb(found, by=request.user, why=note)
        said = {"number": found.ticket_id, "level": climbed.level}
        messages.success(request, _("#%(number)d is with %(level)s now.") % said)

    form = _note_form(request, _("Why it must go further up"), is_required=False)
    return _note_page(request, found, form, do, title=_("Escalate further"))


@desk_only
@require_http_methods(["GET", "POST"])
def escalation_hand_down(request: DeskRequest, pk: int) -> HttpResponse:
    """Back to whoever had it before, with a note for them."""
    found = _workable(request, pk)

    def do(note: str) -> None:
        ladder.hand_down(found, by=request.user, note=note)
        messages.success(request, _("#%(number)d went back down.") % {"number": found.ticket_id})

    form = _note_form(request, _("What you found and what is left to do"))
    return _note_page(request, found, form, do, title=_("Hand back down"))


@desk_only
@require_http_methods(["GET", "POST"])
def escalation_end(request: DeskRequest, pk: int) -> HttpResponse:
    """What was escalated is settled; the ticket goes on where it is."""
    found = _workable(request, pk)

    def do(note: str) -> None:
        ladder.resolve(found, by=request.user, note=note)
        messages.success(request, _("The escalation of #%(number)d is over.") % {"number": found.ticket_id})

    form = _note_form(request, _("How it was settled"), is_required=False)
    return _note_page(request, found, form, do, title=_("End the escalation"))


# The parts


def _board(request: DeskRequest, *, title: str, is_own: bool) -> HttpResponse:
    desk = _desk(request)
    shown = board.read(request.user, desk=desk, now=timezone.now(), is_own=is_own)
    context = {"title": title, "board": shown, "is_own": is_own, "is_lead": request.user.is_lead, "desk": desk}
    if request.htmx:
        return render(request, "escalation/_board.html", context)
    return desk_page(request, "escalation/board.html", context)


def _strip(request: DeskRequest, standing: Escalation | None, desk: Desk) -> dict[str, Any]:
    """The ladder as a line of levels, the time left, the steps so far."""
    if standing is None:
        return {"standing": None}
    now = timezone.now()
    due_at = standing.due_at  # type: ignore[attr-defined]
    levels = ladders.current(desk.version).of(standing.ladder) or [standing.level]
    here = standing.level.rank
    steps = EscalationStep.objects.filter(escalation=standing).select_related("level").order_by("pk")
    return {
        "standing": standing,
        "levels": [
            {"label": level.name, "state": "now" if level.rank == here else "done" if level.rank < here else "todo"}
            for level in levels
        ],
        "left": board.left_words(due_at, now) if due_at else _("stands still while the customer has the turn"),
        "tone": wording.clock_tone(due_at, now) if due_at else "paused",
        "due": due_at.isoformat() if due_at else "",
        "why": board.why_of(standing),
        "owner": desk.staff.get(standing.ticket.assignee_id or standing.owner_id or 0),
        "may_work": board.may_work(request.user, standing, desk=desk),
        "history": [(step, desk.staff.get(step.by_id or 0)) for step in steps],
    }


def _escalate(request: DeskRequest, ticket: Ticket, desk: Desk) -> HttpResponse:
    book = ladders.current(desk.version)
    chosen = book.choose(facts_of(ticket, desk=desk))
    levels = book.of(chosen) if chosen else []
    here = book.rank_of_team(chosen, ticket.team_id) if chosen else 0
    form = EscalateForm(
        request.POST if request.method == "POST" else None, levels=levels, here=here, triggers=book.triggers
    )
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        level = next((level for level in levels if level.pk == given["level"]), None)
        reason = EscalationReason(given["reason"])
        trigger = next((trigger for trigger in book.triggers if trigger.kind == reason), None)
        try:
            made = ladder.escalate(
                ticket, reason=reason, why=given["why"], by=request.user, level=level, trigger=trigger
            )
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            said = {"number": ticket.pk, "level": made.level}
            messages.success(request, _("#%(number)d is with %(level)s now.") % said)
            return redirect("ticket", ticket.pk) if may_see(request.user, made.ticket) else redirect("queue")
    context = {
        "ticket": ticket, "form": form, "title": _("Escalate"), "submit": _("Escalate"),
        "intro": _("It goes to the people of that level at once; unanswered, it climbs on by itself."),
    }  # fmt: skip
    return desk_page(request, "desk/ticket_form.html", context, status=422 if request.method == "POST" else 200)


def _note_form(request: DeskRequest, label: str, *, is_required: bool = True) -> NoteForm:
    """Empty, or as it was sent; `back` says where its button stood."""
    data = request.POST if request.method == "POST" else None
    return NoteForm(data, label=label, is_required=is_required, initial={"back": request.GET.get("back", "")[:10]})


def _note_page(request: DeskRequest, found: Escalation, form: Form, do: Any, *, title: str) -> HttpResponse:
    """One field on a page of its own; a verb's refusal stands in the form beside what was typed."""
    if request.method == "POST" and form.is_valid():
        try:
            do(form.cleaned_data["note"])
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            return _back(request, found)
    context = {"ticket": found.ticket, "form": form, "title": title, "submit": title, "intro": board.why_of(found)}
    return desk_page(request, "desk/ticket_form.html", context, status=422 if request.method == "POST" else 200)


def _workable(request: DeskRequest, pk: int) -> Escalation:
    """An escalation of a ticket the reader may see (else 404) and may act on (else 403); one that is over, too."""
    closed = _desk(request).restricted_for(request.user)
    rows = Escalation.objects.select_related("ticket", "level", "ladder").exclude(ticket__team__in=closed)
    found = rows.filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise Http404
    if not board.may_work(request.user, found, desk=_desk(request)):
        raise PermissionDenied(_("This escalation is for the people of its level and for leads."))
    return found


def _back(request: DeskRequest, found: Escalation) -> HttpResponse:
    """To where the button stood: the board, or the ticket."""
    if request.POST.get("back") == "board":
        return redirect("escalations" if request.user.is_lead else "my_escalations")
    fresh = Ticket.objects.only("team").get(pk=found.ticket_id)
    return redirect("ticket", found.ticket_id) if may_see(request.user, fresh) else redirect("queue")


def _desk(request: DeskRequest) -> Desk:
    return desk_settings.current(request.user.desk_version)
