"""Queues: which tickets a view holds, in which order, page by page, and how many each view counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from tickets.desk import Desk
from tickets.models import OPEN_STATES, OUR_TURN, Notification, Ticket, TicketEvent, User
from tickets.models.ticket import TicketQuerySet

COUNT_CAP = 500
MINE: dict[str, Any] = {"assignee": "me"}  # what counts as one's load
# Shared counts stand so long at most while no ticket has a new event: that promises come due leaves none behind.
AS_OF = timedelta(seconds=5)


@dataclass(frozen=True)
class Sort:
    """An order of a queue: by `column`, then number; `descending` holds for both."""

    column: str
    descending: bool


DUE = "due"
SORTS = {DUE: Sort("queue_at", False), "newest": Sort("pk", True), "updated": Sort("last_message_at", True)}


def in_states(states: Sequence[str]) -> RawSQL:
    """`state IN (…)` with the states written out: SQLite uses a partial index only where its own words stand."""
    words = ", ".join(f"'{state}'" for state in states)
    return RawSQL(f'"tickets_ticket"."state" IN ({words})', (), output_field=BooleanField())  # noqa: S611


OPEN = in_states([str(state) for state in OPEN_STATES])


def is_open_only(filters: Mapping[str, Any]) -> bool:
    """Whether these filters hold open tickets only, so that every order of SORTS has an index."""
    return all(state in OPEN_STATES for state in filters.get("state") or ())


def filtered(filters: Mapping[str, Any], *, user: User, desk: Desk, now: datetime) -> TicketQuerySet:
    """The tickets a view's `filters` name, of those `user` may see; open ones unless `state` says otherwise.

    Keys, all optional: state, priority, channel, category, team, customer_tier, tag (lists; category and team by key);
    assignee "me", "none" or a user's id; due "soon" or "over"; turn "ours"; angry, breached, escalated true.
    Snoozed tickets show only in views of `assignee` "me" or where `snoozed` is true.
    """
    tickets = Ticket.objects.visible_to(user, restricted=desk.restricted_for(user))
    if is_open_only(filters):
        tickets = tickets.filter(OPEN)
    if states := filters.get("state") or (OUR_TURN if filters.get("turn") == "ours" else ()):
        tickets = tickets.filter(state__in=states)
    for key in ("priority", "channel", "customer_tier"):
        if chosen := filters.get(key):
            tickets = tickets.filter(**{f"{key}__in": chosen})
    if slugs := filters.get("category"):
        tickets = tickets.filter(
            category__in=[desk.category_by_slug[s].pk for s in slugs if s in desk.category_by_slug]
        )
    if slugs := filters.get("team"):
        tickets = tickets.filter(team__in=_teams(slugs, user=user, desk=desk))
    if assignee := filters.get("assignee"):
        who = {"me": user.pk, "none": None}.get(assignee, assignee)
        tickets = tickets.unassigned() if who is None else tickets.filter(assignee=who)
    if due := filters.get("due"):
        soon = timedelta(minutes=desk.timing.breaching_soon if due == "soon" else 0)
        tickets = tickets.filter(queue_at__lt=now + soon, due_at__isnull=False)
    if filters.get("angry"):
        tickets = tickets.filter(is_angry=True)
    if filters.get("escalated"):
        tickets = tickets.filter(escalation_rank__isnull=False)
    if filters.get("breached"):
        tickets = tickets.filter(has_breached=True)
    for name in filters.get("tag") or ():
        tickets = tickets.tagged(name)
    if filters.get("assignee") != "me" and not filters.get("snoozed"):
        tickets = tickets.awake(now)
    return tickets


def _teams(slugs: Sequence[str], *, user: User, desk: Desk) -> list[int]:
    card = desk.staff.get(user.pk)
    mine = card.team_ids if card and "mine" in slugs else frozenset()
    return [*mine, *(desk.team_by_slug[slug].pk for slug in slugs if slug in desk.team_by_slug)]


@dataclass(frozen=True)
class Counts:
    """How many tickets each view asked for holds (COUNT_CAP + 1: more), the user's open load, unread notifications,
    and the newest event's id, from which the page's pulse goes on."""

    views: list[int]
    load: int
    unread: int
    newest: int


def counts(views: Sequence[Mapping[str, Any]], *, user: User, desk: Desk, now: datetime) -> Counts:
    """Count what `views` (filters of each) hold: one statement whatever their number, two where shared ones are new.

    Each count stops at the cap, so it stays cheap on a large desk. What reads alike for everybody who may look into
    the same teams is counted once per process, until a ticket has a new event or AS_OF has passed (which also bounds
    what an event may hide that was written earlier and committed later).
    """
    own = {repr(filters): filters for filters in [*views, MINE] if is_ones_own(filters)}
    asked = [_counting(filters, user=user, desk=desk) for filters in own.values()]
    asked.append(_unread(user, desk))
    asked.append((f'(SELECT MAX(id) FROM "{TicketEvent._meta.db_table}")', []))  # noqa: S608
    *found, unread, newest = _ask(asked, now)
    numbers = dict(zip(own, found, strict=True))
    shared = _shared(desk, user, newest or 0, now)
    fresh = {key: view for view in views if (key := repr(view)) not in own and key not in shared}
    if fresh:
        found = _ask([_counting(filters, user=user, desk=desk) for filters in fresh.values()], now)
        shared.update(zip(fresh, found, strict=True))
    numbers = {**shared, **numbers}
    return Counts([numbers[repr(view)] for view in views], numbers[repr(MINE)], unread, newest or 0)


def is_ones_own(filters: Mapping[str, Any]) -> bool:
    """Whether a view shows each reader tickets of their own."""
    return filters.get("assignee") == "me" or "mine" in (filters.get("team") or ())


def _shared(desk: Desk, user: User, newest: int, now: datetime) -> dict[str, int]:
    """The shared views' counts as of the event `newest`, for all who may look into the same teams."""
    state = (newest, int(now.timestamp() // AS_OF.total_seconds()))
    store = kept(desk)
    if store.get("shared", (None,))[0] != state:
        store["shared"] = state, {}
    counted: dict[str, int] = store["shared"][1].setdefault(desk.restricted_for(user), {})
    return counted


def _ask(asked: Sequence[tuple[str, list[Any]]], now: datetime) -> list[Any]:
    """The numbers of several counts, in one statement."""
    adapt = connection.ops.adapt_datetimefield_value
    values = (now + value if isinstance(value, timedelta) else value for _sql, values in asked for value in values)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(sql for sql, _values in asked)}",
            [adapt(value) if isinstance(value, datetime) else value for value in values],
        )
        return list(cursor.fetchone())


