"""Articles in the back office."""

from django.contrib import admin

from knowledge.models import Article
from tickets.admin.base import SettingAdmin


@admin.register(Article)
class ArticleAdmin(SettingAdmin):
    list_display = ("title", "category", "language", "is_published", "changed_at")
    list_filter = ("is_published", "category", "language")
    search_fields = ("title", "summary", "body", "questions")
    prepopulated_fields = {"slug": ["title"]}
    list_select_related = ("category",)
