"""Addresses of the customer's side: start page, form, one request by its link, all requests."""

from django.urls import path

from tickets.views import portal, request_page, requests, surveys

urlpatterns = [
    path("", portal.home, name="portal_home"),
    path("requests/new/", requests.request_new, name="request_new"),
    path("requests/sent/", requests.request_sent, name="request_sent"),
    path("requests/suggestions/", requests.request_suggestions, name="request_suggestions"),
    path("r/<str:token>/", request_page.request_page, name="request_page"),
    path("r/<str:token>/messages/", request_page.request_reply, name="request_reply"),
    path("r/<str:token>/solved/", request_page.request_solved, name="request_solved"),
    path("r/<str:token>/reopening/", request_page.request_reopen, name="request_reopen"),
    path("r/<str:token>/satisfaction/", request_page.request_satisfaction, name="request_satisfaction"),
    path("r/<str:token>/files/<int:file>/", request_page.request_file, name="request_file"),
    path("surveys/<str:token>/", surveys.surveys, name="surveys"),
    path("my-requests/", portal.my_requests, name="my_requests"),
    path("my-requests/link/", portal.my_requests_link, name="my_requests_link"),
    path("my-requests/leaving/", portal.my_requests_leave, name="my_requests_leave"),
    path("my-requests/open/<str:token>/", portal.my_requests_open, name="my_requests_open"),
]
