"""Rows of a model written many at a time: by COPY on PostgreSQL, by many-row inserts on SQLite; no model is saved."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from django.db import connection, models
from django.db.models import Max


@contextmanager
def without_indexes(of: Sequence[type[models.Model]]) -> Iterator[None]:
    """Around the writing of very many rows: on PostgreSQL, drop what is made anew faster than kept up to date.

    Keys and constraints stay; the indexes come back and the tables are analysed even when the writing fails.
    """
    if connection.vendor != "postgresql":
        yield
        return
    names = [model._meta.db_table for model in of]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.indexname, i.indexdef FROM pg_indexes i JOIN pg_class c ON c.relname = i.indexname"
            " JOIN pg_index x ON x.indexrelid = c.oid WHERE i.schemaname = current_schema() AND i.tablename = ANY(%s)"
            " AND NOT x.indisunique",
            [names],
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET maintenance_work_mem = '512MB'")
            for _name, definition in indexes:
                cursor.execute(definition)
            cursor.execute("RESET maintenance_work_mem")
            for name in names:
                cursor.execute(f'VACUUM ANALYZE "{name}"')


class Table:
    """Rows of one model waiting to be written, every column filled: defaults first, then what is given."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model = model
        fields = list(model._meta.concrete_fields)
        blank = model()
        self.columns = [field.column for field in fields]
        self.names = [field.attname for field in fields]
        self.defaults = {name: getattr(blank, name) for name in self.names}
        self.json = [field.attname for field in fields if isinstance(field, models.JSONField)]
        self.next_id: int = (model._default_manager.aggregate(last=Max("pk"))["last"] or 0) + 1
        self.rows: list[tuple[Any, ...]] = []

    def take_id(self) -> int:
        """The id of the row that comes next."""
        self.next_id += 1
        return self.next_id - 1

    def add(self, **values: Any) -> int:
        """Keep a row; returns the id it will have."""
        values.setdefault("id", self.next_id)
        self.next_id = max(self.next_id, values["id"] + 1)
        row = {**self.defaults, **values}
        for name in self.json:
            row[name] = None if row[name] is None else json.dumps(row[name])
        self.rows.append(tuple(row[name] for name in self.names))
        return values["id"]

    def flush(self) -> None:
        rows, self.rows = self.rows, []
        if not rows:
            return
        table, columns = self.model._meta.db_table, ", ".join(f'"{column}"' for column in self.columns)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with cursor.copy(f'COPY "{table}" ({columns}) FROM STDIN') as copy:
                    for row in rows:
                        copy.write_row(row)
                return
            marks = ", ".join(["%s"] * len(self.columns))
            cursor.executemany(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', [_adapted(row) for row in rows])  # noqa: S608


def _adapted(row: tuple[Any, ...]) -> list[Any]:
    times, days = connection.ops.adapt_datetimefield_value, connection.ops.adapt_datefield_value
    return [times(v) if isinstance(v, datetime) else days(v) if isinstance(v, date) else v for v in row]
