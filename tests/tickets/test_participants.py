"""Other recipients: kept once, never ours nor the customer's own, copied on replies, told nothing that is private."""

import pytest
from django.core import mail
from django.urls import reverse

from helpdesk.lib.mailparse.parsed import Address
from tests import cast
from tests.cast import MONDAY, later
from tickets import conversation, links, notices, outbox, participants
from tickets.errors import Refused
from tickets.models import EventKind, Identity, IdentityKind, Mailbox, OutboxMail, Participant, Road, State, Ticket

pytestmark = pytest.mark.django_db
BOSS, MUM = Address("Boss@menon.example", "The  Boss"), Address("mum@menon.example")


@pytest.fixture
def ticket():
    return cast.TicketFactory(customer=cast.ravi(), created_at=MONDAY, state=State.IN_PROGRESS)


def reply(ticket, body="Here is your link.", **given):
    said = conversation.reply(ticket, body=body, by=cast.mira(), now=MONDAY, **given)
    outbox.drain(now=said.undo_until)
    return mail.outbox[-1]


def everything(sent):
    return sent.subject + sent.body + sent.alternatives[0][0] + str(dict(sent.message().items()))


def test_keep_takes_each_address_once_and_never_ours_or_the_customers(ticket):
    Mailbox.objects.create(address="sales@firstline.test", road=Road.PIPE)
    Identity.objects.create(customer=ticket.customer, kind=IdentityKind.EMAIL, value="ravi@second.example")
    given = [
        BOSS, Address("boss@menon.example"), Address("ravi@menon.example"), Address("Ravi@Second.example"), Address(""),
        Address("support@firstline.test"), Address("sales+1abc@firstline.test"), Address("no address"),
    ]  # fmt: skip
    assert participants.keep(ticket, given, by=None, now=MONDAY) == 1
    assert participants.keep(ticket, given, by=None, now=MONDAY) == 0
    assert [(one.address, one.name) for one in participants.of(ticket)] == [("boss@menon.example", "The Boss")]
    [event] = ticket.events.filter(kind=EventKind.CHANGED)
    assert event.data == {"field": "participants", "old": "", "new": "boss@menon.example"}


def test_keep_stops_at_a_crowd(ticket):
    crowd = [Address(f"p{n}@crowd.example") for n in range(50)]
    assert participants.keep(ticket, crowd, by=None, now=MONDAY) == participants.MOST
    with pytest.raises(Refused):
        participants.add(ticket, address="one@more.example", by=cast.mira())


def test_one_that_a_colleague_removed_comes_back_by_hand_only(ticket):
    participants.keep(ticket, [BOSS, MUM], by=None, now=MONDAY)
    participants.remove(ticket, address="boss@menon.example", by=cast.mira())
    participants.keep(ticket, [BOSS], by=None, now=later(days=1))
    assert participants.addresses(ticket) == ["mum@menon.example"]
    participants.add(ticket, address=" BOSS@menon.example", by=cast.mira())
    assert participants.addresses(ticket) == ["boss@menon.example", "mum@menon.example"]
    assert Participant.objects.count() == 2


@pytest.mark.parametrize("address", ["", "nobody", "support@firstline.test", "ravi@menon.example"])
def test_add_refuses_what_cannot_get_a_copy(ticket, address):
    with pytest.raises(Refused):
        participants.add(ticket, address=address, by=cast.mira())
    assert Participant.objects.count() == 0


def test_a_reply_goes_to_all_in_one_mail_and_automatic_mails_to_the_customer_alone(ticket):
    participants.keep(ticket, [BOSS, MUM], by=None, now=MONDAY)
    sent = reply(ticket)
    assert (sent.to, sent.cc) == (["ravi@menon.example"], ["boss@menon.example", "mum@menon.example"])
    assert OutboxMail.objects.get(kind="reply").cc == ["boss@menon.example", "mum@menon.example"]
    assert len(mail.outbox) == 1
    notices.to_customer(ticket, "in_progress", now=MONDAY, key="x")
    Ticket.objects.update(state=State.IN_PROGRESS)
    outbox.drain(now=later(minutes=5))
    assert mail.outbox[-1].recipients() == ["ravi@menon.example"]


def test_a_mail_that_others_read_opens_nothing_of_the_customers(ticket):
    participants.keep(ticket, [BOSS], by=None, now=MONDAY)
    private, rating = links.customer_url(ticket), links.rating_url(ticket, 5)
    upper = private.replace("http://", "HTTP://")
    said = everything(reply(ticket, body=f"See {private} or {rating}, {upper} and /r/{links.token(ticket)}/files/1/"))
    assert links.token(ticket) not in said
    assert "/r/" not in said
    assert "satisfaction" not in said
    assert "List-Unsubscribe" not in said
    assert said.count(reverse("my_requests")) >= 4
    alone = everything(reply(cast.TicketFactory(customer=cast.dana(), created_at=MONDAY), body="Hello."))
    assert "/r/" in alone


def test_the_link_is_back_when_the_last_other_recipient_is_gone(ticket):
    participants.keep(ticket, [BOSS], by=None, now=MONDAY)
    participants.remove(ticket, address=BOSS.email, by=cast.mira())
    assert links.customer_url(ticket) in reply(ticket).body


def test_the_page_shows_adds_and_removes(client, ticket):
    client.force_login(cast.mira())
    path = reverse("ticket_participants", args=[ticket.pk])
    client.post(path, {"add": "boss@menon.example"})
    page = client.get(reverse("ticket", args=[ticket.pk])).content.decode()
    assert "Copies to: boss@menon.example" in page
    client.post(path, {"remove": "boss@menon.example"})
    assert participants.of(ticket) == []
    page = client.get(reverse("ticket", args=[ticket.pk])).content.decode()
    assert "Copies to: " not in page
    assert "Nobody else gets the replies." in page


def test_the_timeline_tells_who_added_and_removed(client, ticket):
    participants.keep(ticket, [BOSS], by=None, now=MONDAY)
    participants.remove(ticket, address=BOSS.email, by=cast.mira())
    client.force_login(cast.lena())
    page = client.get(reverse("ticket_timeline", args=[ticket.pk])).content.decode()
    assert "The desk added boss@menon.example to the mail" in page
    assert "Mira K. took boss@menon.example off the mail" in page
