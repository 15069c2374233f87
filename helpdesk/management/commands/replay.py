"""`manage.py replay FILE.jsonl`: real messages through the public intake, and what became of each."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from helpdesk import replay
from tickets.models import Team


class Command(BaseCommand):
    help = (
        "Sends every message of a JSON-lines file (body; if known subject, channel, email or handle, name, and the "
        "labels category, intent, sentiment) through the public intake of this desk, and prints how it was sorted, "
        "prioritised, routed and answered. The tickets stay: use a desk made for it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="one JSON object a line")
        parser.add_argument(
            "--json", action="store_true", help="one JSON object a message, and the summary as the last"
        )
        parser.add_argument("--limit", type=int, default=0, help="only the first so many messages")

    def handle(self, *, file: Path, limit: int, **options: Any) -> None:
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        if not Team.objects.exists():
            raise CommandError("This desk has no teams yet. Run “manage.py playbook load” first.")
        total = _lines(file) if not limit else min(limit, _lines(file))
        player = replay.Replay()
        with tqdm(total=total, unit=" messages", disable=options["verbosity"] == 0) as bar:
            for outcome in player.run(file, limit=limit):
                self._tell(outcome, as_json=options["json"], bar=bar)
                bar.update()
        summary = player.summary()
        if options["json"]:
            self.stdout.write(json.dumps({"summary": summary}, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(replay.in_words(summary)))

    def _tell(self, outcome: replay.Outcome | replay.Bad, *, as_json: bool, bar: tqdm) -> None:
        if as_json:
            self.stdout.write(json.dumps(outcome.plain(), ensure_ascii=False))
        elif isinstance(outcome, replay.Bad):
            bar.clear()
            self.stderr.write(outcome.words())
        else:
            bar.clear()
            self.stdout.write(outcome.words())


def _lines(file: Path) -> int:
    with file.open("rb") as lines:
        return sum(1 for _line in lines)
