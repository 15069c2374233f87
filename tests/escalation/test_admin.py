"""Ladders, levels and triggers in the back office: checked before they count, told to the desk, kept in a history."""

import pytest
from django.urls import reverse

from escalation import ladder, ladders
from escalation.models import Escalation, Ladder, Level, Trigger
from helpdesk import playbook
from tests import cast
from tests.escalation import ladders as made
from tickets.models import DeskVersion, EscalationReason

pytestmark = pytest.mark.django_db
TRIGGER = {
    "name": "Silence", "kind": "no_response", "position": "10", "is_active": "on", "ladder": "", "start_rank": "1",
    "minutes": "15 min", "in_working_time": "on", "below": "", "words": "", "conditions": "",
}  # fmt: skip


@pytest.fixture
def office(client):
    client.force_login(cast.ada())
    made.people()
    made.quick()
    return client


def add_trigger(office, **given):
    return office.post(reverse("admin:escalation_trigger_add"), {**TRIGGER, **given})


def faults(answer):
    return answer.context["adminform"].form.errors if answer.status_code == 200 else {}


def test_every_page_opens(client):
    client.force_login(cast.ada())
    playbook.load(playbook.open_playbook("saas-tiered"))
    made.known()
    ticket = cast.a_ticket()
    ladder.escalate(ticket, reason=EscalationReason.LEGAL, by=cast.lena(), why="See.")
    for model in (Ladder, Level, Trigger, Escalation):
        name = f"admin:escalation_{model._meta.model_name}"
        assert client.get(reverse(f"{name}_changelist")).status_code == 200
        assert client.get(reverse(f"{name}_change", args=[model.objects.first().pk])).status_code == 200


def test_a_trigger_counts_at_once_and_leaves_a_history(office):
    before = DeskVersion.objects.get().number
    assert add_trigger(office).status_code == 302
    [trigger] = Trigger.objects.all()
    assert (trigger.minutes, trigger.words, trigger.conditions, trigger.history.count()) == (15, [], {}, 1)
    assert DeskVersion.objects.get().number > before
    assert [one.name for one in ladders.current().triggers] == ["Silence"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"minutes": ""}, "__all__"),
        ({"start_rank": "9"}, "start_rank"),
        ({"kind": "words"}, "words"),
        ({"kind": "topic"}, "conditions"),
        ({"kind": "poor_rating", "below": "9"}, "__all__"),
        ({"conditions": '{"field": "colour", "op": "is", "value": "red"}'}, "conditions"),
        ({"conditions": "not json"}, "conditions"),
    ],
)
def test_a_trigger_that_cannot_work_is_refused(office, given, field):
    answer = add_trigger(office, **given)
    assert (answer.status_code, field in faults(answer), Trigger.objects.count()) == (200, True, 0)


def test_a_level_without_an_owner_is_refused(office):
    level = Level.objects.get(rank=1)
    given = {
        "ladder": level.ladder_id, "rank": "1", "name": "Senior", "owner": "team", "team": "", "role": "",
        "answer_within": "at once", "limit": "1 h", "in_working_time": "on", "conditions": "", "scope": "",
        "skills": "", "authority": "", "refund_limit": "", "currency": "USD", "target_share": "",
        "on_call-TOTAL_FORMS": "0", "on_call-INITIAL_FORMS": "0",
    }  # fmt: skip
    address = reverse("admin:escalation_level_change", args=[level.pk])
    refused = office.post(address, given)
    assert (refused.status_code, "__all__" in faults(refused)) == (200, True)
    saved = office.post(address, {**given, "team": level.team_id, "limit": "2 h", "reasons": ["legal"]})
    assert saved.status_code == 302
    level = Level.objects.get(rank=1)
    assert (level.name, level.limit, level.reasons) == ("Senior", 120, ["legal"])
