"""How a customer sounds: positive, neutral, negative or angry, with the signs that tell.

Negative is not angry: a model of one ranks the other badly, so anger has a measure of its own. It adds up words of
anger, swearing, shouting (capitals, repeated marks, emoji) and VADER's score, and needs one sure sign or several unsure
ones, since a false “angry” insults a customer while a missed one only waits its turn. The words are English; in other
languages only an angry emoji tells.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.utils.translation import gettext as _
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from tickets import rule_words
from tickets.models import Sentiment
from tickets.rule_words import Term, Vocabulary, Written

LONGEST_TEXT = 5_000  # characters read; VADER's time grows with the square of a piece's length, hence also the pieces
PIECE_WORDS, PIECE_CHARACTERS = 60, 400
MOST_EMOJI = 20

# VADER's own cut is 0.05; a support desk's politeness (“thanks”, “please help”) makes half its letters positive by it.
POSITIVE, NEGATIVE = 0.5, -0.1
ANGRY = 2.0  # points; chosen for precision on public support tweets, see tests/tickets/test_sentiment.py
WEIGHTS = {"strong": 2.0, "threat": 1.0, "mild": 0.5, "swearing": 1.0}
MOST_POINTS = {"strong": 4.0, "threat": 1.0, "mild": 1.0, "swearing": 1.5}

WORDS_FILE = Path(__file__).parent / "words" / "anger.txt"
EMOJI = re.compile("[\u2600-\u27bf\U0001f300-\U0001faff]")
ANGRY_EMOJI = re.compile("[😠😡🤬👿🖕💢]")
REPEATED_MARKS = re.compile(r"!{2,}|[?!]{3,}")
REPEATED_CHARACTER = re.compile(r"(.)\1{3,}", re.DOTALL)
CAPITALS = re.compile(r"\b[A-Z]{3,}\b")
LETTERS = re.compile(r"[^\W\d_]")
ADDRESS = re.compile(r"https?://\S+|[@#]\w+")


@dataclass(frozen=True)
class Mood:
    sentiment: Sentiment
    is_angry: bool
    score: float  # VADER's, −1 (bad) to 1 (good)
    anger: float  # points, ANGRY or more is angry
    signs: tuple[str, ...] = ()  # the words and kinds of shouting that tell

    @property
    def why(self) -> str:
        """The signs in one line: “unacceptable, capital letters”."""
        kinds = {"capitals": _("capital letters"), "marks": _("repeated exclamation marks"), "emoji": _("angry emoji")}
        return ", ".join(kinds.get(sign, sign) for sign in self.signs)


def mood(text: str) -> Mood:
    """Read at most 5,000 characters; about 0.5 ms for a usual message, bounded for any."""
    text = text[:LONGEST_TEXT]
    score = _score(text)
    points, signs = _anger(text, score)
    is_angry = points >= ANGRY
    if is_angry:
        sentiment = Sentiment.ANGRY
    elif score >= POSITIVE:
        sentiment = Sentiment.POSITIVE
    else:
        sentiment = Sentiment.NEGATIVE if score <= NEGATIVE else Sentiment.NEUTRAL
    return Mood(sentiment, is_angry, round(score, 3), points, signs if is_angry else ())


def _anger(text: str, score: float) -> tuple[float, tuple[str, ...]]:
    points, signs = _said(rule_words.written(text))
    if score >= POSITIVE:  # “insanely good, not a joke!!!”
        points -= 1.5
    for sign, weight in _shouted(text).items():
        # Shouting makes bad words worse and on its own is only loud; an angry emoji leaves no doubt.
        if signs or score <= -0.5 or sign == "emoji":
            points += weight
            signs = (*signs, sign)
    if signs and score <= -0.6:
        points += 0.5
    return points, signs


def _said(said: Written) -> tuple[float, tuple[str, ...]]:
    points, signs = 0.0, []
    for kind, words in _anger_words().items():
        found = [term.text for term in said.found(words) if not _is_denied(said, term)]
        points += min(len(found) * WEIGHTS[kind], MOST_POINTS[kind])
        signs += found
    return points, tuple(signs)


def _is_denied(said: Written, term: Term) -> bool:
    """Whether every time the word stands here, “not” stands right before it."""
    first = term.steps[0][0] if term.steps else frozenset()
    places = [place for place, word in enumerate(said.words) if word in first]
    return bool(places) and all({"not", "never"} & set(said.words[max(place - 2, 0) : place]) for place in places)


def _shouted(text: str) -> dict[str, float]:
    """Kinds of shouting found, with their points."""
    bare = ADDRESS.sub(" ", text)
    letters = LETTERS.findall(bare)
    capitals = CAPITALS.findall(bare)
    share = sum(map(str.isupper, letters)) / len(letters) if letters else 0
    found = {}
    if len(capitals) >= 3 and share > 0.3:
        found["capitals"] = 1.0 if share > 0.6 else 0.5
    if REPEATED_MARKS.search(bare):
        found["marks"] = 0.5
    if ANGRY_EMOJI.search(text):
        found["emoji"] = 2.0
    return found


def _score(text: str) -> float:
    """VADER's compound score of the text's pieces, each weighed by its length."""
    total = weight = 0.0
    for piece in _pieces(_tamed(text)):
        total += _vader().polarity_scores(piece)["compound"] * len(piece)
        weight += len(piece)
    return total / weight if weight else 0.0


def _tamed(text: str) -> str:
    """Without long runs of one character and floods of emoji, which VADER reads as many words each."""
    text = REPEATED_CHARACTER.sub(r"\1\1\1", text)
    emoji = list(EMOJI.finditer(text, 0))
    if len(emoji) > MOST_EMOJI:
        cut = emoji[MOST_EMOJI].start()
        text = text[:cut] + EMOJI.sub("", text[cut:])
    return text


def _pieces(text: str) -> Iterator[str]:
    words = text.split()
    for start in range(0, len(words), PIECE_WORDS):
        yield " ".join(words[start : start + PIECE_WORDS])[:PIECE_CHARACTERS]


@lru_cache(maxsize=1)
def _vader() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()


@lru_cache(maxsize=1)
def _anger_words() -> dict[str, Vocabulary]:
    found: dict[str, list[str]] = {}
    kind = ""
    for line in WORDS_FILE.read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if line.startswith("["):
            kind = line.strip("[]")
            found[kind] = []
        elif line and not line.startswith("#"):
            found[kind].append(line)
    return {kind: rule_words.vocabulary(tuple(lines), in_any_form=True) for kind, lines in found.items()}
