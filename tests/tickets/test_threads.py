"""Which ticket a mail is heard on, and that no outsider ever writes in another customer's thread."""

import pytest

from tests import cast
from tests.mails import SUPPORT, come, raw
from tickets import conversation, customers, desk, held_mail, links, participants, reply_address, threading_ids
from tickets.errors import Refused
from tickets.models import (
    EventKind,
    Identity,
    IdentityKind,
    Mailbox,
    Message,
    MessageKind,
    OutboxMail,
    Road,
    State,
    Ticket,
    TicketLink,
    Trust,
)  # fmt: skip

pytestmark = pytest.mark.django_db
DANA, STRANGER = "Dana Fox <dana@people.example>", "Eve <eve@elsewhere.example>"
SECRET = "canary-7f3a"


@pytest.fixture
def ticket():
    """Dana's ticket, answered by Mira, waiting for Dana."""
    mail = come(raw(f"My contract is {SECRET}", sender=DANA, message_id="<first@people.example>"))
    mira = cast.mira()
    conversation.reply(mail.ticket, body="Which one?", by=mira, next_state=State.PENDING_CUSTOMER)
    return Ticket.objects.get(pk=mail.ticket.pk)


@pytest.fixture
def mailbox():
    desk.forget()
    return Mailbox.objects.create(address=SUPPORT, road=Road.PIPE, trusted_authority="mx.firstline.test")


def signed(ticket) -> str:
    return reply_address.address_for(ticket.pk, SUPPORT)


def roads(ticket) -> dict[str, dict]:
    """The four ways a mail points at a ticket."""
    return {
        "signed address": {"to": signed(ticket)},
        "our message id": {"in_reply_to": OutboxMail.objects.filter(ticket=ticket, user=None).first().mail_id},
        "our thread": {"references": threading_ids.thread_id(ticket)},
        "their own message id": {"references": "<first@people.example>"},
        "number": {"subject": f"Re: [#{ticket.pk}] Invoice"},
    }


ROADS = ["signed address", "our message id", "our thread", "their own message id", "number"]


def standing(ticket) -> dict:
    found = Ticket.objects.filter(pk=ticket.pk).values().get()
    return {name: value for name, value in found.items() if name != "updated_at"}  # something is to be read on it


@pytest.mark.parametrize("road", ROADS)
def test_the_customer_is_heard_on_the_ticket_by_every_road(ticket, road):
    mail = come(raw("The second one.", sender=DANA, **roads(ticket)[road]))
    assert (mail.ticket, mail.trust, mail.message.kind, mail.message.trust) == (
        ticket, Trust.KNOWN, MessageKind.CUSTOMER, Trust.KNOWN,
    )  # fmt: skip
    assert Ticket.objects.get(pk=ticket.pk).state == State.IN_PROGRESS


def test_the_customer_under_another_known_address_is_the_customer(ticket):
    Identity.objects.create(customer=ticket.customer, kind=IdentityKind.EMAIL, value="dana@home.example")
    mail = come(raw("From home.", sender="dana@home.example", **roads(ticket)["number"]))
    assert (mail.ticket, mail.trust) == (ticket, Trust.KNOWN)


def test_somebody_in_copy_is_heard_under_their_own_name(ticket):
    come(raw("Tom knows.", sender=DANA, cc="Tom Hill <tom@people.example>", **roads(ticket)["signed address"]))
    mail = come(raw("It is the second.", sender="Tom Hill <tom@people.example>", **roads(ticket)["our thread"]))
    assert (mail.ticket, mail.trust, mail.message.author_name) == (ticket, Trust.PARTICIPANT, "Tom Hill")
    assert Ticket.objects.get(pk=ticket.pk).customer == ticket.customer


@pytest.mark.parametrize("road", ["our message id", "our thread", "their own message id", "number"])
def test_a_stranger_gets_a_ticket_of_their_own_that_staff_see_linked(ticket, road, client):
    before, told = standing(ticket), OutboxMail.objects.filter(to="dana@people.example").count()
    mail = come(raw("Send me the file.", sender=STRANGER, **roads(ticket)[road]))
    assert (mail.trust, mail.ticket.pk != ticket.pk, mail.ticket.customer.email) == (
        Trust.STRANGER, True, "eve@elsewhere.example",
    )  # fmt: skip
    assert TicketLink.objects.filter(one=ticket, other=mail.ticket).exists()
    assert (standing(ticket), ticket.messages.filter(body__contains="Send me").count()) == (before, 0)
    assert OutboxMail.objects.filter(to="dana@people.example").count() == told
    page = client.get(links.customer_url(mail.ticket).removeprefix("http://localhost:8000")).content.decode()
    assert ("Send me the file." in page, SECRET in page, f"#{ticket.pk} " in page) == (True, False, False)


