"""Fields of what is sent and answered: what they take, and how they stand in the OpenAPI document."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from tickets.models import Priority

PRIORITIES = {priority.name.lower(): priority for priority in Priority}
PRIORITY_NAMES = {int(priority): name for name, priority in PRIORITIES.items()}


class Shape(serializers.Serializer):
    """What is answered, as it stands in the OpenAPI document; the `show…` beside it writes it, ten times as fast."""


class Given(serializers.Serializer):
    """What is sent: a field that is not declared here is refused by name, so that nothing is set by the way."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            declared = {name for name, field in self.fields.items() if not field.read_only}
            unknown = [str(name)[:100] for name in data if name not in declared and name != "files"]
            if unknown:
                known = ", ".join(sorted(declared))
                why = _("There is no such field to set; known are: %(known)s.") % {"known": known}
                raise serializers.ValidationError({name: [ErrorDetail(why, "unknown")] for name in unknown})
        return super().to_internal_value(data)


class Words(serializers.CharField):
    """Text only: a number or a truth where words belong is refused instead of being written out."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """A whole number of ours: from 1 to what the database holds."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": 2**63 - 1, **options})

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool | float):
            self.fail("invalid")
        return super().to_internal_value(data)


class Names(serializers.ListField):
    """A list of words; in a form, one field with commas will do."""

    child = Words(max_length=200, allow_blank=True)

    def get_value(self, dictionary: Any) -> Any:
        value = super().get_value(dictionary)
        if hasattr(dictionary, "getlist") and isinstance(value, list) and len(value) == 1:
            return [word for word in str(value[0]).split(",") if word.strip()]
        return value


def moment(at: datetime | None) -> str | None:
    """A time as it is answered: ISO 8601 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None
