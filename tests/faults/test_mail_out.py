"""Mail out against servers that misbehave and workers that die: none lost, none doubled that need not be, in order."""

import collections
import itertools
import os
import random
import signal
import socketserver
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg
import pytest

N = int(os.environ.get("N", "60"))
MAILS_A_TICKET = 4
KILLS = 4
RECEIVE = f"""
from django.db import transaction
from django.utils import timezone
from tickets import notices
from tickets.models import Customer, OutboxMail, State, Ticket
for n in range({-(-N // MAILS_A_TICKET)}):
    customer = Customer.objects.create(name=f"Customer {{n}}", email=f"customer{{n}}@people.example")
    now = timezone.now()
    ticket = Ticket.objects.create(
        subject="Where is it?", customer=customer, state=State.IN_PROGRESS, created_at=now, last_message_at=now
    )
    with transaction.atomic():
        for turn in range({MAILS_A_TICKET}):
            notices.to_customer(ticket, "in_progress", now=now, key=f"{{n}}:{{turn}}")
OutboxMail.objects.filter(pk__in=list(OutboxMail.objects.order_by("pk").values_list("pk", flat=True)[{N}:])).delete()
print(list(OutboxMail.objects.order_by("pk").values_list("mail_id", "to")))
"""
# Hours pass in an instant: every try waits for the one before, and a server that hangs does so for a second.
DRAIN = """
from datetime import timedelta
from django.utils import timezone
from helpdesk.lib import mail, smtp_talk
from tickets import outbox
from tickets.models import OutboxMail
mail.STEP_TIMEOUT = smtp_talk.END_TIMEOUT = 1
now = timezone.now() + outbox.LEASE
for turn in range(outbox.MOST_TRIES):
    while outbox.drain(now=now, limit=100000):
        pass
    if not OutboxMail.objects.filter(status="pending").exists():
        break
    now += 2 * outbox.LONGEST_WAIT
print(sorted(OutboxMail.objects.values_list("mail_id", "status")))
"""
# What may go wrong with a mail, and whether the other end has it then although it did not say so.
FAULTS = {
    "greeting": False,  # 421 instead of a greeting
    "sender": False,  # 451 to MAIL
    "reader": False,  # 450 to RCPT
    "before_data": False,  # the line breaks at DATA
    "within_data": False,  # the line breaks in the middle of the message
    "refused": False,  # 452 to the whole message
    "lost_answer": True,  # taken, and the line breaks before the 250
    "slow": True,  # taken, and the 250 comes too late
    "twice": False,  # taken, and 250 said twice
    "silent": False,  # no answer at all to RCPT, for as long as it takes
}
SLOW = ("slow", "silent")


class Server(socketserver.ThreadingTCPServer):
    """SMTP with a fault for some connections; keeps the Message-IDs it has, in the order it got them."""

    allow_reuse_address = daemon_threads = True
    request_queue_size = 50

    def __init__(self, faults):
        super().__init__(("127.0.0.1", 0), Talk)
        self.faults = faults
        self.lock = threading.Lock()
        self.taken: list[str] = []
        self.used: collections.Counter[str] = collections.Counter()

    @property
    def port(self):
        return self.server_address[1]

    def next_fault(self):
        with self.lock:
            fault = next(self.faults, "")
            self.used[fault] += 1
            return fault


class Talk(socketserver.StreamRequestHandler):
    def handle(self):
        self.fault = self.server.next_fault()
        if self.fault == "greeting":
            return self.say("421 not now")
        self.say("220 here")
        for line in self.rfile:
            word = line.split()[0].upper() if line.split() else b""
            if word == b"MAIL" and self.fault == "sender":
                self.say("451 not now")
            elif word == b"RCPT" and self.fault == "reader":
                self.say("450 4.2.0 greylisted")
            elif word == b"RCPT" and self.fault == "silent":
                time.sleep(2)
                return None
            elif word == b"DATA":
                if self.fault == "before_data" or not self.take_mail():
                    return None
                self.fault = self.server.next_fault()  # the next mail on this connection
            elif word == b"QUIT":
                return self.say("221 bye")
            else:
                self.say("250 ok")
        return None

    def take_mail(self):
        """Whether the connection goes on."""
        self.say("354 go on")
        found = ""
        for line in self.rfile:
            if line.lower().startswith(b"message-id:"):
                found = line.split(b":", 1)[1].strip().decode()
                if self.fault == "within_data":
                    return False
            if line == b".\r\n":
                break
        else:
            return False  # the client went away in the middle: nothing was handed over
        if self.fault == "refused":
            self.say("452 4.3.1 no room")
            return True
        with self.server.lock:
            self.server.taken.append(found)
        if self.fault == "lost_answer":
            return False
        if self.fault == "slow":
            time.sleep(2)
        self.say("250 taken\r\n250 taken" if self.fault == "twice" else "250 taken")
        return True

    def say(self, words):
        with suppress(OSError):
            self.wfile.write(words.encode() + b"\r\n")


