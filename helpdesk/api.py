"""The API's first version, put together from the rooms; loaded when a program first asks (helpdesk.lib.lazy_urls)."""

from django.urls import include, path, re_path

from knowledge import api as knowledge_api
from tickets.api import urls as tickets_api
from tickets.api.views.settings import Nothing

urlpatterns = [
    path("support/", include(tickets_api.urlpatterns)),
    path("support/", include(knowledge_api.urlpatterns)),
    re_path("", Nothing.as_view(), name="nothing"),
]
