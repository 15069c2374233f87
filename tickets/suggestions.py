"""What may help somebody while they still type their request: a list of providers that later rooms fill."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from helpdesk.lib import text
from tickets import rules
from tickets.desk import Desk
from tickets.models import Channel, RuleStage
from tickets.rule_fields import Facts

log = structlog.get_logger(__name__)
SHORTEST = 3  # words; fewer say too little to be matched honestly
LONGEST = 4000  # characters looked at; the beginning says what it is about
MOST = 4


@dataclass(frozen=True)
class Question:
    """What has been typed so far. `hints`: keys of articles that the desk's routing rules name for such words."""

    text: str
    language: str
    category: str = ""
    hints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suggestion:
    title: str
    summary: str
    url: str


Provider = Callable[[Question], Sequence[Suggestion]]
# A room that knows answers adds its function here when it is loaded; nothing is shown until one does.
providers: list[Provider] = []


def ask(typed: str, *, category: str, language: str, desk: Desk) -> list[Suggestion]:
    """What may help with what somebody typed so far; `category` is the topic's key, "" if none is chosen."""
    if not providers:
        return []
    start = typed[:LONGEST]
    return suggest(Question(start, language, category, hints=_hints(start, category, desk)))


def _hints(typed: str, category: str, desk: Desk) -> tuple[str, ...]:
    """Keys of the articles that the routing rules suggest for these words."""
    facts = Facts(text=typed, category=category, channel=Channel.WEB)
    return tuple(
        str(action.get("value", ""))
        for rule in desk.rules.get(RuleStage.ROUTING, [])
        if rules.matches(rule.conditions, facts)
        for action in rule.actions
        if action.get("do") == "suggest_article"
    )


def suggest(question: Question) -> list[Suggestion]:
    """The first few suggestions of all providers, best first, each page once; [] when too little is typed.

    A provider that fails is left out: help that breaks must not keep anybody from asking.
    """
    if len(text.words(question.text[:LONGEST])) < SHORTEST:
        return []
    found: dict[str, Suggestion] = {}
    for provider in providers:
        try:
            for suggestion in provider(question):
                found.setdefault(suggestion.url, suggestion)
        except Exception:
            log.exception("provider_failed", provider=getattr(provider, "__qualname__", repr(provider)))
    return list(found.values())[:MOST]
