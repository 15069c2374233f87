"""Published articles for programs, to read; mounted by helpdesk/api.py."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import Http404
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from knowledge.models import Article
from knowledge.rendering import as_html
from tickets.api import paging
from tickets.api.fields import Shape, moment
from tickets.api.operations import operation
from tickets.api.parameters import PAGING, shown, words
from tickets.api.views.base import ApiView

BY_ID = paging.orders(id="pk")


class ArticleShape(Shape):
    slug = serializers.CharField()
    title = serializers.CharField()
    summary = serializers.CharField()
    body = serializers.CharField(help_text="Markdown.")
    html = serializers.CharField(help_text="The body, safe to show.")
    category = serializers.CharField(allow_null=True)
    language = serializers.CharField()
    changed_at = serializers.DateTimeField()
    url = serializers.URLField(help_text="The page for people.")


FIELDS = shown(ArticleShape._declared_fields)


class Articles(ApiView):
    is_public = True
    parameters = {
        "GET": (
            words("category", "Keys of categories.", example="billing"),
            words("language", "Codes of languages.", [code for code, _name in settings.LANGUAGES]), *PAGING, FIELDS,
        )
    }  # fmt: skip

    @operation("articles_list", "Articles", "List articles", answer=ArticleShape, is_list=True)
    def get(self, request: Request) -> Response:
        """What customers can read in the help pages. Any token will do."""
        rows = Article.objects.published().select_related("category")
        if "category" in self.query:
            rows = rows.filter(category__slug__in=self.query["category"])
        if "language" in self.query:
            rows = rows.filter(language__in=self.query["language"])
        return self.listed(rows, BY_ID["id"], show)


class ArticleOne(ApiView):
    is_public = True
    parameters = {"GET": (FIELDS,)}

    @operation("articles_read", "Articles", "Read an article", answer=ArticleShape)
    def get(self, request: Request, slug: str) -> Response:
        article = Article.objects.published().select_related("category").filter(slug=slug).first()
        if article is None:
            raise Http404
        return self.one(show([article])[0])


def show(articles: Sequence[Article]) -> list[dict[str, Any]]:
    return [
        {
            "slug": article.slug,
            "title": article.title,
            "summary": article.summary,
            "body": article.body,
            "html": str(as_html(article.body)),
            "category": article.category.slug if article.category else None,
            "language": article.language,
            "changed_at": moment(article.changed_at),
            "url": f"{settings.SITE_URL}/help/{article.slug}/",
        }
        for article in articles
    ]


urlpatterns = [
    path("articles", Articles.as_view(), name="articles"),
    path("articles/<slug:slug>", ArticleOne.as_view(), name="article"),
]
