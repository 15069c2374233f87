"""The agent's queue, its rows by themselves, taking the next ticket, and the list of keys."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tickets import chips, queue_pages, queue_parts, queue_rows, queues, routing
from tickets import desk as desk_settings
from tickets.desk import Desk
from tickets.models import SavedView
from tickets.permissions import DeskRequest, desk_only
from tickets.views.shell import desk_page, frame_with, view_name, views_of

KEPT = ("view", "f", "tag", "sort", *chips.KEYS)  # what the addresses of other pages and orders carry along


@desk_only
@require_GET
def queue(request: DeskRequest) -> HttpResponse:
    """A view's tickets, fifty a page. Four statements: session, user, rows, counts; a fifth for new counts."""
    user, now = request.user, timezone.now()
    desk = desk_settings.current(user.desk_version)
    views = views_of(user, desk)
    view = view_of(request.GET, views)
    filters = chips.asked(request.GET, view.filters, desk)
    sort = chips.sort_of(request.GET, is_open_only=queues.is_open_only(filters))
    cursor = queue_pages.Cursor.read(request.GET.get("after", ""))
    if cursor is None:
        rows, before, after = queue_pages.first(filters, user=user, desk=desk, now=now, sort=sort)
    else:
        tickets = queues.filtered(filters, user=user, desk=desk, now=now)
        rows, before, after = queue_pages.page(tickets, cursor, sort=sort)
    counts = queues.counts([*(view.filters for view in views), filters], user=user, desk=desk, now=now)
    return render(
        request,
        "desk/queue.html",
        {
            **frame_with(request, desk=desk, views=views, counts=counts),
            **_head(request, desk, view, filters, sort, counts.views[-1]),
            "rows": queue_rows.shown(rows, desk=desk, now=now),
            "newer": _address(request, after=before) if before else "",
            "older": _address(request, after=after) if after else "",
        },
    )


def view_of(query: QueryDict, views: list[SavedView]) -> SavedView:
    """The view the address names (one's own before a shared one of that key); else everything open."""
    slug = query.get("view", "")
    everything = SavedView(slug="", name=_("Queue"), filters={})
    return next((view for view in reversed(views) if slug and view.slug == slug), everything)


def _head(
    request: DeskRequest, desk: Desk, view: SavedView, filters: dict[str, Any], sort: str, count: int
) -> dict[str, Any]:
    is_open_only = queues.is_open_only(filters)
    return {
        "view": view,
        "view_name": view_name(view) if view.pk else view.name,
        "chip_menus": queue_parts.chip_menus(filters, desk),
        "bulk": queue_parts.bulk(desk),
        "tags": filters.get("tag") or [],
        "count": queues.count_words(count),
        "sort": sort,
        "sorts": {key: _address(request, sort=key) for key in queues.SORTS} if is_open_only else {},
        "is_open_only": is_open_only,
        "is_changed": chips.is_changed(view.filters, filters),
        "here": request.get_full_path(),
        "query": "",
        "saving": _address(request, sort="").partition("?")[2],
    }


def _address(request: DeskRequest, **changed: str) -> str:
    """This page's address with some of its query changed; a place in the list is left out unless given as `after`."""
    query = QueryDict(mutable=True)
    for key in KEPT:
        query.setlist(key, request.GET.getlist(key))
    for key, value in changed.items():
        query.setlist(key, [value] if value else [])
    return f"{request.path}?{query.urlencode()}"


@desk_only
@require_GET
def rows(request: DeskRequest) -> HttpResponse:
    """Some rows anew, for the page that shows them already (htmx puts each in its place)."""
    desk = desk_settings.current(request.user.desk_version)
    found = queue_pages.listed(numbers(request.GET.get("tickets", "")), user=request.user, desk=desk)
    context = {"rows": queue_rows.shown(found, desk=desk, now=timezone.now()), "is_part": True}
    return render(request, "desk/_queue_rows.html", context)


def numbers(text: str, limit: int = 100) -> list[int]:
    """Ticket numbers out of “7,9,12”; anything else in it is passed over."""
    return [int(part) for part in text.split(",")[:limit] if part.isdecimal() and len(part) < 19]


@desk_only
@require_POST
def next_ticket(request: DeskRequest) -> HttpResponse:
    """Take the waiting ticket that is due first."""
    ticket = routing.take_next(request.user)
    if ticket is not None:
        return redirect("ticket", number=ticket.pk)
    messages.info(request, _("Nothing is waiting for you. Well done."))
    return redirect("queue")


@desk_only
@require_GET
def keys(request: DeskRequest) -> HttpResponse:
    """Every shortcut; as a part for the dialog that `?` opens."""
    if request.htmx:
        return render(request, "desk/_help.html", {})
    return desk_page(request, "desk/help.html", {})
