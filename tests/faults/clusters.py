"""A PostgreSQL of a test's own, which it may stop at once, as a power cut would."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg


def binaries() -> Path | None:
    """Where Debian keeps the newest PostgreSQL server's programs; None without one."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@dataclass
class Cluster:
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return self.at("postgres")

    def at(self, database: str) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def run(self, program: str, *arguments: str) -> None:
        """One of PostgreSQL's programs, as the user it insists on."""
        command = [f"{binaries()}/{program}", *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder)

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-l", f"{self.folder}/log", "-o", options, "start")

    def cut(self, *, dark: float = 0.5) -> None:
        """Stop without a goodbye, stay away for `dark` seconds, and come back through crash recovery."""
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "stop")
        time.sleep(dark)
        self.start()


@contextmanager
def a_cluster() -> Iterator[Cluster]:
    """A fresh cluster on a free port, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="firstline-faults-"))
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        cluster = Cluster(folder, taken.getsockname()[1])
    try:
        cluster.run("initdb", "-D", f"{folder}/data", "-U", "postgres", "--auth=trust", "-E", "UTF8", "--no-locale")
        cluster.start()
        with psycopg.connect(cluster.url, autocommit=True) as admin:
            admin.execute('CREATE DATABASE "desk"')
        yield cluster
    finally:
        with suppress(subprocess.CalledProcessError):
            cluster.run("pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
