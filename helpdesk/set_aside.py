"""The lead's page of reactions that failed again and again: what they should have followed, and one more chance."""

from django.contrib import messages
from django.db.models.query import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from helpdesk import reactions
from tickets import desk, event_words
from tickets.models import TicketEvent
from tickets.permissions import DeskRequest, closed_teams, lead_only
from tickets.views.shell import desk_page

MOST_SHOWN = 100


@require_safe
@lead_only
def set_aside(request: DeskRequest) -> HttpResponse:
    """GET /lead/reactions/: the newest 100."""
    settings = desk.current(request.user.desk_version)
    events = _visible(request).select_related("ticket", "by").order_by("-pk")[:MOST_SHOWN]
    rows = [(event, event_words.describe(event, settings) or event.get_kind_display()) for event in events]
    return desk_page(
        request, "lead/set_aside.html", {"title": _("Reactions set aside"), "show": "set_aside", "rows": rows}
    )


@require_POST
@lead_only
def set_aside_again(request: DeskRequest, pk: int) -> HttpResponse:
    """POST /lead/reactions/<event id>/attempt/"""
    reactions.try_again(get_object_or_404(_visible(request), pk=pk))
    messages.success(request, _("It will be tried again within seconds."))
    return redirect("set_aside")


def _visible(request: DeskRequest) -> QuerySet[TicketEvent]:
    events = reactions.set_aside()
    closed = closed_teams(request.user)
    return events.exclude(ticket__team__in=closed) if closed else events
