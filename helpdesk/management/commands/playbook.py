"""`manage.py playbook load|check|diff|export`: a way of working from a file into the desk and back."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from helpdesk import playbook
from helpdesk.lib.section import Change


class Command(BaseCommand):
    help = "Load a playbook (policies, rules, macros, teams …), check one, compare it with the desk, or write one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["load", "check", "diff", "export"])
        parser.add_argument(
            "name", nargs="?", default="saas-tiered",
            help=f"a shipped playbook ({', '.join(playbook.shipped())}) or a file; for export the name to give",
        )  # fmt: skip

    def handle(self, *, what: str, name: str, **options: Any) -> None:
        try:
            getattr(self, f"do_{what}")(name)
        except playbook.Broken as broken:
            raise CommandError("\n".join(["Nothing was loaded. Please correct:", *broken.lines()])) from broken

    def do_load(self, name: str) -> None:
        changes = playbook.load(playbook.open_playbook(name))
        self.tell(changes)
        done = Counter(change.kind for change in changes)
        self.stdout.write(
            f"{name}: {done['created']} created, {done['changed']} changed, {done['same']} already so, "
            f"{done['extra']} of your own left as they are."
        )

    def do_check(self, name: str) -> None:
        playbook.open_playbook(name)
        self.stdout.write(f"{name}: no faults found.")

    def do_diff(self, name: str) -> None:
        changes = playbook.differences(playbook.open_playbook(name))
        self.tell(changes, extras=True)
        if not changes:
            self.stdout.write(f"{name}: the desk is as the file says.")

    def do_export(self, name: str) -> None:
        self.stdout.write(playbook.export(name), ending="")

    def tell(self, changes: list[Change], *, extras: bool = False) -> None:
        """One line a row that differs; “+” stands in the file only, “~” differs, “–” stands in the database only."""
        for change in changes:
            if change.kind == "created":
                self.stdout.write(f"+ {change.table}: {change.name}")
            elif change.kind == "changed":
                fields = "; ".join(f"{name}: {_short(a)} → {_short(b)}" for name, (a, b) in change.fields.items())
                self.stdout.write(f"~ {change.table}: {change.name} ({fields})")
            elif change.kind == "extra" and extras:
                self.stdout.write(f"– {change.table}: {change.name}")


def _short(value: Any) -> str:
    written = " ".join(str(value).split())
    return written if len(written) <= 60 else written[:59] + "…"
