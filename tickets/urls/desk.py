"""Addresses of the desk; a ticket's and a customer's own stand in tickets.urls.ticket, the queue's in tickets.urls.queue."""

from tickets.urls import queue, ticket

urlpatterns = [*queue.urlpatterns, *ticket.urlpatterns]
