"""Processes killed by kill -9 at the worst moment: no mail is lost, and what was killed stands up again."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from contextlib import suppress

MAILS = 5
RECEIVE = f"""
from tickets import intake
from tickets.channels.base import Inbound, Sender
for n in range({MAILS}):
    sender = Sender("email", f"customer{{n}}@people.example", "Dana")
    intake.receive(Inbound(channel="web", sender=sender, subject="Where is it?", body="It has not come."))
"""
AFTER_THE_LEASE = """
from django.utils import timezone
from tickets import outbox
from tickets.models import OutboxMail
outbox.drain(now=timezone.now() + outbox.LEASE)
print(sorted(OutboxMail.objects.values_list("mail_id", "status")))
"""
AGE = """
from django.utils import timezone
from tickets.models import Heartbeat
beat = Heartbeat.objects.order_by("-at").first()
print(999 if beat is None else int((timezone.now() - beat.at).total_seconds()))
"""


def test_a_worker_killed_while_it_sends_loses_no_mail(desk, mail_server):
    desk.ask(RECEIVE)
    mail_server.seconds = 2.0
    tick = desk.start("tick")
    assert mail_server.begun.wait(60)
    os.killpg(tick.pid, signal.SIGKILL)
    tick.wait()
    mail_server.seconds = 0.0
    rows = eval(desk.ask(AFTER_THE_LEASE))
    assert [status for _mail_id, status in rows] == ["sent"] * MAILS
    # The one under way may have left twice, under the same Message-ID.
    assert sorted(set(mail_server.taken)) == [mail_id for mail_id, _status in rows]
    assert MAILS <= len(mail_server.taken) <= MAILS + 1


def test_two_workers_at_once_send_each_mail_once(desk, mail_server):
    desk.ask(RECEIVE)
    mail_server.seconds = 0.3
    for process in [desk.start("tick") for _turn in range(2)]:
        assert process.wait(60) == 0
    assert len(mail_server.taken) == len(set(mail_server.taken)) == MAILS


def test_a_worker_whose_idle_process_is_killed_works_again(desk, mail_server):
    work = desk.start("work")
    _until(lambda: int(desk.ask(AGE)) < 5, seconds=60)
    [cluster] = _children(work.pid)
    [sentinel] = _children(cluster)
    os.kill(min(_children(sentinel)), signal.SIGKILL)
    time.sleep(1)
    desk.ask(RECEIVE)
    _until(lambda: len(mail_server.taken) == MAILS, seconds=60)
    assert work.poll() is None
    work.send_signal(signal.SIGTERM)
    assert work.wait(40) == 0
    assert len(set(mail_server.taken)) == MAILS


def test_run_survives_the_death_of_its_children_and_stops_cleanly(desk):
    port = _free_port()
    desk.environment["SITE_URL"] = f"http://127.0.0.1:{port}"
    run = desk.start("run", "--port", str(port))
    _until(lambda: _status(port) == 200, seconds=120)
    before = _children(run.pid)
    for child in before:
        os.kill(child, signal.SIGKILL)
    _until(lambda: len(_children(run.pid)) == 2 and not set(before) & set(_children(run.pid)), seconds=60)
    _until(lambda: _status(port) == 200, seconds=90)
    run.send_signal(signal.SIGINT)
    assert run.wait(60) == 0
    assert _status(port) is None
    left = subprocess.run(["pgrep", "-f", f"manage.py run --port {port}"], capture_output=True, text=True)
    assert left.stdout == ""


def _children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


def _status(port: int) -> int | None:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
        return answer.status
    return None


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def _until(is_true, *, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.5)
