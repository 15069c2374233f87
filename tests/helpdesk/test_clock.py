"""Business time, checked against a counter that walks every minute of the local clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.lib import clock
from helpdesk.lib.clock import MIDNIGHT, WHOLE_DAY, Calendar, NeverOpen

HOUR = 3600
NINE_TO_FIVE = ((time(9), time(17)),)
OFFICE = (NINE_TO_FIVE,) * 5 + ((), ())
BERLIN = Calendar("Europe/Berlin", OFFICE)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
NAIVE = datetime(2024, 6, 7)  # noqa: DTZ001

# each zone with days on which its clocks change: forward, back, by half an hour, by a whole day, over midnight
ODD_DAYS = {
    "Europe/Berlin": (date(2024, 3, 31), date(2024, 10, 27)),
    "America/New_York": (date(2024, 3, 10), date(2024, 11, 3)),
    "Asia/Kolkata": (date(2024, 5, 5),),
    "Australia/Lord_Howe": (date(2024, 10, 6), date(2024, 4, 7)),
    "Pacific/Apia": (date(2011, 12, 30), date(2012, 4, 1)),
    "America/Havana": (date(2024, 3, 10), date(2024, 11, 3)),
    "America/St_Johns": (date(2008, 3, 9), date(2008, 11, 1)),
    "America/Sao_Paulo": (date(2018, 11, 4), date(2019, 2, 16)),
}


def local(zone: str, *fields: int) -> datetime:
    return datetime(*fields, tzinfo=ZoneInfo(zone))  # type: ignore[misc, arg-type]


def minutes_worked(calendar: Calendar, start: datetime, end: datetime) -> int:
    """Count open minutes one by one; the desk goes by the furthest reading its clock has shown so far."""
    zone, at, worked = ZoneInfo(calendar.zone), start - timedelta(hours=26), 0
    furthest = (at - DAY).replace(tzinfo=None)
    while at < end:
        furthest = max(furthest, at.astimezone(zone).replace(tzinfo=None))
        hours = () if furthest.date() in calendar.holidays else calendar.week[furthest.weekday()]
        is_open = any(
            opens <= furthest.time() and (closes == MIDNIGHT or furthest.time() < closes) for opens, closes in hours
        )
        worked += is_open and at >= start
        at += MINUTE
    return worked


@st.composite
def days(draw) -> tuple:
    edges = sorted(draw(st.sets(st.integers(0, 48), max_size=6)))
    times = [time(edge // 2 % 24, edge % 2 * 30) for edge in edges]
    return tuple(zip(times[::2], times[1::2], strict=False))


@st.composite
def cases(draw) -> tuple[Calendar, datetime, int]:
    """A calendar, a moment within three days of a clock change in its zone, and up to five days of minutes after it."""
    zone = draw(st.sampled_from(sorted(ODD_DAYS)))
    odd = draw(st.sampled_from(ODD_DAYS[zone]))
    week = tuple(draw(st.one_of(days(), st.just((WHOLE_DAY,)))) for _ in range(7))
    holidays = frozenset(odd + timedelta(days=each) for each in draw(st.sets(st.integers(-3, 5), max_size=2)))
    start = datetime(odd.year, odd.month, odd.day, tzinfo=UTC) + draw(st.integers(-4_000, 3_000)) * MINUTE
    return Calendar(zone, week, holidays), start, draw(st.integers(0, 5 * 24 * 60))


@given(cases())
def test_between_equals_counting_minutes(case):
    calendar, start, minutes = case
    end = start + minutes * MINUTE
    assert clock.between(calendar, start, end) == minutes_worked(calendar, start, end) * 60


@given(cases(), st.integers(0, 40 * HOUR))
def test_add_is_undone_by_between_and_is_the_earliest_such_moment(case, seconds):
    calendar, start, _ = case
    try:
        end = clock.add(calendar, start, seconds)
    except NeverOpen:
        assert clock.between(calendar, start, start + timedelta(days=365)) < seconds
        return
    assert clock.between(calendar, start, end) == seconds
    if seconds:
        assert clock.between(calendar, start, end - timedelta(seconds=1)) == seconds - 1


@given(cases(), st.integers(0, 20 * HOUR), st.integers(0, 20 * HOUR))
def test_add_is_monotone_and_may_be_done_in_two_steps(case, first, second):
    calendar, start, _ = case
    try:
        middle, end = clock.add(calendar, start, first), clock.add(calendar, start, first + second)
        assert start <= middle <= end
        assert clock.add(calendar, middle, second) == end
    except NeverOpen:
        assert clock.between(calendar, start, start + timedelta(days=365)) < first + second


@given(cases(), st.integers(0, 7_000))
def test_between_splits_at_any_moment(case, minutes_in):
    calendar, start, minutes = case
    end = start + minutes * MINUTE
    middle = min(start + minutes_in * MINUTE, end)
    whole = clock.between(calendar, start, end)
    assert clock.between(calendar, start, middle) + clock.between(calendar, middle, end) == whole
    assert whole <= minutes * 60


@given(cases())
def test_spans_are_ordered_apart_and_agree_with_is_open(case):
    calendar, start, minutes = case
    found = list(clock.spans(calendar, start, start + minutes * MINUTE))
    assert all(opens < closes for opens, closes in found)
    assert all(early[1] < late[0] for early, late in pairwise(found))
    for opens, closes in found:
        assert clock.is_open(calendar, opens)
        assert clock.is_open(calendar, closes - MINUTE)
        assert clock.next_open(calendar, opens) == opens
    for early, late in pairwise(found):
        assert not clock.is_open(calendar, early[1])
        assert clock.next_open(calendar, early[1]) == late[0]


@given(cases())
def test_adding_no_time_returns_the_start(case):
    calendar, start, _ = case
    assert clock.add(calendar, start, 0) == start


def test_work_is_carried_over_the_night_and_the_weekend():
    friday = local("Europe/Berlin", 2024, 6, 7, 16)
    assert clock.add(BERLIN, friday, 4 * HOUR) == local("Europe/Berlin", 2024, 6, 10, 12)


def test_work_that_ends_at_closing_time_ends_at_the_close():
    assert clock.add(BERLIN, local("Europe/Berlin", 2024, 6, 7, 13), 4 * HOUR) == local("Europe/Berlin", 2024, 6, 7, 17)


def test_work_begun_while_closed_counts_from_the_opening():
    saturday = local("Europe/Berlin", 2024, 6, 8, 3)
    assert clock.add(BERLIN, saturday, HOUR) == local("Europe/Berlin", 2024, 6, 10, 10)
    assert clock.next_open(BERLIN, saturday) == local("Europe/Berlin", 2024, 6, 10, 9)
    assert clock.is_open(BERLIN, saturday) is False


def test_opening_moment_is_open_and_closing_moment_is_closed():
    assert clock.is_open(BERLIN, local("Europe/Berlin", 2024, 6, 7, 9)) is True
    assert clock.is_open(BERLIN, local("Europe/Berlin", 2024, 6, 7, 17)) is False


def test_holidays_do_not_count():
    calendar = Calendar("Europe/Berlin", OFFICE, frozenset({date(2024, 12, 25), date(2024, 12, 26)}))
    start = local("Europe/Berlin", 2024, 12, 24, 16)
    assert clock.add(calendar, start, 2 * HOUR) == local("Europe/Berlin", 2024, 12, 27, 10)
    assert clock.between(calendar, start, local("Europe/Berlin", 2024, 12, 28, 0)) == 9 * HOUR


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", (2024, 3, 31), 23),
        ("Europe/Berlin", (2024, 10, 27), 25),
        ("America/New_York", (2024, 3, 10), 23),
        ("America/New_York", (2024, 11, 3), 25),
        ("Australia/Lord_Howe", (2024, 10, 6), 23.5),
        ("Australia/Lord_Howe", (2024, 4, 7), 24.5),
        ("America/Sao_Paulo", (2018, 11, 4), 23),
        ("America/Sao_Paulo", (2019, 2, 16), 25),
        ("Asia/Kolkata", (2024, 3, 31), 24),
        ("Pacific/Apia", (2011, 12, 30), 0),
    ],
)
def test_a_day_has_the_hours_its_clocks_gave_it(zone, day, hours):
    only_that_day = Calendar(
        zone, ((WHOLE_DAY,),) * 7, frozenset(date(*day) + timedelta(days=each) for each in range(-5, 6) if each)
    )
    noon = datetime(*day, 12, tzinfo=UTC)
    assert clock.between(only_that_day, noon - timedelta(days=3), noon + timedelta(days=3)) == hours * HOUR


def test_a_span_over_the_gap_is_an_hour_shorter_and_one_inside_it_is_empty():
    night = Calendar("Europe/Berlin", (((time(1), time(5)),),) * 7)
    inside = Calendar("Europe/Berlin", (((time(2), time(2, 30)),),) * 7)
    day = local("Europe/Berlin", 2024, 3, 31), local("Europe/Berlin", 2024, 4, 1)
    assert clock.between(night, *day) == 3 * HOUR
    assert list(clock.spans(inside, *day)) == []


def test_an_opening_time_that_is_jumped_over_is_at_the_jump():
    early = Calendar("Europe/Berlin", (((time(2, 30), time(5)),),) * 7)
    midnight = local("Europe/Berlin", 2024, 3, 31)
    assert clock.next_open(early, midnight) == datetime(2024, 3, 31, 1, tzinfo=UTC)


def test_times_that_come_twice_mean_the_first_pass():
    early = Calendar("Europe/Berlin", (((time(2, 15), time(2, 45)),),) * 7)
    day = local("Europe/Berlin", 2024, 10, 27), local("Europe/Berlin", 2024, 10, 28)
    assert list(clock.spans(early, *day)) == [
        (datetime(2024, 10, 27, 0, 15, tzinfo=UTC), datetime(2024, 10, 27, 0, 45, tzinfo=UTC))
    ]


def test_a_day_begun_before_the_clocks_go_back_over_midnight_stays_begun():
    sundays = Calendar("America/St_Johns", ((),) * 6 + (((time(0), time(2)),),))
    begun = datetime(2008, 11, 2, 2, 30, tzinfo=UTC)  # a minute later the clocks go back to 23:01 on Saturday
    saturday_again = begun + timedelta(minutes=30)
    assert clock.is_open(sundays, saturday_again) is True
    assert clock.between(sundays, begun - timedelta(hours=1), saturday_again) == HOUR // 2


def test_a_night_shift_given_as_two_spans_is_one_interval():
    nights = Calendar("Europe/Berlin", (((time(22), MIDNIGHT), (time(0), time(6))),) * 7)
    noon = local("Europe/Berlin", 2024, 6, 7, 12)
    assert list(clock.spans(nights, noon, noon + timedelta(days=1))) == [
        (local("Europe/Berlin", 2024, 6, 7, 22), local("Europe/Berlin", 2024, 6, 8, 6))
    ]


def test_around_the_clock_is_plain_time_and_one_interval():
    always, start = Calendar.always("Europe/Berlin"), local("Europe/Berlin", 2024, 3, 30, 12)
    assert always.is_continuous is True
    assert clock.add(always, start, 72 * HOUR) == start.astimezone(UTC) + timedelta(hours=72)
    assert list(clock.spans(always, start, start + timedelta(days=400))) == [(start, start + timedelta(days=400))]
    assert clock.next_open(always, start) == start


def test_around_the_clock_with_a_holiday_is_not_continuous():
    calendar = Calendar("UTC", ((WHOLE_DAY,),) * 7, frozenset({date(2024, 1, 1)}))
    assert calendar.is_continuous is False
    assert clock.add(calendar, datetime(2023, 12, 31, 23, tzinfo=UTC), 2 * HOUR) == datetime(2024, 1, 2, 1, tzinfo=UTC)


def test_a_desk_that_never_opens_says_so():
    shut = Calendar("UTC", ((),) * 7)
    away = Calendar("UTC", OFFICE, frozenset(date(2024, 1, 1) + timedelta(days=each) for each in range(3 * 366)))
    start = datetime(2024, 1, 1, tzinfo=UTC)
    for calendar in (shut, away):
        with pytest.raises(NeverOpen):
            clock.add(calendar, start, 1)
        with pytest.raises(NeverOpen):
            clock.next_open(calendar, start)
        assert clock.between(calendar, start, start + timedelta(days=365)) == 0


def test_a_desk_closed_for_a_year_and_a_half_still_opens():
    away = Calendar("UTC", OFFICE, frozenset(date(2024, 1, 1) + timedelta(days=each) for each in range(545)))
    assert clock.add(away, datetime(2024, 1, 1, tzinfo=UTC), HOUR) == datetime(2025, 6, 30, 10, tzinfo=UTC)


def test_long_work_over_many_years_is_no_horizon():
    start = datetime(2024, 1, 1, tzinfo=UTC)
    end = clock.add(BERLIN, start, 10_000 * HOUR)
    assert clock.between(BERLIN, start, end) == 10_000 * HOUR
    assert end.year == 2028


def test_fractions_of_seconds_are_kept_by_add_and_dropped_by_between():
    start = datetime(2024, 6, 7, 10, 0, 0, 250_000, tzinfo=UTC)
    assert clock.add(BERLIN, start, 60) == start + timedelta(seconds=60)
    assert clock.between(BERLIN, start, start + timedelta(seconds=1, microseconds=999_999)) == 1


def test_an_end_before_the_start_is_no_time():
    start = local("Europe/Berlin", 2024, 6, 7, 12)
    assert clock.between(BERLIN, start, start - timedelta(hours=2)) == 0
    assert clock.between(BERLIN, start, start) == 0


def test_hours_written_differently_make_the_same_calendar():
    split = Calendar("UTC", (((time(12), time(17)), (time(9), time(12))),) * 7)
    overlapping = Calendar("UTC", (((time(9), time(14)), (time(10), time(17))),) * 7)
    whole = Calendar("UTC", (NINE_TO_FIVE,) * 7)
    assert split == overlapping == whole
    assert hash(split) == hash(whole)
    assert Calendar("UTC", (((time(0), time(12)), (time(12), MIDNIGHT)),) * 7) == Calendar.always("UTC")


@pytest.mark.parametrize(
    ("zone", "week"),
    [
        ("Mars/Olympus", OFFICE),
        ("", OFFICE),
        ("../etc/passwd", OFFICE),
        ("UTC", OFFICE[:5]),
        ("UTC", (((time(17), time(9)),),) * 7),
        ("UTC", (((time(9), time(9)),),) * 7),
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused(zone, week):
    with pytest.raises(ValueError):
        Calendar(zone, week)


def test_naive_times_and_negative_work_are_refused():
    aware = datetime(2024, 6, 7, tzinfo=UTC)
    for call in (
        lambda: clock.add(BERLIN, NAIVE, 1),
        lambda: clock.add(BERLIN, aware, -1),
        lambda: clock.between(BERLIN, aware, NAIVE),
        lambda: clock.is_open(BERLIN, NAIVE),
        lambda: clock.next_open(BERLIN, NAIVE),
    ):
        with pytest.raises(ValueError):
            call()
