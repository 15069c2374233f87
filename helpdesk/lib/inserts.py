"""One INSERT for rows that are written all day long, without what the ORM works out anew each time."""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

from django.db import connection, models

from helpdesk.lib.statements import prepared_cursor


def insert(rows: Sequence[models.Model], *, ignore_conflicts: bool = False) -> None:
    """Write new rows of one model in one statement and give them their ids, in the order given.

    Columns are written as they stand on the instances: no signals, no `save()`, no auto_now. With `ignore_conflicts`
    a row that would break a unique constraint is passed over, and no row gets an id. Raises IntegrityError as the
    database does.
    """
    if not rows:
        return
    model = type(rows[0])
    head, names, prepare = _plan(model, connection.vendor)
    params = [prepare[name](getattr(row, name)) for row in rows for name in names]
    marks = f"({', '.join(['%s'] * len(names))})"
    tail = "ON CONFLICT DO NOTHING" if ignore_conflicts else f'RETURNING "{model._meta.pk.column}"'
    with prepared_cursor() as cursor:
        cursor.execute(f"{head} VALUES {', '.join([marks] * len(rows))} {tail}", params)
        ids = [] if ignore_conflicts else [number for (number,) in cursor.fetchall()]
    for row, number in zip(rows, ids, strict=False):
        row.pk = number
        row._state.adding, row._state.db = False, connection.alias


@cache
def _plan(model: type[models.Model], vendor: str) -> tuple[str, list[str], dict[str, Callable[[Any], Any]]]:
    """The statement's head, the attributes in order, and how each becomes a value this database takes."""
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    prepare: dict[str, Callable[[Any], Any]] = {
        field.attname: _as_json if isinstance(field, models.JSONField) else _plain for field in fields
    }
    return f'INSERT INTO "{model._meta.db_table}" ({columns})', [field.attname for field in fields], prepare


def _as_json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)


# Most of what is written; the questions below take longer than writing it down.
AS_IT_STANDS = frozenset({str, int, bool, type(None)})


def _plain(value: Any) -> Any:
    if type(value) in AS_IT_STANDS:
        return value
    if isinstance(value, Enum):  # a choice, whose value is what the column holds
        return value.value
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, date | time | Decimal):
        raise TypeError(f"{type(value).__name__} is not prepared here; write such rows by the ORM")
    return value
