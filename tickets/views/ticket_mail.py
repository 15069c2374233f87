"""Who gets a ticket's mail: other recipients added and removed, a returned address said to work again."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tickets import participants, unreachable
from tickets.models import Customer
from tickets.permissions import DeskRequest, desk_only, visible_ticket


@desk_only
@require_POST
def ticket_participants(request: DeskRequest, number: int) -> HttpResponse:
    """POST `add` an address, or `remove` one."""
    ticket = visible_ticket(request, number)
    if address := request.POST.get("remove", "")[:254]:
        participants.remove(ticket, address=address, by=request.user)
        messages.success(request, _("%(address)s gets no more mail of this ticket.") % {"address": address})
    else:
        address = request.POST.get("add", "").strip()[:254]
        participants.add(ticket, address=address, by=request.user)
        messages.success(request, _("%(address)s gets a copy of every reply from now on.") % {"address": address})
    return redirect("ticket", number)


@desk_only
@require_POST
def customer_address(request: DeskRequest, customer_id: int) -> HttpResponse:
    """POST: the customer's main address works again; what was kept back leaves. `ticket`: the page to go back to."""
    customer = get_object_or_404(Customer, pk=customer_id)
    count = unreachable.clear(customer.email, by=request.user, now=timezone.now())
    messages.success(request, cleared(customer.email, count))
    back = request.POST.get("ticket", "")
    return redirect("ticket", int(back)) if back.isdecimal() and len(back) < 19 else redirect("customer", customer_id)


def cleared(address: str, count: int) -> str:
    """What to say once an address is said to work again."""
    return _("We write to %(address)s again. Mails that were kept back and leave now: %(count)d") % {
        "address": address, "count": count,
    }  # fmt: skip
