"""Addresses of the lead pages."""

from django.urls import URLPattern, path

from tickets.views import lead_rules, mail_in, outbox

urlpatterns: list[URLPattern] = [
    path("mailboxes/", mail_in.mailboxes, name="mailboxes"),
    path("quarantine/", mail_in.quarantine_list, name="quarantine"),
    path("quarantine/<int:pk>/", mail_in.quarantine_mail, name="quarantine_mail"),
    path("quarantine/<int:pk>/raw/", mail_in.quarantine_raw, name="quarantine_raw"),
    path("quarantine/<int:pk>/release/", mail_in.quarantine_release, name="quarantine_release"),
    path("quarantine/<int:pk>/removal/", mail_in.quarantine_drop, name="quarantine_drop"),
    path("messages/<int:message_id>/source/", mail_in.message_source, name="message_source"),
    path("rules/", lead_rules.rule_list, name="rules"),
    path("rules/new/", lead_rules.rule_new, name="rule_new"),
    path("rules/<int:pk>/", lead_rules.rule, name="rule"),
    path("rules/<int:pk>/standing/", lead_rules.rule_standing, name="rule_standing"),
    path("rules/<int:pk>/place/", lead_rules.rule_place, name="rule_place"),
    path("rules/<int:pk>/removal/", lead_rules.rule_removal, name="rule_removal"),
    path("outbox/", outbox.outbox_page, name="outbox"),
    path("outbox/deliveries/", outbox.outbox_resend_all, name="outbox_resend_all"),
    path("outbox/returned/", outbox.returned, name="returned"),
    path("outbox/returned/<int:pk>/clearing/", outbox.returned_clear, name="returned_clear"),
    path("outbox/<int:pk>/delivery/", outbox.outbox_resend, name="outbox_resend"),
]
