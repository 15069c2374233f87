"""Other programs are told what happens: each event once or again, in order, signed; one that is down harms nobody."""

import hashlib
import hmac
import json
import threading
import time
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from helpdesk import reactions
from tests import cast
from tests.helpdesk.receivers import flood, hang, receiver
from tickets import conversation, desk, details, lifecycle, webhook_book, webhooks
from tickets.errors import Refused
from tickets.models import (
    DeliveryStatus,
    DeskVersion,
    EventKind,
    Notification,
    Team,
    TicketEvent,
    Webhook,
    WebhookDelivery,
)  # fmt: skip

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def allowed(settings):
    """Receivers of these tests listen on this machine at any port."""
    settings.WEBHOOK_HTTP, settings.WEBHOOK_PORTS, settings.WEBHOOK_NETWORKS = True, range(65536), ["127.0.0.0/8"]


def hook(there=None, *, kinds=("*",), name="CRM", reaches_inside=True, **given):
    address = there if isinstance(there, str) else there.url() if there else "https://hooks.example/in"
    made = Webhook(name=name, address=address, kinds=list(kinds), reaches_inside=reaches_inside, **given)
    webhook_book.write(made, by=cast.max_())
    return made


def told(of=None):
    rows = WebhookDelivery.objects.filter(webhook=of) if of else WebhookDelivery.objects.all()
    return list(rows.order_by("pk"))


def react():
    return reactions.react(now=timezone.now())


def an_event(number=0, ticket=None):
    """A delivery that is due, of an event of its own."""
    ticket = ticket or cast.a_ticket()
    return details.set_reference(ticket, reference=f"A-{number}", by=None)


def test_without_a_webhook_nothing_is_written_and_drain_asks_once(django_assert_num_queries):
    cast.a_ticket()
    react()
    assert told() == []
    with django_assert_num_queries(1):
        assert webhooks.drain() == 0


def test_each_event_of_a_kind_asked_for_is_told_once_to_each_receiver():
    every, some = hook(), hook(name="Stock", kinds=[EventKind.RECEIVED])
    cast.a_ticket()
    react()
    kinds = list(TicketEvent.objects.order_by("pk").values_list("kind", flat=True))
    assert [row.kind for row in told(every)] == kinds
    assert [row.kind for row in told(some)] == [EventKind.RECEIVED]
    TicketEvent.objects.update(reacted_at=None, reaction_attempts=0)
    react()
    assert len(told()) == len(kinds) + 1


def test_a_webhook_that_is_switched_off_hears_nothing():
    made = hook()
    webhook_book.switch(made, on=False, by=cast.max_())
    cast.a_ticket()
    react()
    assert told() == []


def test_the_body_tells_the_event_and_its_ticket_in_lasting_names():
    hook(kinds=[EventKind.CHANGED])
    mira = cast.mira()
    ticket = cast.a_ticket(customer=cast.dana(), subject="No power", now=cast.MONDAY)
    details.set_priority(ticket, priority=1, by=mira, now=cast.later(hours=1))
    react()
    [row] = told()
    body = json.loads(row.body)
    event = TicketEvent.objects.get(kind=EventKind.CHANGED)
    assert (body["id"], body["kind"], body["at"], body["version"]) == (event.pk, "changed", "2026-03-02T10:00:00Z", 1)
    assert body["by"] == {"id": mira.pk, "name": "Mira Kovac", "email": "mira@desk.example"}
    assert body["changed"] == {"field": "priority", "old": "normal", "new": "urgent"}
    told_of = body["ticket"]
    assert (told_of["number"], told_of["subject"], told_of["priority"]) == (ticket.pk, "No power", "urgent")
    assert told_of["customer"]["email"] == "dana@whitfield.example"
    assert told_of["created_at"] == "2026-03-02T09:00:00Z"
    assert told_of["url"].endswith(f"/desk/tickets/{ticket.pk}/")


def test_notes_and_reasons_stay_inside_unless_asked_for():
    plain, full = hook(), hook(name="Archive", includes_notes=True)
    mira, ticket = cast.mira(), cast.a_ticket()
    conversation.note(ticket, body="zqnote for colleagues", by=mira)
    lifecycle.wait_for_us(ticket, by=mira, reason="zqnote reason")
    lifecycle.resolve(ticket, by=mira, cause="zqnote cause", fix="zqnote fix")
    react()
    assert [row.kind for row in told(plain) if "zqnote" in row.body] == []
    assert [row.kind for row in told(full) if "zqnote" in row.body][:2] == ["noted", "waiting_internal"]
    noted = json.loads(next(row.body for row in told(plain) if row.kind == "noted"))
    assert (noted["message"]["kind"], noted["message"]["text"]) == ("note", None)


