"""A customer's mail on its way: its thread, its sender and answer address, signature, files, quote; surveys stopped."""

from email import message_from_bytes
from email.policy import default

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse

from helpdesk.lib.mailparse import quotes, reply_marker
from tests import cast
from tests.cast import MONDAY, later
from tickets import conversation, customers, files, links, notices, outbox, reply_address, threading_ids
from tickets.models import (
    Customer,
    Identity,
    InboundMail,
    Mailbox,
    Message,
    OutboxMail,
    OutboxStatus,
    Road,
    State,
    Team,
    Ticket,
    Trust,
)  # fmt: skip

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket():
    ravi = cast.ravi()
    Identity.objects.filter(customer=ravi).update(verified_at=MONDAY)
    ticket = cast.TicketFactory(
        customer=ravi, subject="The lamp", created_at=MONDAY, state=State.IN_PROGRESS, team=cast.TeamFactory()
    )
    cast.MessageFactory(ticket=ticket, body="The lamp is\nbroken.\n\n> What is it?", created_at=MONDAY)
    return ticket


@pytest.fixture
def mailbox():
    return Mailbox.objects.create(address="help@firstline.test", name="Help", road=Road.PIPE)


def reply(ticket, body="Try another bulb.", now=MONDAY, **given):
    said = conversation.reply(ticket, body=body, by=cast.mira(), now=now, **given)
    outbox.drain(now=said.undo_until)
    return mail.outbox[-1]


def write(ticket, kind, now=MONDAY):
    with transaction.atomic():
        notices.to_customer(ticket, kind, now=now, key=f"{kind}:{OutboxMail.objects.count()}")
    outbox.drain(now=now)
    return mail.outbox[-1] if mail.outbox else None


def came_in(ticket, mail_id, mailbox=None):
    return InboundMail.objects.create(
        road=Road.PIPE, mail_id=mail_id, sha256=mail_id[:64], size=1, fingerprint=mail_id[:40], received_at=MONDAY,
        next_at=MONDAY, ticket=ticket, mailbox=mailbox,
    )  # fmt: skip


def test_every_mail_of_a_request_has_one_subject_line_and_one_thread(ticket):
    sent = [write(ticket, "received"), write(ticket, "in_progress"), reply(ticket)]
    Ticket.objects.update(state=State.RESOLVED)
    sent.append(write(ticket, "resolved", now=later(minutes=1)))
    assert [one.subject for one in sent] == ["The lamp [#1]".replace("1", str(ticket.pk))] + [
        f"Re: The lamp [#{ticket.pk}]"
    ] * 3
    thread = threading_ids.thread_id(ticket)
    assert {one.extra_headers["References"] for one in sent} == {thread}
    assert len({one.extra_headers["Message-ID"] for one in sent}) == 4


def test_the_customers_own_mail_is_the_root_of_the_thread(ticket):
    came_in(ticket, "first@menon.example")
    for turn in range(20):
        came_in(ticket, f"{turn}@menon.example")
    came_in(ticket, "bad\r\nBcc: x@y")
    headers = reply(ticket).extra_headers
    ids = headers["References"].split(" ")
    assert ids[:2] == ["<first@menon.example>", threading_ids.thread_id(ticket)]
    assert ids[2:] == [f"<{turn}@menon.example>" for turn in range(20 - threading_ids.MOST_REFERENCES, 20)]
    assert headers["In-Reply-To"] == "<19@menon.example>"


def test_without_a_mailbox_answers_go_to_the_requests_page(ticket):
    sent = reply(ticket)
    assert sent.reply_to == ["support@firstline.test"]
    assert not any(reply_marker.is_marker(line) for line in sent.body.split("\n"))
    assert "Please write to us on the request's page" in sent.body


