"""A colleague takes down a request for a customer: by phone, from a mail, at the counter."""

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tickets import assignment, intake
from tickets import desk as desk_settings
from tickets.channels.base import Inbound, Sender
from tickets.errors import Refused
from tickets.forms_desk import NewTicketForm, as_number
from tickets.models import Channel, Customer, IdentityKind, Ticket, User
from tickets.permissions import DeskRequest, desk_only
from tickets.views.shell import desk_page


@desk_only
@require_http_methods(["GET", "POST"])
def ticket_new(request: DeskRequest) -> HttpResponse:
    """`?customer=<id>` fills in who it is for."""
    desk = desk_settings.current(request.user.desk_version)
    form = NewTicketForm(request.POST or None, desk=desk, initial=_known(request))
    if request.method == "POST" and form.is_valid():
        try:
            ticket = _open(form, by=request.user)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("#%(number)d is open.") % {"number": ticket.pk})
            return redirect("ticket", ticket.pk)
    status = 422 if request.method == "POST" else 200
    return desk_page(request, "desk/ticket_new.html", {"form": form}, status=status)


def _known(request: DeskRequest) -> dict[str, Any]:
    given: dict[str, Any] = {"channel": Channel.PHONE, "dedupe_key": uuid.uuid4().hex, "take_it": True}
    customer = Customer.objects.filter(pk=as_number(request.GET.get("customer", ""))).first()
    if customer is not None:
        phone = customer.identities.filter(kind=IdentityKind.PHONE).first()
        given |= {"name": customer.name, "address": customer.email or (phone.value if phone else "")}
    return given


def _open(form: NewTicketForm, *, by: User) -> Ticket:
    given = form.cleaned_data
    inbound = Inbound(
        channel=Channel(given["channel"]), sender=Sender(form.address_kind, given["address"], given["name"]),
        subject=given["subject"], body=given["body"], category_id=given["category"], reference=given["reference"],
        dedupe_key=f"desk:{by.pk}:{given['dedupe_key']}" if given["dedupe_key"] else "",
    )  # fmt: skip
    with transaction.atomic():
        received = intake.receive(inbound, by=by)
        if given["take_it"] and received.is_new and received.ticket.assignee_id != by.pk:
            return assignment.assign(received.ticket, to=by, by=by)
    return received.ticket
