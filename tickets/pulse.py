"""The one small question that open pages ask again and again: what changed of what I look at, and who is there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from tickets.desk import Desk
from tickets.models import Presence, Ticket, TicketEvent, User
from tickets.presence import HERE_FOR, Here, sort

EVENTS, PRESENCE = TicketEvent._meta.db_table, Presence._meta.db_table
CHANGED, HERE, NEWEST = range(3)


@dataclass
class Beat:
    """What happened: the newest event's id, numbers of the tickets that changed, and who else is on which ticket."""

    newest: int = 0
    changed: list[int] = field(default_factory=list)
    here: dict[int, list[Here]] = field(default_factory=dict)


def beat(numbers: Sequence[int], *, since: int, user: User, desk: Desk, now: datetime) -> Beat:
    """What became of the tickets `numbers`, as far as `user` may see them, after event `since`; one statement.

    `since` 0: a page that just begins to ask; it gets the newest event's id and who is there.
    """
    found = Beat()
    with connection.cursor() as cursor:
        cursor.execute(*_question(numbers, since=since, user=user, desk=desk, now=now))
        rows = cursor.fetchall()
    for what, one, other, is_writing in rows:
        if what == NEWEST:
            found.newest = one
        elif what == CHANGED:
            found.changed.append(one)
        else:
            found.here.setdefault(one, []).append(Here(other, bool(is_writing)))
    found.changed.sort()
    found.here = {number: sort(people) for number, people in found.here.items()}
    return found


def _question(
    numbers: Sequence[int], *, since: int, user: User, desk: Desk, now: datetime
) -> tuple[str, tuple[Any, ...]]:
    newest = f"SELECT {NEWEST}, COALESCE(MAX(id), 0), 0, 0 FROM {EVENTS}"  # noqa: S608
    if not numbers:
        return newest, ()
    visible = Ticket.objects.visible_to(user, restricted=desk.restricted_for(user)).filter(pk__in=numbers)
    seen, seen_params = visible.order_by().values("pk").query.sql_with_params()
    alive = connection.ops.adapt_datetimefield_value(now - HERE_FOR)
    here = (
        f"SELECT {HERE}, ticket_id, user_id, CASE WHEN is_writing THEN 1 ELSE 0 END FROM {PRESENCE}"  # noqa: S608
        f" WHERE seen_at > %s AND user_id <> %s AND ticket_id IN ({seen})"
    )
    sql, params = f"{newest} UNION ALL {here}", (alive, user.pk, *seen_params)
    if not since:
        return sql, params
    changed = f"SELECT DISTINCT {CHANGED}, ticket_id, 0, 0 FROM {EVENTS} WHERE id > %s AND ticket_id IN ({seen})"  # noqa: S608
    return f"{sql} UNION ALL {changed}", (*params, since, *seen_params)
