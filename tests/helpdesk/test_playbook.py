"""Playbooks: what is shipped, loading twice, faults by file, line and fix, comparing, writing back."""

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from helpdesk import playbook
from tickets.models import (
    Category,
    DeskVersion,
    LifecycleTiming,
    Macro,
    MoveCondition,
    OpeningHours,
    PlaybookLoad,
    Priority,
    Rule,
    SavedView,
    SlaPolicy,
    Target,
    Team,
)  # fmt: skip

pytestmark = pytest.mark.django_db
MINIMAL = """\
playbook: mine
tickets:
  categories:
    - {key: billing, name: Billing}
  teams:
    - key: front
      name: Front
      tier: 1
      takes_the_rest: yes
      hours: ["mon-fri 09:00-17:00", "sat 10:00-13:00"]
      days_off: ["2026-12-24 Christmas Eve"]
  sla_policies:
    - {name: Urgent, priority: urgent, first_response: 15 min, resolution: 1 h 30 min}
"""


def load(text: str) -> list[str]:
    return [f"{change.kind} {change.table} {change.name}" for change in playbook.load(playbook.read(text))]


def faults(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(playbook.Broken) as broken:
        playbook.read(text)
    return [(fault.line, fault.message, fault.fix) for fault in broken.value.problems]


def history_rows() -> int:
    return sum(model.history.count() for model in (Category, Macro, Rule, SavedView, SlaPolicy, Target, Team))


def test_shipped_playbook_holds_the_promises_of_its_source():
    playbook.load(playbook.open_playbook("saas-tiered"))
    found = SlaPolicy.objects.values_list("name", "priority", "channel", "first_response", "resolution", "update_every")
    assert list(found) == [
        ("Chat", None, "chat", 2, 5, 240),
        ("Phone", None, "phone", 0, 10, 240),
        ("Urgent", Priority.URGENT, "", 15, 4 * 60, 240),
        ("High", Priority.HIGH, "", 60, 8 * 60, 240),
        ("Social media", None, "social", 120, 24 * 60, 240),
        ("Normal", Priority.NORMAL, "", 4 * 60, 24 * 60, 240),
        ("Low, by email", Priority.LOW, "email", 8 * 60, 24 * 60, 240),
        ("Low", Priority.LOW, "", 8 * 60, 72 * 60, 240),
    ]
    timing = LifecycleTiming.objects.get()
    assert (timing.classify_within, timing.follow_up_after, timing.close_after) == (5, 24 * 60, 48 * 60)
    assert (timing.after_close_follow_up, timing.update_reminder_before) == (24 * 60, 30)


def test_shipped_playbook_holds_teams_rules_macros_views_and_conditions():
    playbook.load(playbook.open_playbook("saas-tiered"))
    assert list(Team.objects.values_list("name", "tier", "is_default")) == [
        ("General Support", 1, True),
        ("Specialist Support", 2, False),
        ("Lead and Engineering", 3, False),
    ]
    assert list(Rule.objects.filter(stage="routing").values_list("name", flat=True)) == [
        "Password, login, access",
        "Billing, invoice, charge",
        "Bug, error, broken",
        "Enterprise or VIP customer",
        "Angry customer",
    ]
    assert sorted(Macro.objects.values_list("name", flat=True)) == [
        "Account::Email change confirmation",
        "Account::Password reset instructions",
        "Billing::Invoice explanation",
        "Billing::Refund processed",
        "Bug::Bug acknowledged",
        "Feature::Feature guide link",
        "General::Additional info needed",
        "General::Ticket resolved confirmation",
    ]
    views = SavedView.objects.values_list("name", flat=True)
    assert list(views)[:5] == ["Breaching soon", "Mine", "Unassigned", "Waiting on customer", "Waiting on us"]
    assert set(MoveCondition.objects.values_list("state", "needs")) == {
        ("in_progress", "category"), ("resolved", "cause"), ("resolved", "fix"),
    }  # fmt: skip
    assert Target.objects.get(metric="agent-csat").value == Decimal("4.3")


def test_second_load_changes_no_row_and_writes_no_history():
    playbook.load(playbook.open_playbook("saas-tiered"))
    version, histories = DeskVersion.objects.get().number, history_rows()
    changes = playbook.load(playbook.open_playbook("saas-tiered"))
    assert {change.kind for change in changes} == {"same"}
    assert (DeskVersion.objects.get().number, history_rows()) == (version, histories)
    assert PlaybookLoad.objects.count() == 1


def test_load_brings_changed_rows_back_and_leaves_what_is_not_in_the_file():
    load(MINIMAL)
    version = DeskVersion.objects.get().number
    SlaPolicy.objects.update(first_response=99)
    Category.objects.create(slug="own", name="Our own")
    assert [line for line in load(MINIMAL) if not line.startswith("same")] == [
        "extra categories own",
        "changed sla_policies Urgent",
    ]
    assert SlaPolicy.objects.get().first_response == 15
    assert DeskVersion.objects.get().number == version + 1


def test_opening_hours_and_days_off_are_read_and_replaced():
    load(MINIMAL)
    assert OpeningHours.objects.count() == 6
    assert str(OpeningHours.objects.last().closes) == "13:00:00"
    load(MINIMAL.replace('"sat 10:00-13:00"', '"sun 10:00-00:00"'))
    hours = OpeningHours.objects.filter(weekday__gte=5).values_list("weekday", "closes")
    assert [(day, str(closes)) for day, closes in hours] == [(6, "00:00:00")]


def test_another_default_team_takes_over():
    Team.objects.create(slug="old", name="Old", is_default=True)
    load(MINIMAL)
    assert Team.objects.get(is_default=True).slug == "front"


@pytest.mark.parametrize(
    ("wrong", "right", "line", "message", "fix"),
    [
        ("categores:", "categories:", 3, "“categores” is not known here", "did you mean “categories”?"),
        (
            "first_respons:",
            "first_response:",
            13,
            "“first_respons” is not known here",
            "did you mean “first_response”?",
        ),
        ("urgnt", "urgent", 13, "priority: “urgnt” is not one of the choices", "did you mean “urgent”?"),
        ("15 minutes", "15 min", 13, "first_response: “15 minutes” is not a length of time", None),
        ("tier: one", "tier: 1", 8, "tier: “one” is not a number that fits", "write a number from 0 to 9"),
        ("maybe", "yes", 9, "takes_the_rest: “maybe” is neither yes nor no", "write yes or no"),
        ("mon-fri 17:00-09:00", "mon-fri 09:00-17:00", 10, "hours: “mon-fri 17:00-09:00” ends before it begins", None),
        ("24.12.2026 Christmas", "2026-12-24 Christmas Eve", 11, None, "write it like “2026-12-24 Christmas Eve”"),
    ],
)
def test_faults_name_the_line_and_the_fix(wrong, right, line, message, fix):
    found = faults(MINIMAL.replace(right, wrong))
    assert found[0][0] == line
    assert message in (None, found[0][1])
    assert fix in (None, found[0][2])


def test_faults_of_rules_macros_and_views_stand_at_their_line():
    text = MINIMAL + (
        "  rules:\n"
        "    - stage: routing\n"
        "      name: Odd\n"
        "      conditions: {field: shoe_size, op: is, value: [44]}\n"
        "      actions: [{do: set_tier, value: 2}]\n"
        "  macros:\n"
        "    - name: Hello\n"
        "      team: bakc\n"
        "      body: Hi {{customer.nmae}}\n"
        "      actions: [{do: set_category, value: nonsense}]\n"
        "  views:\n"
        "    - {key: odd, name: Odd, filters: {shoe: [1]}}\n"
    )
    assert [(line, message.split(";")[0][:44]) for line, message, _ in faults(text)] == [
        (17, "“Odd”: A rule cannot look at “shoe_size”. It"[:44]),
        (21, "there is no team “bakc”"),
        (23, "“Hello”: set_category: “nonsense” is not kno"),
        (23, "“Hello”: “{{customer.nmae}}” is not filled i"),
        (25, "“Odd”: “shoe” is no filter"),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("playbook: x\ntickets: [\n", 3),
        ("playbook: x\nplaybook: y\n", 2),
        ("- 1\n", 1),
        ("playbook: x\nticket: {}\n", 2),
        ("tickets: {}\n", 1),
        ("playbook: x\ntickets:\n  skills: {}\n", 3),
        ("playbook: x\n\x00", 2),
        ("a: &a [*a]\n", 1),
        ("playbook: x\ntickets: " + "[" * 3000, 1),
        ("a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n"
         "d: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e]\n", 1),
    ],
)  # fmt: skip
def test_broken_files_are_refused_with_a_line(text, line):
    assert faults(text)[0][0] == line


