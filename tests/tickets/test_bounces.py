"""Mail that came back: matched, told, marked; what follows is kept back until the address works again."""

import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from helpdesk.lib import mail as post
from helpdesk.lib.mailparse.parsed import Parsed, Undelivered
from helpdesk.reactions import react
from tests import cast
from tests.cast import MONDAY, later
from tickets import bounces, conversation, intake, notices, outbox, threading_ids, unreachable
from tickets.channels.base import Inbound, Sender
from tickets.models import (
    Channel,
    Customer,
    EventKind,
    Notification,
    OutboxMail,
    OutboxStatus,
    ReturnedMail,
    ReturnKind,
    State,
)  # fmt: skip

pytestmark = pytest.mark.django_db
RAVI = "ravi@menon.example"
GONE = Undelivered(RAVI, status="5.1.1", reason="userunknown", is_hard=True, words="550 5.1.1 mailbox unknown")
FULL = Undelivered(RAVI, status="4.2.2", reason="mailboxfull", words="452 4.2.2 mailbox full")


@pytest.fixture
def ticket():
    return cast.TicketFactory(customer=cast.ravi(), created_at=MONDAY, state=State.IN_PROGRESS, assignee=cast.mira())


def sent(ticket, kind="in_progress", now=MONDAY):
    with transaction.atomic():
        notices.to_customer(ticket, kind, now=now, key=f"{kind}:{OutboxMail.objects.count()}")
    outbox.drain(now=now)
    row = OutboxMail.objects.order_by("pk").last()
    assert row.status == OutboxStatus.SENT
    return row


def notice(row=None, *undelivered, **given):
    named = row.mail_id.strip("<>") if row else ""
    return Parsed(is_bounce=True, undelivered=undelivered or (GONE,), original_message_id=named, **given)


def test_a_hard_bounce_marks_the_customer_and_tells_whoever_holds_the_ticket(ticket):
    row = sent(ticket)
    assert bounces.returned(notice(row), now=later(minutes=5)) == ticket
    customer = Customer.objects.get(pk=ticket.customer_id)
    assert (customer.bounced_at, customer.bounce_words) == (later(minutes=5), "550 5.1.1 mailbox unknown")
    [event] = ticket.events.filter(kind=EventKind.MAIL_RETURNED)
    assert event.data == {
        "address": RAVI, "how": "hard", "words": "550 5.1.1 mailbox unknown", "mail": row.pk,
        "kind_of_mail": "in_progress", "is_dead": True,
    }  # fmt: skip
    react(now=later(minutes=6))
    [line] = Notification.objects.filter(kind="mail_returned")
    assert (line.user, line.is_pressing) == (cast.mira(), True)
    assert line.text == f"Mail to {RAVI} came back: “550 5.1.1 mailbox unknown”"
    row.refresh_from_db()
    assert (row.status, row.last_error) == (OutboxStatus.DEAD, "550 5.1.1 mailbox unknown")


def test_the_same_notice_again_changes_nothing(ticket):
    row = sent(ticket)
    for _turn in range(2):
        bounces.returned(notice(row), now=later(minutes=5))
    bounces.provider_event("bounced", recipient=RAVI, message_id=row.mail_id, is_hard=True, words="x", now=MONDAY)
    assert (ReturnedMail.objects.count(), ticket.events.filter(kind=EventKind.MAIL_RETURNED).count()) == (1, 1)


def test_later_mails_are_kept_back_until_a_colleague_says_it_works(client, ticket):
    bounces.returned(notice(sent(ticket)), now=later(minutes=5))
    conversation.reply(ticket, body="Hello?", by=cast.mira(), now=later(minutes=6))
    outbox.drain(now=later(minutes=7))
    kept = OutboxMail.objects.get(kind="reply")
    assert kept.status == OutboxStatus.DEAD
    assert kept.last_error == f"{unreachable.HELD} (550 5.1.1 mailbox unknown)"
    assert ticket.events.filter(kind=EventKind.NOTICE_DEAD).count() == 1
    assert outbox.resend_all(OutboxMail.objects.filter(kind="reply"), by=cast.lena()) == 0
    client.force_login(cast.mira())
    page = client.get(reverse("ticket", args=[ticket.pk])).content.decode()
    assert page.count(f"Mail to {RAVI} came back") == 3  # in the conversation, the panel, the composer
    assert "550 5.1.1 mailbox unknown" in page
    OutboxMail.objects.update(created_at=timezone.now())  # the page's clock is today's
    client.post(reverse("customer_address", args=[ticket.customer_id]), {"ticket": ticket.pk})
    assert Customer.objects.get(pk=ticket.customer_id).bounced_at is None
    outbox.drain()
    assert [one.to for one in mail.outbox if "Hello?" in one.body] == [[RAVI]]


