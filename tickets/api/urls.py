"""Addresses of the API's first version that the tickets room answers; below api/v1/support/, no slash at the end."""

from django.urls import path

from tickets.api.views import conversation, moves, people, settings, tickets

urlpatterns = [
    path("me", settings.Me.as_view(), name="me"),
    path("tickets", tickets.Tickets.as_view(), name="tickets"),
    path("tickets/<int:number>", tickets.TicketOne.as_view(), name="ticket"),
    path("tickets/<int:number>/messages", conversation.Messages.as_view(), name="ticket_messages"),
    path("tickets/<int:number>/transitions", moves.Transitions.as_view(), name="ticket_transitions"),
    path("tickets/<int:number>/events", conversation.Events.as_view(), name="ticket_events"),
    path("tickets/<int:number>/handover", moves.Handover.as_view(), name="ticket_handover"),
    path("tickets/<int:number>/merge", moves.Merge.as_view(), name="ticket_merge"),
    path("tickets/<int:number>/links", moves.Links.as_view(), name="ticket_links"),
    path("tickets/<int:number>/links/<int:other>", moves.OneLink.as_view(), name="ticket_link"),
    path("files/<int:file>", conversation.OneFile.as_view(), name="file"),
    path("customers", people.Customers.as_view(), name="customers"),
    path("customers/<int:customer>", people.CustomerOne.as_view(), name="customer"),
    path("organisations", people.Organisations.as_view(), name="organisations"),
    path("organisations/<int:organisation>", people.OrganisationOne.as_view(), name="organisation"),
    path("users", people.Users.as_view(), name="users"),
    path("users/<int:user>", people.UserOne.as_view(), name="user"),
    path("teams", people.Teams.as_view(), name="teams"),
    path("categories", settings.Categories.as_view(), name="categories"),
    path("macros", settings.Macros.as_view(), name="macros"),
    path("tags", settings.Tags.as_view(), name="tags"),
]
