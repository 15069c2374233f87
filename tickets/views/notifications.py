"""What a colleague was told, and whether they take tickets."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tickets.availability import set_availability
from tickets.models import Availability, Notification
from tickets.permissions import DeskRequest, closed_teams, desk_only
from tickets.views.shell import desk_page

LATEST = 100


@desk_only
@require_POST
def availability(request: DeskRequest) -> HttpResponse:
    user = set_availability(request.user, to=request.POST.get("availability", ""))
    is_here = user.availability == Availability.AVAILABLE
    messages.success(
        request, _("You get tickets again.") if is_here else _("You get no new tickets until you are back.")
    )
    back = request.META.get("HTTP_REFERER", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe else reverse("queue"))


@desk_only
@require_http_methods(["GET", "POST"])
def notifications(request: DeskRequest) -> HttpResponse:
    """The latest ones, unread first by looks; POST marks one (`id`) or all as read."""
    mine = Notification.objects.filter(user=request.user)
    if request.method == "POST":
        unread = mine.filter(read_at__isnull=True)
        if (one := request.POST.get("id", "")).isdecimal():
            unread = unread.filter(pk=one)
        unread.update(read_at=timezone.now())
        return redirect("notifications")
    closed, now = closed_teams(request.user), timezone.now()
    columns = ("pk", "text", "created_at", "read_at", "is_pressing", "ticket_id", "ticket__team_id")
    rows: list[dict[str, Any]] = [
        {"pk": pk, "text": text, "at": at, "is_new": read_at is None, "is_pressing": is_pressing, "number": number}
        for pk, text, at, read_at, is_pressing, number, team_id in mine.order_by("-pk").values_list(*columns)[:LATEST]
        if team_id not in closed
    ]
    return desk_page(request, "desk/notifications.html", {"rows": rows, "now": now}, with_counts=True)