@dataclass
class Sent:
    """What was written, by reader in order, and what came of it."""

    written: list[tuple[str, str]]
    statuses: dict[str, str] = field(default_factory=dict)

    def check(self, taken, *, doubles_at_most):
        ids = [mail_id for mail_id, _to in self.written]
        assert set(self.statuses.values()) == {"sent"}
        assert sorted(set(taken)) == sorted(ids)  # none lost, none under another name
        assert len(taken) - len(set(taken)) <= doubles_at_most
        first = {mail_id: place for place, mail_id in reversed(list(enumerate(taken)))}
        for _to, mails in itertools.groupby(sorted(self.written, key=lambda one: one[1]), key=lambda one: one[1]):
            places = [first[mail_id] for mail_id, _reader in mails]
            assert places == sorted(places)


@pytest.fixture
def serve(desk):
    started = []

    def start(faults):
        server = Server(iter(faults))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        desk.environment["EMAIL_PORT"] = str(server.port)
        started.append(server)
        return server

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def drained(desk, sent):
    sent.statuses = dict(eval(desk.ask(DRAIN)))
    return sent


def written_and_sent(desk):
    lines = desk.run("shell", "-v", "0", "-c", RECEIVE + DRAIN).strip().split("\n")
    return Sent(eval(lines[-2]), dict(eval(lines[-1])))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_that_fails_in_one_way_costs_no_mail(desk, serve, fault):
    """Half of the mails meet the fault; those that take a second each, a few."""
    some = 4 if fault in SLOW else N // 2
    server = serve(itertools.chain.from_iterable((fault, "") for _turn in range(some)))
    written_and_sent(desk).check(server.taken, doubles_at_most=some if FAULTS[fault] else 0)
    assert server.used[fault] == some


def test_a_server_that_fails_in_every_way_gets_every_mail_in_order(desk, serve):
    chance = random.Random(20261124)
    plan = [chance.choice(["", "", *(fault for fault in FAULTS if fault not in SLOW)]) for _turn in range(N)]
    server = serve([*plan, *SLOW])
    doubles = plan.count("lost_answer") + 1
    written_and_sent(desk).check(server.taken, doubles_at_most=doubles)
    assert set(server.used) >= {*plan, *SLOW}


def test_workers_killed_while_they_send_lose_nothing_and_keep_the_order(desk, serve):
    server = serve([])
    sent = Sent(eval(desk.ask(RECEIVE)))
    chance = random.Random(7)
    killed = 0
    for _turn in range(KILLS):
        before = len(server.taken)
        tick = desk.start("tick")
        while len(server.taken) == before and tick.poll() is None:
            time.sleep(0.005)
        time.sleep(chance.random() * 0.1)
        if tick.poll() is None:
            os.killpg(tick.pid, signal.SIGKILL)
            killed += 1
        tick.wait()
    assert killed > 0
    drained(desk, sent).check(server.taken, doubles_at_most=killed)


def test_a_database_that_goes_away_while_mail_leaves_loses_nothing(desk, serve):
    """PostgreSQL ends every connection again and again, as at a restart; what was under way leaves once more."""
    database = desk.environment.get("DATABASE_URL", "")
    if not database.startswith("postgres"):
        pytest.skip("true only on PostgreSQL")
    server = serve([])
    sent = Sent(eval(desk.ask(RECEIVE)))
    cuts = 0
    with psycopg.connect(database.rsplit("/", 1)[0] + "/postgres", autocommit=True) as admin:
        for _turn in range(KILLS):
            before = len(server.taken)
            tick = desk.start("tick")
            while len(server.taken) == before and tick.poll() is None:
                time.sleep(0.005)
            cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s"
            cuts += admin.execute(cut, [database.rsplit("/", 1)[1]]).fetchone()[0]
            tick.wait(60)
    assert cuts > 0
    drained(desk, sent).check(server.taken, doubles_at_most=cuts)
