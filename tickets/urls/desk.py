"""Addresses of the desk: the queue's (tickets.urls.queue), a ticket's and a customer's (tickets.urls.ticket)."""

from tickets.urls import queue, ticket

urlpatterns = [*queue.urlpatterns, *ticket.urlpatterns]
