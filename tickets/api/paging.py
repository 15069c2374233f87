"""Lists page by page: by key, so that page 1,000 costs what page 1 does and nothing is shown twice or left out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core import signing
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from tickets.api.parameters import USUAL_ROWS
from tickets.api.problems import Problem


@dataclass(frozen=True)
class Order:
    """By `column`, never empty, then by id. A leading minus in `name` means from the largest down."""

    name: str
    column: str = "pk"

    @property
    def is_descending(self) -> bool:
        return self.name.startswith("-")


def orders(**columns: str) -> dict[str, Order]:
    """Both directions of each name → column."""
    return {
        name: Order(name, column) for plain, column in columns.items() for name in (plain, f"-{plain}")
    }  # fmt: skip


def page(
    request: Request, rows: QuerySet[Any], order: Order, show: Callable[[Any], list[Any]], *, query: Mapping[str, Any]
) -> Response:
    """One page of `rows` in that order, with the links before and after. `show` makes the rows' values, in order."""
    limit = query.get("limit", USUAL_ROWS)
    place = _read(request, query.get("cursor", ""), order)
    is_backward = place is not None and place[0] == "b"
    is_down = order.is_descending != is_backward
    if place is not None:
        rows = rows.filter(_beyond(order, is_down, place[1], place[2]))
    sign = "-" if is_down else ""
    keys = [f"{sign}pk"] if order.column == "pk" else [f"{sign}{order.column}", f"{sign}pk"]
    found = list(rows.order_by(*keys)[: limit + 1])
    has_more, found = len(found) > limit, found[:limit]
    if is_backward:
        found.reverse()
    has_next = has_more if not is_backward else True
    has_previous = has_more if is_backward else place is not None
    links = {
        "next": _link(request, order, "a", found[-1]) if found and has_next else None,
        "previous": _link(request, order, "b", found[0]) if found and has_previous else None,
    }
    response = Response({"results": show(found), **links})
    told = ", ".join(
        f'<{url}>; rel="{rel}"' for rel, url in (("next", links["next"]), ("prev", links["previous"])) if url
    )
    if told:
        response["Link"] = told
    return response


def _beyond(order: Order, is_down: bool, value: Any, pk: int) -> Q:
    way = "lt" if is_down else "gt"
    past = Q(**{f"pk__{way}": pk})
    if order.column == "pk":
        return past
    # The first half alone bounds the index scan; the second tells rows of the same value apart.
    return Q(**{f"{order.column}__{way}e": value}) & (Q(**{f"{order.column}__{way}": value}) | past)


def _signer(request: Request) -> signing.Signer:
    return signing.Signer(salt=f"api-cursor:{request.path}")


def _link(request: Request, order: Order, direction: str, row: Any) -> str:
    value = None if order.column == "pk" else getattr(row, order.column)
    plain = {"at": value.isoformat()} if isinstance(value, datetime) else value
    query = request.query_params.copy()
    query["cursor"] = _signer(request).sign_object([order.name, direction, plain, row.pk])
    return f"{settings.SITE_URL}{request.path}?{query.urlencode()}"


def _read(request: Request, cursor: str, order: Order) -> tuple[str, Any, int] | None:
    if not cursor:
        return None
    try:
        name, direction, plain, pk = _signer(request).unsign_object(cursor)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise _wrong_cursor(_("Take it from “next” or “previous” as it stands there.")) from error
    if name != order.name:
        raise _wrong_cursor(_("It belongs to another ordering; begin again without it."))
    value = datetime.fromisoformat(plain["at"]) if isinstance(plain, dict) else plain
    return direction, value, pk


def _wrong_cursor(why: str) -> Problem:
    return Problem("bad-parameter", errors=[{"parameter": "cursor", "detail": why}])
