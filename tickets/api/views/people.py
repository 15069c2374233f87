"""Customers, organisations and colleagues."""

from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from tickets import customer_details, customers
from tickets.api import etags, paging
from tickets.api.operations import operation
from tickets.api.parameters import PAGING, Parameter, number, one_of, shown, truth
from tickets.api.problems import wrong_field
from tickets.api.serializers.people import (
    CustomerChangeGiven,
    CustomerGiven,
    CustomerShape,
    OrganisationShape,
    TeamShape,
    UserShape,
    show_customers,
    show_organisations,
    show_teams,
)  # fmt: skip
from tickets.api.views.base import API, ApiView, Shown, find
from tickets.channels.base import Sender
from tickets.desk import Desk
from tickets.models import STAFF_ROLES, Customer, Identity, IdentityKind, Organisation, Team, User

BY_ID = paging.orders(id="pk")
BY_NAME = paging.orders(id="pk", name="name")
ORDERING = "ordering"
Q_CUSTOMERS = Parameter("q", "Part of a name or an address.")
CUSTOMER_FIELDS, ORGANISATION_FIELDS = shown(CustomerShape._declared_fields), shown(OrganisationShape._declared_fields)
USER_FIELDS = shown(UserShape._declared_fields)


class CustomerView(ApiView):
    def customer(self, pk: int, *, lock: bool = False) -> Customer:
        rows = Customer.objects.select_related("organisation")
        return find(rows.select_for_update(of=("self",)) if lock else rows, pk)

    def changes(self, given: dict[str, Any]) -> dict[str, Any]:
        """What was sent as customer_details.change takes it."""
        values = {name: value for name, value in given.items() if name in customer_details.FIELDS}
        if "organisation_id" in given:
            values["organisation"] = self._organisation(given["organisation_id"])
        return values

    def _organisation(self, pk: int | None) -> Organisation | None:
        if pk is None:
            return None
        organisation = Organisation.objects.filter(pk=pk).first()
        if organisation is None:
            raise wrong_field("/organisation_id", _("There is no organisation of that id."))
        return organisation