def test_sending_one_again_by_hand_says_that_the_address_works(ticket):
    row = sent(ticket)
    bounces.returned(notice(row), now=later(minutes=5))
    outbox.resend(OutboxMail.objects.get(pk=row.pk), by=cast.lena(), now=later(minutes=6))
    assert outbox.drain(now=later(minutes=6)) == 1
    assert Customer.objects.get(pk=ticket.customer_id).bounced_at is None


@pytest.mark.parametrize(("channel", "is_cleared"), [(Channel.EMAIL, True), (Channel.WEB, False)])
def test_writing_by_mail_from_the_address_clears_it_and_a_form_does_not(ticket, channel, is_cleared):
    bounces.returned(notice(sent(ticket)), now=later(minutes=5))
    inbound = Inbound(channel=channel, sender=Sender("email", "Ravi@menon.example"), body="I am back.")
    intake.receive(inbound, now=later(minutes=6))
    assert unreachable.is_held(RAVI) is not is_cleared
    assert (Customer.objects.get(pk=ticket.customer_id).bounced_at is None) is is_cleared


def test_a_soft_bounce_is_noted_once_and_marks_only_when_it_goes_on(ticket):
    for day in range(2):
        bounces.returned(notice(sent(ticket, now=later(days=day)), FULL), now=later(days=day))
    assert Customer.objects.get(pk=ticket.customer_id).bounced_at is None
    assert not unreachable.is_held(RAVI)
    bounces.returned(notice(sent(ticket, now=later(days=2)), FULL), now=later(days=2))
    assert unreachable.is_held(RAVI)
    kinds = [event.data["is_dead"] for event in ticket.events.filter(kind=EventKind.MAIL_RETURNED).order_by("pk")]
    assert kinds == [False, False, True]


def test_soft_bounces_far_apart_mark_nobody(ticket):
    for week in range(5):
        bounces.returned(notice(sent(ticket, now=later(days=8 * week)), FULL), now=later(days=8 * week))
    assert not unreachable.is_held(RAVI)


def test_a_notice_without_our_id_is_shown_but_stops_no_mail(ticket):
    sent(ticket)
    assert bounces.returned(notice(), now=later(days=1)) == ticket
    assert Customer.objects.get(pk=ticket.customer_id).bounced_at == later(days=1)
    assert not unreachable.is_held(RAVI)
    assert sent(ticket, now=later(days=1)).status == OutboxStatus.SENT


def test_what_fits_nothing_of_ours_is_kept_and_harmless(client, ticket):
    sent(ticket)
    assert bounces.returned(notice(None, Undelivered("who@else.example", is_hard=True, words="no")), now=MONDAY) is None
    assert bounces.returned(notice(), now=MONDAY + timedelta(days=30)) is None
    assert ticket.events.filter(kind=EventKind.MAIL_RETURNED).count() == 0
    client.force_login(cast.lena())
    page = client.get(reverse("returned")).content.decode()
    assert "who@else.example" in page
    assert "none of ours" in page


def test_a_bounce_that_names_nobody_is_of_the_mail_it_quotes(ticket):
    row = sent(ticket)
    parsed = Parsed(is_bounce=True, original_message_id=row.mail_id, automatic_because="Subject: failure notice")
    assert bounces.returned(parsed, now=MONDAY) == ticket
    [kept] = ReturnedMail.objects.all()
    assert (kept.address, kept.kind, kept.mail) == (RAVI, ReturnKind.SOFT, row)


def test_a_forwarding_servers_bounce_marks_the_address_we_wrote_to(ticket):
    row = sent(ticket)
    bounces.returned(notice(row, Undelivered("inner@other.example", is_hard=True, words="gone")), now=MONDAY)
    [kept] = ReturnedMail.objects.all()
    assert (kept.address, kept.words) == (RAVI, "inner@other.example: gone")


def test_a_mail_refused_for_what_it_says_marks_nobody(ticket):
    spam = Undelivered(RAVI, status="5.7.1", reason="spamdetected", is_hard=True, words="554 looks like spam")
    bounces.returned(notice(sent(ticket), spam), now=MONDAY)
    assert ReturnedMail.objects.get().kind == ReturnKind.SOFT
    assert Customer.objects.get(pk=ticket.customer_id).bounced_at is None


