"""A real IMAP server for tests: Debian's dovecot-imapd, everything of it in a folder of its own."""

import grp
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

DOVECOT = shutil.which("dovecot") or "/usr/sbin/dovecot"
needs_dovecot = pytest.mark.skipif(not os.path.exists(DOVECOT), reason="dovecot-imapd is not installed")
CONFIG = """
base_dir = {place}/run
log_path = {place}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{place}/mail/%u
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
first_valid_uid = 0
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
passdb {{
  driver = static
  args = password=horse-battery
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={place}/home
}}
"""


class Server:
    """A running server and a client that is already signed in as the mailbox's owner."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.client = imaplib.IMAP4("127.0.0.1", port)
        self.client.login("support", "horse-battery")

    def deliver(self, content: bytes, flags: str = "", folder: str = "INBOX") -> None:
        self.client.append(folder, flags, None, content)

    def count(self, criterion: str, folder: str = "INBOX") -> int:
        self.client.select(folder)
        found = self.client.search(None, criterion)[1][0].split()
        self.client.unselect()
        return len(found)


@contextmanager
def dovecot() -> Iterator[int]:
    """A server's port; it runs as nobody where the tests run as root, whom it refuses."""
    me = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        for name in ("mail", "home"):
            (place / name).mkdir()
            os.chown(place / name, me.pw_uid, me.pw_gid)
        config = place / "dovecot.conf"
        group = grp.getgrgid(me.pw_gid).gr_name
        names = {"user": me.pw_name, "group": group, "uid": me.pw_uid, "gid": me.pw_gid}
        config.write_text(CONFIG.format(place=place, port=port, **names))
        process = subprocess.Popen([DOVECOT, "-F", "-c", str(config)], stderr=subprocess.PIPE)
        try:
            _wait_for(process, port)
            yield port
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(process, port: int) -> None:
    for _turn in range(100):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None:
            pytest.skip(f"dovecot does not start: {process.stderr.read().decode()[:300]}")
        time.sleep(0.1)
