"""Health in words: what is wrong, and 503 until it is mended."""

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

from helpdesk import checks, health
from tests import cast
from tickets.models import EventKind, Heartbeat, OutboxMail, TicketEvent


def test_healthz_asks_nobody(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


@pytest.mark.django_db
def test_readyz_is_ready_with_a_worker_that_beats_and_nothing_late(client):
    Heartbeat.objects.create(name="worker-1", at=timezone.now())
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "database": True,
        "worker_heartbeat_seconds": answer.json()["worker_heartbeat_seconds"],
        "outbox_oldest_seconds": None,
        "reactions_oldest_seconds": None,
        "mail_in_oldest_seconds": None,
        "mailboxes_failing": 0,
        "dead_mails": 0,
        "problems": [],
    }


@pytest.mark.django_db
def test_readyz_says_what_is_wrong(client):
    now = timezone.now()
    Heartbeat.objects.create(name="worker-1", at=now - timedelta(seconds=90))
    ticket = cast.TicketFactory()
    OutboxMail.objects.create(
        kind="received", ticket=ticket, to="a@b.example", next_at=now - timedelta(minutes=9), created_at=now
    )
    TicketEvent.objects.create(ticket=ticket, kind=EventKind.NOTED, at=now - timedelta(minutes=8))
    answer = client.get("/readyz")
    body = answer.json()
    assert (answer.status_code, body["ready"]) == (503, False)
    assert [problem.split(" ")[1] for problem in body["problems"]] == ["worker", "mail", "follows"]
    assert round(body["outbox_oldest_seconds"], -1) == 540


@pytest.mark.django_db
def test_readyz_misses_the_worker(client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["worker_heartbeat_seconds"]) == (503, None)
    assert answer.json()["problems"][0].startswith("No worker runs")


def test_readyz_without_a_database(client, monkeypatch):
    def fail(now):
        raise DatabaseError("gone")

    monkeypatch.setattr(health, "look", fail)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["problems"]) == (503, ["The database does not answer."])


class Postgres:
    """A connection that answers SHOW synchronous_commit."""

    vendor = "postgresql"

    def __init__(self, value):
        self.value = value

    def cursor(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def execute(self, statement):
        assert statement == "SHOW synchronous_commit"

    def fetchone(self):
        return (self.value,)


@pytest.mark.parametrize(("value", "found"), [("on", []), ("off", ["firstline.E001"]), ("local", [])])
def test_a_database_that_loses_commits_is_refused(monkeypatch, value, found):
    monkeypatch.setattr(checks, "connections", {"default": Postgres(value)})
    assert [fault.id for fault in checks.commits_are_kept(databases=["default"])] == found