def test_tickets_of_restricted_teams_stay_inside_unless_asked_for():
    plain, full = hook(), hook(name="Payroll", includes_restricted=True)
    ticket = cast.a_ticket()
    react()
    before = len(told(plain))
    details.set_team(ticket, team=cast.TeamFactory(slug="payroll", is_restricted=True), by=None)
    details.set_subject(ticket, subject="zqhidden", by=None)
    react()
    assert len(told(plain)) == before
    assert "zqhidden" in told(full)[-1].body
    assert Team.objects.filter(is_restricted=True).count() == 1


def test_a_reply_is_told_once_it_cannot_be_taken_back_and_a_withdrawn_one_never(settings):
    settings.UNDO_SEND_SECONDS = 10
    made = hook(kinds=[EventKind.REPLIED])
    mira, ticket = cast.mira(), cast.a_ticket()
    reply = conversation.reply(ticket, body="zqreply", by=mira)
    react()
    [row] = told(made)
    assert row.next_at == reply.undo_until
    conversation.withdraw(reply, by=mira)
    react()
    assert told(made) == []
    conversation.reply(ticket, body="Here you are.", by=mira)
    react()
    assert [json.loads(row.body)["message"]["text"] for row in told(made)] == ["Here you are."]


def test_a_delivery_is_signed_and_can_be_verified_as_documented():
    with receiver() as there:
        made = hook(there, kinds=[EventKind.RECEIVED])
        cast.a_ticket()
        react()
        assert webhooks.drain() == 1
    [got], [row] = there.got, told(made)
    assert got.body == row.body.encode()
    assert (got.headers["Firstline-Event"], got.headers["Firstline-Delivery"]) == ("received", row.delivery_id)
    at, mark = (part.partition("=")[2] for part in got.headers["Firstline-Signature"].split(","))
    expected = hmac.new(made.secret.encode(), f"{at}.".encode() + got.body, hashlib.sha256).hexdigest()
    assert mark == expected
    assert abs(time.time() - int(at)) < 60
    assert (row.status, row.attempts, row.response_code, row.response_excerpt) == ("delivered", 1, 200, "seen")
    assert row.duration_ms is not None
    assert row.lease_until is None


def test_both_secrets_sign_while_one_replaces_the_other():
    made = hook()
    old = made.secret
    assert webhooks.sign("{}", made.secrets, 7).count("v1=") == 1
    webhook_book.rotate(made, by=cast.max_())
    assert made.secrets == [made.secret, old]
    marks = webhooks.sign("{}", made.secrets, 7)
    for secret in (old, made.secret):
        assert hmac.new(secret.encode(), b"7.{}", hashlib.sha256).hexdigest() in marks
    webhook_book.end_rotation(made, by=cast.max_())
    assert Webhook.objects.get().secrets == [made.secret]
    assert made.secret != old
    assert made.secret.startswith("whsec_")


@pytest.mark.parametrize(
    ("answer", "code", "error", "is_down"),
    [
        (500, 500, "HTTP 500", True),
        (429, 429, "HTTP 429", True),
        (404, 404, "HTTP 404", False),
        ((302, {"Location": "http://10.0.0.1/"}, b""), 302, "HTTP 302: redirects are not followed", False),
    ],
)
def test_a_refused_delivery_is_tried_again_later(answer, code, error, is_down):
    with receiver(answer, 200) as there:
        made = hook(there, kinds=[EventKind.RECEIVED])
        cast.a_ticket()
        react()
        now = timezone.now()
        assert webhooks.drain(now=now) == 0
        [row] = told()
        assert (row.status, row.attempts, row.response_code, row.last_error) == ("waiting", 1, code, error)
        assert timedelta(seconds=12) <= row.next_at - now <= timedelta(seconds=18)
        made = Webhook.objects.get(pk=made.pk)
        assert (made.failing_since, made.retry_at is not None) == (now, is_down)
        assert webhooks.drain(now=now) == 0
        assert webhooks.drain(now=now + HOUR) == 1
    [row], made = told(), Webhook.objects.get(pk=made.pk)
    assert (row.status, row.attempts) == ("delivered", 2)
    assert (made.failing_since, made.failures, made.retry_at) == (None, 0, None)
    assert [got.headers["Firstline-Delivery"] for got in there.got] == [row.delivery_id] * 2


