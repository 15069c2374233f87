"""A receiver of webhooks as a manager or an administrator writes it down."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from helpdesk.lib import addresses
from helpdesk.lib.addresses import NotAllowed
from tickets import webhooks
from tickets.forms.fields import PlainLine
from tickets.models import EVERYTHING, EventKind, User, Webhook


class WebhookForm(forms.Form):
    name = PlainLine(
        label=gettext_lazy("Name"), limit=80, help_text=gettext_lazy("What listens there: “Stock”, “CRM”.")
    )
    address = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=addresses.LONGEST,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("Where events are sent to, beginning with https://."),
    )
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Is told of"),
        choices=[(EVERYTHING, gettext_lazy("Everything, also kinds that later versions add")), *EventKind.choices],
        widget=forms.CheckboxSelectMultiple,
    )
    includes_notes = forms.BooleanField(
        label=gettext_lazy("Send internal notes, reasons, causes and fixes too"), required=False
    )
    includes_restricted = forms.BooleanField(label=gettext_lazy("Send tickets of restricted teams too"), required=False)
    reaches_inside = forms.BooleanField(
        label=gettext_lazy("May reach our own network"),
        required=False,
        help_text=gettext_lazy("Only the networks that the installation allows, and only administrators decide it."),
    )

    def __init__(self, given: Any, *, hook: Webhook, by: User) -> None:
        initial = {
            "name": hook.name, "address": hook.address, "kinds": hook.kinds, "includes_notes": hook.includes_notes,
            "includes_restricted": hook.includes_restricted, "reaches_inside": hook.reaches_inside,
        }  # fmt: skip
        super().__init__(given, initial=initial)
        self.hook = hook
        self.may_reach_inside = by.is_administrator and bool(settings.WEBHOOK_NETWORKS)
        if not self.may_reach_inside:
            del self.fields["reaches_inside"]

    def clean_kinds(self) -> list[str]:
        chosen = self.cleaned_data["kinds"]
        return [EVERYTHING] if EVERYTHING in chosen else chosen

    def clean(self) -> dict[str, Any]:
        """The address as far as it can be judged without asking a name server; the worker looks again at each call."""
        cleaned = super().clean() or {}
        if address := cleaned.get("address"):
            within = webhooks.bounds(Webhook(reaches_inside=self._reaches_inside(cleaned)))
            try:
                addresses.read(address, within)
            except NotAllowed as refusal:
                self.add_error("address", ValidationError(str(refusal)))
        return cleaned

    def _reaches_inside(self, cleaned: dict[str, Any]) -> bool:
        """As an administrator says; somebody else's new address loses what was granted to the old one."""
        if self.may_reach_inside:
            return bool(cleaned.get("reaches_inside"))
        return self.hook.reaches_inside and cleaned.get("address") == self.hook.address

    def webhook(self) -> Webhook:
        """What was typed, written onto the row in memory."""
        self.hook.reaches_inside = self._reaches_inside(self.cleaned_data)
        for name in ("name", "address", "kinds", "includes_notes", "includes_restricted"):
            setattr(self.hook, name, self.cleaned_data[name])
        return self.hook
