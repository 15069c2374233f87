"""PostgreSQL checks references with the statement that writes them instead of once more at the commit.

Django makes every foreign key wait for the commit. Here parents are always written before what refers to them, so a
wrong reference can name the statement that wrote it, and a commit has nothing left to look up. They stay deferrable.
"""

from django.db import migrations

FOREIGN_KEYS = """
    SELECT conrelid::regclass::text, conname FROM pg_constraint
    WHERE contype = 'f' AND condeferrable AND conrelid::regclass::text LIKE 'tickets\\_%' AND connamespace = current_schema()::regnamespace
"""


def _set(editor, when: str) -> None:
    if editor.connection.vendor != "postgresql":
        return
    with editor.connection.cursor() as cursor:
        cursor.execute(FOREIGN_KEYS)
        for table, name in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} ALTER CONSTRAINT "{name}" DEFERRABLE INITIALLY {when}')


def at_once(apps, editor) -> None:
    _set(editor, "IMMEDIATE")


def at_commit(apps, editor) -> None:
    _set(editor, "DEFERRED")


class Migration(migrations.Migration):
    dependencies = [("tickets", "0002_search")]
    operations = [migrations.RunPython(at_once, at_commit, elidable=False)]