def test_nothing_is_half_loaded():
    with pytest.raises(playbook.Broken):
        load(MINIMAL.replace("15 min", "soon"))
    assert (Category.objects.count(), Team.objects.count(), PlaybookLoad.objects.count()) == (0, 0, 0)


def test_export_reads_back_without_a_change():
    playbook.load(playbook.open_playbook("saas-tiered"))
    written = playbook.export("copy")
    assert {change.kind for change in playbook.differences(playbook.read(written))} == set()


def test_differences_change_nothing():
    load(MINIMAL)
    SlaPolicy.objects.update(resolution=7)
    found = playbook.differences(playbook.read(MINIMAL))
    assert [(change.kind, change.fields) for change in found] == [("changed", {"resolution": (7, 90)})]
    assert SlaPolicy.objects.get().resolution == 7


def test_command_loads_and_says_what_it_did():
    said = StringIO()
    call_command("playbook", "load", "saas-tiered", stdout=said, skip_checks=True)
    assert "+ sla_policies: Urgent" in said.getvalue()
    assert said.getvalue().splitlines()[-1].endswith("0 changed, 0 already so, 0 of your own left as they are.")


def test_command_names_file_line_and_fix(tmp_path):
    file = tmp_path / "ours.yaml"
    file.write_bytes(MINIMAL.replace("tier: 1", "teir: 1").encode())
    with pytest.raises(CommandError) as refused:
        call_command("playbook", "load", str(file), skip_checks=True)
    assert f"{file}:8: “teir” is not known here – did you mean “tier”?" in str(refused.value)
    file.write_bytes(b"playbook: \xff")
    with pytest.raises(CommandError, match="not UTF-8"):
        call_command("playbook", "check", str(file), skip_checks=True)
    with pytest.raises(CommandError, match="did you mean “saas-tiered”"):
        call_command("playbook", "diff", "saas-tierd", skip_checks=True)
