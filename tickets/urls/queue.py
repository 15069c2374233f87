"""Addresses of the queue and of what stands around every page of the desk: search, palette, pulse, notifications."""

from django.urls import path

from tickets.views import bulk, notifications, palette, pulse, queue, saved_views, search

urlpatterns = [
    path("", queue.queue, name="queue"),
    path("rows/", queue.rows, name="queue_rows"),
    path("next/", queue.next_ticket, name="take_next"),
    path("keys/", queue.keys, name="keys"),
    path("bulk/", bulk.bulk, name="bulk"),
    path("views/", saved_views.views, name="views"),
    path("views/<int:pk>/", saved_views.view_edit, name="view_edit"),
    path("search/", search.results, name="search"),
    path("palette/", palette.palette, name="palette"),
    path("pulse/", pulse.pulse, name="pulse"),
    path("availability/", notifications.availability, name="availability"),
    path("notifications/", notifications.notifications, name="notifications"),
]