def test_a_copys_bounce_leaves_the_customer_alone_and_leaves_out_the_copy(ticket):
    with transaction.atomic():
        row = notices.to_customer(
            ticket, "reply", now=MONDAY, key="r", cc=["boss@menon.example"], message=cast.MessageFactory(ticket=ticket)
        )
    outbox.drain(now=MONDAY)
    row = OutboxMail.objects.get(kind="reply")
    bounces.returned(notice(row, Undelivered("boss@menon.example", is_hard=True, words="no")), now=MONDAY)
    row.refresh_from_db()
    assert row.status == OutboxStatus.SENT
    assert Customer.objects.get(pk=ticket.customer_id).bounced_at is None
    with transaction.atomic():
        notices.to_customer(ticket, "reply", now=MONDAY, key="s", cc=["boss@menon.example"], message=row.message)
    outbox.drain(now=MONDAY)
    assert mail.outbox[-1].recipients() == [RAVI]


def test_a_complaint_stops_surveys_not_mail(ticket):
    row = sent(ticket)
    parsed = Parsed(is_feedback_report=True, original_message_id=row.mail_id.strip("<>"), automatic_because="abuse")
    assert bounces.returned(parsed, now=MONDAY) == ticket
    customer = Customer.objects.get(pk=ticket.customer_id)
    assert (customer.surveys_stopped_at, customer.bounced_at) == (MONDAY, None)
    assert not unreachable.is_held(RAVI)


@pytest.mark.parametrize(
    ("kind", "is_hard", "kept"),
    [
        ("bounced", True, ["hard"]), ("bounced", False, ["soft"]), ("deferred", True, ["soft"]),
        ("rejected", True, ["hard"]), ("complained", False, ["complaint"]), ("delivered", False, []),
        ("opened", False, []),
    ],
)  # fmt: skip
def test_a_providers_report_counts_as_a_bounce_does(ticket, kind, is_hard, kept):
    row = sent(ticket)
    OutboxMail.objects.filter(pk=row.pk).update(provider_id="b7bc2f4a-e38e")
    bounces.provider_event(kind, recipient=RAVI, message_id="b7bc2f4a-e38e", is_hard=is_hard, words="x", now=MONDAY)
    assert [one.kind for one in ReturnedMail.objects.filter(mail=row)] == kept


def test_a_server_that_refuses_the_address_at_once_is_the_same(ticket, monkeypatch):
    def refuse(self, letter):
        raise smtplib.SMTPRecipientsRefused({RAVI: (550, b"5.1.1 no such user")})

    monkeypatch.setattr(post.Post, "send", refuse)
    with transaction.atomic():
        notices.to_customer(ticket, "in_progress", now=MONDAY, key="x")
    outbox.drain(now=MONDAY)
    assert unreachable.is_held(RAVI)
    assert [event.kind for event in ticket.events.all()] == [EventKind.MAIL_RETURNED]


@pytest.mark.parametrize("words", [b"5.7.1 blocked by policy", b"5.3.4 too large"])
def test_a_server_that_refuses_the_mail_marks_nobody(ticket, monkeypatch, words):
    def refuse(self, letter):
        raise smtplib.SMTPRecipientsRefused({RAVI: (550, words)})

    monkeypatch.setattr(post.Post, "send", refuse)
    with transaction.atomic():
        notices.to_customer(ticket, "in_progress", now=MONDAY, key="x")
    outbox.drain(now=MONDAY)
    assert not unreachable.is_held(RAVI)
    assert [event.kind for event in ticket.events.all()] == [EventKind.NOTICE_DEAD]


def test_ticket_of_finds_the_thread_the_mail_or_nothing(ticket):
    row = sent(ticket)
    OutboxMail.objects.filter(pk=row.pk).update(provider_id="0100-abc-000000")
    thread = threading_ids.thread_id(ticket)
    for known in (
        thread,
        thread.strip("<>"),
        thread.upper().replace("TICKET", "ticket"),
        row.mail_id,
        row.mail_id.strip("<>"),
        "<0100-abc-000000@eu-west-1.amazonses.com>",
    ):
        assert outbox.ticket_of(["<else@where.example>", known]) == ticket
    other = cast.TicketFactory()
    forged = thread.replace(f"ticket-{ticket.pk}.", f"ticket-{other.pk}.")
    assert [outbox.ticket_of([one]) for one in (forged, "<ticket-1.x@y>", "", "<>")] == [None] * 4
    assert outbox.ticket_of([]) is None


def test_a_colleagues_mail_names_no_ticket(ticket):
    notices.to_colleague({cast.mira().pk}, "alert", ticket, "Look", key="a", mail=True, now=MONDAY)
    row = OutboxMail.objects.get()
    assert outbox.mail_of([row.mail_id]) == row
    assert outbox.ticket_of([row.mail_id]) is None
