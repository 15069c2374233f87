"""Reading messages from outside: what could be costly is read in a child process with limits of time and memory.

Reading is linear in the message's size by construction, so an ordinary message, small and plain by a glance at its bytes, is read
right here in milliseconds. Everything else goes to a child: a fresh interpreter that knows only this folder, takes the raw bytes and
gives back plain values, and is ended when it takes too long.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import resource
import subprocess
import sys
from base64 import b64decode, b64encode
from datetime import datetime
from pathlib import Path
from typing import Any

from helpdesk.lib.mailparse.limits import LARGEST_MESSAGE
from helpdesk.lib.mailparse.parse import parse
from helpdesk.lib.mailparse.parsed import Address, Attached, Forwarded, Parsed, Undelivered, Unreadable

CPU_SECONDS = 5
WALL_SECONDS = 20  # the machine may be busy
MEMORY = 1_000_000_000  # bytes of address space
LARGEST_ANSWER = 4 * LARGEST_MESSAGE
# What is read in this process: small, few boundaries, few encoded words, few tags.
_SMALL = 400_000
_FEW_DELIMITERS, _FEW_WORDS, _FEW_TAGS, _FEW_LINES = 120, 300, 6000, 12_000
_ROOT = Path(__file__).resolve().parents[3]
_DELIMITER = re.compile(rb"^--", re.MULTILINE)


def parse_guarded(raw: bytes) -> Parsed:
    """As `parse`, but a message that takes too much time or memory is Unreadable, and never harms this process."""
    if len(raw) > LARGEST_MESSAGE:
        raise Unreadable("The message is larger than what can be read here.")
    return parse(raw) if is_ordinary(raw) else parse_in_child(raw)


def is_ordinary(raw: bytes) -> bool:
    """Whether a glance at the bytes says that reading takes milliseconds."""
    return (
        len(raw) <= _SMALL
        and raw.count(b"\n") <= _FEW_LINES
        and raw.count(b"=?") <= _FEW_WORDS
        and raw.count(b"<") <= _FEW_TAGS
        and len(_DELIMITER.findall(raw)) <= _FEW_DELIMITERS
    )


def parse_in_child(raw: bytes) -> Parsed:
    """Reads the message in a process of its own."""
    command = [sys.executable, "-I", "-X", "utf8", "-c", f"import sys; sys.path.insert(0, {str(_ROOT)!r}); "
               "from helpdesk.lib.mailparse.guarded import answer; answer()"]  # fmt: skip
    # the child needs the packages of this environment and nothing else of it, no secret in particular
    environment = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"}
    try:
        done = subprocess.run(  # noqa: S603  # our own interpreter, no shell, the message only on its input
            command, input=raw, capture_output=True, timeout=WALL_SECONDS, env=environment, cwd="/", check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Unreadable("The message takes too long to read.") from error
    if done.returncode < 0:
        raise Unreadable("The message takes too much time or memory to read.")
    if done.returncode or len(done.stdout) > LARGEST_ANSWER:
        raise Unreadable("Reading the message failed.")
    told = json.loads(done.stdout)
    if "unreadable" in told:
        raise Unreadable(told["unreadable"])
    return _from_plain(told)


def answer() -> None:
    """The child: limits on itself first, then the message from its input, the answer to its output."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        told = _plain(parse(sys.stdin.buffer.read(LARGEST_MESSAGE + 1)))
    except Unreadable as error:
        told = {"unreadable": str(error)}
    except MemoryError:
        told = {"unreadable": "The message takes too much memory to read."}
    sys.stdout.buffer.write(json.dumps(told).encode("ascii"))


def _plain(parsed: Parsed) -> dict[str, Any]:
    told = {field.name: getattr(parsed, field.name) for field in dataclasses.fields(parsed)}
    told["date"] = parsed.date.isoformat() if parsed.date else None
    told["headers"] = dict(parsed.headers)
    told["attachments"] = [
        {**vars(file), "content": b64encode(file.content).decode("ascii")} for file in parsed.attachments
    ]
    for name in ("sender", "written_by"):
        told[name] = vars(told[name])
    for name in ("reply_to", "to", "cc", "undelivered"):
        told[name] = [vars(one) for one in told[name]]
    if parsed.forwarded:
        told["forwarded"] = {**vars(parsed.forwarded), "sender": vars(parsed.forwarded.sender)}
    return told


def _from_plain(told: dict[str, Any]) -> Parsed:
    for name in ("in_reply_to", "references", "delivered_to", "defects"):
        told[name] = tuple(told[name])
    for name in ("reply_to", "to", "cc"):
        told[name] = tuple(Address(**one) for one in told[name])
    for name in ("sender", "written_by"):
        told[name] = Address(**told[name])
    told["date"] = datetime.fromisoformat(told["date"]) if told["date"] else None
    told["undelivered"] = tuple(Undelivered(**one) for one in told["undelivered"])
    told["attachments"] = tuple(
        Attached(**{**one, "content": b64decode(one["content"])}) for one in told["attachments"]
    )
    if told["forwarded"]:
        told["forwarded"] = Forwarded(**{**told["forwarded"], "sender": Address(**told["forwarded"]["sender"])})
    return Parsed(**told)