def test_with_a_mailbox_answers_come_in_by_a_signed_address_below_a_marker(ticket, mailbox):
    sent = reply(ticket)
    assert sent.from_email == '"Mira Kovac (Firstline)" <support@firstline.test>'
    assert sent.reply_to == [reply_address.address_for(ticket.pk, "help@firstline.test")]
    assert sent.body.startswith(reply_marker.line("en") + "\n")
    assert reply_marker.line("en") in sent.alternatives[0][0]
    assert "Answer this mail" in sent.body


def test_the_setting_alone_opens_the_desks_own_address(ticket, settings):
    settings.REPLY_BY_MAIL = True
    assert reply(ticket).reply_to == [reply_address.address_for(ticket.pk, "support@firstline.test")]
    settings.REPLY_WITH_PLUS = False
    assert reply(ticket, now=later(hours=1)).reply_to == ["support@firstline.test"]


def test_a_teams_mailbox_speaks_for_its_tickets_else_the_one_they_came_by(ticket, mailbox):
    billing = Mailbox.objects.create(address="billing@firstline.test", name="Billing", road=Road.PIPE)
    came_in(ticket, "first@menon.example", billing)
    assert reply(ticket).from_email == '"Mira Kovac (Billing)" <billing@firstline.test>'
    mailbox.team = ticket.team
    mailbox.save()
    assert reply(ticket, now=later(hours=1)).from_email == '"Mira Kovac (Help)" <help@firstline.test>'
    assert write(ticket, "in_progress", now=later(hours=2)).from_email == "Help <help@firstline.test>"
    Mailbox.objects.update(is_active=False)
    assert "support@firstline.test" in reply(ticket, now=later(hours=3)).from_email


def test_a_signature_fills_in_its_fields_and_nothing_else(ticket):
    Team.objects.update(signature="Kind regards\n{{ agent.name }}, {{team.name}} at {{ site.name }} {{ ticket.link }}")
    said = reply(ticket).body
    assert "Kind regards\nMira Kovac, Tier 1 at Firstline {{ ticket.link }}\n" in said
    assert "\nMira\n" not in said
    Team.objects.update(signature="The team")
    assert "\nMira\nThe team\n" in reply(ticket, now=later(hours=1)).body
    Team.objects.update(signature="")
    assert "\nMira\n" in reply(ticket, now=later(hours=2)).body


def test_the_customers_last_words_stand_below_and_are_folded_when_they_answer(ticket, mailbox):
    body = reply(ticket).body
    assert "Ravi Menon wrote:\n> The lamp is\n> broken.\n" in body
    assert "What is it?" not in body
    answer = "It was the bulb.\n\nOn Monday Mira wrote:\n" + "\n".join("> " + line for line in body.split("\n"))
    assert quotes.split(answer).reply.strip() == "It was the bulb."
    above = "It was the bulb.\n\n" + body
    assert quotes.split(above).reply.strip() == "It was the bulb."


def test_a_strangers_words_on_the_ticket_are_not_quoted(ticket):
    Message.objects.update(trust=Trust.STRANGER)
    assert "> " not in reply(ticket).body


def test_a_long_message_is_quoted_in_part(ticket):
    Message.objects.update(body="\n".join(f"line {number}" for number in range(500)))
    quoted = [line for line in reply(ticket).body.split("\n") if line.startswith("> ")]
    assert (quoted[0], quoted[-2:], len(quoted)) == ("> line 0", ["> line 59", "> …"], 61)


def test_small_files_leave_with_the_mail_and_large_ones_are_named(ticket, settings, tmp_path):
    settings.FILES_DIR = tmp_path
    settings.MAIL_FILES_BYTES = 100
    given = {"a.txt": b"small", "b.txt": b"x" * 99, "c.eml": "From: ä\n\nHi".encode("latin-1")}
    kept = [files.keep(SimpleUploadedFile(name, content)) for name, content in given.items()]
    sent = reply(ticket, files=kept)
    told = message_from_bytes(sent.message().as_bytes(), policy=default)
    enclosed = {part.get_filename(): part.get_payload(decode=True) for part in told.iter_attachments()}
    assert enclosed == {"a.txt": b"small", "c.eml": given["c.eml"]}
    assert "Enclosed: a.txt, c.eml\n" in sent.body
    assert "Files you find on the request's page: b.txt\n" in sent.body


