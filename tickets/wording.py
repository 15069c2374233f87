"""How times and sizes read on a page and in a mail: a person's words, in their zone and language."""

import zoneinfo
from datetime import date as Date
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

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
    hour = f"{local:%H:%M}"
    if local.date() == today.date():
        return _("today %(time)s") % {"time": hour}
    if local.date() == today.date() - timedelta(days=1):
        return _("yesterday %(time)s") % {"time": hour}
    day = formats.date_format(local, pgettext("date format", "j M")) if local.year == today.year else date(local)
    return f"{day} {hour}"


def date(value: Date | None) -> str:
    """A day in the order and with the points of the reader's language: “21 Nov 2026”."""
    return "—" if value is None else formats.date_format(value, pgettext("date format", "j M Y"))


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