def test_a_huge_answer_is_kept_short():
    with receiver(flood(8)) as there:
        hook(there, kinds=[EventKind.RECEIVED])
        cast.a_ticket()
        react()
        assert webhooks.drain() == 1
    assert len(told()[0].response_excerpt) == webhooks.LONGEST_EXCERPT


def test_an_address_that_leads_inside_is_never_called_unless_both_allow_it(settings):
    with receiver() as there:
        made = hook(there, kinds=[EventKind.RECEIVED], reaches_inside=False)
        cast.a_ticket()
        react()
        assert webhooks.drain() == 0
        assert told()[0].last_error.startswith("NotAllowed: The address leads into a closed network")
        made.reaches_inside = True
        webhook_book.write(made, by=cast.ada())
        settings.WEBHOOK_NETWORKS = []
        assert webhooks.drain(now=timezone.now() + HOUR) == 0
        assert there.got == []
        settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
        assert webhooks.drain(now=timezone.now() + 2 * HOUR) == 1


def test_a_ticket_is_told_in_order_and_others_pass_the_one_that_is_refused():
    with receiver(400, 200) as there:
        made = hook(there, kinds=[EventKind.CHANGED])
        first, second = cast.a_ticket(), cast.a_ticket(subject="Another")
        an_event(1, first)
        an_event(2, first)
        an_event(3, second)
        react()
        now = timezone.now()
        assert webhooks.drain(now=now) == 1
        assert [row.status for row in told(made)] == ["waiting", "waiting", "delivered"]
        assert webhooks.drain(now=now + HOUR) == 2
    references = [json.loads(got.body)["changed"]["new"] for got in there.got]
    assert references == ["A-1", "A-3", "A-1", "A-2"]


def test_a_receiver_that_hangs_holds_up_no_other_one(monkeypatch):
    impatient = webhooks.safe_http.Patience(connect=1.0, silence=1.0, total=1.5)
    monkeypatch.setattr(webhooks.safe_http, "Patience", lambda: impatient)
    monkeypatch.setattr(webhooks, "SLICE", timedelta(seconds=60))  # on a busy machine twenty calls may take long
    with receiver(hang(5)) as slow, receiver() as quick:
        stuck, fine = hook(slow, kinds=["changed"], name="A slow one"), hook(quick, kinds=["changed"], name="Quick")
        ticket = cast.a_ticket()
        for number in range(20):
            an_event(number, ticket if number < 2 else None)
        react()
        started = time.monotonic()
        assert webhooks.drain() == 20
        assert time.monotonic() - started < 20  # one after the other it would be more than 30
    assert len(quick.got) == 20
    assert [row.status for row in told(fine)] == ["delivered"] * 20
    # Left alone after the first try, so that the next round does not wait for it either.
    assert [row.attempts for row in told(stuck)] == [1] + [0] * 19
    assert webhooks.drain() == 0
    assert [row.attempts for row in told(stuck)] == [1] + [0] * 19


def test_a_drain_ends_in_time_and_leaves_the_rest_for_the_next():
    with receiver() as there:
        hook(there, kinds=["changed"])
        for number in range(3):
            an_event(number)
        react()
        assert webhooks.drain(until=timezone.now()) == 0
        assert there.got == []
        assert webhooks.drain(limit=2) == 2
        assert webhooks.drain() == 1


def test_the_claim_is_committed_before_anything_is_sent_and_a_late_outcome_changes_nothing():
    made = hook("http://127.0.0.1:1/", kinds=[EventKind.RECEIVED])
    cast.a_ticket()
    react()
    now = timezone.now()
    first = webhooks._claim(made, now)
    [row] = told()
    assert (row.attempts, row.lease_until, row.first_tried_at) == (1, now + webhooks.LEASE, now)
    assert webhooks._claim(made, now + webhooks.LEASE / 2) is None
    # The worker went down; another takes it up under the same id and finishes first.
    second = webhooks._claim(made, now + webhooks.LEASE)
    assert (second.delivery_id, second.attempts) == (first.delivery_id, 2)
    assert told()[0].last_error == webhooks.CRASHED
    assert webhooks._finish(second, status=DeliveryStatus.DELIVERED)
    assert not webhooks._finish(first, next_at=now, last_error="late")
    assert told()[0].status == "delivered"


