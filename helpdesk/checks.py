"""What must be right about the database before the desk may run; `manage.py check --database default` asks too."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections


@register(Tags.database)
def commits_are_kept(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """PostgreSQL must not acknowledge what it has not written: five crashes with it off lost 80 acknowledged rows."""
    found: list[CheckMessage] = []
    for name in databases or []:
        connection = connections[name]
        if connection.vendor != "postgresql":
            continue
        with connection.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            (value,) = cursor.fetchone()
        if value == "off":
            found.append(
                Error(
                    "PostgreSQL runs with synchronous_commit = off: a crash would take back what it has confirmed.",
                    hint="Set it on in postgresql.conf, or for the role: ALTER ROLE … SET synchronous_commit = on.",
                    id="firstline.E001",
                )
            )
    return found
