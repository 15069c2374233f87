"""Django's PostgreSQL backend with two things that a request need not pay for each time: health checks and plans."""

import select
from typing import Any

from django.db.backends.postgresql import base, operations


class DatabaseOperations(operations.DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        """What was asked, with its values, also where the server was sent a prepared statement's name only."""
        if isinstance(cursor, base.ServerBindingCursor):
            return str(self.compose_sql(sql, params))
        return str(super().last_executed_query(cursor, sql, params))


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations
    connection: Any
    _prepare_cursor: Any  # Django's own, which its stubs do not know

    def is_usable(self) -> bool:
        """Whether a kept connection still stands, asked of the socket instead of the server by a statement.

        A server that ended it (restart, `pg_terminate_backend`, a time limit) has closed its end or said why, either of
        which is there to be read; on a healthy connection nothing is. Whatever is there, the connection is made anew.
        """
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0)

    def prepared_cursor(self) -> Any:
        """A cursor whose statements the server parses and plans once a connection, from their second time on.

        For look-ups by key and inserts, whose best plan does not depend on the values. Never for a search or a filter:
        a plan for any words is a bad one for most. An ordinary cursor where OPTIONS have no `prepare_threshold`.
        """
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            return self._prepare_cursor(base.ServerBindingCursor(self.connection))  # type: ignore[call-arg]
