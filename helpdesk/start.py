"""What must be true before a process of the desk starts, and what is made ready for it: tables, static files."""

import sys

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core import checks
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor


def refuse_unless_ready() -> None:
    """Raise CommandError, saying what to do, when the database does not answer, loses commits or lacks tables."""
    try:
        faults = checks.run_checks(tags=[checks.Tags.database], databases=["default"])
        missing = _migrations_missing()
    except DatabaseError as error:
        raise CommandError(f"The database does not answer: {error}") from error
    serious = [fault for fault in faults if fault.is_serious()]
    if serious:
        raise CommandError("\n".join(f"{fault.msg} {fault.hint or ''}".strip() for fault in serious))
    if missing:
        raise CommandError(f"The database lacks {missing} migration(s). Run “manage.py migrate” first.")


def prepare_static_files() -> None:
    """Collect and compress the static files unless what lies in STATIC_ROOT is as new as they are; about 2 s."""
    if settings.DEBUG:
        return
    manifest = settings.STATIC_ROOT / "staticfiles.json"
    if manifest.exists() and manifest.stat().st_mtime >= _newest_static_file():
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    manifest.touch()


def python(*arguments: str) -> list[str]:
    """A command line of this Python."""
    return [sys.executable, *arguments]


def _migrations_missing() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _newest_static_file() -> float:
    times = [
        max(storage.get_modified_time(path).timestamp(), storage.get_created_time(path).timestamp())
        for finder in get_finders()
        for path, storage in finder.list([])
    ]
    return max(times, default=0.0)
