"""The back office: Django's admin, open to administrators, in the order people need it."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class BackOffice(admin.AdminSite):
    site_header = site_title = _("Firstline back office")
    index_title = _("Run the desk")

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_authenticated and request.user.is_administrator)
