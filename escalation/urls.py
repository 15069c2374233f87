"""Addresses of escalation, below /desk/ and /lead/."""

from django.urls import path

from escalation import views

urlpatterns = [
    path("lead/escalations/", views.escalations, name="escalations"),
    path("desk/escalations/", views.my_escalations, name="my_escalations"),
    path("desk/escalations/<int:pk>/acknowledgement/", views.escalation_acknowledge, name="escalation_acknowledge"),
    path("desk/escalations/<int:pk>/climb/", views.escalation_climb, name="escalation_climb"),
    path("desk/escalations/<int:pk>/hand-down/", views.escalation_hand_down, name="escalation_hand_down"),
    path("desk/escalations/<int:pk>/end/", views.escalation_end, name="escalation_end"),
    path("desk/tickets/<int:number>/escalation/", views.ticket_escalation, name="ticket_escalation"),
]