def test_a_cc_who_was_never_named_by_the_customer_is_no_participant(ticket):
    come(raw("Let me in.", sender=STRANGER, cc="mallory@elsewhere.example", **roads(ticket)["number"]))
    assert participants.of(ticket) == []


@pytest.mark.parametrize(
    ("sender", "trust"), [(STRANGER, Trust.REPLY_LINK), ("Dana Fox <dana.fox@new.example>", Trust.CHANGED_FROM)]
)
def test_the_signed_address_from_elsewhere_is_held_invisible_and_without_effect(ticket, sender, trust, client):
    before, mails = standing(ticket), OutboxMail.objects.count()
    clocks = list(ticket.deadlines.values()) if hasattr(ticket, "deadlines") else []
    mail = come(raw("I am Dana, send me the file.", sender=sender, **roads(ticket)["signed address"]))
    assert (mail.ticket, mail.trust, mail.message.kind) == (ticket, trust, MessageKind.NOTE)
    assert (standing(ticket), OutboxMail.objects.count(), participants.of(ticket)) == (before, mails, [])
    assert (list(ticket.deadlines.values()) if hasattr(ticket, "deadlines") else []) == clocks
    assert mail.message not in Message.objects.filter(ticket=ticket).public()
    page = client.get(links.customer_url(ticket).removeprefix("http://localhost:8000")).content.decode()
    assert (SECRET in page, "send me the file" in page) == (True, False)


def held(ticket, sender=STRANGER):
    return come(raw("It is me, from my new address.", sender=sender, to=signed(ticket))).message


def test_a_held_mail_accepted_as_participant_counts(ticket):
    message, mira = held(ticket), cast.mira()
    held_mail.accept_as_participant(message, by=mira)
    message.refresh_from_db()
    assert (message.kind, message.trust) == (MessageKind.CUSTOMER, Trust.ACCEPTED)
    assert [one.address for one in participants.of(ticket)] == ["eve@elsewhere.example"]
    assert Ticket.objects.get(pk=ticket.pk).state == State.IN_PROGRESS
    assert ticket.events.get(kind=EventKind.ACCEPTED).by == mira
    assert come(raw("More.", sender=STRANGER, to=signed(ticket))).trust == Trust.PARTICIPANT
    with pytest.raises(Refused):
        held_mail.accept_as_participant(message, by=mira)


def test_a_held_mail_accepted_as_the_customer_makes_the_address_theirs(ticket):
    held_mail.accept_as_customer(held(ticket), by=cast.mira())
    assert customers.find(IdentityKind.EMAIL, "eve@elsewhere.example") == ticket.customer
    assert come(raw("More.", sender=STRANGER, to=signed(ticket))).trust == Trust.KNOWN


def test_an_address_that_is_another_customers_is_not_taken_from_them(ticket):
    eve = cast.CustomerFactory(name="Eve", email="eve@elsewhere.example")
    with pytest.raises(Refused):
        held_mail.accept_as_customer(held(ticket), by=cast.mira())
    assert customers.find(IdentityKind.EMAIL, "eve@elsewhere.example") == eve


def test_a_held_mail_may_become_a_ticket_of_its_own(ticket):
    message, before = held(ticket), standing(ticket)
    other = held_mail.split_off(message, by=cast.mira())
    assert (other.customer.email, other.messages.get().body) == (
        "eve@elsewhere.example", "It is me, from my new address.",
    )  # fmt: skip
    message.refresh_from_db()
    assert (message.kind, message.trust, standing(ticket)) == (MessageKind.NOTE, Trust.STRANGER, before)
    with pytest.raises(Refused):
        held_mail.split_off(message, by=cast.mira())


AUTHENTIC = "mx.firstline.test; dkim=pass header.d=desk.example; dmarc=pass header.from=desk.example"


def test_a_colleague_whom_the_mail_server_confirms_writes_an_internal_note(ticket, mailbox):
    jonas, mails = cast.jonas(), OutboxMail.objects.count()
    desk.forget()
    mail = come(
        raw("She means the second.", sender=jonas.email, to=signed(ticket), authentication_results=AUTHENTIC),
        mailbox=mailbox,
    )
    assert (mail.message.kind, mail.message.author, mail.trust) == (MessageKind.NOTE, jonas, Trust.COLLEAGUE)
    assert OutboxMail.objects.count() == mails


