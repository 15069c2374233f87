"""Replays messages from a file through the public intake and counts what became of them.

A line is one JSON object. It needs `body`; it may have `subject`, `channel`, `email` or `handle`, `name`, `reference`,
and labels that somebody else gave: `category`, `intent`, `sentiment`. Labels never reach the intake: they are only
compared with what the desk decided.
"""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.utils import timezone

from tickets import desk as desk_settings
from tickets import expected, intake
from tickets.channels.base import Inbound, Sender
from tickets.errors import Refused
from tickets.models import Channel, EventKind, IdentityKind, Priority, Sentiment, TicketEvent

LONGEST_LINE = 2_000_000  # characters
# How others' labels map to the desk's categories; what is not listed has no counterpart here and is not compared.
CATEGORY_OF_LABEL = {
    "ACCOUNT": "account", "REFUND": "billing", "INVOICE": "billing", "PAYMENT": "billing",
    "CANCELLATION_FEE": "billing",
    "FEEDBACK": "general", "CONTACT": "general", "NEWSLETTER": "general",
}  # fmt: skip
# Intents of a bank's app, by the words they are made of; the first that occurs decides.
CATEGORY_OF_INTENT = (
    ("password", "account"), ("passcode", "account"), ("pin_blocked", "account"), ("verify", "account"),
    ("identity", "account"), ("edit_personal_details", "account"), ("terminate_account", "account"),
    ("fee", "billing"), ("charge", "billing"), ("refund", "billing"), ("payment", "billing"), ("declined", "billing"),
    ("not_working", "technical"),
)  # fmt: skip
# An angry customer is a negative one to somebody who knows only three moods.
MOODS = {Sentiment.ANGRY: "negative"}


@dataclass(frozen=True)
class Outcome:
    """What became of one message; `rules`: the rules that decided, by name; `*_label`: what others say it is."""

    line: int
    ticket: int
    channel: str
    subject: str
    category: str
    priority: str
    sentiment: str
    team: str
    tier: int
    skill: str
    assignee: str
    policy: str
    expected: str
    rules: list[str] = field(default_factory=list)
    category_label: str = ""
    sentiment_label: str = ""

    def plain(self) -> dict[str, Any]:
        return asdict(self)

    def words(self) -> str:
        """One line for a terminal."""
        decided = [self.category or "not sorted", self.priority]
        if self.sentiment == Sentiment.ANGRY:
            decided.append("angry")
        place = f"{self.team} (tier {self.tier}{', ' + self.skill if self.skill else ''})"
        who, when = self.assignee or "waits in the queue", self.expected or "no promise"
        return f"#{self.ticket} {self.subject[:60]} → {' · '.join(decided)} → {place}, {who}; answer by {when}"


@dataclass(frozen=True)
class Bad:
    """A line that could not be used, and why."""

    line: int
    why: str

    def plain(self) -> dict[str, Any]:
        return {"line": self.line, "error": self.why}

    def words(self) -> str:
        return f"line {self.line}: {self.why}"


class Replay:
    """One run over a file; `summary` counts what `run` has yielded so far."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.bad = 0
        self.seconds = 0.0

    def run(self, file: Path, *, limit: int = 0) -> Iterator[Outcome | Bad]:
        """Yield what became of each message, in the file's order; an unusable line becomes a Bad and is passed over."""
        with file.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                if limit and number > limit:
                    return
                if not line.strip():
                    continue
                try:
                    row = _row(line)
                    started = time.perf_counter()
                    outcome = _send(row, number)
                    self.seconds += time.perf_counter() - started
                except (ValueError, Refused) as error:
                    self.bad += 1
                    yield Bad(number, getattr(error, "message", None) or str(error))
                    continue
                self.outcomes.append(outcome)
                yield outcome

    def summary(self) -> dict[str, Any]:
        """Counts by category, priority, rule, tier and more; how far it agrees with the labels where there were any."""
        outcomes = self.outcomes
        counted = {
            name: dict(Counter(str(getattr(outcome, name)) or "none" for outcome in outcomes).most_common())
            for name in ("category", "priority", "sentiment", "tier", "team", "policy", "channel")
        }
        return {
            "messages": len(outcomes),
            "bad_lines": self.bad,
            "messages_a_second": round(len(outcomes) / self.seconds, 1) if self.seconds else 0.0,
            **counted,
            "rule": dict(Counter(rule for outcome in outcomes for rule in outcome.rules).most_common()),
            "angry": sum(outcome.sentiment == Sentiment.ANGRY for outcome in outcomes),
            "unassigned": sum(not outcome.assignee for outcome in outcomes),
            "agreement": {
                "category": _agreement((o.category_label, o.category) for o in outcomes),
                "sentiment": _agreement(
                    (o.sentiment_label, MOODS.get(Sentiment(o.sentiment), o.sentiment)) for o in outcomes
                ),
            },
        }


