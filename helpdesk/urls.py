"""Every address of the product, room by room."""

from django.contrib import admin
from django.urls import include, path

from helpdesk import demo_mail, health, set_aside
from helpdesk.lib.lazy_urls import lazy_path

urlpatterns = [
    path("", include("tickets.urls.portal")),
    path("", include("tickets.urls.accounts")),
    path("help/", include("knowledge.urls")),
    path("desk/", include("tickets.urls.desk")),
    path("lead/", include("tickets.urls.lead")),
    path("", include("escalation.urls")),
    path("lead/reactions/", set_aside.set_aside, name="set_aside"),
    path("lead/reactions/<int:pk>/attempt/", set_aside.set_aside_again, name="set_aside_again"),
    path("anymail/", include("tickets.urls.providers")),
    path("demo/mail/", demo_mail.demo_mail, name="demo_mail"),
    path("demo/mail/<int:pk>/", demo_mail.demo_mail_one, name="demo_mail_one"),
    path("demo/mail/<int:pk>/answer/", demo_mail.demo_mail_answer, name="demo_mail_answer"),
    path("demo/mail/<int:pk>/html/", demo_mail.demo_mail_html, name="demo_mail_html"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    lazy_path("api/v1/", "helpdesk.api", "api"),
    lazy_path("api/", "helpdesk.api_docs", "api_docs"),
    path("admin/", admin.site.urls),
]

handler400 = "helpdesk.views.bad_request"
handler403 = "helpdesk.views.forbidden"
handler404 = "helpdesk.views.not_found"
handler500 = "helpdesk.views.server_error"
