"""What may help somebody while they still type their request: a list of providers that later rooms fill."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from helpdesk.lib import text

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
