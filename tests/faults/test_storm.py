"""Many customers write while web processes are killed and the database falls over: each request is there, once.

`make faults N=1000` sends that many; every customer sends the same form again until told that it arrived, as people do.
"""

import os
import random
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.faults.clusters import binaries
from tests.faults.conftest import Desk, MailServer
from tests.faults.test_killed import _children, _free_port, _status, _until

N = int(os.environ.get("N", "30"))
CUSTOMERS_AT_ONCE = 4
PATIENCE = 180.0  # seconds a customer keeps trying
HIDDEN = re.compile(r'name="(csrfmiddlewaretoken|stamp)"[^>]*value="([^"]+)"')
SUBJECTS = """
from tickets.models import Ticket
print(sorted(Ticket.objects.values_list("subject", flat=True)))
"""
RECEIPTS = """
from tickets.models import OutboxMail
print(sorted(OutboxMail.objects.filter(kind="received").values_list("to", "status", "mail_id")))
"""


def test_a_request_is_there_once_though_web_processes_are_killed(desk, mail_server, storm):
    port = _serve(desk)
    storm(lambda: _kill_a_web_process(port), every=(0.1, 0.6))
    _everybody_writes(port)
    storm.calm()
    _must_all_be_there_once(desk, mail_server)


@pytest.mark.skipif(binaries() is None, reason="needs Debian's postgresql")
def test_a_request_is_there_once_though_the_database_falls_over(falling_desk, cluster, mail_server, storm):
    port = _serve(falling_desk)
    storm(cluster.cut, every=(1.0, 2.5))
    _everybody_writes(port)
    storm.calm()
    _must_all_be_there_once(falling_desk, mail_server)


def _serve(desk: Desk) -> int:
    port = _free_port()
    desk.environment |= {"SITE_URL": f"http://127.0.0.1:{port}", "PUBLIC_FORMS_PER_HOUR": "1000000"}
    desk.run("playbook", "load", "saas-tiered")
    desk.start("run", "--port", str(port))
    _until(lambda: _status(port) == 200, seconds=120)
    return port


def _kill_a_web_process(port: int) -> None:
    """One of the two that answer requests: its master starts another."""
    masters = subprocess.run(["pgrep", "-f", "gunicorn -c python:helpdesk"], capture_output=True, text=True)
    serving = [pid for line in masters.stdout.split() for pid in _children(int(line)) if _belongs_to(pid, port)]
    if serving:
        with suppress(ProcessLookupError):
            os.kill(random.choice(serving), signal.SIGKILL)


def _belongs_to(pid: int, port: int) -> bool:
    with suppress(OSError):
        return f":{port}\0".encode() in Path(f"/proc/{pid}/environ").read_bytes()
    return False


def _everybody_writes(port: int) -> None:
    with ThreadPoolExecutor(CUSTOMERS_AT_ONCE) as customers:
        outcomes = list(customers.map(lambda number: _write(port, number), range(N)))
    assert outcomes == [True] * N


def _write(port: int, number: int) -> bool:
    """Fill in the form once, and send that same form until a confirmation comes back."""
    end, filled = time.monotonic() + PATIENCE, {}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as customer:
        while time.monotonic() < end:
            try:
                if not filled:
                    filled = dict(HIDDEN.findall(customer.get("/requests/new/").text))
                if filled:
                    mine = {
                        "email": f"c{number}@people.example",
                        "subject": f"Storm {number:05}",
                        "body": "Where is it?",
                    }
                    if customer.post("/requests/new/", data=filled | mine).status_code == 302:
                        return True
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
    return False


def _must_all_be_there_once(desk: Desk, mail_server: MailServer) -> None:
    """Counted in the desk, and at the other end of the mail."""
    _until(lambda: desk.ask(RECEIPTS).count("'sent'") == N, seconds=300)
    assert eval(desk.ask(SUBJECTS)) == [f"Storm {number:05}" for number in range(N)]
    receipts = eval(desk.ask(RECEIPTS))
    assert sorted(to for to, _status_, _mail_id in receipts) == sorted(f"c{n}@people.example" for n in range(N))
    # A mail whose “250” was lost with the database may have left twice, under the same Message-ID.
    assert {mail_id for _to, _status_, mail_id in receipts} <= set(mail_server.taken)
