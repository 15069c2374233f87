"""What customers say in the demo: real messages where they lie beside the project, made-up ones otherwise."""

import html
import json
import random
import re
from dataclasses import dataclass

from django.conf import settings

from helpdesk.lib.text import preview
from helpdesk.phrases import SUBJECTS, Phrases
from tickets.models import Channel

REAL = settings.BASE_DIR.parent / "shared" / "data" / "messages.jsonl"
# A post begins with the names of those it is addressed to; on a ticket they would only hide what it says.
ADDRESSED = re.compile(r"^[=\s.]*(?:@\w+[\s,:;]*)+")


@dataclass(frozen=True)
class Words:
    subject: str
    body: str
    channel: Channel


def customers_words(chance: random.Random, number: int) -> list[Words]:
    """`number` first messages in a random but repeatable order."""
    words = _real() or _made_up(chance, number)
    chance.shuffle(words)
    while len(words) < number:
        words += words
    return words[:number]


def one(chance: random.Random) -> Words:
    """One first message."""
    return chance.choice(_real() or _made_up(chance, 1))


def _real() -> list[Words]:
    if not REAL.is_file():
        return []
    words: list[Words] = []
    for row in map(json.loads, REAL.read_text(encoding="utf-8").splitlines()):
        body = html.unescape(ADDRESSED.sub("", row.get("body", ""))).strip()
        # Posts are one in five here; in the file they are two.
        if len(body) < 12 or (row.get("channel") == "social" and len(words) % 5):
            continue
        body = body[0].upper() + body[1:]
        # People write to us more by mail and form than in public.
        channel = Channel.SOCIAL if row.get("channel") == "social" else (Channel.WEB, Channel.EMAIL)[len(words) % 2]
        words.append(Words(preview(body, 70), body, channel))
    return words


def _made_up(chance: random.Random, number: int) -> list[Words]:
    phrases = Phrases(chance)
    channels = [Channel.WEB] * 5 + [Channel.EMAIL] * 4 + [Channel.SOCIAL]
    kinds = list(SUBJECTS)
    return [
        Words(phrases.subject(kind), phrases.question(kind), chance.choice(channels))
        for kind in (chance.choice(kinds) for _ in range(number))
    ]
