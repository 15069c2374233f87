"""Words of a rule against what a customer wrote: whole words, in any of their forms where asked, and phrases of them.

Forms are made of the rule's words, never of the customer's, and in English only: “charge” stands for charges,
charged and charging, “billing” for bill, bills and billed too, but “plan” does not stand for plane, as it would if both
were cut to a common stem. In writing without spaces (Chinese, Japanese, Thai …) a rule's word is looked for anywhere.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache

from helpdesk.lib.text import words

LONGEST_TEXT = 10_000  # characters; what a rule looks for stands at the beginning, and time stays bounded
WORDS_BETWEEN = 3  # what “…” inside a phrase stands for, at most

GAP = re.compile(r"\s*(?:…|\.{3})\s*")
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")

# “can't”, “cannot”, “can not” and “cant” are the same words.
NEGATED = ("are", "could", "did", "do", "does", "had", "has", "have", "is", "should", "was", "were", "would")
SPOKEN = {f"{verb}nt": (verb, "not") for verb in NEGATED} | {
    "cannot": ("can", "not"), "cant": ("can", "not"), "can't": ("can", "not"),
    "won't": ("will", "not"), "shan't": ("shall", "not"), "ain't": ("is", "not"),
}  # fmt: skip

IRREGULAR = {
    "be": "am is are was were been being", "break": "broke broken", "buy": "bought", "do": "does did done",
    "find": "found", "forget": "forgot forgotten", "freeze": "froze frozen", "get": "got gotten getting",
    "give": "gave given", "go": "goes went gone", "have": "has had", "hold": "held", "keep": "kept", "lose": "lost",
    "make": "made", "pay": "paid", "send": "sent", "steal": "stole stolen", "take": "took taken",
    "withdraw": "withdrew withdrawn", "write": "wrote written",
}  # fmt: skip
# Words that only look like a form of another.
NO_FORM = frozenset({"always", "during", "https", "lens", "means", "news", "nothing", "series", "something", "thing"})
SIBILANT = ("s", "x", "z", "ch", "sh")


class Written:
    """What somebody wrote, cut into words once and asked many times."""

    def __init__(self, text: str) -> None:
        text = text[:LONGEST_TEXT]
        if not text.isascii():
            text = unicodedata.normalize("NFKC", text)
        self.text = text.lower()
        self.words = tuple(_spoken(self.text))

    @cached_property
    def known(self) -> frozenset[str]:
        return frozenset(self.words)

    def has(self, term: "Term") -> bool:
        """Whether the term's words stand here in its order, each in one of its forms."""
        if term.is_empty:
            return False
        if term.anywhere:
            return term.anywhere in self.text
        if any(forms.isdisjoint(self.known) for forms, _gap in term.steps):
            return False
        return len(term.steps) == 1 or any(self._goes_on(term, at) for at in range(len(self.words)))

    def found(self, vocabulary: "Vocabulary") -> "list[Term]":
        """Those of the terms that stand here, in the vocabulary's order."""
        places = {place for word in self.known & vocabulary.starts for place in vocabulary.starting[word]}
        if not places and not vocabulary.anywhere:
            return []
        terms = (vocabulary.terms[place] for place in sorted(places.union(vocabulary.anywhere)))
        return [term for term in terms if self.has(term)]

    def _goes_on(self, term: "Term", at: int) -> bool:
        first, *rest = term.steps
        if self.words[at] not in first[0]:
            return False
        for forms, gap in rest:
            near = range(at + 1, min(at + 2 + gap, len(self.words)))
            at = next((place for place in near if self.words[place] in forms), -1)
            if at < 0:
                return False
        return True


@dataclass(frozen=True)
class Term:
    """A word or phrase of a rule: for each word its forms and how many other words may stand before it."""

    text: str
    steps: tuple[tuple[frozenset[str], int], ...]
    anywhere: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.steps and not self.anywhere


