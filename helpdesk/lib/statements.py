"""Queries whose SQL is made once and asked again with other values: building it takes longer than answering it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators


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

    def rows(self, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The columns of a query by `values_list`, of each row that is found."""
        adapt = connection.ops.adapt_datetimefield_value
        asked = [adapt(value) if isinstance(value, datetime) else value for value in values]
        with connection.cursor() as cursor:
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
