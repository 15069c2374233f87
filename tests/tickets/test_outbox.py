"""Mail on its way out: sent once, in order, tried again, given up visibly, taken back in time."""

import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection, transaction

from helpdesk.lib import mail as post
from tests import cast
from tests.cast import MONDAY, later
from tickets import conversation, links, notices, outbox, threading_ids
from tickets.errors import Refused
from tickets.models import EventKind, Identity, Notification, OutboxMail, OutboxStatus, State, Ticket  # fmt: skip

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket():
    """An open ticket of Ravi's with nothing on its way."""
    return cast.TicketFactory(customer=cast.ravi(), created_at=MONDAY, state=State.IN_PROGRESS)


def write(ticket, kind="in_progress", **given):
    given = {"now": MONDAY, "key": f"{kind}:{OutboxMail.objects.count()}"} | given
    with transaction.atomic():
        notices.to_customer(ticket, kind, **given)
    return OutboxMail.objects.order_by("pk").last()


def fail_with(monkeypatch, error):
    """Let the mail server answer with `error`."""

    def refuse(self, letter):
        raise error

    monkeypatch.setattr(post.Post, "send", refuse)


def test_drain_sends_once_with_the_rows_message_id(ticket):
    row = write(ticket)
    assert outbox.drain(now=MONDAY) == 1
    assert outbox.drain(now=MONDAY) == 0
    row.refresh_from_db()
    assert (row.status, row.attempts, row.sent_at, row.lease_until) == (OutboxStatus.SENT, 1, MONDAY, None)
    [sent] = mail.outbox
    assert sent.to == ["ravi@menon.example"]
    assert sent.extra_headers["Message-ID"] == row.mail_id


def test_headers_thread_the_ticket_and_mark_what_is_automatic(ticket):
    write(ticket)
    reply = conversation.reply(ticket, body="Here is your link.", by=cast.mira(), now=MONDAY)
    outbox.drain(now=reply.undo_until)
    automatic, by_mira = (dict(sent.message().items()) for sent in mail.outbox)
    thread = threading_ids.thread_id(ticket)
    assert (automatic["References"], by_mira["In-Reply-To"]) == (thread, thread)
    assert (automatic["Auto-Submitted"], by_mira.get("Auto-Submitted")) == ("auto-generated", None)
    assert by_mira["From"] == '"Mira Kovac (Firstline)" <support@firstline.test>'
    assert by_mira["Reply-To"] == "support@firstline.test"
    assert automatic[post.LOOP_MARK] == by_mira[post.LOOP_MARK] == post.loop_mark()


def test_the_survey_names_a_way_out(ticket):
    ticket = cast.TicketFactory(state=State.CLOSED, created_at=MONDAY)
    write(ticket, "closed")
    outbox.drain(now=MONDAY)
    headers = mail.outbox[0].extra_headers
    assert headers["List-Unsubscribe"] == f"<{links.surveys_url(ticket.customer)}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_mail_costs_one_statement_and_the_same_key_writes_one(ticket, django_assert_num_queries):
    with transaction.atomic(), django_assert_num_queries(1):
        notices.to_customer(ticket, "received", now=MONDAY, key="received:1")
    write(ticket, "received", key="received:1")
    assert OutboxMail.objects.count() == 1


def test_nothing_is_written_for_spam_or_without_an_address(ticket):
    nobody = cast.TicketFactory(customer=cast.CustomerFactory(email=""))
    spam = cast.TicketFactory(is_spam=True)
    assert notices.to_customer(nobody, "received", now=MONDAY, key="a") is None
    assert notices.to_customer(spam, "received", now=MONDAY, key="b") is None
    assert OutboxMail.objects.count() == 0


def test_a_refused_connection_is_tried_again_later(ticket, monkeypatch):
    row = write(ticket)
    fail_with(monkeypatch, ConnectionRefusedError("nobody there"))
    assert outbox.drain(now=MONDAY) == 0
    row.refresh_from_db()
    assert (row.status, row.attempts, row.lease_until) == (OutboxStatus.PENDING, 1, None)
    assert row.last_error == "ConnectionRefusedError: nobody there"
    assert timedelta(seconds=12) <= row.next_at - MONDAY <= timedelta(seconds=18)
    monkeypatch.undo()
    assert outbox.drain(now=row.next_at) == 1


