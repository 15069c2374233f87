"""What search stands on in SQLite: full-text tables beside messages and tickets, kept true by triggers.

PostgreSQL's columns and indexes are made by migration 0002 and live through every later change of a table. SQLite makes
a table anew for most changes and drops its triggers with the old one: they are looked after when migrations have run.
"""

from typing import Any

from django.db import connections

TABLES = {"tickets_message": ("body",), "tickets_ticket": ("subject", "customer_name", "reference")}
# Accents do not count: a search for Muller finds Müller.
TOKENS = "unicode61 remove_diacritics 2"


def words_of(table: str) -> str:
    return f"{table}_words"


def stand(cursor: Any) -> None:
    """Make the full-text tables and triggers that are missing; where triggers were, fill the tables anew."""
    for table, columns in TABLES.items():
        words, names = words_of(table), ", ".join(columns)
        cursor.execute(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {words}"
            f" USING fts5({names}, content='{table}', content_rowid='id', tokenize='{TOKENS}')"
        )
        cursor.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS {words}_known USING fts5vocab('{words}', 'row')")
        cursor.execute("SELECT COUNT(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
        (standing,) = cursor.fetchone()
        made = _triggers(table, columns)
        if standing >= len(made):
            continue
        for trigger in made:
            cursor.execute(trigger)
        cursor.execute(f"INSERT INTO {words}({words}) VALUES ('rebuild')")  # noqa: S608


def _triggers(table: str, columns: tuple[str, ...]) -> list[str]:
    words, names = words_of(table), ", ".join(columns)
    new, old = (", ".join(f"{row}.{column}" for column in columns) for row in ("new", "old"))
    add = f"INSERT INTO {words}(rowid, {names}) VALUES (new.id, {new});"  # noqa: S608
    drop = f"INSERT INTO {words}({words}, rowid, {names}) VALUES ('delete', old.id, {old});"  # noqa: S608
    return [
        f"CREATE TRIGGER IF NOT EXISTS {words}_added AFTER INSERT ON {table} BEGIN {add} END",
        f"CREATE TRIGGER IF NOT EXISTS {words}_gone AFTER DELETE ON {table} BEGIN {drop} END",
        f"CREATE TRIGGER IF NOT EXISTS {words}_changed AFTER UPDATE OF {names} ON {table} BEGIN {drop} {add} END",
    ]


def fall(cursor: Any) -> None:
    """Take everything away again."""
    for table, columns in TABLES.items():
        for trigger in _triggers(table, columns):
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.split()[5]}")
        cursor.execute(f"DROP TABLE IF EXISTS {words_of(table)}_known")
        cursor.execute(f"DROP TABLE IF EXISTS {words_of(table)}")


def after_migrations(using: str, **signal: Any) -> None:
    """Receiver of post_migrate (tickets.apps)."""
    connection = connections[using]
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        if set(TABLES) <= set(connection.introspection.table_names(cursor)):
            stand(cursor)