class Customers(CustomerView):
    scopes = {"GET": "customers:read", "POST": "customers:write"}
    parameters = {
        "GET": (
            Q_CUSTOMERS,
            Parameter("email", "Whose address is exactly this."),
            number("organisation", "An organisation's id."),
            one_of(ORDERING, "By id unless told.", BY_NAME), *PAGING, CUSTOMER_FIELDS,
        )
    }  # fmt: skip

    @operation("customers_list", "Customers", "List customers", answer=CustomerShape, is_list=True)
    def get(self, request: Request) -> Response:
        rows = Customer.objects.select_related("organisation")
        if "organisation" in self.query:
            rows = rows.filter(organisation_id=self.query["organisation"])
        if "email" in self.query:
            value = customers.normalised(IdentityKind.EMAIL, self.query["email"])
            rows = rows.filter(Exists(Identity.objects.filter(customer=OuterRef("pk"), kind="email", value=value)))
        if words := self.query.get("q"):
            address = Identity.objects.filter(customer=OuterRef("pk"), value__contains=words.lower())
            rows = rows.filter(Q(name__icontains=words) | Q(Exists(address)))
        return self.listed(rows, BY_NAME[self.query.get(ORDERING, "id")], show_customers)

    @operation(
        "customers_create", "Customers", "Add a customer",
        given=CustomerGiven, answer=CustomerShape, status=201, more_statuses=(200,),
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """By address: 201 for a new one; 200 and the customer as they are where the address is known already."""
        given = self.given(CustomerGiven)

        def work(_dedupe_key: str) -> Response:
            known = customers.find(IdentityKind.EMAIL, given["email"])
            if known is not None:
                return self.one(show_customers([known])[0])
            changes = self.changes(given)
            sender = Sender(IdentityKind.EMAIL, given["email"], given.get("name", ""))
            customer = customers.recognise(sender, now=timezone.now(), language=given.get("language", ""))
            if changes:
                customer = customer_details.change(customer, **changes)
            location = f"{API}/support/customers/{customer.pk}"
            return self.one(show_customers([customer])[0], status=201, headers={"Location": location})

        return self.once(work)


class CustomerOne(CustomerView):
    scopes = {"GET": "customers:read", "PATCH": "customers:write"}
    parameters = {"GET": (CUSTOMER_FIELDS,), "PATCH": (CUSTOMER_FIELDS,)}

    @operation("customers_read", "Customers", "Read a customer", answer=CustomerShape)
    def get(self, request: Request, customer: int) -> Response:
        return self.one(show_customers([self.customer(customer)])[0])

    @operation("customers_change", "Customers", "Change a customer", given=CustomerChangeGiven, answer=CustomerShape)
    def patch(self, request: Request, customer: int) -> Response:
        """Their tickets follow in name, organisation and tier. If-Match keeps you from overwriting others."""
        self.customer(customer)
        given = self.given(CustomerChangeGiven)

        def work(_dedupe_key: str) -> Response:
            with transaction.atomic():
                person = self.customer(customer, lock=True)
                etags.require_match(request, show_customers([person])[0])
                if given:
                    person = customer_details.change(person, **self.changes(given))
            return self.one(show_customers([person])[0])

        return self.once(work)


class Organisations(ApiView):
    scopes = {"GET": "customers:read"}
    parameters = {
        "GET": (
            Parameter("q", "Part of the name or domain."), one_of(ORDERING, "By id unless told.", BY_NAME), *PAGING,
            ORGANISATION_FIELDS,
        )
    }  # fmt: skip

    @operation("organisations_list", "Customers", "List organisations", answer=OrganisationShape, is_list=True)
    def get(self, request: Request) -> Response:
        rows = Organisation.objects.all()
        if words := self.query.get("q"):
            rows = rows.filter(Q(name__icontains=words) | Q(domain__icontains=words))
        return self.listed(rows, BY_NAME[self.query.get(ORDERING, "id")], show_organisations)


class OrganisationOne(ApiView):
    scopes = {"GET": "customers:read"}
    parameters = {"GET": (ORGANISATION_FIELDS,)}

    @operation("organisations_read", "Customers", "Read an organisation", answer=OrganisationShape)
    def get(self, request: Request, organisation: int) -> Response:
        return self.one(show_organisations([find(Organisation.objects.all(), organisation)])[0])


class Users(ApiView):
    scopes = {"GET": "staff:read"}
    parameters = {"GET": (truth("is_active", "Only people who work here, or who left."), *PAGING, USER_FIELDS)}

    @operation("users_list", "Desk", "List colleagues", answer=UserShape, is_list=True)
    def get(self, request: Request) -> Response:
        """Agents, leads, managers, administrators and bots; never customers."""
        rows = User.objects.filter(role__in=STAFF_ROLES)
        if "is_active" in self.query:
            rows = rows.filter(is_active=self.query["is_active"])
        return self.listed(rows, BY_ID["id"], lambda found: show_users(found, self.desk))


class UserOne(ApiView):
    scopes = {"GET": "staff:read"}
    parameters = {"GET": (USER_FIELDS,)}

    @operation("users_read", "Desk", "Read a colleague", answer=UserShape)
    def get(self, request: Request, user: int) -> Response:
        return self.one(show_users([find(User.objects.filter(role__in=STAFF_ROLES), user)], self.desk)[0])


class Teams(ApiView):
    scopes = {"GET": "staff:read"}
    parameters = {"GET": (*PAGING, shown(TeamShape._declared_fields))}

    @operation("teams_list", "Desk", "List teams", answer=TeamShape, is_list=True)
    def get(self, request: Request) -> Response:
        return self.listed(Team.objects.all(), BY_ID["id"], show_teams)


def show_users(users: Any, desk: Desk) -> list[Shown]:
    return [
        {
            "id": user.pk, "name": user.name, "email": user.email, "role": user.role, "tier": user.tier,
            "team": desk.teams[user.team_id].slug if user.team_id in desk.teams else None,
            "is_active": user.is_active, "is_bot": user.is_bot,
        }
        for user in users
    ]  # fmt: skip
