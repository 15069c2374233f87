"""Mail handed over by a pipe and by SMTP or LMTP: what is accepted is stored, and nobody is relayed for."""

import asyncio
import io
import smtplib
import socket
import sys
import threading

import pytest
from django.core.management import call_command
from django.db import DatabaseError

from helpdesk import mail_door
from tests.mails import SUPPORT, raw
from tickets import desk, mail_store, reply_address
from tickets.models import InboundMail, Mailbox, Road

pytestmark = pytest.mark.django_db(transaction=True)


class Listening:
    """The door in a thread of its own, as the command runs it."""

    def __init__(self, *, is_lmtp: bool) -> None:
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(mail_door.serve("127.0.0.1", 0, is_lmtp=is_lmtp))
        self.port = self.server.sockets[0].getsockname()[1]
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.server.close)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


@pytest.fixture
def mailbox():
    desk.forget()
    return Mailbox.objects.create(address="help@firstline.test", road=Road.SMTP)


@pytest.fixture
def door():
    listening = Listening(is_lmtp=False)
    yield listening.port
    listening.close()


def client(port: int) -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", port, timeout=10)


def test_what_is_accepted_is_stored(door, mailbox):
    content = raw(to="help@firstline.test").replace(b"\n", b"\r\n")
    with client(door) as talk:
        assert talk.sendmail("dana@people.example", ["help@firstline.test", SUPPORT], content) == {}
    mail = InboundMail.objects.get()
    assert (mail_store.raw_of(mail), mail.mailbox, mail.road) == (content, mailbox, Road.SMTP)
    assert (mail.envelope_from, mail.envelope_to) == ("dana@people.example", ["help@firstline.test", SUPPORT])


def test_signed_reply_addresses_are_ours_and_all_others_are_refused(door, mailbox):
    with client(door) as talk:
        talk.ehlo()
        talk.mail("a@people.example")
        ours = reply_address.address_for(7, "help@firstline.test")
        assert [talk.rcpt(address)[0] for address in (ours, "HELP@firstline.test", "x@elsewhere.example", "help")] == [
            250, 250, 550, 550,
        ]  # fmt: skip


def test_while_the_database_is_away_the_sender_keeps_it(door, mailbox, monkeypatch):
    def away(*args, **how):
        raise DatabaseError("away")

    monkeypatch.setattr(mail_store, "keep", away)
    with client(door) as talk, pytest.raises(smtplib.SMTPDataError) as refusal:
        talk.sendmail("dana@people.example", [SUPPORT], raw())
    assert (refusal.value.smtp_code, InboundMail.objects.count()) == (451, 0)


def test_too_large_a_message_is_refused_at_once(monkeypatch, mailbox):
    monkeypatch.setattr(mail_store, "MOST_BYTES", 2_000)
    listening = Listening(is_lmtp=False)
    try:
        with client(listening.port) as talk, pytest.raises(smtplib.SMTPException) as refusal:
            talk.sendmail("dana@people.example", [SUPPORT], raw("x" * 70 + "\n" + "y" * 60 + "\n" * 3_000))
    finally:
        listening.close()
    assert (refusal.value.smtp_code, InboundMail.objects.count()) == (552, 0)


def test_lmtp_answers_for_each_recipient(mailbox):
    listening = Listening(is_lmtp=True)
    try:
        with socket.create_connection(("127.0.0.1", listening.port), timeout=10) as talk:
            lines = talk.makefile("rwb")

            def say(words: str) -> bytes:
                lines.write(words.encode() + b"\r\n")
                lines.flush()
                answer = lines.readline()
                while answer[3:4] == b"-":
                    answer = lines.readline()
                return answer[:3]

            lines.readline()
            asked = [say(words) for words in (
                "LHLO mx.example", "MAIL FROM:<a@people.example>", "RCPT TO:<help@firstline.test>",
                f"RCPT TO:<{SUPPORT}>", "DATA",
            )]  # fmt: skip
            lines.write(raw().replace(b"\n", b"\r\n") + b"\r\n.\r\n")
            lines.flush()
            answers = [lines.readline()[:3] for _recipient in range(2)]
    finally:
        listening.close()
    assert (asked, answers) == ([b"250"] * 4 + [b"354"], [b"250"] * 2)
    assert InboundMail.objects.count() == 1


class Input:
    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


def test_a_pipe_hands_a_message_over(mailbox, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", Input(raw()))
    call_command("deliver", "--mailbox", "Help@firstline.test", "--sender", "a@people.example")
    mail = InboundMail.objects.get()
    assert (mail.mailbox, mail.road, mail.envelope_from) == (mailbox, Road.PIPE, "a@people.example")
    assert capsys.readouterr().out == f"Stored as {mail.pk}.\n"


@pytest.mark.parametrize(("content", "address"), [(raw(), "unknown@firstline.test"), (b"", "")])
def test_what_a_pipe_cannot_store_is_tried_again(content, address, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Input(content))
    with pytest.raises(SystemExit) as end:
        call_command("deliver", *(["--mailbox", address] if address else []))
    assert (end.value.code, InboundMail.objects.count()) == (75, 0)


def test_a_pipe_keeps_nothing_while_the_database_is_away(monkeypatch):
    def away(*args, **how):
        raise DatabaseError("away")

    monkeypatch.setattr(mail_store, "keep", away)
    monkeypatch.setattr(sys, "stdin", Input(raw()))
    with pytest.raises(SystemExit) as end:
        call_command("deliver")
    assert end.value.code == 75
