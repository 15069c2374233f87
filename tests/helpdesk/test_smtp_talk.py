"""One mail over a real SMTP connection: all or nothing for its first reader, copies left out only with a word."""

import smtplib
import socket

import pytest
from aiosmtpd.controller import Controller
from django.core import mail

from helpdesk.lib import mail as post

RAVI, BOSS, MUM = "ravi@menon.example", "boss@menon.example", "mum@menon.example"


class Handler:
    """Refuses the addresses it is told to, with what it is told to say."""

    def __init__(self):
        self.refuses = {}
        self.at_the_end = "250 taken"
        self.taken = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if said := self.refuses.get(address):
            return said
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        if self.at_the_end.startswith("250"):
            self.taken.append((envelope.mail_from, tuple(envelope.rcpt_tos), envelope.content))
        return self.at_the_end


@pytest.fixture
def handler(settings):
    found = Handler()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(found, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    yield found
    controller.stop()


def letter(cc=(), **given):
    return post.Letter(
        to=RAVI, words=post.Written("Hällo", "Tëxt\n.\nafter a dot\n", "<p>x"), mail_id="<a@b>", cc=cc, **given
    )


def send(*letters):
    with post.Post() as server:
        return [server.send(one) for one in letters]


def test_all_readers_in_one_mail_and_several_mails_on_one_connection(handler):
    handed = send(letter([BOSS, MUM]), letter())
    assert [one.refused for one in handed] == [{}, {}]
    assert [to for _sender, to, _content in handler.taken] == [(RAVI, BOSS, MUM), (RAVI,)]
    content = handler.taken[0][2]
    assert b"Cc: boss@menon.example, mum@menon.example\r\n" in content
    assert b"\r\n.\r\nafter a dot" in content


@pytest.mark.parametrize("said", ["550 5.1.1 no such user", "450 4.2.0 greylisted"])
def test_a_refused_reader_refuses_the_mail_for_its_copies_too(handler, said):
    handler.refuses = {RAVI: said}
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        send(letter([BOSS]))
    assert handler.taken == []
    assert post.is_final(caught.value) is said.startswith("5")
    assert bool(post.refused_address(caught.value)) is said.startswith("5")


def test_a_copy_refused_for_good_is_left_out_and_told(handler):
    handler.refuses = {BOSS: "550 5.1.1 no such user"}
    [handed] = send(letter([BOSS, MUM]))
    assert handed.refused == {BOSS: (True, "5.1.1 no such user")}
    assert [to for _sender, to, _content in handler.taken] == [(RAVI, MUM)]


def test_a_copy_refused_for_now_is_waited_for_until_patience_ends(handler):
    handler.refuses = {BOSS: "450 4.2.0 greylisted"}
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        send(letter([BOSS]))
    assert (post.is_final(caught.value), handler.taken) == (False, [])
    [handed] = send(letter([BOSS], waits_for_copies=False))
    assert handed.refused == {BOSS: (False, "4.2.0 greylisted")}
    assert [to for _sender, to, _content in handler.taken] == [(RAVI,)]


@pytest.mark.parametrize(
    ("said", "is_final", "is_about_the_address"),
    [
        ("554 5.7.1 spam", True, False), ("552 5.3.4 too large", True, False), ("550 5.1.1 unknown", True, True),
        ("451 4.3.0 later", False, False),
    ],
)  # fmt: skip
def test_what_a_server_says_at_the_end_is_told_apart(handler, said, is_final, is_about_the_address):
    handler.at_the_end = said
    with pytest.raises(smtplib.SMTPDataError) as caught:
        send(letter())
    assert post.is_final(caught.value) is is_final
    assert bool(post.refused_address(caught.value)) is is_about_the_address


def test_after_a_refusal_the_next_mail_leaves(handler):
    handler.refuses = {RAVI: "550 no"}
    with post.Post() as server:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            server.send(letter())
        handler.refuses = {}
        server.send(letter())
    assert len(handler.taken) == 1


def test_in_tests_without_a_server_nothing_else_changes():
    assert send(letter([BOSS]))[0] == post.Handed()
    assert mail.outbox[0].recipients() == [RAVI, BOSS]
