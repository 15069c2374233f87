"""Customers, organisations, colleagues and what the desk is set up with, as programs see and send them."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from rest_framework import serializers

from tickets.api.fields import Given, Shape, Whole, Words, moment
from tickets.models import Customer, CustomerTier, Identity, IdentityKind, Macro, Organisation, Role, Team
from tickets.models.fields import validate_zone


class IdentityShape(Shape):
    kind = serializers.ChoiceField(IdentityKind.choices)
    value = serializers.CharField()
    is_verified = serializers.BooleanField()


class CustomerShape(Shape):
    id = serializers.IntegerField()
    name = serializers.CharField()
    email = serializers.CharField(help_text="Where we write to; empty where we know none.")
    identities = IdentityShape(many=True)
    organisation_id = serializers.IntegerField(allow_null=True)
    own_tier = serializers.CharField(help_text="Empty: as the organisation's.")
    tier = serializers.ChoiceField(CustomerTier.choices)
    language = serializers.CharField()
    time_zone = serializers.CharField()
    notes = serializers.CharField()
    created_at = serializers.DateTimeField()
    bounced_at = serializers.DateTimeField(allow_null=True, help_text="Mail to them came back then.")


class CustomerChangeGiven(Given):
    name = Words(max_length=120, required=False, allow_blank=True)
    organisation_id = Whole(required=False, allow_null=True)
    own_tier = serializers.ChoiceField(CustomerTier.choices, required=False, allow_blank=True)
    language = serializers.ChoiceField(settings.LANGUAGES, required=False)
    time_zone = Words(max_length=64, required=False, validators=[validate_zone])
    notes = Words(max_length=20_000, required=False, allow_blank=True)


class CustomerGiven(CustomerChangeGiven):
    """Whoever is known by the address already is answered as they are; only a new customer takes the other fields."""

    email = serializers.EmailField(max_length=254)


class OrganisationShape(Shape):
    id = serializers.IntegerField()
    name = serializers.CharField()
    domain = serializers.CharField()
    tier = serializers.ChoiceField(CustomerTier.choices)
    plan = serializers.CharField()
    since = serializers.DateField(allow_null=True)
    notes = serializers.CharField()


class UserShape(Shape):
    id = serializers.IntegerField()
    name = serializers.CharField()
    email = serializers.EmailField()
    role = serializers.ChoiceField(Role.choices)
    tier = serializers.IntegerField()
    team = serializers.CharField(allow_null=True, help_text="Key of the home team.")
    is_active = serializers.BooleanField()
    is_bot = serializers.BooleanField(help_text="A program or a bot; tickets are not assigned to it.")


class TeamShape(Shape):
    slug = serializers.CharField()
    name = serializers.CharField()
    tier = serializers.IntegerField()
    department = serializers.CharField()
    time_zone = serializers.CharField()
    is_restricted = serializers.BooleanField()


class CategoryShape(Shape):
    slug = serializers.CharField()
    name = serializers.CharField()
    is_public = serializers.BooleanField(help_text="Offered in the customers' form.")


class MacroShape(Shape):
    id = serializers.IntegerField()
    name = serializers.CharField(help_text="Folders by ::")
    body = serializers.CharField(help_text="With placeholders; with `ticket` they are filled in.")
    team = serializers.CharField(allow_null=True)
    actions = serializers.ListField(child=serializers.DictField(), help_text="What it also sets.")


class TagShape(Shape):
    name = serializers.CharField()


class MeShape(Shape):
    id = serializers.IntegerField()
    name = serializers.CharField()
    email = serializers.CharField()
    role = serializers.ChoiceField(Role.choices)
    team = serializers.CharField(allow_null=True)
    language = serializers.CharField()
    time_zone = serializers.CharField()
    token_name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    requests_per_minute = serializers.IntegerField()
    expires_at = serializers.DateTimeField(allow_null=True)


def show_customers(customers: Sequence[Customer]) -> list[dict[str, Any]]:
    """Read with their organisation; one statement for all addresses."""
    known: dict[int, list[dict[str, Any]]] = {}
    for row in Identity.objects.filter(customer__in=[customer.pk for customer in customers]).order_by("pk"):
        shown = {"kind": row.kind, "value": row.value, "is_verified": row.verified_at is not None}
        known.setdefault(row.customer_id, []).append(shown)
    return [
        {
            "id": customer.pk,
            "name": customer.name,
            "email": customer.email,
            "identities": known.get(customer.pk, []),
            "organisation_id": customer.organisation_id,
            "own_tier": customer.own_tier,
            "tier": customer.tier,
            "language": customer.language,
            "time_zone": customer.time_zone,
            "notes": customer.notes,
            "created_at": moment(customer.created_at),
            "bounced_at": moment(customer.bounced_at),
        }
        for customer in customers
    ]


def show_organisations(rows: Sequence[Organisation]) -> list[dict[str, Any]]:
    return [
        {
            "id": row.pk, "name": row.name, "domain": row.domain, "tier": row.tier, "plan": row.plan,
            "since": row.since.isoformat() if row.since else None, "notes": row.notes,
        }
        for row in rows
    ]  # fmt: skip


def show_teams(teams: Sequence[Team]) -> list[dict[str, Any]]:
    return [
        {
            "slug": team.slug, "name": team.name, "tier": team.tier, "department": team.department,
            "time_zone": team.time_zone, "is_restricted": team.is_restricted,
        }
        for team in teams
    ]  # fmt: skip


def show_macros(macros: Sequence[Macro], teams: dict[int, Team]) -> list[dict[str, Any]]:
    return [
        {
            "id": macro.pk, "name": macro.name, "body": macro.body,
            "team": teams[macro.team_id].slug if macro.team_id in teams else None, "actions": macro.actions,
        }
        for macro in macros
    ]  # fmt: skip
