"""The demo's mailbox: a caught mail is answered by mail, as its reader's mail program would."""

import pytest
from django.urls import reverse

from helpdesk import jobs
from tests import cast
from tests.cast import MONDAY
from tickets import conversation, outbox, participants
from tickets.models import CaughtMail, InboundMail, MessageKind, State

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def caught(settings):
    settings.DEMO = settings.REPLY_BY_MAIL = True
    settings.EMAIL_BACKEND = "tickets.caught_mail.EmailBackend"
    ticket = cast.TicketFactory(customer=cast.ravi(), created_at=MONDAY, state=State.IN_PROGRESS)
    participants.add(ticket, address="boss@menon.example", by=cast.mira())
    said = conversation.reply(ticket, body="Which lamp is it?", by=cast.mira(), now=MONDAY)
    outbox.drain(now=said.undo_until)
    return CaughtMail.objects.get()


def test_an_answer_comes_in_as_mail_and_only_what_was_typed_is_the_reply(client, caught):
    page = client.get(reverse("demo_mail_one", args=[caught.pk])).content.decode()
    assert "boss@menon.example" in page
    client.post(reverse("demo_mail_answer", args=[caught.pk]), {"body": "The red one.", "sender": "ravi@menon.example"})
    [kept] = InboundMail.objects.all()
    jobs.tick()
    kept.refresh_from_db()
    assert kept.message is not None
    assert (kept.message.kind, kept.message.body.strip()) == (MessageKind.CUSTOMER, "The red one.")
    assert kept.ticket == conversation.Message.objects.filter(body="Which lamp is it?").get().ticket


def test_an_empty_answer_and_a_mail_to_a_colleague_send_nothing(client, caught):
    client.post(reverse("demo_mail_answer", args=[caught.pk]), {"body": "  "})
    other = CaughtMail.objects.create(to="mira@desk.example", subject="x", text="x", headers={"Reply-To": "a@b.c"})
    assert "Answer this mail" not in client.get(reverse("demo_mail_one", args=[other.pk])).content.decode()
    client.post(reverse("demo_mail_answer", args=[other.pk]), {"body": "Hello"})
    assert InboundMail.objects.count() == 0
