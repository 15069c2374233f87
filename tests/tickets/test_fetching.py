"""Mail fetched from a real IMAP server (Debian's dovecot-imapd): stored, then set aside; never lost, never twice."""

import socket
import threading
import time
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connections
from django.utils import timezone

from helpdesk.lib.crypto import seal
from tests.imap_server import Server, dovecot, needs_dovecot
from tests.mails import raw
from tickets import fetching, mail_store
from tickets.models import InboundMail, Mailbox, Road

pytestmark = [pytest.mark.django_db(transaction=True), needs_dovecot]


@pytest.fixture(scope="module")
def imap_port():
    with dovecot() as port:
        yield port


@pytest.fixture
def server(imap_port):
    server = Server(imap_port)
    if server.client.select("INBOX")[1] != [b"0"]:
        server.client.store("1:*", "+FLAGS", r"(\Deleted)")
        server.client.expunge()
    server.client.unselect()
    yield server
    server.client.logout()


@pytest.fixture
def mailbox(imap_port):
    return a_mailbox(imap_port)


def a_mailbox(port: int, **columns) -> Mailbox:
    columns = {"address": "support@firstline.test", "host": "127.0.0.1", **columns}
    return Mailbox.objects.create(
        road=Road.IMAP, port=port, security="none", user="support", sealed_password=seal("horse-battery"), **columns
    )


def test_mail_is_stored_whole_and_then_marked_as_read(server, mailbox):
    content = raw("Fetched", message_id="<a@people.example>").replace(b"\n", b"\r\n")
    server.deliver(content)
    assert fetching.fetch(mailbox) == 1
    mail = InboundMail.objects.get()
    assert (mail_store.raw_of(mail), mail.mailbox, mail.road, mail.uid is not None) == (
        content, mailbox, Road.IMAP, True,
    )  # fmt: skip
    assert (server.count("UNSEEN"), server.count("ALL")) == (0, 1)
    mailbox.refresh_from_db()
    assert (mailbox.failures, mailbox.last_error, mailbox.lease_until) == (0, "", None)
    assert (mailbox.last_success_at is not None, mailbox.last_mail_at is not None, mailbox.lag is not None) == (
        True, True, True,
    )  # fmt: skip


def test_stored_mail_is_moved_where_it_is_asked_for(server, imap_port):
    server.client.create("Done")
    box = a_mailbox(imap_port, after="move", move_to="Done")
    before = server.count("ALL", "Done")
    server.deliver(raw())
    assert fetching.fetch(box) == 1
    assert (server.count("ALL"), server.count("ALL", "Done")) == (0, before + 1)


def test_what_was_read_by_a_person_meanwhile_is_fetched_all_the_same(server, mailbox):
    server.deliver(raw("One"))
    fetching.fetch(mailbox)
    server.deliver(raw("Two"), flags=r"(\Seen)")
    mailbox.refresh_from_db()
    assert (fetching.fetch(mailbox), InboundMail.objects.count()) == (1, 2)


def test_years_of_old_mail_are_left_alone_on_the_first_visit(server, mailbox):
    for number in range(3):
        server.deliver(raw(f"Old {number}"), flags=r"(\Seen)")
    server.deliver(raw("New"))
    assert (fetching.fetch(mailbox), InboundMail.objects.count()) == (1, 1)


def test_killed_between_storing_and_marking_it_is_stored_once(server, mailbox, monkeypatch):
    for number in range(3):
        server.deliver(raw(f"Number {number}"))

    def die(self, uid):
        raise KeyboardInterrupt

    monkeypatch.setattr(fetching.imap.Folder, "set_aside", die)
    with pytest.raises(KeyboardInterrupt):
        fetching.fetch(mailbox)
    assert (InboundMail.objects.count(), server.count("UNSEEN")) == (1, 3)
    monkeypatch.undo()
    later = timezone.now() + fetching.LEASE * 2
    mailbox.refresh_from_db()
    assert (fetching.fetch(mailbox, now=later), InboundMail.objects.count(), server.count("UNSEEN")) == (2, 3, 0)


def test_killed_before_storing_it_is_still_unread(server, mailbox, monkeypatch):
    server.deliver(raw())

    def away(*args, **how):
        raise DatabaseError("away")

    monkeypatch.setattr(mail_store, "keep", away)
    with pytest.raises(DatabaseError):
        fetching.fetch(mailbox)
    assert (InboundMail.objects.count(), server.count("UNSEEN")) == (0, 1)


