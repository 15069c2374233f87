"""`manage.py deliver [--mailbox ADDRESS] < message`: a mail server hands a message over by a pipe.

Ends with 0 once the message is stored and committed, else with 75 (EX_TEMPFAIL): then the mail server keeps it.
"""

import sys
from argparse import ArgumentParser
from typing import Any

import structlog
from django.core.management.base import BaseCommand

from tickets import desk, mail_store, threads
from tickets.errors import Refused
from tickets.models import Mailbox, Road

log = structlog.get_logger()
TRY_AGAIN = 75  # sysexits.h


class Command(BaseCommand):
    help = "Reads one message from standard input and keeps it. Exit code 0: it is stored; 75: it is not, try again."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--mailbox", default="", help="address of the mailbox it came to; left out: read from it")
        parser.add_argument("--sender", default="", help="envelope sender")
        parser.add_argument("--recipient", action="append", default=[], help="envelope recipient; may be repeated")

    def handle(self, *, mailbox: str, sender: str, recipient: list[str], **options: Any) -> None:
        try:
            box = _mailbox(mailbox, recipient)
            raw = sys.stdin.buffer.read(mail_store.MOST_BYTES + 1)
            kept = mail_store.keep(raw, road=Road.PIPE, mailbox=box, envelope_from=sender, envelope_to=recipient)
        except Exception as error:
            log.error("message_not_delivered", error=f"{type(error).__name__}: {error}"[:500])
            self.stderr.write(f"The message is not stored: {error}")
            sys.exit(TRY_AGAIN)
        self.stdout.write(f"Stored as {kept.pk}.")


def _mailbox(address: str, recipients: list[str]) -> Mailbox | None:
    box = threads.ours([address] if address else recipients, desk.current())
    if address and box is None:
        raise Refused(f"{address} is none of the desk's mailboxes; add it in the back office.")
    return box