def test_after_a_day_of_trying_a_delivery_is_given_up_and_can_be_told_again():
    with receiver(500) as there:
        made = hook(there, kinds=["changed"])
        an_event(1)
        react()
        now, tries = timezone.now(), 0
        while told()[0].status == "waiting":
            assert webhooks.drain(now=now) == 0
            now, tries = max(told()[0].next_at, Webhook.objects.get().retry_at or now), tries + 1
        row = told()[0]
        assert (row.status, row.last_error) == ("dead", "HTTP 500")
        assert timedelta(hours=23) < now - row.first_tried_at < timedelta(hours=26)
        assert 25 <= tries <= 40
        there.answers = [200]
        webhook_book.replay(row, by=cast.max_(), now=now)
        assert webhooks.drain(now=now) == 1
    assert there.got[-1].headers["Firstline-Delivery"] == row.delivery_id
    assert Webhook.objects.get(pk=made.pk).failing_since is None


def test_what_waits_behind_a_receiver_that_is_down_for_a_day_is_given_up_too_but_not_after_our_own_outage():
    with receiver(500) as there:
        made = hook(there, kinds=["changed"])
        for number in range(3):
            an_event(number)
        react()
        two_days = timezone.now() + timedelta(days=2)
        webhooks.drain(now=two_days)  # ours was the outage: nothing was tried before
        assert sorted(row.status for row in told()) == ["waiting"] * 3
        webhooks.drain(now=two_days + timedelta(hours=25))
        assert [row.status for row in told()] == ["dead"] * 3
        there.answers = [200]
        now = two_days + timedelta(hours=26)
        assert webhook_book.replay_dead(made, since=timezone.now() - HOUR, by=cast.max_(), now=now) == 3
        assert webhooks.drain(now=now) == 3


def test_after_days_of_failing_it_is_switched_off_and_leads_are_told():
    for person in (cast.lena, cast.ada, cast.mira):
        person()
    with receiver(500) as there:
        made = hook(there, kinds=["changed"])
        an_event(1)
        react()
        now = timezone.now()
        webhooks.drain(now=now)
        webhooks.drain(now=now + webhooks.SWITCHED_OFF_AFTER)
    made = Webhook.objects.get(pk=made.pk)
    assert (made.is_active, told()[0].status) == (False, "dead")
    readers = set(Notification.objects.filter(kind="webhook_off").values_list("user__email", flat=True))
    assert readers == {"lena@desk.example", "max@desk.example", "ada@desk.example"}
    assert desk.current().webhooks == []
    webhook_book.switch(made, on=True, by=cast.max_())
    assert (Webhook.objects.get().failing_since, len(desk.current().webhooks)) == (None, 1)


def test_a_test_is_sent_at_once_even_while_the_receiver_is_left_alone():
    with receiver() as there:
        made = hook(there, kinds=["changed"])
        Webhook.objects.update(retry_at=timezone.now() + HOUR, failures=3, failing_since=timezone.now())
        webhook_book.ping(made, by=cast.max_())
        assert webhooks.drain() == 1
    [got] = there.got
    assert (json.loads(got.body)["kind"], got.headers["Firstline-Event"]) == ("ping", "ping")
    webhook_book.switch(made, on=False, by=cast.max_())
    with pytest.raises(Refused):
        webhook_book.ping(made, by=cast.max_())
    with pytest.raises(Refused):
        webhook_book.replay(told()[0], by=cast.max_())


def test_a_delivery_that_waits_is_not_told_twice_by_hand():
    made = hook(kinds=["changed"])
    an_event()
    react()
    with pytest.raises(Refused):
        webhook_book.replay(told(made)[0], by=cast.max_())


def test_a_name_is_taken_once_and_every_change_bumps_the_desks_version():
    DeskVersion.bump()
    version = DeskVersion.read()
    made = hook()
    with pytest.raises(Refused):
        hook()
    webhook_book.remove(made, by=cast.max_())
    assert DeskVersion.read() == version + 2
    assert Webhook.objects.count() == 0


def test_old_entries_of_the_log_are_forgotten():
    made = hook(kinds=["changed"])
    for number in range(4):
        an_event(number)
    react()
    rows, now = told(made), timezone.now()
    for row, status, days in zip(rows, ("delivered", "delivered", "dead", "waiting"), (29, 31, 91, 99), strict=True):
        WebhookDelivery.objects.filter(pk=row.pk).update(status=status, created_at=now - timedelta(days=days))
    assert webhook_book.sweep(now) == 2
    assert [row.pk for row in told(made)] == [rows[0].pk, rows[3].pk]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_delivery_once():
    with receiver() as there:
        hook(there, kinds=["changed"])
        for number in range(30):
            an_event(number)
        react()
        workers = [threading.Thread(target=_drain_alone) for _turn in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(30)
    ids = [got.headers["Firstline-Delivery"] for got in there.got]
    assert len(ids) == len(set(ids)) == 30


def _drain_alone():
    try:
        webhooks.drain()
    finally:
        connections.close_all()
