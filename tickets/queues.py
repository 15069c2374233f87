"""Queues: which tickets a view holds, in which order, page by page, and how many each view counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from tickets.desk import Desk
from tickets.models import OPEN_STATES, OUR_TURN, Notification, Ticket, TicketEvent, User
from tickets.models.ticket import TicketQuerySet

PAGE = 50
COUNT_CAP = 500
MINE: dict[str, Any] = {"assignee": "me"}  # what counts as one's load
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    assignee "me", "none" or a user's id; due "soon" or "over"; turn "ours"; angry, breached true.
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
class Cursor:
    """A place in a queue: after (or before) the ticket with this time and number."""

    at: datetime
    number: int
    is_backward: bool = False

    def __str__(self) -> str:
        microseconds = (self.at - EPOCH) // timedelta(microseconds=1)
        return f"{'b' if self.is_backward else 'a'}{microseconds}-{self.number}"

    @classmethod
    def read(cls, text: str) -> "Cursor | None":
        """What `str` wrote; None for anything else."""
        try:
            microseconds, number = text[1:].split("-")
            at = EPOCH + timedelta(microseconds=int(microseconds))
            place = cls(at, int(number), is_backward={"a": False, "b": True}[text[0]])
        except (ValueError, KeyError, IndexError, OverflowError):
            return None
        return place if 0 <= place.number < 2**63 else None

    def beyond(self, sort: Sort) -> Q:
        """What lies past this place, in the direction it looks."""
        way = "lt" if sort.descending != self.is_backward else "gt"
        past = Q(**{f"pk__{way}": self.number})
        if sort.column == "pk":
            return past
        # The first half alone bounds the index scan; the second tells rows of the same moment apart.
        column = sort.column
        return Q(**{f"{column}__{way}e": self.at}) & (Q(**{f"{column}__{way}": self.at}) | past)


COLUMNS = (
    "pk", "subject", "preview", "customer_name", "customer_tier", "state", "priority", "assignee_id", "due_at",
    "last_message_at", "is_angry", "snoozed_until", "queue_at",
)  # fmt: skip


def page(tickets: TicketQuerySet, cursor: Cursor | None, *, sort: str = DUE) -> tuple[list[tuple[Any, ...]], str, str]:
    """One page of rows (COLUMNS) in the order `sort`, and the cursors of the pages before and after ("": none).

    One statement; PAGE + 1 rows are read, so that no count is needed.
    """
    order = SORTS[sort]
    is_backward = cursor is not None and cursor.is_backward
    if cursor is not None:
        tickets = tickets.filter(cursor.beyond(order))
    sign = "-" if order.descending != is_backward else ""
    found = list(tickets.order_by(*dict.fromkeys((sign + order.column, f"{sign}pk"))).values_list(*COLUMNS)[: PAGE + 1])
    rows, has_more = found[:PAGE], len(found) > PAGE
    if is_backward:
        rows.reverse()
    if not rows:
        return [], "", ""
    has_before, has_after = (has_more, True) if is_backward else (cursor is not None, has_more)
    at = COLUMNS.index("queue_at" if order.column == "pk" else order.column)
    before = str(Cursor(rows[0][at], rows[0][0], is_backward=True)) if has_before else ""
    return rows, before, str(Cursor(rows[-1][at], rows[-1][0])) if has_after else ""


def listed(numbers: Sequence[int], *, user: User, desk: Desk) -> list[tuple[Any, ...]]:
    """The rows (COLUMNS) of these tickets as far as `user` may see them; one statement."""
    tickets = Ticket.objects.visible_to(user, restricted=desk.restricted_for(user))
    return list(tickets.filter(pk__in=numbers).order_by("pk").values_list(*COLUMNS))


@dataclass(frozen=True)
class Counts:
    """How many tickets each view asked for holds (COUNT_CAP + 1: more), the user's open load, unread notifications,
    and the newest event's id, from which the page's pulse goes on."""

    views: list[int]
    load: int
    unread: int
    newest: int


def counts(views: Sequence[Mapping[str, Any]], *, user: User, desk: Desk, now: datetime) -> Counts:
    """Count what `views` (filters of each) hold; one statement whatever their number.

    Each count stops at the cap, so it stays cheap on a large desk.
    """
    parts: list[str] = []
    params: list[Any] = []
    values: Sequence[Any]
    for filters in [*views, MINE]:
        sql, values = _counting(filters, user=user, desk=desk)
        parts.append(sql)
        params.extend(now + value if isinstance(value, timedelta) else value for value in values)
    unread = Notification.objects.filter(user=user, read_at__isnull=True)
    sql, values = _counted(unread)
    parts.append(sql)
    params.extend(values)
    parts.append(f'(SELECT MAX(id) FROM "{TicketEvent._meta.db_table}")')  # noqa: S608
    with connection.cursor() as cursor:
        adapt = connection.ops.adapt_datetimefield_value
        params = [adapt(value) if isinstance(value, datetime) else value for value in params]
        cursor.execute(f"SELECT {', '.join(parts)}", params)
        *numbers, load, news, newest = cursor.fetchone()
    return Counts(numbers, load, news, newest or 0)


# Making a query's SQL costs more than asking it, and a view's changes only with the desk's settings: kept with them.
_kept: tuple[Desk | None, dict[tuple[int, str], tuple[str, list[Any]]]] = (None, {})
KEPT_AT_MOST = 5_000
NOW = datetime(2000, 1, 1, tzinfo=UTC)  # stands for the moment of asking while SQL is made


def _counting(filters: Mapping[str, Any], *, user: User, desk: Desk) -> tuple[str, list[Any]]:
    """SQL that counts a view's tickets up to the cap, and its parameters; a timedelta among them counts from now."""
    global _kept
    if _kept[0] is not desk or len(_kept[1]) > KEPT_AT_MOST:
        _kept = (desk, {})
    key = (user.pk, repr(filters))
    if key not in _kept[1]:
        sql, values = _counted(filtered(filters, user=user, desk=desk, now=NOW))
        adapt = connection.ops.adapt_datetimefield_value
        spans = {adapt(NOW + span): span for span in (timedelta(), timedelta(minutes=desk.timing.breaching_soon))}
        _kept[1][key] = sql, [spans.get(value, value) for value in values]
    return _kept[1][key]


def _counted(query: QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    sql, values = query.order_by().values("pk")[: COUNT_CAP + 1].query.sql_with_params()
    return f"(SELECT COUNT(*) FROM ({sql}) AS capped)", values  # noqa: S608


def count_words(number: int) -> str:
    """“34”, or “500+” past the cap."""
    return f"{COUNT_CAP}+" if number > COUNT_CAP else str(number)
