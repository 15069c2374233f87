"""Form fields of the back office that spare people minutes, codes and raw data."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.lib.lined_yaml import Faulty, Node, in_words, minutes

LONGEST_SPAN = 366 * 24 * 60


class SpanField(forms.CharField):
    """A length of time as people write it (“15 min”, “4 h”, “1 h 30 min”, “2 d”); its value is whole minutes."""

    def __init__(self, **kwargs: Any) -> None:
        for name in ("min_value", "max_value", "step_size"):
            kwargs.pop(name, None)
        kwargs.setdefault("widget", forms.TextInput(attrs={"size": 12}))
        super().__init__(**kwargs)
        self.help_text = gettext_lazy("Write it like “15 min”, “4 h”, “1 h 30 min” or “2 d”; “at once” for none.")

    def prepare_value(self, value: Any) -> Any:
        return in_words(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        text = " ".join((super().to_python(value) or "").split())
        if text.isascii() and text.isdigit():
            text += " min"
        if not text:
            return None
        try:
            found = minutes.read(Node(1, text, text))
        except Faulty as error:
            raise ValidationError(_("“%(text)s” is not a length of time.") % {"text": text}, code="invalid") from error
        if found > LONGEST_SPAN:
            raise ValidationError(_("That is more than a year."), code="invalid")
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(data) != initial
        except ValidationError:
            return True


def span_words(value: int | None) -> str:
    """Minutes for a list's column: “4 h”."""
    return "—" if value is None else in_words(value)


class WordsField(forms.CharField):
    """Several words or phrases with commas between; its value is a list without doubles."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        parts = (super().to_python(value) or "").split(",")
        return list(dict.fromkeys(words for part in parts if (words := " ".join(part.split()))))

    def validate(self, value: Any) -> None:
        if self.required and not value:
            raise ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        for part in value:
            super().run_validators(part)
