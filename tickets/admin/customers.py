"""Customers, the addresses they are known by, and organisations."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets import customers
from tickets.admin.base import CappedPaginator, PlainAdmin, Rows, SettingAdmin
from tickets.models import Customer, CustomerTier, Identity, Organisation


class IdentityForm(forms.ModelForm):
    class Meta:
        model = Identity
        fields = ("kind", "value", "verified_at")

    def clean(self) -> dict[str, Any]:
        """Addresses are kept in one form, so that the same one is recognised however it is written."""
        given = super().clean() or self.cleaned_data
        if "value" in given and "kind" in given:
            given["value"] = customers.normalised(given["kind"], given["value"])
            if not given["value"]:
                self.add_error("value", _("This is no address of that kind."))
        return given


class IdentityRows(Rows):
    model = Identity
    form = IdentityForm
    verbose_name_plural = gettext_lazy("Known by: what comes from these addresses is this customer's")


@admin.register(Customer)
class CustomerAdmin(PlainAdmin):
    inlines = (IdentityRows,)
    paginator = CappedPaginator
    show_full_result_count = False
    list_display = ("shown_name", "email", "organisation", "shown_tier", "language", "created_at")
    list_filter = ("own_tier", "organisation__tier", "language")
    list_select_related = ("organisation",)
    search_fields = ("name", "email", "identities__value", "organisation__name")
    autocomplete_fields = ("organisation",)
    readonly_fields = ("user", "created_at", "bounced_at", "their_tickets")
    fieldsets = (
        (None, {"fields": ("name", "email", "organisation", "own_tier")}),
        (gettext_lazy("Language and time"), {"fields": ("language", "time_zone")}),
        (gettext_lazy("More"), {"fields": ("notes", "user", "created_at", "bounced_at", "their_tickets")}),
    )

    @admin.display(description=gettext_lazy("name"), ordering="name")
    def shown_name(self, customer: Customer) -> str:
        return str(customer)

    @admin.display(description=gettext_lazy("tier"))
    def shown_tier(self, customer: Customer) -> str:
        return str(CustomerTier(customer.tier).label)

    @admin.display(description=gettext_lazy("tickets"))
    def their_tickets(self, customer: Customer) -> str:
        return format_html('<a href="{}">{}</a>', reverse("customer", args=[customer.pk]), _("Open on the desk"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever ever wrote to us stays, or their tickets would have no owner."""
        if obj is not None and obj.tickets.exists():
            return False
        return super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}


@admin.register(Organisation)
class OrganisationAdmin(SettingAdmin):
    list_display = ("name", "domain", "tier", "plan", "people", "yearly_value", "currency", "since")
    list_filter = ("tier", "plan")
    search_fields = ("name", "domain")
    fieldsets = (
        (None, {"fields": ("name", "domain", "tier", "notes")}),
        (gettext_lazy("Contract"), {"fields": ("plan", "since", "yearly_value", "currency")}),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(customer_count=Count("customers"))

    @admin.display(description=gettext_lazy("customers"), ordering="customer_count")
    def people(self, organisation: Any) -> int:
        return organisation.customer_count