def test_waits_double_up_to_an_hour():
    middle = [outbox.wait_after(tries).total_seconds() for tries in (1, 4, 9, 79)]
    for wait, expected in zip(middle, (15, 120, 3600, 3600), strict=True):
        assert 0.8 * expected <= wait <= 1.2 * expected


def test_the_last_try_makes_a_dead_letter_that_is_told_on_the_ticket_and_can_be_sent_again(ticket, monkeypatch):
    row = write(ticket)
    OutboxMail.objects.update(attempts=outbox.MOST_TRIES - 1)
    fail_with(monkeypatch, TimeoutError("too slow"))
    outbox.drain(now=MONDAY)
    row.refresh_from_db()
    assert row.status == OutboxStatus.DEAD
    [event] = ticket.events.filter(kind=EventKind.NOTICE_DEAD)
    assert event.data == {"mail": row.pk, "kind_of_mail": "in_progress", "why": "TimeoutError: too slow"}
    monkeypatch.undo()
    again = outbox.resend(row, by=cast.lena(), now=later(days=1))
    assert (again.status, again.attempts, again.mail_id) == (OutboxStatus.PENDING, 0, row.mail_id)
    assert outbox.drain(now=later(days=1)) == 1
    with pytest.raises(Refused):
        outbox.resend(row, by=cast.lena())


def test_an_address_that_does_not_exist_is_not_tried_again(ticket, monkeypatch):
    row = write(ticket)
    fail_with(monkeypatch, smtplib.SMTPRecipientsRefused({"ravi@menon.example": (550, b"no such user")}))
    outbox.drain(now=MONDAY)
    row.refresh_from_db()
    assert (row.status, row.attempts) == (OutboxStatus.DEAD, 1)
    assert Ticket.objects.get(pk=ticket.pk).customer.bounced_at == MONDAY


def test_a_mail_server_that_is_busy_is_no_final_answer(ticket, monkeypatch):
    row = write(ticket)
    fail_with(monkeypatch, smtplib.SMTPRecipientsRefused({"ravi@menon.example": (451, b"greylisted")}))
    outbox.drain(now=MONDAY)
    row.refresh_from_db()
    assert row.status == OutboxStatus.PENDING


def test_a_mail_that_cannot_be_written_is_given_up_and_holds_nobody_up(ticket):
    broken = write(ticket, "no_such_kind")
    fine = write(cast.TicketFactory(state=State.IN_PROGRESS))
    for day in range(outbox.MOST_TRIES_TO_WRITE):
        outbox.drain(now=later(days=day))
    broken.refresh_from_db()
    fine.refresh_from_db()
    assert (broken.status, broken.attempts) == (OutboxStatus.DEAD, outbox.MOST_TRIES_TO_WRITE)
    assert (fine.status, fine.sent_at) == (OutboxStatus.SENT, MONDAY)


def test_a_dead_letter_without_a_ticket_is_told_to_the_leads(monkeypatch):
    lena = cast.lena()
    notices.to_address("x@people.example", "link", key="link:1", now=MONDAY, language="en", identity=1, nonce="n")
    fail_with(monkeypatch, smtplib.SMTPRecipientsRefused({"x@people.example": (550, b"no")}))
    outbox.drain(now=MONDAY)
    assert [(line.user, line.kind) for line in Notification.objects.all()] == [(lena, "notice_dead")]


def test_a_lease_that_ran_out_is_taken_over_and_the_late_worker_changes_nothing(ticket):
    row = write(ticket)
    slow = outbox._claim(MONDAY)
    assert outbox._claim(later(seconds=60)) is None
    fast = outbox._claim(MONDAY + outbox.LEASE)
    assert (slow.attempts, fast.attempts, fast.last_error) == (1, 2, outbox.CRASHED)
    assert outbox._finish(slow, status=OutboxStatus.DEAD) is False
    assert outbox._finish(fast, status=OutboxStatus.SENT) is True
    row.refresh_from_db()
    assert row.status == OutboxStatus.SENT