def test_a_file_that_is_gone_is_named_not_fatal(ticket, settings, tmp_path):
    settings.FILES_DIR = tmp_path / "one"
    kept = files.keep(SimpleUploadedFile("a.txt", b"small"))
    settings.FILES_DIR = tmp_path / "other"
    assert "Files you find on the request's page: a.txt\n" in reply(ticket, files=[kept]).body


@pytest.mark.parametrize("language", ["en", "de"])
def test_mails_speak_the_tickets_language_and_the_customers_time(ticket, mailbox, language):
    Ticket.objects.update(language=language)
    Customer.objects.update(time_zone="Asia/Tokyo")
    sent = reply(Ticket.objects.get(pk=ticket.pk))
    assert sent.body.startswith(reply_marker.line(language))
    assert "18:00" in sent.body  # 9:00 in UTC


# ── Surveys ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def closed(ticket):
    Ticket.objects.update(state=State.CLOSED, closed_at=MONDAY)
    return Ticket.objects.get(pk=ticket.pk)


def test_one_click_stops_surveys_without_cookies_and_without_a_redirect(closed):
    url = write(closed, "closed").extra_headers["List-Unsubscribe"].strip("<>")
    path = url.removeprefix("http://localhost:8000")
    client = Client(enforce_csrf_checks=True)
    assert "Stop surveys" in client.get(path).content.decode()
    assert Customer.objects.get().surveys_stopped_at is None
    answer = client.post(path, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    first = Customer.objects.get().surveys_stopped_at
    assert first is not None
    client.post(path, {"List-Unsubscribe": "One-Click"})
    assert Customer.objects.get().surveys_stopped_at == first
    client.post(path, {"again": "1"})
    assert Customer.objects.get().surveys_stopped_at is None


def test_a_forged_link_about_surveys_stops_nothing(client, closed):
    good = links.surveys_url(closed.customer).removeprefix("http://localhost:8000")
    other = links.surveys_url(cast.dana()).rsplit("-", 1)[0].rsplit("/", 1)[1]
    for wrong in (good[:-2] + "x/", f"/surveys/{other}-{good.split('-', 1)[1]}", f"/surveys/{links.token(closed)}/"):
        assert client.post(wrong).status_code == 404
    assert not Customer.objects.filter(surveys_stopped_at__isnull=False).exists()


def test_who_stopped_surveys_hears_that_it_is_closed_but_is_not_asked(client, closed):
    assert "satisfaction" in write(closed, "closed").body
    Customer.objects.update(surveys_stopped_at=MONDAY)
    sent = write(closed, "closed", now=later(minutes=1))
    assert "is closed" in sent.body
    assert "satisfaction" not in sent.body + sent.alternatives[0][0]
    write(closed, "after_close", now=later(minutes=2))
    last = OutboxMail.objects.order_by("pk").last()
    assert (last.status, last.last_error) == (OutboxStatus.CANCELLED, "the customer wants no surveys")
    client.force_login(cast.mira())
    assert "Wants no surveys." in client.get(reverse("ticket", args=[closed.pk])).content.decode()
    assert "wants none" in client.get(reverse("customer", args=[closed.customer_id])).content.decode()


def test_merged_customers_keep_that_one_of_them_wants_no_surveys():
    gone, kept = cast.dana(), cast.ravi()
    Customer.objects.filter(pk=gone.pk).update(surveys_stopped_at=MONDAY)
    customers.merge_customers(gone, into=kept, by=None)
    assert Customer.objects.get(pk=kept.pk).surveys_stopped_at == MONDAY
