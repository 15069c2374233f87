"""Help while typing: providers are asked what was typed and which articles rules name; broken ones are left out."""

import pytest

from tickets import desk as desk_settings
from tickets import suggestions
from tickets.models import DeskVersion, Rule, RuleStage
from tickets.suggestions import Suggestion

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch):
    """Rooms above that know answers are left out."""
    monkeypatch.setattr(suggestions, "providers", [])


@pytest.fixture
def asked(monkeypatch):
    """A provider that knows one page and notes what it was asked."""
    questions = []

    def provider(question):
        questions.append(question)
        return [Suggestion("How to reset", "Links work once.", "/articles/reset/")]

    monkeypatch.setattr(suggestions, "providers", [provider, provider])
    return questions


def ask(typed):
    return suggestions.ask(typed, category="", language="en", desk=desk_settings.current())


def test_nobody_is_asked_and_nothing_shown_before_a_room_knows_answers():
    assert ask("the reset link has expired") == []


def test_a_page_that_two_providers_know_shows_once(asked):
    assert ask("the reset link has expired") == [Suggestion("How to reset", "Links work once.", "/articles/reset/")]
    assert len(asked) == 2


def test_too_few_words_ask_nobody(asked):
    assert ask("reset link") == []
    assert asked == []


def test_articles_that_routing_rules_name_come_as_hints(asked):
    for word, article in (("login", "how-to-sign-in"), ("refund", "how-refunds-work")):
        Rule.objects.create(
            stage=RuleStage.ROUTING, name=word, conditions={"field": "text", "op": "has_word", "value": [word]},
            actions=[{"do": "suggest_article", "value": article}, {"do": "set_tier", "value": 1}],
        )  # fmt: skip
    DeskVersion.bump()
    ask("my login fails since today")
    assert asked[0].hints == ("how-to-sign-in",)


def test_only_the_beginning_of_a_long_text_is_looked_at(asked):
    ask("word " * 10_000)
    assert len(asked[0].text) == suggestions.LONGEST


def test_a_provider_that_breaks_keeps_nobody_from_asking(asked, monkeypatch):
    def broken(question):
        raise RuntimeError("no index")

    monkeypatch.setattr(suggestions, "providers", [broken, *suggestions.providers])
    assert [found.title for found in ask("the reset link has expired")] == ["How to reset"]
