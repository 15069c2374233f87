"""Two years of a real helpdesk's tickets through the clock, against totals that were computed apart from it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, time
from pathlib import Path
from statistics import quantiles

import pytest

from helpdesk.lib import clock
from helpdesk.lib.clock import Calendar

PROCESS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "process"
HOUR = 3600
OFFICE = Calendar("UTC", (((time(8), time(18)),),) * 5 + ((), ()))
ALWAYS = Calendar.always()

pytestmark = pytest.mark.skipif(
    not (PROCESS / "helpdesk_expected.json").exists(), reason="the real tickets are not beside this project"
)


class Story:
    """What happened to one ticket: created, first taken in charge, first resolved, and its waits until then."""

    def __init__(self, operations: list[tuple[datetime, str, str | None]]) -> None:
        self.created = operations[0][0]
        self.taken = next((at for at, kind, _ in operations if kind == "assign"), None)
        self.resolved = next(at for at, _, status in operations if status == "resolved")
        # stretches of work: a wait ends with whatever is done next
        self.stretches: list[tuple[datetime, datetime]] = []
        since: datetime | None = self.created
        for at, _, status in operations:
            if status == "pending" and since is not None:
                self.stretches.append((since, at))
                since = None
            elif status != "pending" and since is None:
                since = at
            if at >= self.resolved and status == "resolved":
                break
        self.stretches.append((since or self.resolved, self.resolved))


@pytest.fixture(scope="module")
def stories() -> list[Story]:
    operations = defaultdict(list)
    for line in (PROCESS / "helpdesk.jsonl").read_text().splitlines():
        row = json.loads(line)
        at = datetime.fromisoformat(row["at"]).replace(tzinfo=UTC)
        operations[row["ticket"]].append((at, row["op"], row["attrs"].get("status")))
    return [Story(each) for each in operations.values()]


@pytest.fixture(scope="module")
def expected() -> dict:
    return json.loads((PROCESS / "helpdesk_expected.json").read_text())


def judged(seconds: list[int | None], limit: int) -> dict[str, int]:
    """Count which stay within `limit` seconds; None: it never happened."""
    outcome = Counter("never" if each is None else "met" if each <= limit else "breached" for each in seconds)
    return {name: outcome[name] for name in ("met", "breached", "never")}


def test_first_responses_in_business_hours(stories, expected):
    used = [each.taken and clock.between(OFFICE, each.created, each.taken) for each in stories]
    assert judged(used, 8 * HOUR) == expected["sla"]["response_8_business_hours"]


def test_first_responses_around_the_clock(stories, expected):
    used = [clock.between(ALWAYS, each.created, each.taken) for each in stories if each.taken]
    assert judged(used, 24 * HOUR) == {**expected["sla"]["response_24h_24x7"], "never": 0}


def test_resolutions_in_business_hours(stories, expected):
    used = [clock.between(OFFICE, each.created, each.resolved) for each in stories]
    assert judged(used, 40 * HOUR) == expected["sla"]["resolution_40_business_hours"]


def test_resolutions_in_business_hours_paused_while_waiting(stories, expected):
    used = [sum(clock.between(OFFICE, *stretch) for stretch in each.stretches) for each in stories]
    assert judged(used, 40 * HOUR) == {**expected["sla"]["resolution_40_business_hours_pause_on_wait"], "never": 0}


def test_the_due_time_judges_as_the_time_used_does(stories, expected):
    in_time = [each.resolved <= clock.add(OFFICE, each.created, 40 * HOUR) for each in stories]
    # resolved after closing with nothing left to the second: within the limit, though past the due time
    to_the_second = [clock.between(OFFICE, each.created, each.resolved) == 40 * HOUR for each in stories]
    assert sum(map(max, in_time, to_the_second)) == expected["sla"]["resolution_40_business_hours"]["met"]


@pytest.mark.parametrize(
    ("calendar", "key"), [(OFFICE, "first_take_hours_business_MonFri_08_18"), (ALWAYS, "first_take_hours_24x7")]
)
def test_half_and_nine_tenths_of_the_first_responses(stories, expected, calendar, key):
    used = [clock.between(calendar, each.created, each.taken) for each in stories if each.taken]
    tenths = quantiles(used, n=10, method="inclusive")
    assert {"p50": round(tenths[4] / HOUR, 3), "p90": round(tenths[8] / HOUR, 3)} == expected[key]
