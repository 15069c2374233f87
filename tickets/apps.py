"""The tickets room as Django knows it."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from tickets import search_tables


class TicketsConfig(AppConfig):
    name = "tickets"
    verbose_name = _("Tickets and people")

    def ready(self) -> None:
        post_migrate.connect(search_tables.after_migrations, sender=self)
