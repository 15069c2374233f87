"""The roof as Django knows it."""

from django.apps import AppConfig


class HelpdeskConfig(AppConfig):
    name = "helpdesk"
