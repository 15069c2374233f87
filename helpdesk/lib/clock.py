"""Business time: how long a desk has worked between two moments, and when an amount of work is done.

Everything is counted in real elapsed seconds (UTC) inside the calendar's local opening hours, so a day on which the
clocks change counts as the 23 or 25 hours it really had. A wall-clock time is taken to happen at the first moment the
local clock reads it *or later*. That one rule settles both odd cases without choice:

- a time the clocks jump over (02:30 on a spring night) happens at the jump;
- a time that comes twice (02:30 on an autumn night) happens on the first pass, for opening and for closing alike, so
  that neighbouring spans never overlap and never leave a hole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

Span = tuple[time, time]
Interval = tuple[datetime, datetime]

MIDNIGHT = time(0)  # as the end of a span it means 24:00
WHOLE_DAY: Span = (MIDNIGHT, MIDNIGHT)
HORIZON = timedelta(days=2 * 366)  # closed for longer than this is closed for good
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


class NeverOpen(Exception):
    """The calendar has no opening time within two years of the moment asked about."""


@dataclass(frozen=True)
class Calendar:
    """Opening hours of a desk: an IANA zone, the spans of each weekday (Monday first) and whole days off.

    A span is (opens, closes) in local time; closing at `time(0)` means 24:00. A shift over midnight is two spans, one
    on each day. Spans are sorted and joined where they touch, so equal hours make equal (and equally hashed)
    calendars. Raises ValueError for an unknown zone, a week without seven days or a span that ends before it starts.
    """

    zone: str
    week: tuple[tuple[Span, ...], ...]
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (KeyError, OSError, ValueError) as error:
            raise ValueError(f"unknown time zone {self.zone!r}") from error
        if len(self.week) != 7:
            raise ValueError(f"a week has seven days, not {len(self.week)}")
        object.__setattr__(self, "week", tuple(_joined(spans) for spans in self.week))
        object.__setattr__(self, "holidays", frozenset(self.holidays))

    @classmethod
    def always(cls, zone: str = "UTC") -> Calendar:
        """Open around the clock, every day of the year."""
        return cls(zone, ((WHOLE_DAY,),) * 7)

    @property
    def is_continuous(self) -> bool:
        """Whether it never closes, so that business time is plain time."""
        return not self.holidays and all(spans == (WHOLE_DAY,) for spans in self.week)


def spans(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Interval]:
    """Yield the open intervals between two aware moments as (opens, closes) in UTC, in order, clipped to them.

    Intervals that touch, as at midnight, come out as one. Raises ValueError for a naive datetime.
    """
    start, end = _utc(start), _utc(end)
    if end <= start:
        return
    if calendar.is_continuous:
        yield start, end
        return
    pending: Interval | None = None
    for opens, closes in _intervals_from(calendar, start, last=_local_date(calendar, end)):
        if opens >= end:
            break
        opens, closes = max(opens, start), min(closes, end)
        if pending is None:
            pending = opens, closes
        elif pending[1] == opens:
            pending = pending[0], closes
        else:
            yield pending
            pending = opens, closes
    if pending is not None:
        yield pending


def add(calendar: Calendar, start: datetime, seconds: int) -> datetime:
    """Return the moment (UTC) at which `seconds` of working time have passed since `start`.

    Zero seconds have passed at `start` itself. Work that ends exactly at closing time ends at that close, not at the
    next opening. Raises NeverOpen when the desk stays closed for two years before the work is done, ValueError for a
    negative amount or a naive datetime, OverflowError past the year 9999.
    """
    start = _utc(start)
    if seconds < 0:
        raise ValueError("working time cannot be negative")
    left = timedelta(seconds=seconds)
    if not left or calendar.is_continuous:
        return start + left
    for opens, closes in _intervals_from(calendar, start):
        opens = max(opens, start)
        if closes - opens >= left:
            return opens + left
        left -= closes - opens
    raise NeverOpen(f"{calendar.zone}: {left} of work never fits after {start}")


def between(calendar: Calendar, start: datetime, end: datetime) -> int:
    """Return the whole working seconds from `start` to `end`, 0 when `end` is not later. ValueError when naive."""
    return sum((closes - opens for opens, closes in spans(calendar, start, end)), timedelta()) // SECOND


def is_open(calendar: Calendar, at: datetime) -> bool:
    """Whether the desk is at work; open at the moment of opening, closed at the moment of closing."""
    at = _utc(at)
    if calendar.is_continuous:
        return True
    day = _local_date(calendar, at)
    # a night on which the clocks go back over midnight belongs to the next day's hours
    return any(opens <= at < closes for each in (day, day + DAY) for opens, closes in _opening_times(calendar, each))


def next_open(calendar: Calendar, at: datetime) -> datetime:
    """Return `at` (in UTC) when the desk is open then, else the next moment it opens. Raises NeverOpen."""
    at = _utc(at)
    if calendar.is_continuous:
        return at
    for opens, _ in _intervals_from(calendar, at):
        return max(opens, at)
    raise NeverOpen(f"{calendar.zone}: never open after {at}")


def _intervals_from(calendar: Calendar, start: datetime, *, last: date | None = None) -> Iterator[Interval]:
    """Yield intervals closing after `start`, day by day, until `last` (its next day included) or a long silence."""
    if not any(calendar.week):
        return
    day = _local_date(calendar, start)
    quiet_until = day + HORIZON
    while day <= (quiet_until if last is None else last + DAY):
        for opens, closes in _opening_times(calendar, day):
            if closes > start:
                yield opens, closes
                quiet_until = day + HORIZON
        day += DAY


def _opening_times(calendar: Calendar, day: date) -> tuple[Interval, ...]:
    if day in calendar.holidays or not calendar.week[day.weekday()]:
        return ()
    return _on_the_clock(calendar.zone, calendar.week[day.weekday()], day)


@lru_cache(maxsize=16_384)
def _on_the_clock(zone: str, hours: tuple[Span, ...], day: date) -> tuple[Interval, ...]:
    """Put one day's local hours on the UTC line; spans that fall wholly into a gap vanish."""
    found = []
    for opens, closes in hours:
        start = _moment(zone, datetime.combine(day, opens))
        end = _moment(zone, datetime.combine(day + DAY if closes == MIDNIGHT else day, closes))
        if start < end:
            found.append((start, end))
    return tuple(found)


