"""`manage.py run`: web and worker from one command, kept running, stopped together."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connections

from helpdesk import start, worker


class Command(BaseCommand):
    help = "Runs the desk: web server and worker. Ctrl-C or SIGTERM stops both."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1; 0.0.0.0 for all)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (8000)")
        parser.add_argument("--web", type=int, default=2, metavar="N", help="web processes (2)")
        parser.add_argument("--no-worker", action="store_true", help="web only; start workers by “manage.py work”")

    def handle(self, *args: Any, **options: Any) -> None:
        start.refuse_unless_ready()
        start.prepare_static_files()
        connections.close_all()
        host = f"[{options['host']}]" if ":" in options["host"] else options["host"]
        place = {"BIND": f"{host}:{options['port']}", "WEB_WORKERS": str(options["web"])}
        web = worker.Child("web", start.python("-m", "gunicorn", "-c", "python:helpdesk.gunicorn"), place)
        children = [web]
        if not options["no_worker"]:
            children.append(worker.Child("worker", start.python(str(worker.MANAGE), "work")))
        self.stdout.write(f"Firstline listens on http://{host}:{options['port']}/  (Ctrl-C stops it)")
        self.stdout.flush()
        worker.supervise(children)
