"""The forms of the customer's side: a new request, an answer on it, the survey, and the link to all requests."""

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets import files, satisfaction
from tickets.desk import Desk
from tickets.forms.fields import Address, Files, PlainLine, PlainText, ZoneHint, problem_of

STAMP = "request-form"
LIFE_OF_FORM = timedelta(hours=24)


class Stamp(forms.CharField):
    """A hidden key of the form as shown: says how old it is, and makes a double press one request.

    The value is the key, empty where the field was not sent at all (a script of the customer's own).
    """

    def __init__(self) -> None:
        super().__init__(required=False, widget=forms.HiddenInput(attrs={"autocomplete": "off"}), initial=new_stamp)

    def clean(self, value: Any) -> str:
        if not value:
            return ""
        try:
            return signing.TimestampSigner(salt=STAMP).unsign(str(value), max_age=LIFE_OF_FORM)
        except signing.BadSignature as error:
            raise ValidationError(
                _("This form was open for a long time. Nothing is lost: please look it over and send it again.")
            ) from error


def new_stamp() -> str:
    return signing.TimestampSigner(salt=STAMP).sign(get_random_string(22))


class StampedForm(forms.Form):
    """A form with a stamp, whose refusal gives it a fresh one and names the files to choose again."""

    stamp = Stamp()

    def full_clean(self) -> None:
        super().full_clean()
        # What is wrong with a hidden field belongs above the form.
        for problem in self.errors.pop("stamp", []):
            self.add_error(None, problem)

    def refreshed(self) -> "StampedForm":
        """The refused form, ready to be sent again with what was typed."""
        given = QueryDict(mutable=True)
        given.update(self.data)
        given["stamp"] = new_stamp()
        self.data = given
        return self

    @property
    def files_again(self) -> list[str]:
        """Names of the good files that came with a refused form: a browser does not send them twice by itself."""
        uploads = [upload for upload in self.files.getlist("files") if upload.name]
        return [files.clean_name(upload.name or "") for upload in uploads if not problem_of(upload)]

    @property
    def dedupe_key(self) -> str:
        return f"web:{self.cleaned_data['stamp']}" if self.cleaned_data["stamp"] else ""


class RequestForm(StampedForm):
    """A new request; only address, subject and text are needed."""

    email = Address(
        label=gettext_lazy("Your email"),
        error_messages={"required": gettext_lazy("We need your address to answer you.")},
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )  # fmt: skip
    name = PlainLine(
        label=gettext_lazy("Your name"), limit=120, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )  # fmt: skip
    subject = PlainLine(
        label=gettext_lazy("Subject"), limit=settings.MAX_SUBJECT_CHARACTERS,
        error_messages={"required": gettext_lazy("A few words on what it is about bring it to the right person.")},
    )  # fmt: skip
    body = PlainText(
        label=gettext_lazy("What happened?"), limit=settings.MAX_BODY_CHARACTERS,
        error_messages={"required": gettext_lazy("Tell us what happened, so that we can help.")},
        widget=forms.Textarea(attrs={"rows": 6, "data-autosize": ""}),
    )  # fmt: skip
    category = forms.ChoiceField(label=gettext_lazy("What is it about?"), required=False)
    reference = PlainLine(label=gettext_lazy("Order or invoice number"), limit=64, required=False)
    files = Files(label=gettext_lazy("Files"))  # type: ignore[assignment]
    time_zone = ZoneHint(required=False)
    # Nobody sees this one; only programs that fill in everything do so here.
    fax_number = forms.CharField(
        required=False,
        label=gettext_lazy("Leave this empty"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    def __init__(self, *given: Any, desk: Desk, **options: Any) -> None:
        super().__init__(*given, **options)
        self.public = {category.slug: category for category in desk.categories.values() if category.is_public}
        choices = [(slug, category.name) for slug, category in self.public.items()]
        if choices:
            self.fields["category"] = forms.ChoiceField(
                label=gettext_lazy("What is it about?"), required=False, choices=[("", _("Not sure")), *choices]
            )
        else:
            del self.fields["category"]

    @property
    def is_from_a_robot(self) -> bool:
        return bool(self.data.get("fax_number", "").strip())

    @property
    def category_id(self) -> int | None:
        category = self.public.get(self.cleaned_data.get("category", ""))
        return category.pk if category else None


class AnswerForm(StampedForm):
    """What a customer writes on a request they have already."""

    body = PlainText(
        label=gettext_lazy("Your answer"), limit=settings.MAX_BODY_CHARACTERS, required=False,
        widget=forms.Textarea(attrs={"rows": 4, "data-autosize": ""}),
    )  # fmt: skip
    files = Files(label=gettext_lazy("Files"))  # type: ignore[assignment]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not self.errors and not given.get("body") and not given.get("files"):
            self.add_error("body", _("There is nothing written yet."))
        return given


class RatingForm(forms.Form):
    """One to five, and a word if they like."""

    score = forms.TypedChoiceField(
        coerce=int, choices=[(score, str(score)) for score in satisfaction.SCORES],
        error_messages={
            "required": gettext_lazy("Please choose a number from 1 to 5."),
            "invalid_choice": gettext_lazy("Please choose a number from 1 to 5."),
        },
    )  # fmt: skip
    comment = PlainText(
        label=gettext_lazy("What should we know?"), limit=satisfaction.LONGEST_COMMENT, required=False,
        widget=forms.Textarea(attrs={"rows": 3, "data-autosize": ""}),
    )  # fmt: skip


class LinkForm(forms.Form):
    """The address to which a link to all requests goes."""

    email = Address(
        label=gettext_lazy("Your email"),
        error_messages={"required": gettext_lazy("We need your address to send you the link.")},
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )  # fmt: skip
