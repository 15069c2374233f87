"""The matcher names the right text, forgives typing errors, and says nothing where nothing fits."""

import json
from pathlib import Path

import pytest

from knowledge.matching import Matcher

FAQ = Path(__file__).resolve().parents[3] / "shared" / "data" / "faq" / "stackfaq.jsonl"
ARTICLES = {
    "password": ["How to reset your password", "The reset link has expired"],
    "invoice": ["Understanding your invoice", "Why was I charged more?"],
    "cancel": ["Cancellation and refund policy", "I want my money back"],
}


def test_nearest_names_the_right_text_and_the_example_that_matched():
    match = Matcher(ARTICLES).nearest("the link to reset has expired again")[0]
    assert (match.key, match.example) == ("password", "The reset link has expired")


def test_typing_errors_are_forgiven():
    assert Matcher(ARTICLES).nearest("invoyce charged moore")[0].key == "invoice"


def test_each_key_comes_once_and_best_first():
    found = Matcher(ARTICLES).nearest("I want my money back, and my reset password", most=2)
    assert [match.key for match in found] == ["cancel", "password"]
    assert found[0].score >= found[1].score


def test_nothing_fits_below_the_least():
    assert Matcher(ARTICLES).nearest("the weather in Lisbon", least=0.2) == []
    assert Matcher({}).nearest("anything") == []


def test_a_text_is_nearest_to_itself():
    matcher = Matcher(ARTICLES)
    for key, examples in ARTICLES.items():
        for example in examples:
            best = matcher.nearest(example)[0]
            assert (best.key, round(best.score, 6)) == (key, 1.0)


@pytest.mark.skipif(not FAQ.exists(), reason="the real questions are not beside the project")
def test_real_questions_find_their_article():
    """62 articles with title and three questions each; every further question is a test (source: the data's README)."""
    rows = [json.loads(line) for line in FAQ.read_text().splitlines()]
    asked = {row["title"]: row.get("questions") or row.get("alternatives") or [] for row in rows}
    matcher = Matcher({title: [title, *questions[:3]] for title, questions in asked.items()})
    tries = [(title, question) for title, questions in asked.items() for question in questions[3:]]
    right = sum(matcher.nearest(question, most=1)[0].key == title for title, question in tries)
    among_three = sum(title in [m.key for m in matcher.nearest(question, most=3)] for title, question in tries)
    assert len(tries) > 100
    assert right / len(tries) >= 0.85
    assert among_three / len(tries) >= 0.94
