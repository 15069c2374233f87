"""How times and sizes read on a page and in a mail: a person's words, in their zone and language."""

import zoneinfo
from datetime import date as Date
from datetime import datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.utils import formats, timezone
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

SOON = timedelta(minutes=30)


def duration(seconds: float) -> str:
    """Seconds as two units at most: “4 min”, “1 h 12”, “2 d 3 h”."""
    minutes = int(abs(seconds)) // 60
    if minutes < 60:
        return _("%(minutes)d min") % {"minutes": minutes}
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        if not minutes:
            return _("%(hours)d h") % {"hours": hours}
        return _("%(hours)d h %(minutes)02d") % {"hours": hours, "minutes": minutes}
    days, hours = divmod(hours, 24)
    if not hours:
        return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
    return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}


def ago(at: datetime | None, now: datetime | None = None) -> str:
    """How long since `at`: “just now”, “4 min”, “2 d 3 h”."""
    if at is None:
        return "—"
    seconds = ((now or timezone.now()) - at).total_seconds()
    return _("just now") if seconds < 60 else duration(seconds)


def clock(due: datetime | None, now: datetime | None = None) -> str:
    """Time left until `due`; over time reads “−4 min”."""
    if due is None:
        return "—"
    seconds = (due - (now or timezone.now())).total_seconds()
    return duration(seconds) if seconds >= 0 else "−" + duration(seconds)


def clock_tone(due: datetime | None, now: datetime | None = None) -> str:
    """bad when over, warn when close, ok otherwise."""
    if due is None:
        return "ok"
    left = due - (now or timezone.now())
    return "bad" if left < timedelta() else "warn" if left < SOON else "ok"


def when(at: datetime | None, now: datetime | None = None) -> str:
    """A moment in the reader's zone: “today 09:12”, “21 Nov 09:12”, with the year if not this one."""
    if at is None:
        return "—"
    local, today = timezone.localtime(at), timezone.localtime(now or timezone.now())
    hour = f"{local.hour:02}:{local.minute:02}"
    day, this_day = local.date(), today.date()
    if day == this_day:
        return _("today %(time)s") % {"time": hour}
    if day == this_day - timedelta(days=1):
        return _("yesterday %(time)s") % {"time": hour}
    return f"{_day_this_year(get_language(), day) if day.year == this_day.year else date(day)} {hour}"


def date(value: Date | None) -> str:
    """A day in the order and with the points of the reader's language: “21 Nov 2026”."""
    return "—" if value is None else _day(get_language(), value)


# Days are worded once a language: a page of messages asks for the same few.
@lru_cache(maxsize=1024)
def _day(language: str | None, day: Date) -> str:
    return formats.date_format(day, pgettext("date format", "j M Y"))


@lru_cache(maxsize=1024)
def _day_this_year(language: str | None, day: Date) -> str:
    return formats.date_format(day, pgettext("date format", "j M"))


def file_size(size: int) -> str:
    """Bytes as people say them: “84 KB”, “1.2 MB” (1 KB = 1024 bytes)."""
    if size < 1024 * 1024:
        return _("%(size)d KB") % {"size": max(1, round(size / 1024))}
    return _("%(size)s MB") % {"size": formats.number_format(round(size / 1024 / 1024, 1), 1)}


def zone(name: str) -> zoneinfo.ZoneInfo:
    """The time zone of that name, the business's own if unknown."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return zoneinfo.ZoneInfo(settings.TIME_ZONE)
