"""A queue page by page: its rows in one of the orders, and the places before and after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from helpdesk.lib.statements import Statement
from tickets.desk import Desk
from tickets.models import Ticket, User
from tickets.models.ticket import TicketQuerySet
from tickets.queues import DUE, NOW, SORTS, Sort, filtered, kept, timeless

PAGE = 50
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    "last_message_at", "is_angry", "snoozed_until", "escalation_rank", "queue_at",
)  # fmt: skip


Page = tuple[list[tuple[Any, ...]], str, str]


def page(tickets: TicketQuerySet, cursor: Cursor | None, *, sort: str = DUE) -> Page:
    """One page of rows (COLUMNS) in the order `sort`, and the cursors of the pages before and after ("": none).

    One statement; PAGE + 1 rows are read, so that no count is needed.
    """
    if cursor is not None:
        tickets = tickets.filter(cursor.beyond(SORTS[sort]))
    is_backward = cursor is not None and cursor.is_backward
    return _cut(list(_ordered(tickets, sort, is_backward=is_backward)), cursor, sort)


def first(filters: Mapping[str, Any], *, user: User, desk: Desk, now: datetime, sort: str = DUE) -> Page:
    """The first page of what `filters` hold; its SQL is made once, as it is the page most often asked for."""
    store, key = kept(desk), ("page", user.pk, sort, repr(filters), PAGE)
    if key not in store:
        made = Statement(_ordered(filtered(filters, user=user, desk=desk, now=NOW), sort))
        store[key] = made, timeless(made.values, desk)
    made, values = store[key]
    return _cut(made.rows([now + value if isinstance(value, timedelta) else value for value in values]), None, sort)


def _ordered(tickets: TicketQuerySet, sort: str, *, is_backward: bool = False) -> QuerySet[Any, tuple[Any, ...]]:
    order = SORTS[sort]
    sign = "-" if order.descending != is_backward else ""
    return tickets.order_by(*dict.fromkeys((sign + order.column, f"{sign}pk"))).values_list(*COLUMNS)[: PAGE + 1]


def _cut(found: list[tuple[Any, ...]], cursor: Cursor | None, sort: str) -> Page:
    """The rows of a page out of one more than it holds, and its neighbours' cursors."""
    is_backward = cursor is not None and cursor.is_backward
    rows, has_more = found[:PAGE], len(found) > PAGE
    if is_backward:
        rows.reverse()
    if not rows:
        return [], "", ""
    has_before, has_after = (has_more, True) if is_backward else (cursor is not None, has_more)
    column = SORTS[sort].column
    at = COLUMNS.index("queue_at" if column == "pk" else column)
    before = str(Cursor(rows[0][at], rows[0][0], is_backward=True)) if has_before else ""
    return rows, before, str(Cursor(rows[-1][at], rows[-1][0])) if has_after else ""


def listed(numbers: Sequence[int], *, user: User, desk: Desk) -> list[tuple[Any, ...]]:
    """The rows (COLUMNS) of these tickets as far as `user` may see them; one statement."""
    tickets = Ticket.objects.visible_to(user, restricted=desk.restricted_for(user))
    return list(tickets.filter(pk__in=numbers).order_by("pk").values_list(*COLUMNS))
