"""The forms of one's own account: signing in, a forgotten or new password, preferences."""

import zoneinfo
from functools import cache
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, SetPasswordForm
from django.utils.translation import gettext_lazy

from tickets.forms.fields import Address
from tickets.models import User


class SignInForm(AuthenticationForm):
    """Email and password; the same words whether the address is unknown or the password wrong."""

    username = Address(
        label=gettext_lazy("Email"), widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    error_messages = {
        "invalid_login": gettext_lazy("Email and password do not fit together. Please look at both again."),
        "inactive": gettext_lazy("Email and password do not fit together. Please look at both again."),
    }


class ForgottenForm(forms.Form):
    email = Address(label=gettext_lazy("Email"), widget=forms.EmailInput(attrs={"autocomplete": "email"}))


class NewPasswordForm(SetPasswordForm):
    """A new password, twice."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.fields["new_password1"].label = gettext_lazy("New password")
        self.fields["new_password2"].label = gettext_lazy("New password again")


class PreferencesForm(forms.ModelForm):
    """How the product looks and behaves for one person; customers see only what concerns them."""

    FOR_STAFF = ("has_single_keys", "after_send")

    class Meta:
        model = User
        fields = ["language", "time_zone", "theme", "has_single_keys", "after_send"]
        labels = {
            "theme": gettext_lazy("Colours"),
            "has_single_keys": gettext_lazy("Shortcuts of a single key, such as j and k"),
            "after_send": gettext_lazy("After sending a reply"),
        }

    def __init__(self, *given: Any, languages: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*given, **options)
        self.fields["language"] = forms.ChoiceField(label=gettext_lazy("Language"), choices=languages)
        self.fields["time_zone"] = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=_zones())
        if self.instance.is_desk_staff:
            self.fields["time_zone"].help_text = gettext_lazy("Your shifts are meant in this time zone.")
        else:
            for name in self.FOR_STAFF:
                del self.fields[name]


@cache
def _zones() -> list[tuple[str, str]]:
    """Every zone by its name, as “Europe/Berlin”, UTC first."""
    odd = ("Etc/", "posix", "right", "SystemV/")
    named = sorted(zone for zone in zoneinfo.available_timezones() if "/" in zone and not zone.startswith(odd))
    return [("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in named)]
