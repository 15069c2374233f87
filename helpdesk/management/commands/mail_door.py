"""`manage.py mail_door --port N [--lmtp]`: takes mail by SMTP or LMTP, for the desk's own addresses only."""

import asyncio
import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from helpdesk import mail_door, start


class Command(BaseCommand):
    help = "Listens for mail by SMTP (or LMTP) and keeps it. Stop it with Ctrl-C or SIGTERM."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8025, help="port to listen on (8025)")
        parser.add_argument("--lmtp", action="store_true", help="speak LMTP, as a mail server does to a mailbox")

    def handle(self, *, host: str, port: int, lmtp: bool, **options: Any) -> None:
        start.refuse_unless_ready()
        asyncio.run(self._run(host, port, is_lmtp=lmtp))

    async def _run(self, host: str, port: int, *, is_lmtp: bool) -> None:
        over = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, over.set)
        async with await mail_door.serve(host, port, is_lmtp=is_lmtp):
            self.stdout.write(f"Mail is taken at {host}:{port}.")
            self.stdout.flush()
            await over.wait()
