"""Runs a corpus of mail with known outcomes through the real reading of mail, and counts what comes out right.

A line is one JSON object `{id, corpus, kind, file | input | request, expect}`; `file` is relative to the JSONL's
folder. Each kind has
one function in `CHECKS` that takes the row and the raw input and returns, for each expectation it understands, whether
it is met.
Nothing is sent and nothing kept. How each expectation is understood stands in docs/mail.md.
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from helpdesk import mailcheck_bodies, mailcheck_bounces, mailcheck_providers, mailcheck_texts

LONGEST_LINE = 20_000_000  # characters

Row = Mapping[str, Any]
# (row, raw input) -> expectation: met or not. An expectation that is left out was not compared.
Check = Callable[[Row, bytes], dict[str, bool]]

CHECKS: dict[str, Check] = {
    "mime": mailcheck_bodies.message,
    "robust": mailcheck_bodies.readable,
    "bounce": mailcheck_bounces.bounce,
    "reply": mailcheck_texts.reply,
    "forward": mailcheck_texts.forward,
    "sanitize": mailcheck_texts.sanitize,
    "webhook_inbound": mailcheck_providers.inbound,
    "webhook_tracking": mailcheck_providers.tracking,
}


@dataclass(frozen=True)
class Outcome:
    """One row: what was met of what was expected. `error`: why it could not be read at all, "" if it could."""

    id: str
    kind: str
    met: dict[str, bool] = field(default_factory=dict)
    not_compared: tuple[str, ...] = ()
    error: str = ""

    @property
    def is_right(self) -> bool:
        return not self.error and all(self.met.values())

    def plain(self) -> dict[str, Any]:
        return {**asdict(self), "right": self.is_right}


class MailCheck:
    """One run over a file; `summary` counts what `run` has yielded so far."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.unknown: Counter[str] = Counter()
        self.bad_lines = 0
        self.seconds = 0.0

    def run(self, file: Path) -> Iterator[Outcome | None]:
        """What became of each line, in order; None for a line that is no row or of a kind nobody checks."""
        with file.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if not line.strip():
                    continue
                row = _row(line)
                check = CHECKS.get(str(row.get("kind"))) if row else None
                if row is None:
                    self.bad_lines += 1
                elif check is None:
                    self.unknown[str(row.get("kind"))] += 1
                yield self._checked(row, check, file.parent) if row and check else None

    def _checked(self, row: Row, check: Check, folder: Path) -> Outcome:
        id, kind = str(row.get("id", "")), str(row["kind"])
        expected: dict[str, Any] = row.get("expect") or {}
        started = time.perf_counter()
        try:
            met = check(row, _raw(row, folder))
            outcome = Outcome(id, kind, met, tuple(sorted(set(expected) - {name.split(".")[0] for name in met})))
        except Exception as error:  # a crash on one row is what this command is there to find
            outcome = Outcome(id, kind, error=f"{type(error).__name__}: {error}"[:300])
        self.seconds += time.perf_counter() - started
        self.outcomes.append(outcome)
        return outcome

    def summary(self) -> dict[str, Any]:
        """right/total by kind and by expectation, and the ids that fail."""
        kinds: dict[str, list[Outcome]] = defaultdict(list)
        for outcome in self.outcomes:
            kinds[outcome.kind].append(outcome)
        return {
            "rows": len(self.outcomes),
            "crashes": sum(bool(outcome.error) for outcome in self.outcomes),
            "bad_lines": self.bad_lines,
            "not_checked_kinds": dict(self.unknown),
            "seconds": round(self.seconds, 2),
            "kinds": {kind: _counted(outcomes) for kind, outcomes in sorted(kinds.items())},
            "not_compared": dict(
                Counter(name for outcome in self.outcomes for name in outcome.not_compared).most_common()
            ),
        }


def in_words(summary: dict[str, Any]) -> list[str]:
    """The summary as lines for a terminal."""
    lines = [f"{summary['rows']} rows, {summary['crashes']} crashes, {summary['bad_lines']} lines not usable, "
             f"{summary['seconds']} seconds"]  # fmt: skip
    for kind, counted in summary["kinds"].items():
        lines += ["", _share(kind, counted["right"], counted["total"])]
        for name, expectation in counted["expectations"].items():
            lines.append(_share(f"  {name}", expectation["right"], expectation["total"]))
            lines += [f"      {id}" for id in expectation["failing"]]
        lines += [f"  crash: {id}: {why}" for id, why in counted["crashed"].items()]
    if summary["not_checked_kinds"]:
        lines += [
            "",
            "kinds that are not checked: " + ", ".join(f"{k} ({n})" for k, n in summary["not_checked_kinds"].items()),
        ]
    if summary["not_compared"]:
        lines += ["", "not compared: " + ", ".join(f"{k} ({n})" for k, n in summary["not_compared"].items())]
    return lines


def _counted(outcomes: list[Outcome]) -> dict[str, Any]:
    expectations: dict[str, dict[str, Any]] = {}
    for outcome in outcomes:
        for name, is_met in outcome.met.items():
            counted = expectations.setdefault(name, {"right": 0, "total": 0, "failing": []})
            counted["total"] += 1
            counted["right"] += is_met
            if not is_met:
                counted["failing"].append(outcome.id)
    return {
        "right": sum(outcome.is_right for outcome in outcomes),
        "total": len(outcomes),
        "failing": [outcome.id for outcome in outcomes if not outcome.is_right],
        "crashed": {outcome.id: outcome.error for outcome in outcomes if outcome.error},
        "expectations": dict(sorted(expectations.items())),
    }


def _share(name: str, right: int, total: int) -> str:
    return f"{name:32}{right:6}/{total:<6}{right / total:7.1%}" if total else f"{name:32}     0/0"


def _row(line: str) -> dict[str, Any] | None:
    if len(line) > LONGEST_LINE:
        return None
    try:
        row = json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        return None
    return row if isinstance(row, dict) and isinstance(row.get("kind"), str) else None


def _raw(row: Row, folder: Path) -> bytes:
    if isinstance(row.get("file"), str):
        return (folder / row["file"]).read_bytes()
    return str(row.get("input") or "").encode("utf-8", "surrogatepass")
