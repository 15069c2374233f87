"""The help pages: all articles by topic, and one article."""

from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from knowledge import suggest  # noqa: F401  (its import offers articles to the request form)
from knowledge.models import Article
from knowledge.rendering import as_html
from tickets.views.portal import portal_page


@require_safe
def articles(request: HttpRequest) -> HttpResponse:
    """Every published article under its topic; one query."""
    found = Article.objects.published().select_related("category").order_by("category__position", "position", "title")
    topics = [
        {"name": topic.name if topic else _("More"), "articles": list(group)}
        for topic, group in groupby(found, key=lambda article: article.category)
    ]
    return portal_page(request, "articles", {"topics": topics})


@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    """One article; 404 unless it is published."""
    found = get_object_or_404(Article.objects.published().select_related("category"), slug=slug)
    others = Article.objects.published().filter(category=found.category).exclude(pk=found.pk)[:5]
    context = {"article": found, "body": as_html(found.body), "others": list(others)}
    return portal_page(request, "article", context)
