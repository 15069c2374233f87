"""How often something may be tried: one row a key, one statement an attempt, true for every process at once."""

from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from helpdesk.lib.crypto import fingerprint
from helpdesk.lib.statements import prepared_cursor
from tickets import wording
from tickets.errors import Throttled
from tickets.models import Throttle

# A window that is over starts anew with this attempt; one that runs counts on and keeps its end.
ATTEMPT = """
INSERT INTO tickets_throttle (key, window_ends_at, count) VALUES {rows}
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN tickets_throttle.window_ends_at <= %s THEN excluded.count
        ELSE tickets_throttle.count + excluded.count END,
    window_ends_at = CASE WHEN tickets_throttle.window_ends_at <= %s
        THEN excluded.window_ends_at ELSE tickets_throttle.window_ends_at END
RETURNING count, window_ends_at
"""


def hit(*keys: str, limit: int, per: timedelta, now: datetime | None = None) -> None:
    """Count one attempt under each key; raise Throttled (with the seconds to wait) once any counts more than `limit`.

    Keys are stored as SHA-256 only. Call it outside the transaction it guards, or a refusal would undo its own count.
    """
    now = now or timezone.now()
    ends = [end for counted, end in _count(keys, per, now) if counted > limit]
    if ends:
        seconds = max(1, int((max(ends) - now).total_seconds()) + 1)
        wait = wording.duration(max(seconds, 60))
        refusal = _("That was tried too often. Please wait %(time)s and try again.") % {"time": wait}
        raise Throttled(refusal, retry_after=seconds)


def first_time(key: str, *, per: timedelta, now: datetime | None = None) -> bool:
    """Whether this is the first attempt under the key within `per`: what makes a link work only once."""
    return _count((key,), per, now or timezone.now())[0][0] == 1


def tally(key: str, *, per: timedelta, now: datetime | None = None) -> int:
    """Count one more under the key and return how many it makes within `per`."""
    return _count((key,), per, now or timezone.now())[0][0]


def take(key: str, many: int, *, per: timedelta, now: datetime) -> tuple[int, datetime]:
    """Count `many` attempts at once under the key; how many that makes in its window, and when the window ends."""
    return _count((key,), per, now, many)[0]


def is_known(key: str) -> bool:
    """Whether anything was counted under the key; counts nothing itself."""
    return Throttle.objects.filter(key=fingerprint(key)).exists()


def forgive(*keys: str) -> None:
    """Forget the attempts under these keys, as after a sign-in that went well."""
    Throttle.objects.filter(key__in=[fingerprint(key) for key in keys]).delete()


def sweep(now: datetime | None = None) -> int:
    """Delete windows that are over; return how many."""
    return Throttle.objects.filter(window_ends_at__lt=now or timezone.now()).delete()[0]


def _count(keys: tuple[str, ...], per: timedelta, now: datetime, many: int = 1) -> list[tuple[int, datetime]]:
    adapt = connection.ops.adapt_datetimefield_value
    # Sorted, so that two requests with the same keys never wait for each other in a ring.
    rows = [value for key in sorted({fingerprint(key) for key in keys}) for value in (key, adapt(now + per), many)]
    statement = ATTEMPT.format(rows=", ".join(["(%s, %s, %s)"] * (len(rows) // 3)))
    with prepared_cursor() as cursor:
        cursor.execute(statement, [*rows, adapt(now), adapt(now)])
        return [(counted, _moment(end)) for counted, end in cursor.fetchall()]


def _moment(value: datetime | str) -> datetime:
    """SQLite gives times as text, in UTC."""
    parsed = parse_datetime(value) if isinstance(value, str) else value
    if parsed is None:
        raise ValueError(f"Not a time: {value!r}")
    return timezone.make_aware(parsed, timezone.get_default_timezone()) if timezone.is_naive(parsed) else parsed
