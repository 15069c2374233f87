"""A desk of its own for each fault: its own database, processes that may be killed, a mail server that listens.

Everything here is marked `faults` and run by `make faults`, apart from the other tests: it takes its time.
"""

import os
import random
import shutil
import signal
import socketserver
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from tests.faults.clusters import a_cluster

ROOT = Path(__file__).resolve().parents[2]


def pytest_collection_modifyitems(items):
    for item in items:
        if "faults" in Path(item.fspath).parts:
            item.add_marker(pytest.mark.faults)


class MailServer(socketserver.ThreadingTCPServer):
    """Speaks just enough SMTP; takes `seconds` over each mail and keeps the Message-IDs it said 250 to."""

    allow_reuse_address = daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Talk)
        self.seconds = 0.0
        self.begun = threading.Event()
        self.taken: list[str] = []

    @property
    def port(self):
        return self.server_address[1]


class Talk(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("220 here")
        for line in self.rfile:
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA":
                self.take_mail()
            elif word == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def take_mail(self):
        self.say("354 go on")
        found = ""
        for line in self.rfile:
            if line.lower().startswith(b"message-id:"):
                found = line.split(b":", 1)[1].strip().decode()
            if line == b".\r\n":
                break
        self.server.begun.set()
        time.sleep(self.server.seconds)
        self.server.taken.append(found)
        self.say("250 taken")

    def say(self, words):
        self.wfile.write(words.encode() + b"\r\n")


@dataclass
class Desk:
    environment: dict[str, str]
    started: list[subprocess.Popen] = field(default_factory=list)

    @classmethod
    def at(cls, folder: Path, mail_server: MailServer, database_url: str = "") -> "Desk":
        """A desk with its data in `folder`, on SQLite there or on the database named; without tables as yet."""
        kept = {
            name: value for name, value in os.environ.items() if name not in ("PYTEST_CURRENT_TEST", "DATABASE_URL")
        }
        return cls(
            kept
            | ({"DATABASE_URL": database_url} if database_url else {})
            | {
                "DATA_DIR": str(folder),
                "EMAIL_HOST": "127.0.0.1",
                "EMAIL_PORT": str(mail_server.port),
                "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
                "LOG_LEVEL": "WARNING",
                "DJANGO_SETTINGS_MODULE": "helpdesk.settings",
                "WEBHOOK_HTTP": "1",
                "WEBHOOK_NETWORKS": "127.0.0.0/8",
            }
        )

    def stop(self) -> None:
        """End whatever still runs, softly first."""
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()

    def start(self, *arguments: str) -> subprocess.Popen:
        """A process of manage.py in a group of its own."""
        return self._start(str(ROOT / "manage.py"), *arguments)

    def hand(self, *arguments: str) -> subprocess.Popen:
        """A process of tests/faults/hands.py in a group of its own."""
        return self._start("-m", "tests.faults.hands", *arguments)

    def deaths(self, hand: str) -> int:
        """How often that hand's children were killed in the middle of their work."""
        path = Path(self.environment["DATA_DIR"]) / f"deaths-{hand}"
        return path.stat().st_size if path.exists() else 0

    def _start(self, *arguments: str) -> subprocess.Popen:
        command = [sys.executable, *arguments]
        process = subprocess.Popen(command, env=self.environment, cwd=ROOT, start_new_session=True)
        self.started.append(process)
        return process

    def run(self, *arguments: str) -> str:
        """What a command of manage.py prints; fails when it fails."""
        return self._run(str(ROOT / "manage.py"), *arguments)

    def ask_hand(self, *arguments: str) -> str:
        """What a hand prints at its end, its last line."""
        return self._run("-m", "tests.faults.hands", *arguments).strip().split("\n")[-1]

    def _run(self, *arguments: str) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(command, env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask(self, code: str) -> str:
        """What Python code prints in a shell of this desk, its last line."""
        return self.run("shell", "-v", "0", "-c", code).strip().split("\n")[-1]


@pytest.fixture
def mail_server():
    server = MailServer()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """A folder with an empty desk on SQLite: migrating takes longer than most of the tests, copying does not."""
    folder = tmp_path_factory.mktemp("migrated")
    Desk.at(folder, MailServer()).run("migrate", "-v", "0")
    return folder


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """The name of a migrated database on the server that DATABASE_URL names; "" on SQLite."""
    if not (server := os.environ.get("DATABASE_URL", "")).startswith("postgres"):
        yield ""
        return
    name = f"firstline_faults_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        folder = tmp_path_factory.mktemp("template")
        Desk.at(folder, MailServer(), server.rsplit("/", 1)[0] + "/" + name).run("migrate", "-v", "0")
        yield name
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def desk(tmp_path, mail_server, template, request):
    """A migrated desk on the kind of database that DATABASE_URL names; its processes end with the test."""
    if not template:
        shutil.copytree(request.getfixturevalue("migrated"), tmp_path, dirs_exist_ok=True)
        made = Desk.at(tmp_path, mail_server)
        yield made
        made.stop()
        return
    server, name = os.environ["DATABASE_URL"], f"firstline_faults_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    made = Desk.at(tmp_path, mail_server, server.rsplit("/", 1)[0] + "/" + name)
    yield made
    made.stop()
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """A PostgreSQL that tests may cut, with a migrated database to copy."""
    with a_cluster() as made:
        Desk.at(tmp_path_factory.mktemp("cluster"), MailServer(), made.at("desk")).run("migrate", "-v", "0")
        yield made


@pytest.fixture
def falling_desk(tmp_path, mail_server, cluster):
    """A migrated desk on the PostgreSQL that may be cut."""
    name = f"desk_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(cluster.url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "desk"')
    made = Desk.at(tmp_path, mail_server, cluster.at(name))
    yield made
    made.stop()


@pytest.fixture
def storm():
    """`storm(deed)`: does it now and then in a thread of its own, until the test's requests are through."""
    over, threads = threading.Event(), []

    def begin(deed, *, every: tuple[float, float]) -> None:
        def rage() -> None:
            while not over.wait(random.uniform(*every)):
                deed()

        threads.append(threading.Thread(target=rage, daemon=True))
        threads[-1].start()

    def calm() -> None:
        over.set()
        for thread in threads:
            thread.join(60)

    begin.calm = calm
    yield begin
    calm()
