"""Addresses of the lead pages."""

from django.urls import URLPattern, path

from tickets.views import outbox

urlpatterns: list[URLPattern] = [
    path("outbox/", outbox.outbox_page, name="outbox"),
    path("outbox/deliveries/", outbox.outbox_resend_all, name="outbox_resend_all"),
    path("outbox/<int:pk>/delivery/", outbox.outbox_resend, name="outbox_resend"),
]
