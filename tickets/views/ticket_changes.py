"""Changes of a ticket that are not words: state, assignee, details, joining, snooze. Each form is a page too."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from helpdesk.lib import text
from tickets import assignment, details, joining, lifecycle
from tickets import desk as desk_settings
from tickets.desk import Desk
from tickets.errors import Refused
from tickets.forms_desk import HandOverForm, LinkForm, MergeForm, ResolutionForm, SnoozeForm, SplitForm, as_number
from tickets.models import MessageKind, State, Ticket, User
from tickets.permissions import DeskRequest, closed_teams, desk_only, may_see, visible_ticket, visible_tickets
from tickets.views.shell import desk_page

RECENT = 10


@desk_only
@require_POST
def ticket_state(request: DeskRequest, number: int) -> HttpResponse:
    ticket = visible_ticket(request, number)
    chosen = request.POST.get("state", "")
    if chosen not in State.values:
        raise Refused(_("Choose a state first."))
    if chosen == State.RESOLVED:
        return redirect("ticket_resolution", number)
    moved = lifecycle.move(ticket, State(chosen), by=request.user, reason=request.POST.get("reason", "")[:2000])
    messages.success(request, _("#%(number)d is “%(state)s” now.") % _said(moved))
    return redirect("ticket", number)


@desk_only
@require_http_methods(["GET", "POST"])
def ticket_resolution(request: DeskRequest, number: int) -> HttpResponse:
    """Resolve with what was wrong and what fixed it; on a ticket already resolved, correct the two."""
    ticket = visible_ticket(request, number)
    form = ResolutionForm(request.POST or None, initial={"cause": ticket.cause, "fix": ticket.fix})

    def do(given: dict[str, Any]) -> HttpResponse:
        if ticket.is_open:
            lifecycle.resolve(ticket, by=request.user, cause=given["cause"], fix=given["fix"])
            messages.success(request, _("#%(number)d is resolved.") % {"number": ticket.pk})
        else:
            details.set_resolution(ticket, cause=given["cause"], fix=given["fix"], by=request.user)
        return redirect("ticket", number)

    submit = _("Resolve") if ticket.is_open else _("Save")
    return _form_page(request, ticket, form, do, title=_("What was wrong, what fixed it"), submit=submit)


@desk_only
@require_POST
def ticket_assignee(request: DeskRequest, number: int) -> HttpResponse:
    ticket = visible_ticket(request, number)
    chosen = request.POST.get("assignee", "")
    if not chosen:
        assignment.unassign(ticket, by=request.user)
        return redirect("ticket", number)
    who = request.user if chosen == "me" else _colleague(chosen)
    if not may_see(who, ticket):
        raise Refused(_("%(name)s may not see tickets of this team.") % {"name": who.name})
    assignment.assign(ticket, to=who, by=request.user)
    return redirect("ticket", number)


@desk_only
@require_http_methods(["GET", "POST"])
def ticket_handover(request: DeskRequest, number: int) -> HttpResponse:
    """To another team or tier, with a note for them."""
    ticket = visible_ticket(request, number)
    desk = _desk(request)
    form = HandOverForm(request.POST or None, desk=desk, ticket=ticket)

    def do(given: dict[str, Any]) -> HttpResponse:
        team = desk.teams[given["team"]]
        note = text.plain(given["note"], 5000)
        assignment.hand_over(ticket, team=team, tier=team.tier, by=request.user, note=note)
        messages.success(request, _("#%(number)d is with %(team)s now.") % {"number": ticket.pk, "team": team.name})
        return redirect("queue") if team.pk in closed_teams(request.user) else redirect("ticket", number)

    return _form_page(request, ticket, form, do, title=_("Hand over"), submit=_("Hand over"))


@desk_only
@require_POST
def ticket_details(request: DeskRequest, number: int) -> HttpResponse:
    """Whichever of priority, category, subject, reference, tags and team the form carried."""
    ticket = visible_ticket(request, number)
    desk, by, posted = _desk(request), request.user, request.POST
    with transaction.atomic():
        if posted.get("priority", "").isdecimal():
            details.set_priority(ticket, priority=int(posted["priority"][:4]), by=by)
        if "category" in posted:
            category = desk.categories.get(as_number(posted["category"]))
            details.set_category(ticket, category=category, by=by)
        if "subject" in posted:
            details.set_subject(ticket, subject=posted["subject"], by=by)
        if "reference" in posted:
            details.set_reference(ticket, reference=posted["reference"], by=by)
        if "tags" in posted:
            details.set_tags(ticket, names=posted["tags"].replace(",", " ").split(), by=by)
        if "team" in posted:
            details.set_team(ticket, team=_team(request, posted["team"], desk), by=by)
    return redirect("ticket", number)


@desk_only
@require_http_methods(["GET", "POST"])
def ticket_merge(request: DeskRequest, number: int) -> HttpResponse:
    """Run from the duplicate; offers the customer's other tickets, open ones first."""
    ticket = visible_ticket(request, number)
    others = visible_tickets(request.user).filter(customer=ticket.customer_id, merged_into=None).exclude(pk=number)
    recent = sorted(others.order_by("-id")[:RECENT], key=lambda other: (not other.is_open, -other.pk))
    choices = [(str(other.pk), f"#{other.pk} {other.subject} · {other.get_state_display()}") for other in recent]
    form = MergeForm(request.POST or None, choices=choices)

    def do(given: dict[str, Any]) -> HttpResponse:
        into = _other(request, given["target"])
        joining.merge(ticket, into=into, by=request.user)
        messages.success(request, _("#%(number)d is merged into #%(into)d.") % {"number": ticket.pk, "into": into.pk})
        return redirect("ticket", into.pk)

    return _form_page(
        request, ticket, form, do, title=_("Merge into another ticket"), submit=_("Merge"),
        intro=_("This ticket closes as a duplicate. What the customer writes from now on is heard on the one you keep. "
                "A merge can be undone."),
    )  # fmt: skip


