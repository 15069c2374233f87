"""Fields for text and files from strangers: made safe to store, never cut silently, errors in a person's words."""

import zoneinfo
from collections.abc import Sequence
from functools import cache
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.lib import text
from tickets import files
from tickets.errors import Refused

PICKER = ",".join(f".{extension}" for extension in (*files.BINARY_TYPES, *files.TEXT_TYPES))


class PlainText(forms.CharField):
    """Text of several lines: control characters are dropped, new lines made alike; too long is an error, not a cut."""

    widget: type[forms.Widget] = forms.Textarea

    def __init__(self, *, limit: int, **options: Any) -> None:
        super().__init__(**options)
        self.limit = limit
        # Null bytes are dropped below instead of refused: nobody types them on purpose.
        self.validators = []

    def to_python(self, value: Any) -> str:
        typed = super().to_python(value) or ""
        return text.plain(typed, len(typed) + 1).strip() if typed else ""

    def validate(self, value: str) -> None:
        super().validate(value)
        if len(value) > self.limit:
            length, limit = (number_format(size, force_grouping=True) for size in (len(value), self.limit))
            problem = _("This has %(length)s characters; at most %(limit)s fit. Please shorten it.")
            raise ValidationError(problem % {"length": length, "limit": limit})


class PlainLine(PlainText):
    """Text of one line: every run of white space becomes one space."""

    widget: type[forms.Widget] = forms.TextInput

    def to_python(self, value: Any) -> str:
        return " ".join(super().to_python(value).split())


class Address(forms.EmailField):
    """A mail address in lower case, at most 254 characters."""

    default_error_messages = {
        "invalid": gettext_lazy("This does not look like an email address. It should read like name@example.com.")
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=254, **options)

    def to_python(self, value: Any) -> str:
        return "".join(text.plain(str(value or ""), 1000).split()).lower()


@cache
def _known_zones() -> set[str]:
    """Read once: listing them opens every zone's file, some 20 ms."""
    return zoneinfo.available_timezones()


class ZoneHint(forms.CharField):
    """The browser's own time zone, if it tells and we know it; else empty. Never an error: nobody typed it."""

    widget = forms.HiddenInput(attrs={"data-time-zone": ""})

    def clean(self, value: Any) -> str:
        return value if value in _known_zones() else ""


class FilesInput(forms.FileInput):
    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: MultiValueDict, name: str) -> list[UploadedFile]:
        return files.getlist(name)


class Files(forms.FileField):
    """Several files, each checked by name, size and first bytes; the value is a list of uploads, not yet stored."""

    widget = FilesInput

    def __init__(self, **options: Any) -> None:
        options.setdefault("required", False)
        super().__init__(**options)
        self.widget.attrs["accept"] = PICKER

    def clean(self, data: Sequence[UploadedFile] | UploadedFile | None, initial: Any = None) -> list[UploadedFile]:
        given = [data] if isinstance(data, UploadedFile) else list(data or [])
        # A browser sends one nameless empty part when nothing was chosen.
        uploads = [upload for upload in given if upload and (upload.name or upload.size)]
        if len(uploads) > settings.MAX_FILES_PER_MESSAGE:
            raise ValidationError(
                _("Please send at most %(most)d files at a time; you chose %(count)d.")
                % {"most": settings.MAX_FILES_PER_MESSAGE, "count": len(uploads)}
            )
        problems = [problem for upload in uploads if (problem := problem_of(upload))]
        if problems:
            raise ValidationError(problems)
        return uploads


def largest() -> str:
    """The size a file may have, as people say it: “20 MB”."""
    return _("%(size)d MB") % {"size": settings.MAX_FILE_BYTES // 1024 // 1024}


def problem_of(upload: UploadedFile) -> str:
    """Why the file cannot be taken; empty if it can."""
    try:
        upload.seek(0)
        files.check(files.clean_name(upload.name or ""), upload.size or 0, upload.read(files.HEAD_BYTES))
        upload.seek(0)
    except Refused as refusal:
        return refusal.message
    return ""
