"""`manage.py mailcheck FILE.jsonl`: a corpus of mail through the real reading of mail, and how much comes out right."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from helpdesk import mailcheck


class Command(BaseCommand):
    help = (
        "Reads every row of a corpus of mail (JSON lines with id, kind, file or input or request, expect) as the desk reads "
        "what comes in, and prints right/total for each kind and each expectation, and the ids that fail. Nothing is sent "
        "and nothing is kept."
    )
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="+", help="one JSON object a line")
        parser.add_argument("--json", action="store_true", help="the same as data: the summary, and every row")

    def handle(self, *, file: list[Path], **options: Any) -> None:
        missing = next((path for path in file if not path.is_file()), None)
        if missing:
            raise CommandError(f"There is no file {missing}.")
        check = mailcheck.MailCheck()
        with tqdm(total=sum(_lines(path) for path in file), unit=" rows", disable=options["verbosity"] == 0) as bar:
            for path in file:
                for _outcome in check.run(path):
                    bar.update()
        summary = check.summary()
        if options["json"]:
            rows = [outcome.plain() for outcome in check.outcomes]
            self.stdout.write(json.dumps({"summary": summary, "rows": rows}, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(mailcheck.in_words(summary)))


def _lines(file: Path) -> int:
    with file.open("rb") as lines:
        return sum(1 for line in lines if line.strip())
