"""A write with a key is done once: repeated, repeated otherwise, crashed in between, sent twice at the same moment."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tests import cast
from tests.tickets.api.program import Program, problem
from tickets import intake
from tickets.api import tokens
from tickets.models import IdempotencyKey, Message, Ticket

NEW = {"email": "nia@people.example", "subject": "It broke", "body": "Since today."}


@pytest.fixture
def mira():
    return Program(cast.mira())


@pytest.mark.django_db
def test_the_same_write_again_is_answered_the_same_and_done_once(mira):
    first, again = (mira.post("tickets", NEW, Idempotency_Key="k-1") for _time in range(2))
    assert (again.status_code, again.json(), again["Idempotency-Replayed"]) == (201, first.json(), "true")
    assert "Idempotency-Replayed" not in first.headers
    assert (again["ETag"], again["Location"]) == (first["ETag"], first["Location"])
    assert Ticket.objects.count() == 1
    assert mira.post("tickets", NEW, Idempotency_Key="k-2").json()["number"] != first.json()["number"]


@pytest.mark.django_db
def test_the_same_key_for_something_else_is_refused(mira):
    mira.post("tickets", NEW, Idempotency_Key="k-1")
    assert problem(mira.post("tickets", {**NEW, "body": "Other"}, Idempotency_Key="k-1")) == (422, "key-reused")
    number = Ticket.objects.get().pk
    assert problem(mira.patch(f"tickets/{number}", {"subject": "x"}, Idempotency_Key="k-1")) == (422, "key-reused")
    other = Program(cast.jonas()).post("tickets", NEW, Idempotency_Key="k-1")
    assert (other.status_code, Ticket.objects.count()) == (201, 2)


@pytest.mark.django_db
def test_what_was_refused_may_be_tried_again_with_the_same_key(mira):
    ticket = cast.a_ticket()
    path = f"tickets/{ticket.pk}/transitions"
    assert problem(mira.post(path, {"to": "closed"}, Idempotency_Key="k-1")) == (409, "conflict")
    mira.post(path, {"to": "resolved"})
    assert mira.post(path, {"to": "closed"}, Idempotency_Key="k-1").json()["state"] == "closed"


@pytest.mark.django_db
def test_when_the_kept_answer_is_lost_there_still_is_one_ticket(mira):
    first = mira.post("tickets", NEW, Idempotency_Key="k-1").json()["number"]
    reply = {"body": "Done."}
    said = mira.post(f"tickets/{first}/messages", reply, Idempotency_Key="k-2").json()["id"]
    IdempotencyKey.objects.all().delete()
    assert mira.post("tickets", NEW, Idempotency_Key="k-1").json()["number"] == first
    assert mira.post(f"tickets/{first}/messages", reply, Idempotency_Key="k-2").json()["id"] == said
    assert (Ticket.objects.count(), Message.objects.count()) == (1, 2)


@pytest.mark.django_db
def test_a_crash_before_the_commit_leaves_neither_ticket_nor_key(mira, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(intake, "_record", lambda *given, **named: 1 / 0)
        assert problem(mira.post("tickets", NEW, Idempotency_Key="k-1")) == (500, "server-error")
    assert (Ticket.objects.count(), IdempotencyKey.objects.count()) == (0, 0)
    assert mira.post("tickets", NEW, Idempotency_Key="k-1").status_code == 201


@pytest.mark.django_db
def test_answers_are_kept_a_day(mira):
    mira.post("tickets", NEW, Idempotency_Key="k-1")
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert mira.post("tickets", {**NEW, "body": "Another matter"}, Idempotency_Key="k-1").status_code == 201
    assert Ticket.objects.count() == 2
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert (tokens.sweep(timezone.now()), IdempotencyKey.objects.count()) == (1, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["x" * 256, "a\x07b"])
def test_a_key_that_is_none_is_refused(mira, key):
    assert problem(mira.post("tickets", NEW, Idempotency_Key=key)) == (400, "bad-request")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_moment_make_one():
    mira = Program(cast.mira())
    together, answers = threading.Barrier(4), []

    def send():
        together.wait()
        answers.append(mira.client_for_thread().post("tickets", NEW, Idempotency_Key="k-1"))
        connection.close()

    threads = [threading.Thread(target=send) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["number"] for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 3
    with transaction.atomic():
        assert Ticket.objects.count() == 1
