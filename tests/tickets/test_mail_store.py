"""What came is stored as it came, once, however often and on however many roads it comes."""

import pytest
from django.db import DatabaseError, transaction

from tests.mails import raw
from tickets import files, mail_store
from tickets.errors import Refused
from tickets.models import InboundMail, Mailbox, Road

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox():
    return Mailbox.objects.create(address="support@firstline.test", road=Road.PIPE)


def test_a_message_is_kept_byte_for_byte(mailbox):
    content = raw(message_id="<one@people.example>") + b"\xff\x00\r\n"
    mail = mail_store.keep(
        content, road=Road.PIPE, mailbox=mailbox, envelope_from="Dana@People.example", envelope_to=["<a@b.example>"]
    )
    again = InboundMail.objects.get(pk=mail.pk)
    assert mail_store.raw_of(again) == content
    assert (again.mail_id, again.sender, again.envelope_from, again.envelope_to, again.size, again.status) == (
        "one@people.example", "dana@people.example", "dana@people.example", ["a@b.example"], len(content), "waiting"
    )  # fmt: skip


def test_a_large_message_lies_on_disk_and_is_read_back(mailbox, settings, tmp_path):
    settings.FILES_DIR = tmp_path
    content = raw("x" * 70 + "\n") + b"y" * mail_store.IN_THE_ROW
    mail = InboundMail.objects.get(pk=mail_store.keep(content, road=Road.PIPE, mailbox=mailbox).pk)
    assert (mail.raw, mail_store.raw_of(mail) == content) == (None, True)
    assert files.path_of(mail.sha256).exists()


@pytest.mark.parametrize("message_id", ["<same@people.example>", None])
def test_the_same_message_again_is_the_first_one(mailbox, message_id):
    content = raw(message_id=message_id)
    first = mail_store.keep(content, road=Road.PIPE, mailbox=mailbox)
    assert mail_store.keep(content, road=Road.SMTP, mailbox=mailbox).pk == first.pk
    assert InboundMail.objects.count() == 1


def test_the_same_uid_is_stored_once_even_when_the_server_changes_its_bytes(mailbox):
    first = mail_store.keep(raw(), road=Road.IMAP, mailbox=mailbox, uidvalidity=7, uid=1)
    assert mail_store.keep(raw("Other"), road=Road.IMAP, mailbox=mailbox, uidvalidity=7, uid=1).pk == first.pk
    assert mail_store.keep(raw("Other"), road=Road.IMAP, mailbox=mailbox, uidvalidity=8, uid=1).pk != first.pk


def test_without_a_mailbox_the_same_message_is_stored_once_too():
    content = raw()
    assert mail_store.keep(content, road=Road.PIPE).pk == mail_store.keep(content, road=Road.PIPE).pk


def test_the_same_message_id_with_another_text_is_another_message(mailbox):
    first = mail_store.keep(raw("One", message_id="<x@a.example>"), road=Road.PIPE, mailbox=mailbox)
    second = mail_store.keep(raw("Two", message_id="<x@a.example>"), road=Road.PIPE, mailbox=mailbox)
    assert (first.pk != second.pk, first.fingerprint != second.fingerprint) == (True, True)


def test_what_roads_add_does_not_count_for_the_fingerprint():
    content = raw(message_id="<x@a.example>")
    other = b"Received: from relay.example\r\n\tby mx.example\r\nDelivered-To: b@b.example\r\n" + content.replace(
        b"\n", b"\r\n"
    )
    kept = [mail_store.keep(one, road=Road.PIPE).fingerprint for one in (content, other)]
    assert kept[0] == kept[1]


@pytest.mark.parametrize("content", [b"", b" \r\n ", b"x" * (mail_store.MOST_BYTES + 1)])
def test_nothing_and_too_much_are_refused(content):
    with pytest.raises(Refused):
        mail_store.keep(content, road=Road.PIPE)
    assert InboundMail.objects.count() == 0


@pytest.mark.parametrize(
    "head",
    [b"Message-ID: <\r\n", b"Message-ID: " + b"a" * 5000 + b"\r\n", b"From: \xff\x00@\r\n", b"\x00\x01\x02", b"From"],
)
def test_odd_headers_are_stored_all_the_same(head):
    content = head + b"\r\nText"
    assert mail_store.raw_of(InboundMail.objects.get(pk=mail_store.keep(content, road=Road.PIPE).pk)) == content


@pytest.mark.django_db(transaction=True)
def test_nothing_is_stored_inside_another_transaction():
    with pytest.raises(RuntimeError), transaction.atomic():
        mail_store.keep(raw(), road=Road.PIPE)
    assert InboundMail.objects.count() == 0


def test_a_database_that_refuses_is_not_passed_over(monkeypatch):
    def refuse(rows, **how):
        raise DatabaseError("away")

    monkeypatch.setattr(mail_store, "insert", refuse)
    with pytest.raises(DatabaseError):
        mail_store.keep(raw(), road=Road.PIPE)
