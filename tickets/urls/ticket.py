"""Addresses of a ticket's page and its parts, of customers and of one's own day; below desk/."""

from django.urls import URLPattern, path

from tickets.views import conversation, customers, mail, my_day, ticket, ticket_changes, ticket_mail, ticket_new

urlpatterns: list[URLPattern] = [
    path("tickets/new/", ticket_new.ticket_new, name="ticket_new"),
    path("tickets/<int:number>/", ticket.ticket, name="ticket"),
    path("tickets/<int:number>/messages/", ticket.ticket_messages, name="ticket_messages"),
    path("tickets/<int:number>/presence/", ticket.ticket_presence, name="ticket_presence"),
    path("tickets/<int:number>/draft/", ticket.ticket_draft, name="ticket_draft"),
    path("tickets/<int:number>/clocks/", ticket.ticket_clocks, name="ticket_clocks"),
    path("tickets/<int:number>/timeline/", ticket.ticket_timeline, name="ticket_timeline"),
    path("tickets/<int:number>/replies/", conversation.ticket_reply, name="ticket_reply"),
    path("tickets/<int:number>/notes/", conversation.ticket_note, name="ticket_note"),
    path("tickets/<int:number>/macros/<int:macro_id>/", conversation.ticket_macro, name="ticket_macro"),
    path("tickets/<int:number>/state/", ticket_changes.ticket_state, name="ticket_state"),
    path("tickets/<int:number>/resolution/", ticket_changes.ticket_resolution, name="ticket_resolution"),
    path("tickets/<int:number>/assignee/", ticket_changes.ticket_assignee, name="ticket_assignee"),
    path("tickets/<int:number>/handover/", ticket_changes.ticket_handover, name="ticket_handover"),
    path("tickets/<int:number>/details/", ticket_changes.ticket_details, name="ticket_details"),
    path("tickets/<int:number>/merge/", ticket_changes.ticket_merge, name="ticket_merge"),
    path("tickets/<int:number>/merge/undo/", ticket_changes.ticket_unmerge, name="ticket_unmerge"),
    path("tickets/<int:number>/split/", ticket_changes.ticket_split, name="ticket_split"),
    path("tickets/<int:number>/links/", ticket_changes.ticket_links, name="ticket_links"),
    path("tickets/<int:number>/spam/", ticket_changes.ticket_spam, name="ticket_spam"),
    path("tickets/<int:number>/participants/", ticket_mail.ticket_participants, name="ticket_participants"),
    path("tickets/<int:number>/snooze/", ticket_changes.ticket_snooze, name="ticket_snooze"),
    path("messages/<int:message_id>/withdrawal/", conversation.message_withdrawal, name="message_withdrawal"),
    path("messages/<int:message_id>/verdict/", conversation.message_verdict, name="message_verdict"),
    path("messages/<int:message_id>/as-sent/", mail.message_as_sent, name="message_as_sent"),
    path("messages/<int:message_id>/html/", mail.message_html, name="message_html"),
    path("files/<int:file_id>/", ticket.desk_file, name="desk_file"),
    path("customers/", customers.customer_list, name="customers"),
    path("customers/<int:customer_id>/", customers.customer, name="customer"),
    path("customers/<int:customer_id>/merge/", customers.customer_merge, name="customer_merge"),
    path("customers/<int:customer_id>/address/", ticket_mail.customer_address, name="customer_address"),
    path("my-day/", my_day.my_day, name="my_day"),
]