# Making a query's SQL costs more than asking it, and a view's changes only with the desk's settings: kept with them.
_kept: tuple[Desk | None, dict[Any, Any]] = (None, {})
KEPT_AT_MOST = 5_000
NOW = datetime(2000, 1, 1, tzinfo=UTC)  # stands for the moment of asking while SQL is made


def kept(desk: Desk) -> dict[Any, Any]:
    """What is kept for as long as the desk's settings stay as they are."""
    global _kept
    if _kept[0] is not desk or len(_kept[1]) > KEPT_AT_MOST:
        _kept = (desk, {})
    return _kept[1]


def timeless(values: Sequence[Any], desk: Desk) -> list[Any]:
    """A query's parameters with the spans from NOW in place of its moments, so that it can be asked at any time."""
    adapt = connection.ops.adapt_datetimefield_value
    spans = {adapt(NOW + span): span for span in (timedelta(), timedelta(minutes=desk.timing.breaching_soon))}
    return [spans.get(value, value) for value in values]


def _counting(filters: Mapping[str, Any], *, user: User, desk: Desk) -> tuple[str, list[Any]]:
    """SQL that counts a view's tickets up to the cap, and its parameters; a timedelta among them counts from now."""
    store = kept(desk)
    key = ("count", user.pk, COUNT_CAP, repr(filters))
    if key not in store:
        sql, values = _counted(filtered(filters, user=user, desk=desk, now=NOW))
        store[key] = sql, timeless(values, desk)
    made: tuple[str, list[Any]] = store[key]
    return made


def _unread(user: User, desk: Desk) -> tuple[str, list[Any]]:
    store = kept(desk)
    key = ("unread", user.pk, COUNT_CAP)
    if key not in store:
        sql, values = _counted(Notification.objects.filter(user=user, read_at__isnull=True))
        store[key] = sql, [*values]
    made: tuple[str, list[Any]] = store[key]
    return made


def _counted(query: QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    sql, values = query.order_by().values("pk")[: COUNT_CAP + 1].query.sql_with_params()
    return f"(SELECT COUNT(*) FROM ({sql}) AS capped)", values  # noqa: S608


def count_words(number: int) -> str:
    """“34”, or “500+” past the cap."""
    return f"{COUNT_CAP}+" if number > COUNT_CAP else str(number)
