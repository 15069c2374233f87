"""What open pages ask every few seconds; nothing is changed by it."""

from typing import Any

from django.http import JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tickets import chips, queues
from tickets import desk as desk_settings
from tickets import pulse as heart
from tickets.desk import Desk
from tickets.permissions import DeskRequest, desk_only
from tickets.presence import Here
from tickets.views.queue import numbers, view_of
from tickets.views.shell import is_pressing, load_words, views_of


@desk_only
@require_GET
def pulse(request: DeskRequest) -> JsonResponse:
    """`since`: the event id of the answer before; `tickets`: numbers on the page; `counts=1`: the rail's counts, too.

    Three statements, four with counts, five with new ones. Answers `since`, `changed` (numbers), `here` {number: names
    in words}, `views` [{slug, count, is_hot}], `count` (of the view whose address stands in the query), `unread`,
    `load`.
    """
    user, now = request.user, timezone.now()
    desk = desk_settings.current(user.desk_version)
    since = request.GET.get("since", "")
    asked = numbers(request.GET.get("tickets", ""))
    found = heart.beat(
        asked, since=int(since) if since.isdecimal() and len(since) < 19 else 0, user=user, desk=desk, now=now
    )
    here = {number: _names(people, desk) for number, people in found.here.items()}
    answer: dict[str, Any] = {"since": found.newest, "changed": found.changed, "here": here}
    if request.GET.get("counts"):
        answer |= _counts(request, desk)
    return JsonResponse(answer)


def _names(people: list[Here], desk: Desk) -> str:
    words = []
    for person in people:
        card = desk.staff.get(person.user_id)
        if card:
            doing = _("%(name)s is writing") if person.is_writing else _("%(name)s is looking")
            words.append(doing % {"name": card.short_name})
    return ", ".join(words)


def _counts(request: DeskRequest, desk: Desk) -> dict[str, Any]:
    user = request.user
    views = views_of(user, desk)
    filters = chips.asked(request.GET, view_of(request.GET, views).filters, desk)
    asked = [*(view.filters for view in views), filters]
    counts = queues.counts(asked, user=user, desk=desk, now=timezone.now())
    return {
        "views": [
            {"slug": view.slug, "count": queues.count_words(count), "is_hot": bool(count) and is_pressing(view)}
            for view, count in zip(views, counts.views, strict=False)
        ],
        "count": queues.count_words(counts.views[-1]),
        "unread": counts.unread,
        "load": load_words(user, counts.load),
    }