def _moment(zone: str, wall: datetime) -> datetime:
    """Return the first moment (UTC) at which the clocks of `zone` read the naive `wall` time or later."""
    info = ZoneInfo(zone)
    first, second = (wall.replace(tzinfo=info, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return first
    # `wall` is jumped over: its two readings lie on either side of the jump, so close in on it
    early, late = second, first
    while late - early > SECOND:
        middle = early + ((late - early) // 2 // SECOND) * SECOND
        if middle.astimezone(info).replace(tzinfo=None) < wall:
            early = middle
        else:
            late = middle
    return late


def _joined(day: Iterable[Span]) -> tuple[Span, ...]:
    """Sort one day's spans and join those that touch or overlap."""
    joined: list[Span] = []
    for opens, closes in sorted(day):
        if opens >= closes and closes != MIDNIGHT:
            raise ValueError(f"hours {opens:%H:%M}-{closes:%H:%M} end before they start; give a night as two spans")
        if joined and (joined[-1][1] == MIDNIGHT or joined[-1][1] >= opens):
            ends = (joined[-1][1], closes)
            joined[-1] = (joined[-1][0], MIDNIGHT if MIDNIGHT in ends else max(ends))
        else:
            joined.append((opens, closes))
    return tuple(joined)


def _local_date(calendar: Calendar, at: datetime) -> date:
    return at.astimezone(ZoneInfo(calendar.zone)).date()


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None or at.utcoffset() is None:
        raise ValueError("business time needs an aware datetime")
    return at.astimezone(UTC)
