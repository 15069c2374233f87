"""One folder of an IMAP server: which messages are new, their bytes, and setting aside those that are safely stored.

Nothing is ever deleted, and looking changes nothing: messages are read without being marked as read.
"""

import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from imaplib import Internaldate2tuple
from time import mktime

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.utils import encode_folder

# Seconds for one step of the talk with the server.
STEP_TIMEOUT = 20
SIZE = re.compile(rb"UID (\d+)[^)]*RFC822\.SIZE (\d+)|RFC822\.SIZE (\d+)[^)]*UID (\d+)")
SIZES_AT_ONCE = 500


class Refusal(Exception):
    """The server answered, and said no; in its words."""


@dataclass(frozen=True)
class Account:
    """Where and as whom. `security`: tls, starttls or none. `move_to`: where stored messages go; "": marked as read."""

    host: str
    port: int
    security: str
    user: str
    password: str
    folder: str = "INBOX"
    move_to: str = ""


@dataclass(frozen=True)
class Message:
    """A message on the server: its bytes and when it arrived there."""

    uid: int
    raw: bytes
    arrived_at: datetime | None


class Folder:
    """The selected folder; `uidvalidity` tells whether UIDs still mean what they meant (RFC 3501, 2.3.1.1)."""

    def __init__(self, box: BaseMailBox, account: Account) -> None:
        self._box, self._account = box, account
        self.uidvalidity = box.folder.status(account.folder, ["UIDVALIDITY"])["UIDVALIDITY"]

    def new(self, *, after: int | None, since: datetime | None) -> list[int]:
        """UIDs of what nobody has read, and of all past `after` or, where that is not known, that arrived `since`."""
        found = {int(uid) for uid in self._box.uids("UNSEEN")}
        if after is not None:
            # “n:*” names the last message even when its number is lower.
            found |= {uid for uid in map(int, self._box.uids(f"UID {after + 1}:*")) if uid > after}
        elif since is not None:
            day = (since - timedelta(days=1)).strftime("%d-%b-%Y")
            found |= {int(uid) for uid in self._box.uids(f"SINCE {day}")}
        return sorted(found)

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Bytes of each message; what is gone by now is left out."""
        sizes: dict[int, int] = {}
        for start in range(0, len(uids), SIZES_AT_ONCE):
            wanted = ",".join(map(str, uids[start : start + SIZES_AT_ONCE]))
            for line in self._ask("FETCH", wanted, "(UID RFC822.SIZE)"):
                if found := SIZE.search(line if isinstance(line, bytes) else b" ".join(line)):
                    uid, size = (found[1], found[2]) if found[1] else (found[4], found[3])
                    sizes[int(uid)] = int(size)
        return sizes

    def message(self, uid: int) -> Message | None:
        """The message, unmarked; None when somebody took it away meanwhile."""
        for part in self._ask("FETCH", str(uid), "(UID INTERNALDATE BODY.PEEK[])"):
            if isinstance(part, tuple):
                return Message(uid, part[1], _arrival(part[0]))
        return None

    def set_aside(self, uid: int) -> None:
        """Mark a stored message as read or move it. A server that cannot move gets a copy there and the mark here."""
        if not self._account.move_to:
            self._ask("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")
            return
        folder = encode_folder(self._account.move_to)
        if "MOVE" in self._box.client.capabilities:
            self._ask("MOVE", str(uid), folder)
            return
        self._ask("COPY", str(uid), folder)
        self._ask("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")

    def _ask(self, command: str, *arguments: object) -> list:
        kind, answer = self._box.client.uid(command, *arguments)  # type: ignore[arg-type]
        if kind != "OK":
            words = b" ".join(part for part in answer if isinstance(part, bytes))
            raise Refusal(f"{command}: {words.decode('utf-8', 'replace')[:300]}")
        return [part for part in answer if part]


@contextmanager
def opened(account: Account) -> Iterator[Folder]:
    """Sign in, select the folder, and leave again. Raises OSError, imaplib.IMAP4.error or imap_tools' errors."""
    box = _box(account)
    try:
        box.login(account.user, account.password, initial_folder=account.folder)
        # Some servers name what they can only after the sign-in.
        box.client._get_capabilities()
        yield Folder(box, account)
    finally:
        _leave(box)


def _box(account: Account) -> BaseMailBox:
    if account.security == "none":
        return MailBoxUnencrypted(account.host, account.port, timeout=STEP_TIMEOUT)
    trusted = ssl.create_default_context()
    if account.security == "starttls":
        return MailBoxStartTls(account.host, account.port, timeout=STEP_TIMEOUT, ssl_context=trusted)
    return MailBox(account.host, account.port, timeout=STEP_TIMEOUT, ssl_context=trusted)


def _leave(box: BaseMailBox) -> None:
    """Without CLOSE, which would remove what others marked as deleted."""
    try:
        box.client.logout()
    except Exception:
        box.client.shutdown()


def _arrival(head: bytes) -> datetime | None:
    parts = Internaldate2tuple(head)
    return datetime.fromtimestamp(mktime(parts), UTC) if parts else None
