"""What programs send, read strictly: JSON in UTF-8 of bounded size and depth, files by multipart."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.http import parse_header_parameters
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.renderers import BaseRenderer

from tickets.api.problems import Problem

MOST_BYTES = 1024 * 1024


class StrictJson(BaseParser):
    """A JSON object; anything that some reader might take differently is refused."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        _type, given_as = parse_header_parameters(media_type or "")
        if given_as.get("charset", "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
            raise Problem("unsupported-type", _("JSON is read in UTF-8 only."))
        raw = stream.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise Problem("too-large", _("A JSON body may have up to 1 MB."))
        try:
            given = json.loads(raw.decode("utf-8"), parse_constant=_no_number)
        except UnicodeDecodeError as error:
            raise ParseError(_("The body is not UTF-8.")) from error
        except RecursionError as error:
            raise ParseError(_("The JSON is nested too deep.")) from error
        except ValueError as error:
            raise ParseError(_("This is not JSON: %(why)s") % {"why": error}) from error
        if not isinstance(given, dict):
            raise ParseError(_("Send a JSON object, as {“subject”: “…”}."))
        return given


class Form(MultiPartParser):
    """multipart/form-data, for where files are taken."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except (UnicodeError, LookupError) as error:
            raise ParseError(_("The form's encoding cannot be read.")) from error


class Json(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        if data is None:
            return b""
        return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _no_number(word: str) -> Mapping[str, Any]:
    raise ValueError(word)
