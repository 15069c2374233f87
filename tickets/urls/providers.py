"""Addresses that mail providers call; named as django-anymail names them."""

from django.urls import URLPattern, path

from tickets.views import providers

urlpatterns: list[URLPattern] = [
    path("mandrill/", providers.provider_both, name="provider_both"),
    path("<slug:provider>/inbound/", providers.provider_inbound, name="provider_inbound"),
    # Mailgun sends the whole mail, not its parts, where an address has “mime” in it.
    path("<slug:provider>/inbound_mime/", providers.provider_inbound, name="provider_inbound_mime"),
    path("<slug:provider>/tracking/", providers.provider_tracking, name="provider_tracking"),
]
