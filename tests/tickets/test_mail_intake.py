"""Mail that was kept becomes tickets and messages: each once, by kind, whole or not at all."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk.lib.mailparse.parsed import Unreadable
from tests import cast
from tests.mails import SUPPORT, come, raw
from tickets import desk, intake, mail_intake, mail_store, outbox, participants
from tickets.models import (
    Channel,
    Deadline,
    EventKind,
    InboundMail,
    Mailbox,
    MailSort,
    MailStatus,
    Message,
    OutboxMail,
    Road,
    Role,
    State,
    Ticket,
    Trust,
)  # fmt: skip

pytestmark = pytest.mark.django_db


def test_a_first_mail_becomes_a_ticket_and_is_acknowledged():
    mail = come(raw())
    ticket = Ticket.objects.get()
    message = ticket.messages.get()
    assert (ticket.channel, ticket.subject, ticket.customer.email) == (
        Channel.EMAIL, "Invoice is wrong", "dana@people.example"
    )  # fmt: skip
    assert (message.body, mail.status, mail.ticket, mail.message, mail.sort) == (
        "The invoice is wrong, please look at it.", MailStatus.DONE, ticket, message, MailSort.PERSON,
    )  # fmt: skip
    assert [row.kind for row in OutboxMail.objects.all()] == ["received"]


@pytest.mark.parametrize("is_somebody_free", [False, True])
def test_an_ordinary_new_mail_costs_at_most_twelve_statements(is_somebody_free):
    team = cast.TeamFactory(slug="tier-1")
    if is_somebody_free:
        cast.UserFactory(role=Role.AGENT, team=team)
    come(raw("First."))
    desk.current()
    with CaptureQueriesContext(connection) as asked:
        mail = mail_store.keep(raw("Second.", subject="Another matter"), road=Road.PIPE)
        mail_intake.take_in(limit=1)
    mail.refresh_from_db()
    told = [one["sql"] for one in asked if not one["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))]
    assert (mail.status, mail.ticket.assignee_id is not None) == (MailStatus.DONE, is_somebody_free)
    assert len(told) <= 12, "\n".join(told)


def test_the_team_of_the_mailbox_gets_the_ticket():
    cast.TeamFactory(slug="tier-1", is_default=True)
    billing = cast.TeamFactory(slug="billing", tier=2)
    box = Mailbox.objects.create(address="billing@firstline.test", road=Road.PIPE, team=billing)
    desk.forget()
    by_road = come(raw(), mailbox=box).ticket
    by_address = come(raw("Another", to="Billing <Billing+x@firstline.test>")).ticket
    assert (by_road.team, by_road.tier, by_address.team) == (billing, 2, billing)


def test_one_message_on_two_roads_or_to_two_mailboxes_is_one_message():
    boxes = [Mailbox.objects.create(address=f"{name}@firstline.test", road=Road.PIPE) for name in ("a", "b")]
    content = raw(message_id="<one@people.example>")
    mails = [come(content, mailbox=box) for box in boxes]
    mails.append(come(b"Received: by x\r\n" + content, road=Road.SMTP))
    assert (Message.objects.count(), {mail.message_id for mail in mails}) == (1, {Message.objects.get().pk})
    assert OutboxMail.objects.count() == 1


def test_copies_that_wait_together_are_one_message_too():
    content = raw(message_id=None)
    for added in (b"", b"X-One: 1\r\n", b"X-Two: 2\r\n"):
        mail_store.keep(added + content, road=Road.PIPE)
    assert mail_intake.take_in() == 3
    assert (Message.objects.count(), InboundMail.objects.filter(status=MailStatus.DONE).count()) == (1, 3)


@pytest.mark.parametrize("body", ["", "   \n\n"])
def test_a_mail_without_text_still_counts(body):
    assert come(raw(body, files=[("scan.txt", b"Scan")])).message.files.get().name == "scan.txt"
    assert come(raw(body, subject="Just a subject")).message.body == "(This mail has no text.)"


def test_files_that_are_not_taken_are_named_in_the_message():
    mail = come(raw(files=[("ok.txt", b"fine"), ("evil.exe", b"MZ\0\0"), ("empty.txt", b"")]))
    assert [file.name for file in mail.message.files.all()] == ["ok.txt"]
    body = mail.message.body
    assert ("evil.exe" in body, "empty.txt" in body, "Left out of this mail:" in body) == (True, True, True)


def test_what_cannot_be_read_goes_to_quarantine_and_the_next_is_taken_in(monkeypatch):
    real = mail_intake.parse_guarded

    def parse(content):
        if b"poison" in content:
            raise Unreadable("too deep")
        return real(content)

    monkeypatch.setattr(mail_intake, "parse_guarded", parse)
    bad = mail_store.keep(raw("poison"), road=Road.PIPE)
    good = come(raw("fine"))
    bad.refresh_from_db()
    assert (bad.status, bad.error, good.status) == (MailStatus.QUARANTINED, "too deep", MailStatus.DONE)


def test_a_mail_without_a_sender_goes_to_quarantine():
    mail = come(raw(sender=""))
    assert (mail.status, mail.error, Ticket.objects.count()) == (
        MailStatus.QUARANTINED, "It does not say who sent it.", 0
    )  # fmt: skip


def test_a_fault_of_ours_leaves_nothing_half_done_is_tried_again_and_then_set_aside(monkeypatch):
    def fail(*args, **how):
        raise RuntimeError("planted")

    real = intake.open_ticket

    def open_then_fail(*args, **how):
        real(*args, **how)
        fail()

    monkeypatch.setattr(intake, "open_ticket", open_then_fail)
    mail, now = mail_store.keep(raw(), road=Road.PIPE), timezone.now()
    for _turn in range(mail_intake.MOST_TRIES):
        mail_intake.take_in(now=now)
        now += timedelta(hours=2)
    mail.refresh_from_db()
    assert (mail.status, mail.error, mail.attempts) == (
        MailStatus.QUARANTINED, "RuntimeError: planted", mail_intake.MOST_TRIES,
    )  # fmt: skip
    assert (Ticket.objects.count(), Message.objects.count(), OutboxMail.objects.count()) == (0, 0, 0)


def test_a_mail_that_takes_its_worker_down_is_given_up(monkeypatch):
    mail, now = mail_store.keep(raw(), road=Road.PIPE), timezone.now()
    monkeypatch.setattr(mail_intake, "_take", lambda mail, now: False)
    for _turn in range(mail_intake.MOST_TRIES):
        assert mail_intake.take_in(now=now) == 0
        assert mail_intake._claim(now) is None  # leased
        now += mail_intake.LEASE
    monkeypatch.undo()
    mail_intake.take_in(now=now)
    mail.refresh_from_db()
    assert (mail.status, mail.error) == (MailStatus.QUARANTINED, mail_intake.CRASHED)


def test_a_mail_another_worker_took_over_meanwhile_changes_nothing(monkeypatch):
    real = mail_intake.parse_guarded

    def slow(content):
        InboundMail.objects.update(attempts=2)  # its lease ran out, another worker claimed it
        return real(content)

    monkeypatch.setattr(mail_intake, "parse_guarded", slow)
    mail_store.keep(raw(), road=Road.PIPE)
    assert mail_intake.take_in(limit=1) == 0
    assert (Ticket.objects.count(), InboundMail.objects.get().status) == (0, MailStatus.WAITING)


def test_an_automatic_reply_is_noted_without_effect():
    ticket = come(raw(message_id="<first@people.example>")).ticket
    OutboxMail.objects.all().delete()
    clocks = list(Deadline.objects.filter(ticket=ticket).values())
    before = Ticket.objects.filter(pk=ticket.pk).values().get()
    mail = come(
        raw("I am away.", subject="Automatic reply: Invoice", auto_submitted="auto-replied",
            in_reply_to="<first@people.example>")
    )  # fmt: skip
    assert (mail.status, mail.sort, mail.ticket) == (MailStatus.DONE, MailSort.AUTO_REPLY, ticket)
    event = ticket.events.get(kind=EventKind.AUTO_REPLIED)
    assert event.data["words"] == "I am away."
    assert Ticket.objects.filter(pk=ticket.pk).values().get() == before
    assert list(Deadline.objects.filter(ticket=ticket).values()) == clocks
    assert (ticket.messages.count(), OutboxMail.objects.count()) == (1, 0)


def test_an_automatic_reply_to_nothing_is_kept_and_makes_no_ticket():
    mail = come(raw("I am away.", subject="Out of office", auto_submitted="auto-replied"))
    assert (mail.status, Ticket.objects.count(), OutboxMail.objects.count()) == (MailStatus.KEPT, 0, 0)


def test_mail_of_a_list_is_a_ticket_without_a_receipt():
    mail = come(raw(list_id="<users.lists.example>", list_post="<mailto:users@lists.example>", precedence="list"))
    assert (mail.status, mail.sort, OutboxMail.objects.count()) == (MailStatus.DONE, MailSort.LIST, 0)


def test_two_vacation_responders_exchange_at_most_two_automatic_mails():
    """A responder that marks nothing, keeps no thread, and answers whatever it gets."""
    sent = 0
    come(raw("I am away until May.", subject="Away"))
    for turn in range(12):
        outbox.drain()
        left = OutboxMail.objects.filter(status="sent").count()
        if left == sent:
            break
        sent = left
        come(raw("I am away until May.", subject="Away", message_id=f"<turn{turn}@people.example>"))
    assert sent <= 2


def test_a_loop_is_cut_and_somebody_is_told_why():
    cast.lena()
    first = come(raw("Round 0", subject="Away")).ticket
    mails = [come(raw(f"Round {number}", subject="RE: Away")) for number in range(1, 9)]
    cut = [mail for mail in mails if mail.sort == MailSort.LOOP]
    assert (len(cut) >= 3, Ticket.objects.count() <= 6) == (True, True)
    events = [event for ticket in Ticket.objects.all() for event in ticket.events.filter(kind=EventKind.LOOP_CUT)]
    assert (len(events), "within an hour" in events[0].data["because"]) == (1, True)
    assert all(mail.status == MailStatus.KEPT for mail in cut)
    assert first is not None


def test_our_own_mail_that_comes_back_goes_nowhere():
    come(raw())
    ours = OutboxMail.objects.get()
    mail = come(raw("We got it", sender=f"Desk <{SUPPORT}>", message_id=ours.mail_id))
    assert (mail.sort, mail.status, Ticket.objects.count()) == (MailSort.LOOP, MailStatus.KEPT, 1)


def test_a_thousand_mails_naming_one_victim_make_one_mail():
    for number in range(30):
        come(raw(f"Buy {number}", subject=f"Number {number}", sender="victim@elsewhere.example"))
    outbox.drain()
    assert OutboxMail.objects.filter(status="sent").count() <= 1


def test_a_bounce_opens_no_ticket():
    mail = come(
        b"From: MAILER-DAEMON@mx.example\r\nTo: support@firstline.test\r\nSubject: Undelivered Mail\r\n"
        b"Return-Path: <>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; "
        b'boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n--b\r\n'
        b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        b"Final-Recipient: rfc822; gone@people.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    assert (mail.sort, mail.status, Ticket.objects.count(), OutboxMail.objects.count()) == (
        MailSort.BOUNCE, MailStatus.KEPT, 0, 0,
    )  # fmt: skip


def test_other_recipients_are_in_on_the_ticket():
    mail = come(raw(to=f"{SUPPORT}, Tom <tom@people.example>", cc="Eve <eve@people.example>"))
    assert [one.address for one in participants.of(mail.ticket)] == ["tom@people.example", "eve@people.example"]


def test_an_answer_to_a_closed_ticket_opens_one_that_follows():
    ticket = come(raw(message_id="<first@people.example>")).ticket
    Ticket.objects.filter(pk=ticket.pk).update(state=State.CLOSED, closed_at=timezone.now() - timedelta(days=90))
    mail = come(raw("Again!", in_reply_to="<first@people.example>"))
    assert (mail.ticket.pk != ticket.pk, mail.ticket.follows_id, mail.trust) == (True, ticket.pk, Trust.KNOWN)
