"""`manage.py replay`: every usable line becomes a ticket by the public way, and the counts are true."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from helpdesk import playbook, replay
from tickets.models import Channel, Identity, Message, Ticket

pytestmark = pytest.mark.django_db

LINES = [
    {"body": "My invoice is wrong, I was charged twice!", "category": "INVOICE", "channel": "web"},
    {"body": "The app shows an error and is broken.", "intent": "card_not_working"},
    {
        "body": "You are the WORST!!! This is unacceptable, I am furious.",
        "sentiment": "negative",
        "channel": "social",
        "handle": "upset1",
    },
    {"body": "Lovely service, thank you so much!", "sentiment": "negative"},
]


@pytest.fixture
def desk():
    playbook.load(playbook.open_playbook("saas-tiered"))


def replayed(path, **options):
    out, err = io.StringIO(), io.StringIO()
    call_command("replay", path, verbosity=0, stdout=out, stderr=err, **options)
    return out.getvalue().splitlines(), err.getvalue().splitlines()


def written(tmp_path, rows):
    path = tmp_path / "messages.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


def test_replay_opens_a_ticket_for_each_message(desk, tmp_path):
    lines, _errors = replayed(written(tmp_path, LINES), json=True)
    rows = [json.loads(line) for line in lines]
    assert [row["category"] for row in rows[:2]] == ["billing", "technical"]
    assert [row["priority"] for row in rows[:2]] == ["high", "high"]
    assert (rows[2]["sentiment"], rows[2]["channel"]) == ("angry", Channel.SOCIAL)
    assert "Billing discrepancy" in rows[0]["rules"]
    assert list(Ticket.objects.order_by("pk").values_list("pk", flat=True)) == [row["ticket"] for row in rows[:4]]
    assert Message.objects.count() == 4
    assert Identity.objects.filter(kind="handle", value="upset1").count() == 1


def test_replay_sums_up(desk, tmp_path):
    lines, _errors = replayed(written(tmp_path, LINES), json=True)
    summary = json.loads(lines[-1])["summary"]
    assert (summary["messages"], summary["bad_lines"], summary["angry"]) == (4, 0, 1)
    assert summary["agreement"]["category"] == {"labelled": 2, "agree": 2, "share": 1.0}
    assert summary["agreement"]["sentiment"] == {"labelled": 2, "agree": 1, "share": 0.5}
    assert summary["channel"] == {"web": 3, "social": 1}


def test_replay_names_bad_lines_and_goes_on(desk, tmp_path):
    rows = ["{broken", "[1]", '{"body": "  "}', '{"body": "Hi", "channel": "pigeon"}', "", LINES[0]]
    lines, errors = replayed(written(tmp_path, rows))
    assert [line.split(":")[0] for line in errors] == ["line 1", "line 2", "line 3", "line 4"]
    assert Ticket.objects.count() == 1
    assert "1 messages, 4 lines not usable" in "\n".join(lines)


def test_replay_stops_at_the_limit(desk, tmp_path):
    replayed(written(tmp_path, LINES), limit=2)
    assert Ticket.objects.count() == 2


def test_replay_wants_a_desk_and_a_file(tmp_path):
    with pytest.raises(CommandError, match="no teams"):
        replayed(written(tmp_path, LINES))
    with pytest.raises(CommandError, match="no file"):
        replayed(tmp_path / "missing.jsonl")


def test_labels_without_a_counterpart_are_not_compared():
    assert replay.labels_of({"category": "ORDER", "intent": "cancel_order"}) == ("", "")
    assert replay.labels_of({"intent": "card_payment_fee_charged"}) == ("billing", "")
    assert replay.labels_of({"sentiment": "positive"}) == ("", "positive")