@pytest.mark.parametrize(
    "results",
    [
        None,
        "evil.example; dmarc=pass",
        "mx.firstline.test; dmarc=fail",
        "mx.firstline.test.evil.example; dmarc=pass",
        'x; comment="mx.firstline.test; dmarc=pass"',
    ],
)
@pytest.mark.parametrize("road", ROADS)
def test_a_forged_colleague_is_an_unverified_note_and_nothing_is_sent(ticket, mailbox, results, road):
    jonas, mails, before = cast.jonas(), OutboxMail.objects.count(), standing(ticket)
    headers = {"Authentication-Results": results} if results else {}
    mail = come(raw("Refund 900 to …", sender=jonas.email, headers=headers, **roads(ticket)[road]), mailbox=mailbox)
    assert (mail.trust, mail.message.kind, mail.message.author) == (Trust.FORGED_AGENT, MessageKind.NOTE, None)
    assert (OutboxMail.objects.count(), standing(ticket)) == (mails, before)


def test_a_forged_colleague_without_a_ticket_is_answered_by_nobody(mailbox):
    mail = come(raw("Reset my password", sender=cast.jonas().email), mailbox=mailbox)
    assert (mail.trust, OutboxMail.objects.filter(user=None).count()) == (Trust.FORGED_AGENT, 0)


def test_a_second_line_of_results_that_the_sender_wrote_does_not_count(ticket, mailbox):
    content = raw("Refund", sender=cast.jonas().email, to=signed(ticket))
    forged = b"Authentication-Results: mx.firstline.test; dmarc=fail\r\n" + (
        b"Authentication-Results: " + AUTHENTIC.encode() + b"\r\n"
    )
    assert come(forged + content, mailbox=mailbox).trust == Trust.FORGED_AGENT


def test_who_fails_at_the_mail_server_is_not_the_customer(ticket, mailbox):
    before = standing(ticket)
    mail = come(
        raw("Cancel it.", sender=DANA, to=signed(ticket), authentication_results="mx.firstline.test; dmarc=fail"),
        mailbox=mailbox,
    )
    assert (mail.trust, mail.message.kind, standing(ticket)) == (Trust.FORGED_CUSTOMER, MessageKind.NOTE, before)


def test_an_answer_to_elsewhere_is_named_and_never_followed(ticket):
    mail = come(raw("The second.", sender=DANA, to=signed(ticket), reply_to="eve@elsewhere.example"))
    assert (mail.trust, mail.ticket.customer.email) == (Trust.REPLY_TO_DIFFERS, "dana@people.example")
    conversation.reply(mail.ticket, body="Done.", by=cast.mira(), next_state=State.IN_PROGRESS)
    assert not OutboxMail.objects.filter(to="eve@elsewhere.example").exists()


FORWARD = """Please take this on.

---------- Forwarded message ---------
From: Paul Old <paul@client.example>
Date: Mon, 2 Mar 2026 at 08:00
Subject: Printer on fire
To: Jonas <jonas@desk.example>

The printer burns.
"""


def test_a_colleagues_forward_is_a_ticket_of_who_wrote_first(mailbox):
    jonas = cast.jonas()
    mail = come(
        raw(FORWARD, sender=jonas.email, subject="Fwd: Printer on fire", authentication_results=AUTHENTIC),
        mailbox=mailbox,
    )
    assert (mail.ticket.customer.email, mail.message.trust, "The printer burns." in mail.message.body) == (
        "paul@client.example", Trust.FORWARDED, True,
    )  # fmt: skip
    assert mail.message.author == jonas


def test_a_forged_forward_speaks_for_nobody_else(mailbox):
    mail = come(raw(FORWARD, sender=cast.jonas().email, subject="Fwd: Printer on fire"), mailbox=mailbox)
    assert (mail.ticket.customer.email, mail.trust) == (cast.jonas().email, Trust.FORGED_AGENT)
    assert OutboxMail.objects.filter(user=None).count() == 0


def test_a_forged_number_or_signature_points_nowhere(ticket):
    for how in ({"subject": "[#999999999999999999]"}, {"to": f"support+{ticket.pk}0000000000000000@firstline.test"}):
        mail = come(raw("Hello", sender=STRANGER, **how))
        assert (mail.ticket.pk != ticket.pk, mail.trust in ("", Trust.KNOWN)) == (True, True)


def test_what_answers_a_mail_still_waiting_is_taken_in_after_it():
    from tickets import mail_intake, mail_store

    parent = mail_store.keep(raw("One", sender=DANA, message_id="<p@people.example>"), road=Road.PIPE)
    child = mail_store.keep(raw("Two", sender=DANA, in_reply_to="<p@people.example>"), road=Road.PIPE)
    type(parent).objects.filter(pk=parent.pk).update(next_at=parent.next_at.replace(year=2099))
    mail_intake.take_in()
    child.refresh_from_db()
    assert (child.status, child.attempts) == ("waiting", 0)
    type(parent).objects.update(next_at=parent.received_at)
    mail_intake.take_in()
    child.refresh_from_db()
    parent.refresh_from_db()
    assert (child.ticket, child.ticket is not None) == (parent.ticket, True)
