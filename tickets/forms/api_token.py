"""The form for a token of one's own."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy

from tickets.api import tokens
from tickets.models import User

LIVES = [("30", gettext_lazy("30 days")), ("90", gettext_lazy("90 days")), ("365", gettext_lazy("a year")),
         ("", gettext_lazy("until it is revoked"))]  # fmt: skip


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("What is it for?"), max_length=80,
        help_text=gettext_lazy("So that you know later what stops when you revoke it."),
    )  # fmt: skip
    scopes = forms.MultipleChoiceField(label=gettext_lazy("It may"), widget=forms.CheckboxSelectMultiple)
    days = forms.ChoiceField(label=gettext_lazy("It opens for"), choices=LIVES, initial="90", required=False)

    def __init__(self, *given: Any, user: User, **options: Any) -> None:
        super().__init__(*given, **options)
        scopes: Any = self.fields["scopes"]
        scopes.choices = scope_choices(tokens.scopes_for(user))

    @property
    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=int(days)) if days else None


def scope_choices(scopes: list[str]) -> list[tuple[str, str]]:
    """Each scope with what it allows."""
    return [(scope, f"{scope}: {tokens.SCOPES[scope][0]}") for scope in scopes]
