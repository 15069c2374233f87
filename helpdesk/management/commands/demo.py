"""`manage.py demo`: a living desk from one command, made once and run in the foreground until Ctrl-C."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from helpdesk import start, worker
from helpdesk.demo import people, seed

SIGN_INS = {
    "customer": "a customer and her requests",
    "agent": "an agent of Tier 1",
    "lead": "the team lead",
    "manager": "the manager",
    "admin": "the administrator",
}


class Command(BaseCommand):
    help = "Makes the demo’s desk the first time, then runs web and worker. Ctrl-C stops it; the data stays."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1; 0.0.0.0 for all)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (8000)")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        try:
            seed.refuse_elsewhere()
        except seed.NotADemo as refusal:
            raise CommandError(str(refusal)) from refusal
        call_command("seed_demo", verbosity=options["verbosity"])
        # From here on this process is `run`: what it and its children read of the environment is set here.
        os.environ.setdefault("SITE_URL", f"http://localhost:{options['port']}")
        os.environ.setdefault("LOG_LEVEL", "WARNING")
        self.greet(os.environ["SITE_URL"])
        connections.close_all()
        place = ("--host", options["host"], "--port", str(options["port"]))
        os.execv(sys.executable, start.python(str(worker.MANAGE), "run", *place))  # noqa: S606 (our own command)

    def greet(self, address: str) -> None:
        lines = [
            "",
            f"  {settings.SITE_NAME} is at {address}",
            f"  Sign in at  {address}/sign-in/  with the password {people.PASSWORD}",
            *(f"    {f'{name}@{people.DOMAIN}':36} {what}" for name, what in SIGN_INS.items()),
            f"  A customer’s form: {address}/requests/new/   Mail that would go out: {address}/demo/mail/",
            "  New requests keep coming in. Ctrl-C stops it; the data stays for the next time.",
            "",
        ]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()
