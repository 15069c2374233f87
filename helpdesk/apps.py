"""The roof as Django knows it."""

from django.apps import AppConfig

from helpdesk import checks as checks  # registers them


class HelpdeskConfig(AppConfig):
    name = "helpdesk"
