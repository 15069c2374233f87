"""The worker: a django-q2 cluster that does our jobs, a watchdog that starts it anew when it stands still, and a thread
beside them that fetches mail.

The queue is only a doorbell. Its broker also puts a pulse through the whole cluster every few seconds, which ends in a
Heartbeat row (helpdesk/pulse.py), so that the row's age tells whether work still gets through: a cluster can hang with
every process alive, for instance after one of its idle workers was killed.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from types import FrameType

import structlog
from django.conf import settings
from django.db import connections
from django.utils import timezone

from helpdesk.pulse import BEAT, NAME_VARIABLE
from tickets import fetching
from tickets.models import Heartbeat

log = structlog.get_logger()

MANAGE = settings.BASE_DIR / "manage.py"
# Five beats missed: the cluster hangs. A long tick gives signs of life too, so that a busy one is not taken for hung.
SILENCE = timedelta(seconds=15)
STOPS_WITHIN = 25.0  # seconds a child may take to end its work before it is killed
LOOKS_EVERY = 0.5  # seconds
FETCH_LOOKS_EVERY = 5.0  # seconds; a mailbox says itself when its turn is (fetching.POLL)
# Waits before a child that died is started again, by how often in a row; one that lived for a minute begins anew.
RESTARTS = (0.2, 1.0, 3.0, 10.0)
HEALTHY_AFTER = 60.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class Child:
    """A process that is kept running: started again when it ends, killed with all it started when it must go."""

    def __init__(self, name: str, arguments: Sequence[str], environment: dict[str, str] | None = None) -> None:
        self.name = name
        self.arguments = list(arguments)
        self.environment = {**os.environ, **(environment or {})}
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self._falls = 0
        self._start_at = 0.0

    def start(self) -> None:
        self.started = time.monotonic()
        # A group of its own: Ctrl-C reaches only us, and killing the group leaves no orphan.
        self.process = subprocess.Popen(  # noqa: S603 (our own command)
            self.arguments, env=self.environment, start_new_session=True, preexec_fn=_end_with_parent
        )
        log.info("started", child=self.name, pid=self.process.pid)

    def keep(self) -> None:
        """Start it, or start it again once its wait is over."""
        if self.process is not None and self.process.poll() is not None:
            lived = time.monotonic() - self.started
            self._falls = 0 if lived > HEALTHY_AFTER else self._falls + 1
            wait = RESTARTS[min(self._falls, len(RESTARTS) - 1)]
            code = self.process.returncode
            log.warning("ended", child=self.name, code=code, lived_seconds=round(lived), again_in=wait)
            self.kill()
            self._start_at = time.monotonic() + wait
        if self.process is None and time.monotonic() >= self._start_at:
            self.start()

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait(self, until: float) -> None:
        """Wait for it to end, until that moment (time.monotonic); then kill it."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("killed", child=self.name, why="did not stop in time")
        self.kill()

    def kill(self) -> None:
        """End it and whatever it left behind."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None


def supervise(children: Sequence[Child], *, watch: Callable[[], None] = lambda: None) -> None:
    """Keep the children running until SIGTERM or SIGINT; then stop all of them. `watch` is called at every look."""
    stopping: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.append(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        while not stopping:
            for child in children:
                child.keep()
            watch()
            time.sleep(LOOKS_EVERY)
    finally:
        for child in children:
            child.ask_to_stop()
        until = time.monotonic() + STOPS_WITHIN
        for child in children:
            child.wait(until)


def work() -> None:
    """Run the cluster under the watchdog until told to stop."""
    name = f"worker-{socket.gethostname()[:30]}-{os.getpid()}"
    cluster = Child("cluster", [sys.executable, str(MANAGE), "qcluster"], {NAME_VARIABLE: name})
    last_look = 0.0

    def watch() -> None:
        nonlocal last_look
        if cluster.process is None or time.monotonic() - last_look < BEAT.total_seconds():
            return
        last_look = time.monotonic()
        if is_silent(name, running_for=time.monotonic() - cluster.started):
            log.error("cluster_hangs", worker=name, silent_seconds=SILENCE.total_seconds())
            cluster.kill()

    threading.Thread(target=_fetch_for_ever, name="fetch-mail", daemon=True).start()
    try:
        supervise([cluster], watch=watch)
    finally:
        _quietly(lambda: Heartbeat.objects.filter(name=name).delete())


def _fetch_for_ever() -> None:
    """Visit mailboxes beside the cluster, whose jobs it thus never holds up. Killed at any moment it loses nothing."""
    while True:
        _quietly(fetching.fetch_due)
        connections.close_all()
        time.sleep(FETCH_LOOKS_EVERY)


def is_silent(name: str, *, running_for: float) -> bool:
    """Whether a cluster that runs for so many seconds should have given a sign of life and has not.

    False while the database does not answer: a restart would not help then.
    """
    if running_for < SILENCE.total_seconds():
        return False
    fresh = _quietly(lambda: Heartbeat.objects.filter(name=name, at__gt=timezone.now() - SILENCE).exists())
    return fresh is False


def _quietly(question: Callable[[], object]) -> object:
    """The answer, or None while the database cannot give one."""
    try:
        return question()
    except Exception as error:
        log.warning("database_does_not_answer", error=str(error))
        connections.close_all()
        return None


def _end_with_parent() -> None:
    """On Linux, have the child told to stop when its parent is gone, even by kill -9; elsewhere it lives on."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