@desk_only
@require_POST
def ticket_unmerge(request: DeskRequest, number: int) -> HttpResponse:
    joining.unmerge(visible_ticket(request, number), by=request.user)
    messages.success(request, _("The merge is undone; #%(number)d stands as before.") % {"number": number})
    return redirect("ticket", number)


@desk_only
@require_http_methods(["GET", "POST"])
def ticket_split(request: DeskRequest, number: int) -> HttpResponse:
    """A second matter becomes a ticket of its own."""
    ticket = visible_ticket(request, number)
    theirs = ticket.messages.standing().filter(kind=MessageKind.CUSTOMER).order_by("-id")[:20]
    by_id = {message.pk: message for message in theirs}
    chosen = as_number(request.GET.get("message", ""))
    form = SplitForm(
        request.POST or None,
        choices=[(message.pk, text.preview(message.body, 120)) for message in theirs],
        initial={
            "message": chosen if chosen in by_id else next(iter(by_id), None),
            "subject": ticket.subject,
            "dedupe_key": uuid.uuid4().hex,
        },
    )

    def do(given: dict[str, Any]) -> HttpResponse:
        new = joining.split(
            ticket, message=by_id[given["message"]], by=request.user, subject=given["subject"],
            dedupe_key=f"split:{request.user.pk}:{given['dedupe_key']}" if given["dedupe_key"] else "",
        )  # fmt: skip
        messages.success(request, _("#%(new)d was split off #%(number)d.") % {"new": new.pk, "number": ticket.pk})
        return redirect("ticket", new.pk)

    return _form_page(request, ticket, form, do, title=_("Split off a new ticket"), submit=_("Split off"))


@desk_only
@require_http_methods(["GET", "POST"])
def ticket_links(request: DeskRequest, number: int) -> HttpResponse:
    """Link another ticket, or with `remove` take a link away."""
    ticket = visible_ticket(request, number)
    if request.method == "POST" and request.POST.get("remove"):
        joining.unlink(ticket, other=_other(request, as_number(request.POST["remove"])), by=request.user)
        return redirect("ticket", number)
    form = LinkForm(request.POST or None)

    def do(given: dict[str, Any]) -> HttpResponse:
        joining.link(ticket, other=_other(request, given["number"] or 0), by=request.user)
        return redirect("ticket", number)

    return _form_page(request, ticket, form, do, title=_("Link another ticket"), submit=_("Link"))


@desk_only
@require_POST
def ticket_spam(request: DeskRequest, number: int) -> HttpResponse:
    """Mark as spam, or with `undo` take it back."""
    ticket = visible_ticket(request, number)
    if request.POST.get("undo"):
        joining.unmark_spam(ticket, by=request.user)
        messages.success(request, _("#%(number)d is no spam; it stands as before.") % {"number": number})
    else:
        joining.mark_spam(ticket, by=request.user)
        messages.success(request, _("#%(number)d is marked as spam. It can be taken back there.") % {"number": number})
    return redirect("ticket", number)


@desk_only
@require_http_methods(["GET", "POST"])
def ticket_snooze(request: DeskRequest, number: int) -> HttpResponse:
    ticket = visible_ticket(request, number)
    if request.method == "POST" and request.POST.get("wake"):
        details.wake(ticket, by=request.user)
        return redirect("ticket", number)
    form = SnoozeForm(request.POST or None)

    def do(given: dict[str, Any]) -> HttpResponse:
        details.snooze(ticket, until=given["moment"], by=request.user)
        messages.success(request, _("#%(number)d is out of the queue for now.") % {"number": number})
        return redirect("ticket", number)

    return _form_page(request, ticket, form, do, title=_("Snooze"), submit=_("Snooze"))


def _form_page(
    request: DeskRequest, ticket: Ticket, form: Form, do: Callable[[dict[str, Any]], HttpResponse], *, title: str,
    submit: str, intro: str = "",
) -> HttpResponse:  # fmt: skip
    """A form on a page of its own; a verb's refusal stands in the form beside what was typed."""
    if request.method == "POST" and form.is_valid():
        try:
            return do(form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, refusal.message)
    context = {"ticket": ticket, "form": form, "title": title, "submit": submit, "intro": intro}
    status = 422 if request.method == "POST" else 200
    return desk_page(request, "desk/ticket_form.html", context, status=status)


def _desk(request: DeskRequest) -> Desk:
    return desk_settings.current(request.user.desk_version)


def _said(ticket: Ticket) -> dict[str, Any]:
    return {"number": ticket.pk, "state": ticket.get_state_display()}


def _other(request: DeskRequest, number: int) -> Ticket:
    """Another ticket the reader may see."""
    other = visible_tickets(request.user).select_related("merged_into").filter(pk=number).first()
    if other is None:
        raise Refused(_("There is no ticket #%(number)d, or you may not see it.") % {"number": number})
    return other


def _colleague(chosen: str) -> User:
    who = User.objects.staff().filter(pk=as_number(chosen)).first()
    if who is None:
        raise Refused(_("Choose a colleague from the list."))
    return who


def _team(request: DeskRequest, chosen: str, desk: Desk) -> Any:
    team = desk.teams.get(as_number(chosen))
    if team is not None and team.pk in closed_teams(request.user):
        raise Refused(_("Hand it over instead; you would not see it any more."))
    return team
