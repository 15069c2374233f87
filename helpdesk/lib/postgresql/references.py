"""PostgreSQL checks references with the statement that writes them, instead of once more at the commit.

Django makes every foreign key wait for the commit. Here parents are always written before what refers to them, so a
wrong reference can name the statement that wrote it, and a commit has nothing left to look up. They stay deferrable.
A migration repeats this for the tables made since: `RunPython(references.at_once, RunPython.noop)`.
"""

from typing import Any

FOREIGN_KEYS = """
    SELECT conrelid::regclass::text, conname FROM pg_constraint
    WHERE contype = 'f' AND condeferrable AND condeferred AND conrelid::regclass::text LIKE %s
    AND connamespace = current_schema()::regnamespace
"""


def at_once(apps: Any, editor: Any, *, tables: str = r"tickets\_%") -> None:
    """Make every waiting foreign key of tables like `tables` (a LIKE pattern) immediate; nothing on SQLite."""
    if editor.connection.vendor != "postgresql":
        return
    with editor.connection.cursor() as cursor:
        cursor.execute(FOREIGN_KEYS, [tables])
        for table, name in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} ALTER CONSTRAINT "{name}" DEFERRABLE INITIALLY IMMEDIATE')
