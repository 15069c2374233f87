"""`manage.py work`: the worker alone; on PostgreSQL as many at once as you like."""

from typing import Any

from django.core.management.base import BaseCommand

from helpdesk import schedule, start, worker


class Command(BaseCommand):
    help = "Runs the worker: timers, routing, reactions, mail. Stop it with Ctrl-C or SIGTERM."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        start.refuse_unless_ready()
        schedule.sync()
        worker.work()
