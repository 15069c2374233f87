"""`manage.py outbox show|hold|release`: keeps mail that waits from leaving, for instance after a restore."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from tickets import outbox


class Command(BaseCommand):
    help = "Show what mail waits, hold it all back, or let what is held back go."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["show", "hold", "release"])

    def handle(self, *, what: str, **options: Any) -> None:
        if what == "hold":
            self.stdout.write(
                f"{outbox.hold()} mails are held back. Leads see them under Outgoing mail and send or leave them."
            )
        elif what == "release":
            self.stdout.write(f"{outbox.release()} mails are on their way.")
        else:
            waiting, held = outbox.counts()
            self.stdout.write(f"{waiting} mails wait, {held} are held back.")
