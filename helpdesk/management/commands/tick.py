"""`manage.py tick`: what the worker does, once; may run at any time, also beside a worker."""

from typing import Any

from django.core.management.base import BaseCommand

from helpdesk import jobs


class Command(BaseCommand):
    help = "Does what is due now, once: timers, routing, reactions, mail, clearing up."

    def handle(self, *args: Any, **options: Any) -> None:
        done = {**jobs.tick(), **jobs.housekeeping()}
        self.stdout.write(" ".join(f"{name} {count}" for name, count in done.items()))
