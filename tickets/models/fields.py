"""Two small fields that several models share."""

import zoneinfo
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _


def validate_zone(value: str) -> None:
    """Raise ValidationError unless `value` names a time zone of the IANA database."""
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValidationError(
            _("“%(zone)s” is not a time zone; write one like Europe/Berlin.") % {"zone": value}
        ) from error


class ZoneField(models.CharField):
    """An IANA time zone name; the business's own zone unless given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 64)
        kwargs.setdefault("default", default_zone)
        super().__init__(*args, **kwargs)
        self.validators = [*self.validators, validate_zone]


class LanguageField(models.CharField):
    """A language code of settings.LANGUAGES."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 12)
        kwargs.setdefault("default", default_language)
        super().__init__(*args, **kwargs)


def default_zone() -> str:
    return settings.TIME_ZONE


def default_language() -> str:
    return settings.LANGUAGE_CODE