def in_words(summary: dict[str, Any]) -> list[str]:
    """The summary as lines for a terminal."""
    lines = [
        "",
        f"{summary['messages']} messages, {summary['bad_lines']} lines not usable, "
        f"{summary['messages_a_second']} messages a second",
        f"angry {summary['angry']}, not assigned {summary['unassigned']}",
    ]
    for name in ("category", "priority", "sentiment", "tier", "team", "policy", "channel", "rule"):
        lines += ["", name, *(f"  {key or 'none':44}{count:7}" for key, count in summary[name].items())]
    lines += ["", "agreement with the file’s labels, where they have a counterpart here"]
    for name, found in summary["agreement"].items():
        share = f"{found['agree']} of {found['labelled']} ({found['share']:.0%})" if found["labelled"] else "no labels"
        lines.append(f"  {name:44}{share}")
    return lines


def labels_of(row: dict[str, Any]) -> tuple[str, str]:
    """The row's labels in the desk's terms: a category's key and a mood; empty where there is no counterpart."""
    category = CATEGORY_OF_LABEL.get(str(row.get("category") or ""), "")
    if not category and not row.get("category"):
        intent = str(row.get("intent") or "")
        category = next((slug for word, slug in CATEGORY_OF_INTENT if word in intent), "")
    return category, str(row.get("sentiment") or "")


def _row(line: str) -> dict[str, Any]:
    if len(line) > LONGEST_LINE:
        raise ValueError("the line is too long")
    try:
        row = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")
    if not isinstance(row.get("body"), str) or not row["body"].strip():
        raise ValueError("no “body” with text in it")
    return row


def _send(row: dict[str, Any], number: int) -> Outcome:
    """Through the front door, exactly as the form sends it."""
    channel = row.get("channel") or Channel.WEB
    if channel not in Channel.values:
        raise ValueError(f"unknown channel “{channel}”; known are {', '.join(Channel.values)}")
    inbound = Inbound(
        channel=Channel(channel), sender=_sender(row, number), body=row["body"], subject=str(row.get("subject") or ""),
        reference=str(row.get("reference") or ""),
    )  # fmt: skip
    now = timezone.now()
    ticket = intake.receive(inbound, now=now).ticket
    desk = desk_settings.current()
    decisions = [
        decision
        for data in TicketEvent.objects.filter(
            ticket=ticket, kind__in=(EventKind.SORTED, EventKind.ROUTED)
        ).values_list("data", flat=True)
        for decision in data["decisions"]
    ]
    names = {rule.pk: rule.name for rules in desk.rules.values() for rule in rules}
    category_label, sentiment_label = labels_of(row)
    assignee = desk.staff.get(ticket.assignee_id or 0)
    policy = next((policy.name for policy in desk.policies if policy.pk == ticket.policy_id), "")
    category = desk.categories.get(ticket.category_id or 0)
    skill = desk.skills.get(ticket.skill_id or 0)
    due = ticket.first_response_due_at
    return Outcome(
        line=number, ticket=ticket.pk, channel=ticket.channel, subject=ticket.subject,
        category=category.slug if category else "", priority=Priority(ticket.priority).name.lower(),
        sentiment=str(ticket.sentiment), team=ticket.team.name if ticket.team else "", tier=ticket.tier,
        skill=skill.slug if skill else "", assignee=assignee.name if assignee else "", policy=policy,
        expected=expected.moment(due, now) if due else "",
        rules=list(dict.fromkeys(names[d["rule_id"]] for d in decisions if d.get("rule_id") in names)),
        category_label=category_label, sentiment_label=sentiment_label,
    )  # fmt: skip


def _sender(row: dict[str, Any], number: int) -> Sender:
    name = str(row.get("name") or "")
    if row.get("email"):
        return Sender(IdentityKind.EMAIL, str(row["email"]), name)
    if row.get("handle"):
        return Sender(IdentityKind.HANDLE, str(row["handle"]), name or str(row["handle"]))
    return Sender(IdentityKind.EMAIL, f"replay-{number}@customers.example", name)


def _agreement(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Of (label, decision) pairs: how many had a label, how many agree."""
    labelled = [(label, decided) for label, decided in pairs if label]
    agree = sum(label == decided for label, decided in labelled)
    return {"labelled": len(labelled), "agree": agree, "share": round(agree / len(labelled), 4) if labelled else 0.0}
