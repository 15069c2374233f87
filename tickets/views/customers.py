"""Customers as the desk sees them: finding one, the profile, tidying up."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Avg, Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tickets import customer_details, customers, ticket_page
from tickets.errors import Refused
from tickets.forms_desk import CustomerForm, as_number
from tickets.models import Customer, Identity, Satisfaction, State
from tickets.permissions import DeskRequest, closed_teams, desk_only, may_merge_customers, visible_tickets
from tickets.views.shell import desk_page

ROWS = 50
LONGEST_QUERY = 100


@desk_only
@require_GET
def customer_list(request: DeskRequest) -> HttpResponse:
    """Everyone by name, or those who match `q` in name, address or organisation; paged by key."""
    query = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:LONGEST_QUERY]
    found = _after(_matching(query), as_number(request.GET.get("after", "")))
    rows = list(found.select_related("organisation").order_by("name", "id")[: ROWS + 1])
    older = f"?{urlencode({'q': query, 'after': str(rows[ROWS - 1].pk)})}" if len(rows) > ROWS else ""
    shown = rows[:ROWS]
    counts = visible_tickets(request.user).open().filter(customer__in=[row.pk for row in shown])
    open_tickets = dict(counts.values_list("customer").annotate(Count("pk")).order_by())
    context = {"rows": shown, "open_tickets": open_tickets, "q": query, "older": older}
    return desk_page(request, "desk/customers.html", context)


def _matching(query: str) -> QuerySet[Customer]:
    if not query:
        return Customer.objects.all()
    address = Identity.objects.filter(customer=OuterRef("pk"), value__contains=query.lower())
    return Customer.objects.filter(
        Q(name__icontains=query) | Q(organisation__name__icontains=query) | Q(Exists(address))
    )


def _after(found: QuerySet[Customer], last: int) -> QuerySet[Customer]:
    name = Customer.objects.filter(pk=last).values_list("name", flat=True).first() if last else None
    return found if name is None else found.filter(Q(name__gt=name) | Q(name=name, pk__gt=last))


@desk_only
@require_http_methods(["GET", "POST"])
def customer(request: DeskRequest, customer_id: int) -> HttpResponse:
    """The profile; POST changes it."""
    person = _customer(customer_id)
    form = CustomerForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        customer_details.change(person, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("customer", customer_id)
    if request.method == "POST":
        # The form has set what was refused on `person`; what stands beside it shows what is true.
        return _profile(request, _customer(customer_id), form, status=422)
    return _profile(request, person, form, status=200)


@desk_only
@require_POST
def customer_merge(request: DeskRequest, customer_id: int) -> HttpResponse:
    """This one was the same as another, who is kept; a lead's."""
    if not may_merge_customers(request.user):
        raise PermissionDenied(_("Merging customers is for team leads."))
    gone = _customer(customer_id)
    kept = Customer.objects.filter(pk=as_number(request.POST.get("into", "").strip().lstrip("#"))).first()
    if kept is None:
        raise Refused(_("There is no customer of that number; it stands in the address of their page."))
    customers.merge_customers(gone, into=kept, by=request.user)
    messages.success(request, _("%(gone)s and %(kept)s are one customer now.") % {"gone": gone, "kept": kept})
    return redirect("customer", kept.pk)


def _customer(customer_id: int) -> Customer:
    return get_object_or_404(Customer.objects.select_related("organisation"), pk=customer_id)


def _profile(request: DeskRequest, person: Customer, form: CustomerForm, *, status: int) -> HttpResponse:
    now = timezone.now()
    closed = closed_teams(request.user)
    rated = Satisfaction.objects.filter(ticket__customer=person).aggregate(average=Avg("score"), count=Count("pk"))
    colleagues: list[Customer] = []
    if person.organisation_id:
        others = Customer.objects.filter(organisation=person.organisation_id).exclude(pk=person.pk)
        colleagues = list(others.order_by("name", "id")[:10])
    context = {
        "person": person,
        "identities": list(person.identities.order_by("kind", "pk")),
        "history": list(customers.history(person, restricted=closed)),
        "states": State,
        "facts": ticket_page.customer_facts(person, csat=rated["average"], csat_count=rated["count"], now=now),
        "colleagues": colleagues,
        "may_merge": may_merge_customers(request.user),
        "form": form,
    }
    return desk_page(request, "desk/customer.html", context, status=status)
