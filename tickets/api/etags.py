"""ETags of single resources: nobody overwrites what they have not read, nobody fetches what they have."""

import hashlib
import json
from typing import Any

from rest_framework.request import Request

from tickets.api.problems import Problem


def etag(shown: Any) -> str:
    """Of everything that is shown of a resource, so that whatever changes in it changes this."""
    told = json.dumps(shown, sort_keys=True, default=str)
    return f'"{hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]}"'


def require_match(request: Request, shown: Any) -> None:
    """If-Match: go on only if the resource still is as the program read it."""
    given = request.headers.get("If-Match")
    if given is not None and not _names(given, etag(shown), is_weak_fine=False):
        raise Problem("precondition-failed")


def is_known(request: Request, shown: Any) -> bool:
    """If-None-Match: whether the program has it just so."""
    given = request.headers.get("If-None-Match")
    return given is not None and _names(given, etag(shown), is_weak_fine=True)


def _names(given: str, tag: str, *, is_weak_fine: bool) -> bool:
    named = [one.strip() for one in given.split(",")]
    if is_weak_fine:
        named = [one.removeprefix("W/") for one in named]
    return "*" in named or tag in named
