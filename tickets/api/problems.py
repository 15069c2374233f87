"""Whatever goes wrong in a view of the API becomes a problem (helpdesk.lib.problems) with the right status."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import DataError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

from helpdesk.lib import problems
from tickets.errors import Refused, Throttled
from tickets.files import NoRoom

log = structlog.get_logger("api")
# What a verb calls missing → the field of the request that fills it in.
POINTERS = {
    "cause": "/cause", "fix": "/fix", "category": "/category", "assignee": "/assignee", "reference": "/reference",
    "tag": "/tags", "subject": "/subject", "note": "/note",
}  # fmt: skip


class Problem(Exception):
    """Raised by the API's own code. `kind`: a key of helpdesk.lib.problems.KINDS."""

    def __init__(
        self,
        kind: str,
        detail: str = "",
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail or kind)
        self.kind, self.detail, self.errors = kind, detail, errors
        self.headers = dict(headers or {})
        self.more = more


def wrong_field(pointer: str, detail: str) -> Problem:
    """One field of the request does not do."""
    return Problem("invalid", errors=[{"pointer": pointer, "detail": detail}])


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """REST framework's exception handler; None lets what we did not foresee become a 500 with its trace in the log."""
    problem = as_problem(error)
    if problem is None:
        return None
    request = context.get("request")
    told = problems.body(
        problem.kind, problem.detail, errors=problem.errors, request_id=getattr(request, "request_id", ""),
        **problem.more,
    )  # fmt: skip
    return Response(told, status=told["status"], headers=problem.headers, content_type=problems.CONTENT_TYPE)


def as_problem(error: Exception) -> Problem | None:
    if isinstance(error, Problem):
        return error
    if isinstance(error, Refused):
        return _of_refusal(error)
    if isinstance(error, exceptions.ValidationError):
        return Problem("invalid", errors=list(_pointed(error.detail, "")))
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    if isinstance(error, Http404):
        return Problem("not-found")
    if isinstance(error, PermissionDenied):
        return Problem("forbidden", str(error))
    if isinstance(error, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent):
        return Problem("too-large", _("The request has more fields, files or bytes than we take at once."))
    if isinstance(error, DataError):
        # A number or text the database cannot hold: the request's fault, seen late.
        log.warning("value the database refused", error=str(error))
        return Problem("invalid")
    return None


def _of_refusal(error: Refused) -> Problem:
    if isinstance(error, Throttled):
        return Problem("too-many", error.message, headers={"Retry-After": str(error.retry_after)})
    if isinstance(error, NoRoom):
        return Problem("no-room", error.message)
    errors = [{"pointer": POINTERS[need], "detail": error.message} for need in error.missing if need in POINTERS]
    more: dict[str, Any] = {"missing": [*error.missing]} if error.missing else {}
    return Problem("conflict", error.message, errors=errors, **more)


def _of_framework(error: exceptions.APIException) -> Problem:
    asks_for = getattr(error, "auth_header", "")
    headers = {"WWW-Authenticate": asks_for} if asks_for else {}
    kind = problems.BY_STATUS.get(error.status_code, "bad-request")
    if isinstance(error, exceptions.ParseError):
        return Problem("bad-request", str(error.detail))
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return Problem("not-signed-in", str(error.detail) if error.get_codes() == "bad_token" else "", headers=headers)
    return Problem(kind, headers=headers)


def _pointed(detail: Any, at: str) -> Iterator[dict[str, str]]:
    """Each message of a serializer with the JSON pointer of the field it is about."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            here = at if name == "non_field_errors" else f"{at}/{str(name).replace('~', '~0').replace('/', '~1')}"
            yield from _pointed(inner, here)
    elif isinstance(detail, list):
        for number, inner in enumerate(detail):
            yield from _pointed(inner, f"{at}/{number}" if isinstance(inner, dict | list) else at)
    else:
        yield {"pointer": at, "detail": str(detail)}
