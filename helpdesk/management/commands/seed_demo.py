"""`manage.py seed_demo`: the demo's people, history and queue on an empty desk."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from helpdesk.demo import history, seed


class Command(BaseCommand):
    help = (
        "Fills an empty desk with the demo's people and sixty days of tickets. Only where FIRSTLINE_DEMO=1 or DEBUG=1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tickets", type=int, default=history.TICKETS, help=f"how many ({history.TICKETS})")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            seed.refuse_elsewhere()
        except seed.NotADemo as refusal:
            raise CommandError(str(refusal)) from refusal
        if seed.is_seeded():
            self.stdout.write("The demo’s data is there already; it is used as it is.")
            return
        number = options["tickets"]
        with tqdm(
            total=number, unit=" tickets", desc="Sixty days of support", disable=options["verbosity"] == 0
        ) as bar:
            made = seed.fill(bar.update, number)
        self.stdout.write(f"{made} tickets are in the demo’s desk.")