def test_a_mail_that_takes_every_worker_down_is_given_up(ticket):
    row = write(ticket)
    for turn in range(outbox.MOST_TRIES_TO_WRITE):
        assert outbox._claim(MONDAY + turn * outbox.LEASE).attempts == turn + 1
    assert outbox.drain(now=MONDAY + outbox.MOST_TRIES_TO_WRITE * outbox.LEASE) == 0
    row.refresh_from_db()
    assert (row.status, row.last_error) == (OutboxStatus.DEAD, outbox.CRASHED)


def test_a_reader_gets_the_mails_of_a_ticket_in_order(ticket):
    held = write(ticket, hold_until=later(seconds=10))
    behind = write(ticket)
    other = write(cast.TicketFactory(state=State.IN_PROGRESS))
    outbox.drain(now=MONDAY)
    assert sorted(OutboxMail.objects.filter(status=OutboxStatus.SENT).values_list("pk", flat=True)) == [other.pk]
    outbox.drain(now=later(seconds=10))
    ids = [sent.extra_headers["Message-ID"] for sent in mail.outbox]
    assert ids == [other.mail_id, held.mail_id, behind.mail_id]


def test_a_reply_waits_for_its_undo_and_can_be_cancelled_until_it_leaves(ticket):
    message = conversation.reply(ticket, body="Here is your link.", by=cast.mira(), now=MONDAY)
    assert outbox.drain(now=MONDAY) == 0
    assert outbox.cancel(message) is True
    assert outbox.drain(now=later(minutes=1)) == 0
    assert OutboxMail.objects.get(message=message).status == OutboxStatus.CANCELLED
    late = conversation.reply(ticket, body="Here it is again.", by=cast.mira(), now=MONDAY)
    outbox._claim(later(minutes=1))
    assert outbox.cancel(late) is False


def test_what_is_no_longer_true_does_not_leave(ticket):
    resolved = write(ticket, "resolved")
    outbox.drain(now=MONDAY)
    resolved.refresh_from_db()
    assert (resolved.status, resolved.last_error) == (OutboxStatus.CANCELLED, "the ticket is in_progress by now")
    assert mail.outbox == []


def test_a_thousand_forms_with_a_strangers_address_send_one_mail_without_their_words():
    for turn in range(30):
        cast.a_ticket(subject="Buy at evil.example", body=f"Visit evil.example now! {turn}", now=later(minutes=turn))
    outbox.drain(now=later(minutes=31))
    [receipt] = mail.outbox
    everything = receipt.subject + receipt.body + receipt.alternatives[0][0]
    assert "evil" not in everything
    assert "Ravi" not in everything
    kept_back = OutboxMail.objects.filter(status=OutboxStatus.CANCELLED, kind="received")
    assert kept_back.count() == 29


def test_a_verified_customer_gets_every_receipt_with_their_subject():
    ravi = cast.ravi()
    Identity.objects.filter(customer=ravi).update(verified_at=MONDAY)
    for turn in range(3):
        cast.a_ticket(customer=ravi, subject=f"Question {turn}", now=later(minutes=turn))
    outbox.drain(now=later(minutes=5))
    receipts = [sent for sent in mail.outbox if "Thank you for writing" in sent.body]
    assert [f"Question {turn}" in receipts[turn].subject for turn in range(3)] == [True, True, True]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_workers_never_claim_the_same_mail(ticket):
    first, second = write(ticket), write(cast.TicketFactory(state=State.IN_PROGRESS))
    other = connection.copy()
    try:
        with transaction.atomic():
            held = outbox._due(MONDAY).order_by("next_at", "id").select_for_update(skip_locked=True).first()
            with other.cursor() as cursor:
                cursor.execute(
                    "SELECT id FROM tickets_outboxmail WHERE status = 'pending' ORDER BY id FOR UPDATE SKIP LOCKED"
                )
                seen = [row[0] for row in cursor.fetchall()]
    finally:
        other.close()
    assert held == first
    assert seen == [second.pk]