@dataclass(frozen=True)
class Vocabulary:
    """Many terms looked for at once, found by the words they begin with: most texts have none of those."""

    terms: tuple[Term, ...]
    starting: dict[str, list[int]]  # first word in each form -> places in `terms`
    starts: frozenset[str]
    anywhere: tuple[int, ...]


@lru_cache(maxsize=8)
def written(text: str) -> Written:
    """`text` cut into words; the same text is asked by sorting, mood and routing in one go."""
    return Written(text)


@lru_cache(maxsize=4096)
def term(text: str, *, in_any_form: bool) -> Term:
    """Read a rule's word or phrase; “…” in it stands for up to three other words. Empty if it holds no word."""
    text = unicodedata.normalize("NFKC", text.replace("…", "...")).lower().strip()
    if UNSPACED.search(text):
        return Term(text, (), anywhere=text)
    steps: list[tuple[frozenset[str], int]] = []
    for part in GAP.split(text):
        for number, word in enumerate(_spoken(part)):
            gap = WORDS_BETWEEN if steps and number == 0 else 0
            steps.append((forms(word) if in_any_form else frozenset([word]), gap))
    return Term(text, tuple(steps))


@lru_cache(maxsize=1024)
def vocabulary(texts: tuple[str, ...], *, in_any_form: bool) -> Vocabulary:
    """The words and phrases of one condition, read once."""
    terms = tuple(term(text, in_any_form=in_any_form) for text in texts)
    starting: dict[str, list[int]] = {}
    for place, known in enumerate(terms):
        for word in known.steps[0][0] if known.steps else ():
            starting.setdefault(word, []).append(place)
    anywhere = tuple(place for place, known in enumerate(terms) if known.anywhere)
    return Vocabulary(terms, starting, frozenset(starting), anywhere)


@lru_cache(maxsize=4096)
def forms(word: str) -> frozenset[str]:
    """`word`, its English inflections (plural, -s, -ed, -ing, common irregular verbs) and those of its base form."""
    found = {word, *IRREGULAR.get(word, "").split()}
    if len(word) >= 3 and word.isascii() and word.isalpha() and word not in NO_FORM:
        for base in _bases(word):
            found |= {base, *_inflected(base)}
    return frozenset(found)


def _spoken(text: str) -> list[str]:
    found: list[str] = []
    for word in words(text.replace("‘", "'").replace("ʼ", "'").replace("`", "'").replace("´", "'")):
        if spoken := SPOKEN.get(word):
            found += spoken
        elif "'" not in word:
            found.append(word)
        elif word.endswith("n't"):
            found += (word[:-3], "not")
        else:
            found.append(word.removesuffix("'s"))
    return found


def _bases(word: str) -> set[str]:
    """What `word` may be a form of; a base that is no English word does no harm, since nobody writes it."""
    bases = {word}
    for ending in ("ing", "ed"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= 3 and re.search("[aeiouy]", stem):
            bases |= {stem, stem + "e"}
            if stem[-1] == stem[-2] and stem[-1] not in "lsz":
                bases.add(stem[:-1])
    if word.endswith(("ies", "ied")) and len(word) > 4:
        bases.add(word[:-3] + "y")
    elif word.endswith("es") and word[:-2].endswith(SIBILANT):
        bases |= {word[:-2], word[:-1]}
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        bases.add(word[:-1])
    return bases


def _inflected(base: str) -> set[str]:
    if base.endswith("y") and base[-2] not in "aeiou":
        return {base[:-1] + "ies", base[:-1] + "ied", base + "ing"}
    if base.endswith("e"):
        return {base + "s", base + "d", base[:-1] + "ing", base + "ing"}
    found = {base + ("es" if base.endswith(SIBILANT) else "s"), base + "ed", base + "ing"}
    if re.search("[^aeiou][aeiou][bdgklmnprt]$", base):
        found |= {base + base[-1] + "ed", base + base[-1] + "ing"}
    return found
