"""The worker's jobs, its pulse, its watchdog, and what it refuses to start with."""

import os
import signal
import sys
import threading
import time
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_q.models import Schedule
from django_q.signing import SignedPackage

from helpdesk import jobs, pulse, schedule, start, worker
from tests import cast
from tests.cast import MONDAY
from tickets import conversation
from tickets.models import Heartbeat, OutboxMail, OutboxStatus, Presence, State, Throttle

pytestmark = pytest.mark.django_db
NAME = "worker-test"


@pytest.fixture
def named(monkeypatch):
    monkeypatch.setenv(pulse.NAME_VARIABLE, NAME)


def test_a_tick_does_what_is_due_and_a_second_one_nothing():
    cast.mira()
    cast.a_ticket()
    none = {"deadlines": 0, "assigned": 0, "mail_in": 0, "mailboxes": 0, "webhooks": 0}
    assert jobs.tick() == {**none, "reactions": 4, "mails": 2}
    assert jobs.tick() == {**none, "reactions": 0, "mails": 0}
    assert set(OutboxMail.objects.values_list("status", flat=True)) == {OutboxStatus.SENT}


def test_a_part_that_fails_leaves_the_others(monkeypatch):
    def fail():
        raise RuntimeError("clock stands still")

    monkeypatch.setattr(jobs.timers, "sweep", fail)
    cast.a_ticket()
    assert jobs.tick()["mails"] == 1


def test_the_command_ticks_and_clears_up(capsys):
    Throttle.objects.create(key="old", window_ends_at=MONDAY)
    Presence.objects.create(ticket=cast.TicketFactory(), user=cast.mira(), seen_at=MONDAY)
    Heartbeat.objects.create(name=NAME, at=MONDAY)
    call_command("tick")
    assert "throttles 1 answers 0 sessions 0 presences 1 heartbeats 1" in capsys.readouterr().out


def test_a_pulse_gives_a_sign_of_life_and_only_in_a_worker(named, monkeypatch):
    monkeypatch.setattr(jobs, "tick", lambda: None)
    jobs.pulse()
    jobs.pulse()
    assert list(Heartbeat.objects.values_list("name", flat=True)) == [NAME]
    monkeypatch.delenv(pulse.NAME_VARIABLE)
    Heartbeat.objects.all().delete()
    jobs.pulse()
    assert not Heartbeat.objects.exists()


def test_the_broker_sends_a_pulse_every_few_seconds_besides_what_is_queued(named, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(pulse.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(pulse.ORM, "dequeue", lambda self: "the table's")
    broker = pulse.Broker(list_key="firstline")
    [(no_id, task)] = broker.dequeue()
    assert (no_id, SignedPackage.loads(task)["func"]) == (None, "helpdesk.jobs.pulse")
    assert broker.dequeue() == "the table's"
    now[0] += pulse.BEAT.total_seconds()
    assert broker.dequeue()[0][0] is None
    monkeypatch.delenv(pulse.NAME_VARIABLE)
    now[0] += pulse.BEAT.total_seconds()
    assert broker.dequeue() == "the table's"


def test_long_work_gives_signs_of_life_but_not_for_ever(named, monkeypatch):
    beats = []
    monkeypatch.setattr(jobs, "BEAT", timedelta(milliseconds=10))
    monkeypatch.setattr(jobs, "TICK_TAKES_AT_MOST", timedelta(milliseconds=50))
    monkeypatch.setattr(jobs, "beat", lambda: beats.append(1))
    over = threading.Event()
    with jobs.alive_meanwhile():
        over.wait(1.0)
    assert len(beats) == 5


def test_a_silent_cluster_is_told_from_a_young_and_a_living_one():
    limit = worker.SILENCE.total_seconds()
    assert worker.is_silent(NAME, running_for=limit - 1) is False
    assert worker.is_silent(NAME, running_for=limit + 1) is True
    Heartbeat.objects.create(name=NAME, at=timezone.now())
    assert worker.is_silent(NAME, running_for=limit + 1) is False
    Heartbeat.objects.update(at=timezone.now() - worker.SILENCE)
    assert worker.is_silent(NAME, running_for=limit + 1) is True


def test_a_database_that_does_not_answer_is_no_reason_to_restart(monkeypatch):
    def fail(**lookups):
        raise RuntimeError("gone")

    monkeypatch.setattr(Heartbeat.objects, "filter", fail)
    monkeypatch.setattr(worker.connections, "close_all", lambda: None)
    assert worker.is_silent(NAME, running_for=1000) is False


def test_a_child_that_ends_is_started_again_and_killed_with_what_it_started():
    child = worker.Child("sleeper", [sys.executable, "-c", "import time; time.sleep(60)"])
    child.keep()
    first = child.process.pid
    os.kill(first, signal.SIGKILL)
    child.process.wait()
    until = time.monotonic() + 20
    while time.monotonic() < until and (child.process is None or child.process.pid == first):
        child.keep()
        time.sleep(0.05)
    second = child.process.pid
    assert second != first
    child.kill()
    assert child.process is None
    with pytest.raises(ProcessLookupError):
        os.killpg(second, 0)


def test_the_schedule_is_what_the_table_says():
    Schedule.objects.create(name="tick", func="old.path", schedule_type=Schedule.HOURLY)
    Schedule.objects.create(name="tick", func="double", schedule_type=Schedule.HOURLY)
    Schedule.objects.create(name="forgotten", func="old.path", schedule_type=Schedule.HOURLY)
    for _turn in range(2):
        assert schedule.sync() == 2
    rows = Schedule.objects.order_by("name").values_list("name", "func", "minutes")
    assert list(rows) == [("housekeeping", "helpdesk.jobs.housekeeping", 60), ("tick", "helpdesk.jobs.tick", 1)]


def test_nothing_starts_without_its_tables_or_with_a_database_that_loses_commits(monkeypatch):
    monkeypatch.setattr(start, "_migrations_missing", lambda: 2)
    with pytest.raises(CommandError, match="lacks 2 migration"):
        start.refuse_unless_ready()
    fault = start.checks.Error("It loses commits.", hint="Mend it.", id="firstline.E001")
    monkeypatch.setattr(start.checks, "run_checks", lambda **given: [fault])
    with pytest.raises(CommandError, match=r"It loses commits\. Mend it\."):
        start.refuse_unless_ready()


def test_a_held_reply_leaves_with_the_first_tick_after_its_time(settings):
    settings.UNDO_SEND_SECONDS = 0
    conversation.reply(cast.TicketFactory(state=State.IN_PROGRESS), body="Here.", by=cast.mira())
    assert jobs.tick()["mails"] == 1
