"""Mail in by every road while whoever takes it is killed, or the database falls over: each message is there, once.

`make faults N=1000` sends that many. Every message opens one ticket; a fifth comes by two roads with the same bytes, a
fifth with what a second road adds. Counted in the desk, and its receipts at the other end of SMTP.
"""

import os
import smtplib
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from email.message import EmailMessage

import pytest

from tests.faults.clusters import binaries
from tests.faults.test_killed import _free_port, _until
from tests.imap_server import DOVECOT, Server, dovecot, needs_dovecot

N = int(os.environ.get("N", "30"))
SUPPORT = "support@firstline.test"
CHANCE = "0.5"
MAILBOX = """
from helpdesk.lib.crypto import seal
from tickets.models import Mailbox
Mailbox.objects.create(
    address="support@firstline.test", road={road!r}, host="127.0.0.1", port={port}, security="none", user="support",
    sealed_password=seal("horse-battery"),
)
"""
FOUND = """
from tickets.models import InboundMail, Message, OutboxMail, Ticket
print((
    sorted(InboundMail.objects.values_list("mail_id", "status", "message__ticket__subject")),
    sorted(Ticket.objects.values_list("subject", flat=True)),
    sorted(Message.objects.values_list("ticket__subject", flat=True)),
    sorted(OutboxMail.objects.filter(kind="received").values_list("to", "status", "mail_id")),
    sorted(Message.objects.filter(files__isnull=False).values_list("ticket__subject", flat=True)),
))
"""


def test_mail_is_there_once_though_the_door_the_pipe_and_the_worker_are_killed(desk, mail_server):
    desk.ask(MAILBOX.format(road="pipe", port=1))
    _send(desk, ("pipe", "door"), CHANCE)
    assert min(desk.deaths(hand) for hand in ("pipe", "door", "work")) > 0
    _must_all_be_there_once(desk, mail_server, doubles_at_most=desk.deaths("work"))


@needs_dovecot
def test_fetched_mail_is_there_once_though_fetcher_and_worker_are_killed(desk, mail_server):
    with dovecot() as port:
        desk.ask(MAILBOX.format(road="imap", port=port))
        _send(desk, ("imap", "pipe"), CHANCE, Server(port))
        assert min(desk.deaths(hand) for hand in ("pipe", "fetch", "work")) > 0
        _must_all_be_there_once(desk, mail_server, doubles_at_most=desk.deaths("work"))


@pytest.mark.skipif(binaries() is None, reason="needs Debian's postgresql")
def test_mail_is_there_once_though_the_database_falls_over(falling_desk, cluster, mail_server, storm):
    cuts = []
    with ExitStack() as stack:
        port = stack.enter_context(dovecot()) if os.path.exists(DOVECOT) else 0
        falling_desk.ask(MAILBOX.format(road="imap" if port else "pipe", port=port or 1))
        storm(lambda: cuts.append(cluster.cut()), every=(1.0, 2.5))
        roads = ("pipe", "door", "imap") if port else ("pipe", "door")
        _send(falling_desk, roads, "0", Server(port) if port else None, calm=storm.calm)
        assert cuts
        _must_all_be_there_once(falling_desk, mail_server, doubles_at_most=len(cuts))


def _send(desk, roads, chance, server=None, calm=lambda: None) -> None:
    """Every message by its roads, while workers work; then the rest in peace."""
    sent = {road: [] for road in ("pipe", "door", "imap")}
    for number in range(N):
        content = _message(number)
        sent[roads[number % len(roads)]].append(content)
        second = sent[roads[(number + 1) % len(roads)]]
        if number % 5 == 0:
            second.append(content)
        elif number % 5 == 1:
            second.append(b"Received: by elsewhere.example; Mon, 23 Nov 2026 10:00:00 +0000\r\n" + content)
    folder = os.path.join(desk.environment["DATA_DIR"], "pipe")
    os.makedirs(folder)
    for number, content in enumerate(sent["pipe"]):
        with open(f"{folder}/{number:05}.eml", "wb") as file:
            file.write(content)
    long_lived = [desk.hand("work", chance)]
    port = _free_port()
    if "door" in roads:
        long_lived.append(desk.hand("door", chance, str(port)))
    if "imap" in roads:
        long_lived.append(desk.hand("fetch", chance))
    if float(chance):
        # Nothing is sent before whoever takes it is up and has died once.
        hands = [hand for hand, road in (("work", "pipe"), ("door", "door"), ("fetch", "imap")) if road in roads]
        _until(lambda: all(desk.deaths(hand) for hand in hands), seconds=120)
    piping = desk.hand("pipe", chance, folder)
    with ThreadPoolExecutor(4) as senders:
        accepted = list(senders.map(lambda content: _knock(port, content), sent["door"]))
    for content in sent["imap"]:
        server.deliver(content)
    assert piping.wait(900) == 0
    assert accepted == [True] * len(sent["door"])
    while "imap" in roads and server.count("UNSEEN"):
        time.sleep(0.2)
    calm()
    for process in long_lived:
        process.terminate()
    time.sleep(0.5)
    desk.stop()
    assert desk.hand("settle", "0").wait(900) == 0


def _message(number: int) -> bytes:
    """One of a thousand: plain, with a quote, with a file, too large for its row, costly to read."""
    mail = EmailMessage()
    mail["From"], mail["To"] = f"Customer {number} <c{number}@people.example>", SUPPORT
    mail["Subject"], mail["Message-ID"] = f"Storm {number:05}", f"<storm-{number}@people.example>"
    mail["Date"] = "Mon, 23 Nov 2026 10:00:00 +0000"
    body = f"Parcel {number} has not come.\n"
    if number % 3 == 1:
        body += "\nOn Fri, 20 Nov 2026 at 10:00, Support <support@firstline.test> wrote:\n> It is on its way.\n"
    if number % 20 == 7:
        body += "--costly\n" * 150
    mail.set_content(body)
    if _has_file(number):
        large = 150_000 if number % 20 == 8 else 2_000
        mail.add_attachment(
            b"%05d" % number * (large // 5), maintype="application", subtype="octet-stream", filename="a.txt"
        )
    return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _has_file(number: int) -> bool:
    return number % 4 == 0


def _knock(port: int, content: bytes) -> bool:
    """As a mail server does: again and again until 250 is said."""
    end = time.monotonic() + 300
    while time.monotonic() < end:
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=20) as door:
                door.sendmail("bounce@people.example", [SUPPORT], content)
            return True
        except (OSError, smtplib.SMTPException):
            time.sleep(0.05)
    return False


def _must_all_be_there_once(desk, mail_server, *, doubles_at_most: int) -> None:
    mails, tickets, messages, receipts, with_files = eval(desk.ask(FOUND))
    subjects = [f"Storm {number:05}" for number in range(N)]
    kept = [(f"storm-{n}@people.example", "done", subjects[n]) for n in range(N) for _copy in range(1 + (n % 5 == 1))]
    assert mails == sorted(kept)
    assert tickets == messages == subjects
    assert with_files == [subject for number, subject in enumerate(subjects) if _has_file(number)]
    readers = sorted((f"c{number}@people.example", "sent") for number in range(N))
    assert [(to, status) for to, status, _mail_id in receipts] == readers
    assert {mail_id for _to, _status, mail_id in receipts} == set(mail_server.taken)
    # One whose “250” was lost with the worker or the database left again, under the same Message-ID.
    assert len(mail_server.taken) - N <= doubles_at_most
