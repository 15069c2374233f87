"""An article of the help pages, with the ways people ask for it."""

from datetime import datetime

from django.db import models
from django.db.models import Count, Max
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from tickets.models import Category
from tickets.models.fields import LanguageField


class ArticleQuerySet(models.QuerySet["Article"]):
    def published(self) -> "ArticleQuerySet":
        return self.filter(is_published=True)

    def edition(self) -> tuple[int, datetime | None]:
        """How many published articles there are and when one last changed: equal editions say the same. One query."""
        row = self.published().order_by().aggregate(number=Count("pk"), latest=Max("changed_at"))
        return row["number"], row["latest"]


class Article(models.Model):
    slug = models.SlugField(_("key"), max_length=80, unique=True)
    title = models.CharField(_("title"), max_length=160)
    summary = models.CharField(_("in one sentence"), max_length=300, blank=True)
    body = models.TextField(_("text"), help_text=_("Markdown: # heading, - list, **strong**, [link](https://…)"))
    questions = models.TextField(
        _("how people ask for it"), blank=True, help_text=_("One way to ask a line; suggestions match these.")
    )
    category = models.ForeignKey(
        Category, models.SET_NULL, null=True, blank=True, related_name="articles", verbose_name=_("category")
    )
    language = LanguageField(_("language"))
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    is_published = models.BooleanField(_("published"), default=True)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = ArticleQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name, verbose_name_plural = _("article"), _("articles")
        ordering = ["position", "title"]
        indexes = [models.Index(fields=["category", "position"], name="article_category")]

    def __str__(self) -> str:
        return self.title

    @property
    def asked_as(self) -> list[str]:
        """The title and every way people ask for it."""
        return [self.title, *filter(None, (line.strip() for line in self.questions.splitlines()))]
