"""How a customer sounds: on hand-written cases, and on public tweets where they are at hand."""

import json
from pathlib import Path

import pytest

from tickets.models import Sentiment
from tickets.sentiment import mood

MESSAGES = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "messages.jsonl"


@pytest.mark.parametrize(
    "text",
    [
        "This is absolutely unacceptable. I have been waiting for THREE WEEKS.",
        "I am fed up with your company and I want my money back!!",
        "WORST SERVICE EVER!!! NOBODY ANSWERS",
        "You ignored me, this is a terrible, horrible mess. I will sue you.",
        "Wo bleibt meine Bestellung 😡",
        "Thanks for nothing.",
        "NOBODY answers me. This is ridiculous, I want to speak to a manager!",
    ],
)
def test_angry(text):
    assert (mood(text).sentiment, mood(text).is_angry) == (Sentiment.ANGRY, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "How do I change my address?",
        "My payment failed and I am worried, please help.",
        "PLEASE SEND THE INVOICE FOR ORDER 4711 TO OUR OFFICE",
        "I would like to recover my fucking password, how do I do it?",
        "The export is broken again and I lost an hour of work. Can you fix this today?",
        "Is this mail a scam? Somebody writes in your name.",
        "May I speak to the account manager about a larger plan? I could not find a number.",
        "I am not furious, only a bit sad.",
        "Thank you!!! You are amazing, insanely good service!",
        "Unsere Rechnung ist FALSCH, bitte prüfen!!",
    ],
)
def test_not_angry(text):
    assert mood(text).is_angry is False


def test_positive_negative_and_neutral():
    said = [
        "Thank you so much, that was great help, I love it!",
        "It failed and I lost my files.",
        "Order 12 arrived at 9.",
    ]
    assert [mood(text).sentiment for text in said] == [Sentiment.POSITIVE, Sentiment.NEGATIVE, Sentiment.NEUTRAL]


def test_the_signs_are_told():
    assert mood("Unacceptable!!! You are pathetic").why == "pathetic, unacceptable, repeated exclamation marks"


@pytest.mark.parametrize("text", ["😡" * 5000, "!" * 100_000, "a " * 50_000, "😡 😠 " * 2000, "x" * 100_000])
def test_floods_are_read_in_bounded_pieces(text):
    assert mood(text).sentiment in Sentiment.values


@pytest.mark.skipif(not MESSAGES.is_file(), reason="the real messages are not beside this project")
def test_hardly_anyone_who_is_not_unhappy_is_called_angry():
    rows = [json.loads(line) for line in MESSAGES.read_text(encoding="utf-8").splitlines()]
    angry = [row for row in rows if mood(row["body"]).is_angry]
    unhappy = [row for row in angry if row.get("sentiment") == "negative"]
    assert len(angry) >= 20
    assert len(unhappy) / len(angry) >= 0.95
