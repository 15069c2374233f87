"""`manage.py fetch_mail [--once]`: visits the IMAP mailboxes; `manage.py work` does the same beside its jobs."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connections
from django.utils import timezone

from helpdesk.worker import FETCH_LOOKS_EVERY
from tickets import fetching
from tickets.models import Mailbox, Road


class Command(BaseCommand):
    help = "Fetches mail from every IMAP mailbox whose turn it is; with --once from all of them, once, and ends."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="visit every mailbox now, once, then end")

    def handle(self, *, once: bool, **options: Any) -> None:
        if once:
            mailboxes = Mailbox.objects.filter(is_active=True, road=Road.IMAP).order_by("pk")
            for mailbox in mailboxes:
                count = fetching.fetch(mailbox, now=timezone.now())
                mailbox.refresh_from_db()
                trouble = f"; {mailbox.last_error}" if mailbox.last_error else ""
                self.stdout.write(f"{mailbox.address}: {count} new{trouble}")
            if not mailboxes:
                self.stdout.write("There is no IMAP mailbox in use. Add one in the back office.")
            return
        while True:
            fetching.fetch_due()
            connections.close_all()
            time.sleep(FETCH_LOOKS_EVERY)
