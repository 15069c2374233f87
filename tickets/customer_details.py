"""The verb that changes what we know of a customer, and keeps what their tickets' rows show of it true."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from tickets.models import Customer, Ticket

FIELDS = ("name", "organisation", "own_tier", "language", "time_zone", "notes")


@transaction.atomic
def change(customer: Customer, **values: Any) -> Customer:
    """Set any of FIELDS; tickets follow in name, organisation and tier. Returns the fresh customer.

    Promises already given keep their terms: a policy is chosen when a ticket comes in or its priority changes.
    """
    unknown = values.keys() - set(FIELDS)
    if unknown:
        raise TypeError(f"not a field to change here: {', '.join(sorted(unknown))}")
    fresh = Customer.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=customer.pk)
    for name, value in values.items():
        setattr(fresh, name, value)
    fresh.save(update_fields=sorted(values))
    if values.keys() & {"name", "organisation", "own_tier"}:
        Ticket.objects.filter(customer=fresh).update(
            customer_name=str(fresh)[:120],
            organisation=fresh.organisation,
            customer_tier=fresh.tier,
            updated_at=timezone.now(),
        )
    return fresh


def choose_surveys(customer: Customer, *, wanted: bool, now: datetime) -> Customer:
    """The customer stops surveys, or wants them again; saying the same twice keeps the first time. Returns it fresh."""
    rows = Customer.objects.filter(pk=customer.pk)
    if wanted:
        rows.update(surveys_stopped_at=None)
    else:
        rows.filter(surveys_stopped_at__isnull=True).update(surveys_stopped_at=now)
    return rows.get()
