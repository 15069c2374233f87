"""Parameters of addresses: read strictly, described for the schema, wrong ones named."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework.request import Request

from tickets.api.problems import Problem

MOST_ROWS, USUAL_ROWS = 100, 25
LONGEST = 2000


@dataclass(frozen=True)
class Parameter:
    """`read` gives the value or raises ValueError with words; `schema` and `about` stand in the OpenAPI document."""

    name: str
    about: str
    read: Callable[[str], Any] = str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    # Customers' tokens may use it.
    is_public: bool = True
    example: Any = None


def read(request: Request, known: Iterable[Parameter]) -> dict[str, Any]:
    """The parameters given, by name; a problem names every one that is wrong or unknown."""
    by_name = {parameter.name: parameter for parameter in known}
    values, errors = {}, []
    for name in request.query_params:
        raw = str(request.query_params[name])
        try:
            values[name] = _read(by_name.get(name), name, raw, sorted(by_name))
        except (ValueError, OverflowError) as error:
            errors.append({"parameter": name[:100], "detail": str(error)})
    if errors:
        raise Problem("bad-parameter", errors=errors)
    return values


def _read(parameter: Parameter | None, name: str, raw: str, known: list[str]) -> Any:
    if parameter is None:
        raise ValueError(_("There is no such parameter; known are: %(known)s.") % {"known": ", ".join(known)})
    if "\0" in raw or len(raw) > LONGEST or not raw.isprintable():
        raise ValueError(_("It holds signs that cannot be, or too many."))
    return parameter.read(raw)


def words(
    name: str, about: str, choices: Iterable[str] = (), *, is_public: bool = True, example: str = ""
) -> Parameter:
    """One or more of the choices (or free words), apart by commas."""
    allowed = list(choices)

    def split(raw: str) -> list[str]:
        given = [word.strip() for word in raw.split(",") if word.strip()]
        wrong = [word for word in given if allowed and word not in allowed]
        if wrong or not given:
            raise ValueError(_("Use one or more of: %(known)s.") % {"known": ", ".join(allowed) or "…"})
        return given

    item = {"type": "string", **({"enum": allowed} if allowed else {})}
    schema = {"type": "array", "items": item, "minItems": 1}
    return Parameter(name, about, split, schema, is_public, [example or (allowed[0] if allowed else "word")])


def one_of(name: str, about: str, choices: Iterable[str], *, is_public: bool = True) -> Parameter:
    allowed = list(choices)

    def choose(raw: str) -> str:
        if raw not in allowed:
            raise ValueError(_("Use one of: %(known)s.") % {"known": ", ".join(allowed)})
        return raw

    return Parameter(name, about, choose, {"type": "string", "enum": allowed}, is_public)


def number(name: str, about: str, *, most: int = 2**63 - 1, is_public: bool = True) -> Parameter:
    def count(raw: str) -> int:
        if not re.fullmatch(r"[0-9]{1,19}", raw) or not 1 <= int(raw) <= most:
            raise ValueError(_("Write a whole number from 1 to %(most)s.") % {"most": most})
        return int(raw)

    return Parameter(name, about, count, {"type": "integer", "minimum": 1, "maximum": most}, is_public)


def moment(name: str, about: str, *, is_public: bool = True) -> Parameter:
    def at(raw: str) -> datetime:
        # A plus sign that was not encoded arrives as a space.
        text = re.sub(r" (\d\d:?\d\d)$", r"+\1", raw)
        found = parse_datetime(text) or parse_datetime(f"{text}T00:00:00")
        if found is None:
            raise ValueError(_("Write a time as 2026-03-02T09:00:00Z."))
        if timezone.is_naive(found):
            found = timezone.make_aware(found, timezone.get_default_timezone())
        return found.astimezone(UTC)

    return Parameter(name, about, at, {"type": "string", "format": "date-time"}, is_public)


def truth(name: str, about: str, *, is_public: bool = True) -> Parameter:
    def either(raw: str) -> bool:
        if raw not in ("true", "false"):
            raise ValueError(_("Write true or false."))
        return raw == "true"

    return Parameter(name, about, either, {"type": "boolean"}, is_public)


def shown(names: Iterable[str]) -> Parameter:
    """Sparse fields: only those named are answered."""
    return words("fields", "Answer only these fields, apart by commas.", names)


LIMIT = Parameter(
    "limit", "Rows a page, 25 unless told.", number("limit", "", most=MOST_ROWS).read,
    {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": USUAL_ROWS},
)  # fmt: skip
CURSOR = Parameter("cursor", "Where the page begins: taken from `next` or `previous`, never made up.")
PAGING = (LIMIT, CURSOR)
