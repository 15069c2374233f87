"""The playbook's escalation section: shipped ladders, loading twice, and each fault refused with its line and a fix."""

import pytest

from escalation import ladders
from escalation.models import Escalation, Ladder, Level, OnCall, Trigger
from helpdesk import playbook
from tests import cast
from tests.escalation import ladders as made

pytestmark = pytest.mark.django_db
HEAD = """\
playbook: mine
tickets:
  categories:
    - {key: technical, name: Technical}
  teams:
    - {key: front, name: Front, tier: 1}
    - {key: back, name: Back, tier: 2}
escalation:
"""
LADDER = """\
  ladders:
    - key: up
      name: Up
      takes_the_rest: yes
      levels:
        - {rank: 1, name: One, team: front, climbs_after: 1 h}
        - {rank: 2, name: Two, team: back, climbs_after: 4 h, only_if: {field: category, op: is, value: technical}}
"""
TRIGGER = """\
  triggers:
    - {name: Silence, kind: no-response, after: 15 min}
"""


def load(text):
    return [f"{change.kind} {change.table} {change.name}" for change in playbook.load(playbook.read(text))]


def faults(text):
    """(line within the section, message, fix)."""
    with pytest.raises(playbook.Broken) as broken:
        playbook.load(playbook.read(text))
    return [(fault.line - HEAD.count("\n"), fault.message, fault.fix) for fault in broken.value.problems]


def test_the_shipped_ladders_hold_their_sources_numbers():
    playbook.load(playbook.open_playbook("saas-tiered"))
    found = {
        ladder.slug: [
            (level.rank, level.name, level.limit) for level in ladder.levels.order_by("rank") if level.owner != "nobody"
        ]
        for ladder in Ladder.objects.all()
    }
    assert found["quick-response"] == [
        (1, "Level 1: Senior Support", 60), (2, "Level 2: Engineering", 240), (3, "Level 3: Management", 1440),
    ]  # fmt: skip
    assert [name for _rank, name, _limit in found["marketplace"]] == [
        "Level 1: Frontline Agent", "Level 2: Senior Agent", "Level 3: Team Lead", "Level 4: Manager",
        "Level 5: Director", "Executive",
    ]  # fmt: skip
    shares = Level.objects.filter(ladder__slug="tiers").order_by("rank")
    assert list(shares.values_list("rank", "target_share", "refund_limit")) == [
        (0, 30, None), (1, 80, 50), (2, 95, None), (3, None, None),
    ]  # fmt: skip
    kinds = set(Trigger.objects.values_list("kind", flat=True))
    assert kinds == {
        "no_response", "unsolved", "poor_rating", "words", "customer", "customer_asks", "beyond_expertise",
        "business_impact", "legal", "outage",
    }  # fmt: skip
    quick = dict(Trigger.objects.filter(ladder__slug="quick-response").values_list("kind", "minutes"))
    assert (quick["no_response"], quick["unsolved"]) == (15, 60)


def test_loaded_twice_it_changes_nothing_and_comes_back_as_it_was():
    playbook.load(playbook.open_playbook("saas-tiered"))
    before = sum(model.history.count() for model in (Ladder, Level, Trigger))
    again = playbook.load(playbook.open_playbook("saas-tiered"))
    assert {change.kind for change in again} == {"same"}
    written = playbook.read(playbook.export("mine"))
    assert [change for change in playbook.differences(written) if change.is_real] == []
    assert sum(model.history.count() for model in (Ladder, Level, Trigger)) == before


def test_a_change_is_told_and_counts_at_once():
    load(HEAD + LADDER + TRIGGER)
    seen = ladders.current()
    assert [level.limit for level in seen.levels[seen.ladders[0].pk]] == [60, 240]
    done = load(HEAD + LADDER.replace("1 h", "2 h") + TRIGGER)
    assert [line for line in done if not line.startswith("same")] == ["changed levels up · 1"]
    seen = ladders.current()
    assert [level.limit for level in seen.levels[seen.ladders[0].pk]] == [120, 240]


def test_named_people_come_in_their_order_and_levels_may_swap_names():
    sara, eng = cast.sara(), cast.UserFactory(name="Eng Neer", email="eng@desk.example")
    named = LADDER.replace("team: back", f"people: [{eng.email}, {sara.email}]")
    load(HEAD + named)
    assert [one.user for one in OnCall.objects.order_by("position")] == [eng, sara]
    assert load(HEAD + named)[-1] == "same levels up · 2"
    load(HEAD + named.replace("One", "X").replace("Two", "One").replace("name: X", "name: Two"))
    assert list(Level.objects.order_by("rank").values_list("name", flat=True)) == ["Two", "One"]


