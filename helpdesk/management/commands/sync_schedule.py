"""`manage.py sync_schedule`: the queue's schedule made equal to helpdesk/schedule.py; every starting worker does it."""

from typing import Any

from django.core.management.base import BaseCommand

from helpdesk import schedule


class Command(BaseCommand):
    help = "Writes the schedule of helpdesk/schedule.py into the queue."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{schedule.sync()} lines")
