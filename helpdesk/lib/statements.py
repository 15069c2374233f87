"""Statements that are asked all day long: their SQL is made once, and PostgreSQL keeps how it answers them."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=Model)


def prepared_cursor() -> AbstractContextManager[Any]:
    """A cursor for look-ups by key and inserts; see helpdesk.lib.postgresql. Elsewhere one like any other."""
    made: AbstractContextManager[Any] = getattr(connection, "prepared_cursor", connection.cursor)()
    return made


class Statement:
    """A query as SQL; `values` are its parameters in order.

    `rows` and `objects` ask it with other values in the last places; what stands before them stays as it was made.
    """

    def __init__(self, query: QuerySet[Any, Any]) -> None:
        self.compiler = query.query.get_compiler(connection=connection)
        sql, values = self.compiler.as_sql()
        self.sql, self.values = str(sql), list(values)
        select, columns = self.compiler.select, [column for column, _sql, _alias in self.compiler.select]
        self.converters = self.compiler.get_converters(columns)
        if model := self.compiler.klass_info:
            places = model["select_fields"]
            self.span = slice(places[0], places[-1] + 1)
            self.model: type[Model] = model["model"]
            self.names = [column.target.attname for column in columns[self.span]]
            self.related = get_related_populators(model, select, connection.alias)  # type: ignore[call-arg]
            self.annotations = self.compiler.annotation_col_map or {}

    def cursor(self) -> AbstractContextManager[Any]:
        return connection.cursor()

    def rows(self, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The columns of a query by `values_list`, of each row that is found."""
        adapt = connection.ops.adapt_datetimefield_value
        asked = [adapt(value) if isinstance(value, datetime) else value for value in values]
        with self.cursor() as cursor:
            cursor.execute(self.sql, [*self.values[: len(self.values) - len(asked)], *asked])
            found = cursor.fetchall()
        if self.converters:  # SQLite keeps moments and yes or no in words of its own
            return [tuple(row) for row in self.compiler.apply_converters(found, self.converters)]
        return found

    def objects(self, values: Sequence[Any]) -> list[Any]:
        """The instances of a query for a model, with what it names in `select_related` and `annotate`."""
        found = []
        for row in self.rows(values):
            made = self.model.from_db(connection.alias, self.names, row[self.span])
            for populator in self.related:
                populator.populate(row, made)
            for name, place in self.annotations.items():
                setattr(made, name, row[place])
            found.append(made)
        return found


class Prepared(Statement):
    """One whose plan PostgreSQL keeps too, for a look-up that is best answered the same way whatever the values."""

    def cursor(self) -> AbstractContextManager[Any]:
        return prepared_cursor()


def instances(model: type[M], sql: str, values: Sequence[Any]) -> list[M]:
    """What `Model.objects.raw` finds by SQL of our own, which selects columns in the order of the fields."""
    with prepared_cursor() as cursor:
        cursor.execute(sql, values)
        columns, found = tuple(column[0] for column in cursor.description), cursor.fetchall()
    names, compiler, converters = _columns(model, columns)
    rows = compiler.apply_converters(found, converters) if converters else found
    return [model.from_db(connection.alias, names, row) for row in rows]


@cache
def _columns(model: type[Model], columns: tuple[str, ...]) -> tuple[list[str], Any, dict[Any, Any]]:
    fields = [field for field in model._meta.concrete_fields if field.column in columns]
    if tuple(field.column for field in fields) != columns:
        raise ValueError(f"Not columns of {model.__name__} in the order of its fields: {', '.join(columns)}")
    compiler = QuerySet(model).query.get_compiler(connection=connection)
    converters = compiler.get_converters([field.get_col(model._meta.db_table) for field in fields])
    return [field.attname for field in fields], compiler, converters
