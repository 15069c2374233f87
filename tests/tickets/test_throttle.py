"""Counting attempts: one statement, a window that ends, nothing kept but a fingerprint."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.cast import MONDAY, later
from tickets import throttle
from tickets.errors import Throttled
from tickets.models import Throttle

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def hits(count, *keys, limit=3, now=MONDAY):
    for _ in range(count):
        throttle.hit(*keys, limit=limit, per=HOUR, now=now)


def test_up_to_the_limit_passes_and_one_more_is_refused():
    hits(3, "door")
    with pytest.raises(Throttled) as refused:
        hits(1, "door", now=later(minutes=20))
    assert refused.value.retry_after == 40 * 60 + 1


def test_a_window_that_is_over_starts_anew():
    hits(3, "door")
    hits(3, "door", now=later(hours=1))
    assert Throttle.objects.get().count == 3


def test_several_keys_are_counted_in_one_statement_and_the_fullest_decides():
    hits(2, "place")
    with CaptureQueriesContext(connection) as asked:
        hits(1, "place", "person")
    assert len(asked) == 1
    with pytest.raises(Throttled):
        hits(1, "place", "person")
    assert sorted(Throttle.objects.values_list("count", flat=True)) == [2, 4]


def test_the_key_itself_is_not_stored():
    hits(1, "sign-in:ravi@menon.example")
    assert "ravi" not in Throttle.objects.get().key


def test_only_the_first_time_is_the_first():
    assert [throttle.first_time("link", per=HOUR, now=MONDAY) for _ in range(3)] == [True, False, False]


def test_forgiven_attempts_are_gone_and_others_stay():
    hits(3, "mine")
    hits(1, "yours")
    throttle.forgive("mine")
    assert (throttle.is_known("mine"), throttle.is_known("yours")) == (False, True)


def test_windows_that_are_over_are_swept():
    hits(1, "old")
    hits(1, "young", now=later(minutes=90))
    assert throttle.sweep(now=later(hours=2)) == 1
    assert throttle.is_known("young")
