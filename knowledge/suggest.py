"""Articles that may help somebody who is typing a request."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from knowledge.matching import Matcher
from knowledge.models import Article
from tickets import suggestions
from tickets.suggestions import Question, Suggestion

# Below this likeness (cosine) an article is more likely to annoy than to help. With the shipped articles and 598 real
# messages, two of three that an article answers are offered one, and five of six that none answers are left in peace.
LEAST = 0.18
MOST = 4


@dataclass(frozen=True)
class Shelf:
    """What is kept of the articles between questions; made anew when one changes."""

    edition: tuple[int, datetime | None]
    articles: dict[str, Article]
    matcher: Matcher


_kept: Shelf | None = None


def articles_for(question: Question) -> Sequence[Suggestion]:
    """The articles that rules name for these words, then the nearest by wording; one statement while none changes."""
    shelf = _shelf()
    matches = shelf.matcher.nearest(question.text, most=MOST, least=LEAST)
    keys = [*(hint for hint in question.hints if hint in shelf.articles), *(match.key for match in matches)]
    return [_suggestion(shelf.articles[key]) for key in dict.fromkeys(keys)][:MOST]


def _shelf() -> Shelf:
    global _kept
    edition = Article.objects.edition()
    shelf = _kept
    if shelf is None or shelf.edition != edition:
        articles = {article.slug: article for article in Article.objects.published()}
        matcher = Matcher({slug: article.asked_as for slug, article in articles.items()})
        shelf = _kept = Shelf(edition, articles, matcher)
    return shelf


def _suggestion(article: Article) -> Suggestion:
    return Suggestion(article.title, article.summary, reverse("article", args=[article.slug]))


suggestions.providers.append(articles_for)
