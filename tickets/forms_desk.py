"""Forms of the desk's ticket and customer pages; each view turns a valid one into one verb."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.desk import Desk
from tickets.models import Channel, Customer, CustomerTier, IdentityKind, Ticket
from tickets.models.fields import validate_zone

# When people begin to work: a snooze until tomorrow ends then, in the reader's own zone.
MORNING = time(9, 0)
BIGGEST_NUMBER = 2**63 - 1


def as_number(value: str) -> int:
    """A row's id from an address or a form; 0 for anything that is none."""
    return int(value[:18]) if value.isascii() and value.isdigit() else 0


class TicketNumberField(forms.CharField):
    """A ticket's number as people write it: 20481, #20481; cleaned to an int, or None when empty."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "placeholder": "#"})

    def clean(self, value: Any) -> int | None:
        digits = super().clean(value).strip().lstrip("#").strip()
        if not digits:
            return None
        if not digits.isascii() or not digits.isdigit() or int(digits[:20]) > BIGGEST_NUMBER:
            raise forms.ValidationError(_("Write the ticket’s number, for example #20481."))
        return int(digits)


def offer(form: forms.BaseForm, name: str, choices: list[tuple[Any, Any]]) -> None:
    """Set what a choice field of the form offers."""
    field = form.fields[name]
    if not isinstance(field, forms.ChoiceField):
        raise TypeError(f"{name} offers no choices")
    field.choices = choices


class MergeForm(forms.Form):
    """Into one of the customer's other tickets, or the one whose number is written."""

    into = forms.ChoiceField(label=gettext_lazy("Keep"), required=False, widget=forms.RadioSelect)
    number = TicketNumberField(label=gettext_lazy("Another ticket’s number"), required=False)

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "into", choices)
        if not choices:
            del self.fields["into"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        target = cleaned.get("number") or int(cleaned.get("into") or 0)
        if not target and not self.errors:
            raise forms.ValidationError(_("Choose the ticket to keep, or write its number."))
        return {**cleaned, "target": target}


class LinkForm(forms.Form):
    number = TicketNumberField(label=gettext_lazy("Ticket’s number"))


class SplitForm(forms.Form):
    message = forms.TypedChoiceField(
        label=gettext_lazy("What opens the new ticket"), coerce=int, widget=forms.RadioSelect
    )
    subject = forms.CharField(label=gettext_lazy("Subject of the new ticket"), max_length=200)
    dedupe_key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=60)

    def __init__(self, *args: Any, choices: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "message", choices)


class SnoozeForm(forms.Form):
    UNTIL = [
        ("reply", gettext_lazy("until the customer writes")),
        ("tomorrow", gettext_lazy("until tomorrow morning")),
        ("week", gettext_lazy("until next Monday")),
        ("date", gettext_lazy("until the date below")),
    ]
    until = forms.ChoiceField(
        label=gettext_lazy("Out of the queue"), choices=UNTIL, widget=forms.RadioSelect, initial="tomorrow"
    )
    date = forms.DateField(
        label=gettext_lazy("Date"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        chosen, day = cleaned.get("until"), cleaned.get("date")
        if chosen == "date" and not day and "date" not in self.errors:
            self.add_error("date", _("Choose the day on which it comes back."))
            return cleaned
        return {**cleaned, "moment": _moment(chosen, day, timezone.localtime())}


def _moment(chosen: str | None, day: Any, now: datetime) -> datetime | None:
    """The moment a snooze ends, at MORNING in the reader's zone; None: when the customer writes."""
    if chosen == "tomorrow":
        day = now.date() + timedelta(days=1)
    elif chosen == "week":
        day = now.date() + timedelta(days=7 - now.weekday())
    if chosen == "reply" or day is None:
        return None
    return timezone.make_aware(datetime.combine(day, MORNING), timezone.get_current_timezone())


class HandOverForm(forms.Form):
    team = forms.TypedChoiceField(label=gettext_lazy("To"), coerce=int)
    note = forms.CharField(
        label=gettext_lazy("What they need to know"), max_length=5000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Stands in the ticket as the reason; the customer does not see it."),
    )  # fmt: skip

    def __init__(self, *args: Any, desk: Desk, ticket: Ticket, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = [
            (team.pk, _("%(team)s (tier %(tier)d)") % {"team": team.name, "tier": team.tier})
            for team in desk.teams.values()
            if team.pk != ticket.team_id
        ]
        offer(self, "team", teams)


class ResolutionForm(forms.Form):
    cause = forms.CharField(
        label=gettext_lazy("What was wrong"), required=False, max_length=settings.MAX_BODY_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    fix = forms.CharField(
        label=gettext_lazy("What fixed it"), required=False, max_length=settings.MAX_BODY_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip


class NewTicketForm(forms.Form):
    """A request taken down for a customer."""

    CHANNELS = (Channel.PHONE, Channel.EMAIL, Channel.WEB)
    channel = forms.ChoiceField(
        label=gettext_lazy("How it came"), choices=[(channel.value, channel.label) for channel in CHANNELS]
    )
    address = forms.CharField(
        label=gettext_lazy("Customer’s email or phone number"), max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    name = forms.CharField(label=gettext_lazy("Customer’s name"), required=False, max_length=120)
    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=settings.MAX_SUBJECT_CHARACTERS)
    body = forms.CharField(
        label=gettext_lazy("What happened?"), max_length=settings.MAX_BODY_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 6}),
    )  # fmt: skip
    category = forms.TypedChoiceField(
        label=gettext_lazy("Category"), required=False, coerce=int, empty_value=None,
        help_text=gettext_lazy("Left empty, the rules sort it."),
    )  # fmt: skip
    reference = forms.CharField(label=gettext_lazy("Order or invoice number"), required=False, max_length=64)
    take_it = forms.BooleanField(label=gettext_lazy("Assign it to me"), required=False, initial=True)
    dedupe_key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=60)

    def __init__(self, *args: Any, desk: Desk, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        categories = [(category.pk, category.name) for category in desk.categories.values()]
        offer(self, "category", [("", _("By the rules")), *categories])

    def clean_address(self) -> str:
        address = self.cleaned_data["address"].strip()
        if "@" in address:
            forms.EmailField().clean(address)
        elif sum(character.isdigit() for character in address) < 5:
            raise forms.ValidationError(_("Write an email address or a phone number."))
        return address

    @property
    def address_kind(self) -> IdentityKind:
        return IdentityKind.EMAIL if "@" in self.cleaned_data["address"] else IdentityKind.PHONE


class CustomerForm(forms.ModelForm):
    class Meta:
        model = Customer
        fields = ["name", "organisation", "own_tier", "language", "time_zone", "notes"]
        widgets = {
            "notes": forms.Textarea(attrs={"rows": 4}),
            "language": forms.Select(choices=settings.LANGUAGES),
            "time_zone": forms.TextInput(attrs={"autocomplete": "off"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "own_tier", [("", _("As the organisation")), *CustomerTier.choices])

    def clean_time_zone(self) -> str:
        zone = self.cleaned_data["time_zone"]
        validate_zone(zone)
        return zone
