"""My day: what is mine and due, what I did, and where I was called."""

from django.db.models import Count
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from tickets import desk as desk_settings
from tickets import my_numbers
from tickets.models import OPEN_STATES, Message, State
from tickets.permissions import DeskRequest, closed_teams, desk_only, visible_tickets
from tickets.views.shell import desk_page

NEXT = 8
MENTIONS = 8


@desk_only
@require_GET
def my_day(request: DeskRequest) -> HttpResponse:
    user, now = request.user, timezone.now()
    desk = desk_settings.current(user.desk_version)
    mine = visible_tickets(user).open().assigned_to(user)
    by_state = dict(mine.order_by().values_list("state").annotate(Count("pk")))
    due = mine.our_turn().awake(now).order_by("queue_at", "id")
    today, week = my_numbers.read(user, now=now)
    mentions = Message.objects.standing().filter(mentions=user).exclude(ticket__team__in=closed_teams(user))
    context = {
        "by_state": [(state, state.label, by_state.get(state, 0)) for state in map(State, OPEN_STATES)],
        "next_due": list(due[:NEXT]),
        "figures": my_numbers.figures(today, week, desk.targets),
        "today": today,
        "week": week,
        "mentions": list(mentions.select_related("ticket").order_by("-id")[:MENTIONS]),
        "now": now,
    }
    return desk_page(request, "desk/my_day.html", context)
