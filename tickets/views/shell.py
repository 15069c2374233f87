"""What every page of the desk has around it: the rail with its views, availability, notifications, one's own menu."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from helpdesk.lib.http import path
from tickets import desk as desk_settings
from tickets import queues
from tickets.desk import Desk
from tickets.models import Availability, SavedView, User
from tickets.permissions import DeskRequest

Line = tuple[str | Promise, str]
# The rail's sections, by who may see them: (role question, title, [(name, url name), …]). Later rooms add their lines.
NAV: list[tuple[str, str | Promise, list[Line]]] = [
    (
        "is_desk_staff",
        "",
        [
            (gettext_lazy("My day"), "my_day"),
            (gettext_lazy("Queue"), "queue"),
            (gettext_lazy("My escalations"), "my_escalations"),
            (gettext_lazy("Customers"), "customers"),
        ],
    ),
    (
        "is_lead",
        gettext_lazy("Lead"),
        [
            (gettext_lazy("Escalations"), "escalations"),
            (gettext_lazy("Rules"), "rules"),
            (gettext_lazy("Incoming mail"), "quarantine"),
            (gettext_lazy("Outgoing mail"), "outbox"),
            (gettext_lazy("Mailboxes"), "mailboxes"),
            (gettext_lazy("Webhooks"), "webhooks"),
        ],
    ),
    ("is_administrator", gettext_lazy("Administrator"), [(gettext_lazy("Back office"), "admin:index")]),
]  # fmt: skip


def desk_page(
    request: DeskRequest, template: str, context: dict[str, Any], *, with_counts: bool = False, status: int = 200
) -> HttpResponse:
    """Render a page of the desk with its frame; `with_counts` costs one statement, else the page's pulse fills them."""
    return render(request, template, {**frame(request, with_counts=with_counts), **context}, status=status)


def frame(request: DeskRequest, *, with_counts: bool = False) -> dict[str, Any]:
    """The variables of layouts/desk.html."""
    user = request.user
    desk = desk_settings.current(user.desk_version)
    views = views_of(user, desk)
    counts = None
    if with_counts:
        counts = queues.counts([view.filters for view in views], user=user, desk=desk, now=timezone.now())
    return frame_with(request, desk=desk, views=views, counts=counts)


def frame_with(
    request: DeskRequest, *, desk: Desk, views: list[SavedView], counts: queues.Counts | None
) -> dict[str, Any]:
    """The same from what the page has read already; `counts` begin with those of `views`."""
    user = request.user
    numbers: list[int | None] = [*counts.views[: len(views)]] if counts else [None] * len(views)
    return {
        "desk": desk,
        "nav": _nav(request),
        "rail": [rail_item(request, view, number) for view, number in zip(views, numbers, strict=True)],
        "availability": availability(user, counts.load if counts else None),
        "notifications": {"url": path("notifications"), "count": counts.unread if counts else 0},
        "me": {
            "name": user.name,
            "initials": desk.staff[user.pk].initials if user.pk in desk.staff else "",
            "links": [{"name": _("Preferences"), "url": path("preferences")}],
            "sign_out_url": path("sign_out"),
        },
        "pulse": {"since": counts.newest if counts else "", "has_keys": user.has_single_keys},
    }


def views_of(user: User, desk: Desk) -> list[SavedView]:
    """The shared views, then one's own."""
    return [*desk.views, *desk.own_views.get(user.pk, [])]


# Names that shipped playbooks give to views; said here so that catalogues know them.
SHIPPED_VIEWS = (
    gettext_noop("Breaching soon"), gettext_noop("Mine"), gettext_noop("Unassigned"), gettext_noop("All open"),
    gettext_noop("Escalated"), gettext_noop("Account"), gettext_noop("Billing"), gettext_noop("Feature"),
    gettext_noop("Bug"),
)  # fmt: skip


def view_name(view: SavedView) -> str:
    """Shared views come with the product and are translated; one's own read as they were written."""
    return _(view.name) if view.owner_id is None else view.name


def rail_item(request: DeskRequest, view: SavedView, number: int | None) -> dict[str, Any]:
    queue = path("queue")
    return {
        "name": view_name(view),
        "slug": view.slug,
        "url": f"{queue}?view={view.slug}",
        "count": None if number is None else queues.count_words(number),
        "is_hot": bool(number) and is_pressing(view),
        "is_current": request.path == queue and request.GET.get("view", "") == view.slug,
    }


def is_pressing(view: SavedView) -> bool:
    """Whether its count is shown in red: it holds what is due."""
    return view.filters.get("due") is not None


def availability(user: User, load: int | None) -> dict[str, Any]:
    is_available = user.availability == Availability.AVAILABLE
    return {
        "label": Availability(user.availability).label,
        "load": "" if load is None else load_words(user, load),
        "tone": "good" if is_available else "neutral",
        "url": path("availability"),
        "value": user.availability,
        "choices": Availability.choices,
    }


def load_words(user: User, load: int) -> str:
    """“11 of 20”: open tickets held, of the most that routing gives."""
    return _("%(load)s of %(capacity)s") % {"load": queues.count_words(load), "capacity": user.capacity}


def _nav(request: DeskRequest) -> list[dict[str, Any]]:
    sections = []
    for question, title, lines in NAV:
        if getattr(request.user, question):
            items = [_nav_item(request, name, path(url_name)) for name, url_name in lines]
            sections.append({"title": str(title), "items": items})
    return sections


def _nav_item(request: DeskRequest, name: str | Promise, url: str) -> dict[str, Any]:
    """The queue's own line is current only while no view is open: then the view's is."""
    return {"name": str(name), "url": url, "is_current": request.path == url and not request.GET.get("view")}