BAD = {
    "an unknown key": (LADDER.replace("climbs_after: 1 h", "climb_after: 1 h"), 6, "“climb_after” is not known here"),
    "a level without an owner": (LADDER.replace("team: front, ", ""), 6, "the level “One” has no owner"),
    "two owners": (LADDER.replace("team: front", "team: front, role: lead"), 6, "the level “One” has two owners"),
    "a gap": (LADDER.replace("rank: 2", "rank: 4"), 7, "the ladder “up” has a gap: rank 4 comes after rank 1"),
    "a loop by rank": (LADDER.replace("rank: 2", "rank: 1"), 7, "the ladder “up” loops: rank 1 comes after rank 1"),
    "a loop by team": (
        LADDER.replace("team: back", "team: front"), 7, "the ladder “up” loops: the level's team is that of rank 1",
    ),
    "a late beginning": (
        LADDER.replace("rank: 2", "rank: 3").replace("rank: 1", "rank: 2"), 6, "the ladder “up” begins at rank 2",
    ),
    "a level that never climbs": (LADDER.replace(", climbs_after: 1 h", ""), 6, "the level “One” never climbs on"),
    "self-service above": (
        LADDER.replace("team: back, climbs_after: 4 h", "self_service: yes"), 7,
        "the level “Two” is left to the customers, which only rank 0 may be",
    ),
    "an unknown team": (LADDER.replace("team: back", "team: bakc"), 7, "there is no team “bakc”"),
    "an unknown person": (
        LADDER.replace("team: back", "people: [no@desk.example]"), 7,
        "nobody of the desk has the address “no@desk.example”",
    ),
    "a condition nobody knows": (
        LADDER.replace("field: category", "field: colour"), 7, "“Two”: A rule cannot look at “colour”.",
    ),
    "a condition on what is not there": (
        LADDER.replace("value: technical", "value: tecnical"), 7, "“Two”: “category” is never “tecnical”.",
    ),
    "a ladder without levels": (
        "  ladders:\n    - {key: up, name: Up}\n", 2, "the ladder “up” has no levels",
    ),
    "a trigger at no level": (
        LADDER + TRIGGER.replace("after:", "starts_at: 3, after:"), 9,
        "“Silence” points at no level: the ladder “up” has no rank 3",
    ),
    "a trigger on no ladder": (LADDER + TRIGGER.replace("after:", "ladder: pu, after:"), 9, "there is no ladder “pu”"),
    "a trigger without its time": (LADDER + TRIGGER.replace(", after: 15 min", ""), 9, "“Silence” needs “after”"),
    "a kind nobody knows": (LADDER + TRIGGER.replace("no-response", "no-answer"), 9, "kind: “no-answer” is not one"),
    "no list": ("  ladders: up\n", 1, "here should stand a list"),
    "no map": ("  - up\n", 1, "the section should hold lists"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_fault_is_refused_with_line_and_fix_and_nothing_is_loaded(what):
    text, line, message = BAD[what]
    found = faults(HEAD + text)
    assert (found[0][0], found[0][1][: len(message)]) == (line, message)
    assert all(fix or "“Two”" in said for _line, said, fix in found)
    assert (Ladder.objects.count(), Level.objects.count(), Trigger.objects.count()) == (0, 0, 0)


def test_two_ladders_cannot_both_take_the_rest_but_a_new_one_takes_over():
    two = LADDER + LADDER.replace("  ladders:\n", "").replace("key: up", "key: down").replace("name: Up", "name: Down")
    assert faults(HEAD + two)[0][1] == "two ladders take what no other fits"
    load(HEAD + LADDER)
    load(HEAD + LADDER.replace("key: up", "key: down"))
    assert list(Ladder.objects.filter(is_default=True).values_list("slug", flat=True)) == ["down"]


def test_what_stands_on_the_desk_alone_is_left():
    people = made.people()
    made.quick()
    done = load(HEAD + LADDER)
    assert "extra ladders quick" in done
    assert not any("levels quick" in line for line in done)
    assert people
    assert not Escalation.objects.exists()