def test_new_uids_after_a_change_of_uidvalidity_store_nothing_twice(server, mailbox):
    for number in range(3):
        server.deliver(raw(f"Number {number}"))
    fetching.fetch(mailbox)
    Mailbox.objects.update(uidvalidity=1)
    InboundMail.objects.update(uidvalidity=1)
    server.deliver(raw("Came meanwhile"), flags=r"(\Seen)")
    mailbox.refresh_from_db()
    fetching.fetch(mailbox)
    mailbox.refresh_from_db()
    assert (InboundMail.objects.count(), mailbox.uidvalidity > 1) == (4, True)


def test_a_message_too_large_stays_on_the_server_and_is_told(server, mailbox, monkeypatch):
    monkeypatch.setattr(mail_store, "MOST_BYTES", 5_000)
    server.deliver(raw("x" * 60 + "\n") + b"y" * 6_000)
    server.deliver(raw("small"))
    assert fetching.fetch(mailbox) == 1
    mailbox.refresh_from_db()
    assert (mailbox.left_on_server, "too large" in mailbox.last_error, mailbox.failures) == (1, True, 1)
    assert server.count("UNSEEN") == 1
    monkeypatch.undo()
    assert fetching.fetch(mailbox) == 1
    mailbox.refresh_from_db()
    assert (mailbox.left_on_server, mailbox.last_error, mailbox.failures, mailbox.failing_since) == (0, "", 0, None)


def test_a_message_that_cannot_be_stored_does_not_stop_the_next(server, mailbox, monkeypatch):
    real = mail_store.keep

    def keep(content, **how):
        if b"poison" in content:
            raise ValueError("odd")
        return real(content, **how)

    monkeypatch.setattr(mail_store, "keep", keep)
    for body in ("poison", "fine", "also fine"):
        server.deliver(raw(body))
    assert (fetching.fetch(mailbox), server.count("UNSEEN")) == (2, 1)


def test_a_mailbox_that_fails_waits_and_stops_no_other(server, mailbox, imap_port):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        broken = a_mailbox(taken.getsockname()[1], address="broken@firstline.test")
        wrong = a_mailbox(imap_port, address="wrong@firstline.test")
        Mailbox.objects.filter(pk=wrong.pk).update(sealed_password=seal("guessed"))
        server.deliver(raw())
        assert fetching.fetch_due() == 1
    broken.refresh_from_db()
    wrong.refresh_from_db()
    assert (broken.failures, wrong.failures, "horse" in wrong.last_error, "guessed" in wrong.last_error) == (
        1, 1, False, False,
    )  # fmt: skip
    assert (broken.next_at > timezone.now() + timedelta(seconds=30), broken.failing_since is not None) == (True, True)
    assert fetching.fetch_due() == 0


def test_a_server_that_hangs_is_given_up(mailbox, monkeypatch):
    monkeypatch.setattr(fetching.imap, "STEP_TIMEOUT", 0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        Mailbox.objects.update(port=silent.getsockname()[1])
        mailbox.refresh_from_db()
        began = time.monotonic()
        assert fetching.fetch(mailbox) == 0
    mailbox.refresh_from_db()
    assert (mailbox.failures, time.monotonic() - began < 5) == (1, True)


def test_two_processes_never_visit_one_mailbox_at_once(server, mailbox):
    Mailbox.objects.update(lease_until=timezone.now() + timedelta(minutes=1))
    server.deliver(raw())
    assert (fetching.fetch(mailbox), server.count("UNSEEN")) == (0, 1)


def test_many_fetchers_store_each_message_once(server, imap_port):
    boxes = [a_mailbox(imap_port, address=f"box{number}@firstline.test") for number in range(2)]
    for number in range(20):
        server.deliver(raw(f"Number {number}", message_id=f"<{number}@people.example>"))

    def run():
        for box in Mailbox.objects.filter(pk=boxes[0].pk):
            fetching.fetch(box)
        connections.close_all()

    threads = [threading.Thread(target=run) for _turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert InboundMail.objects.values("mail_id").distinct().count() == InboundMail.objects.count() == 20


def test_the_command_visits_every_mailbox_once(server, mailbox, capsys):
    server.deliver(raw())
    call_command("fetch_mail", "--once")
    assert capsys.readouterr().out == "support@firstline.test: 1 new\n"


def test_the_password_may_stand_in_the_environment(server, mailbox, monkeypatch):
    Mailbox.objects.update(sealed_password="", password_variable="SUPPORT_PASSWORD")
    mailbox.refresh_from_db()
    assert "SUPPORT_PASSWORD" in fetching.try_connection(mailbox)
    monkeypatch.setenv("SUPPORT_PASSWORD", "horse-battery")
    assert fetching.try_connection(mailbox) == ""
