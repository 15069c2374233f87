"""Errors for programs: `application/problem+json` (RFC 9457), each saying what to do next."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

CONTENT_TYPE = "application/problem+json"
# Where programs knock; every answer below is for them, errors of Django's own included.
PLACE = "/api/"

# kind → (status, title, what to do next)
KINDS: dict[str, tuple[int, str | Promise, str | Promise]] = {
    "bad-request": (
        400,
        gettext_lazy("The request cannot be read"),
        gettext_lazy("Mend what is named and send it again."),
    ),
    "bad-parameter": (
        400,
        gettext_lazy("A parameter of the address is wrong"),
        gettext_lazy("Mend the parameters that are named."),
    ),
    "not-signed-in": (
        401,
        gettext_lazy("A token is needed"),
        gettext_lazy("Send the header “Authorization: Bearer fl_…” with a token from your preferences."),
    ),
    "forbidden": (403, gettext_lazy("Not allowed"), gettext_lazy("This is not open to your token.")),
    "missing-scope": (
        403,
        gettext_lazy("The token lacks a scope"),
        gettext_lazy("Make a token with the scope that is named."),
    ),
    "not-found": (
        404,
        gettext_lazy("There is nothing here"),
        gettext_lazy("Look at the address; what you may not see is not found either."),
    ),
    "method-not-allowed": (
        405,
        gettext_lazy("This cannot be done here"),
        gettext_lazy("Use one of the methods named in the header Allow."),
    ),
    "not-acceptable": (
        406,
        gettext_lazy("We answer in JSON"),
        gettext_lazy("Send “Accept: application/json”, or leave it out."),
    ),
    "conflict": (
        409,
        gettext_lazy("Not possible as things stand"),
        gettext_lazy("Read the ticket again before you go on."),
    ),
    "precondition-failed": (
        412,
        gettext_lazy("It has changed since you read it"),
        gettext_lazy("Read it again, then send your change with the new ETag."),
    ),
    "too-large": (413, gettext_lazy("Too large"), gettext_lazy("Send less at once.")),
    "unsupported-type": (
        415,
        gettext_lazy("We cannot read this kind of content"),
        gettext_lazy("Send application/json in UTF-8, or multipart/form-data where files are taken."),
    ),
    "invalid": (
        422,
        gettext_lazy("Some fields are wrong"),
        gettext_lazy("Mend the fields that are named and send it again."),
    ),
    "key-reused": (
        422,
        gettext_lazy("This Idempotency-Key was used for something else"),
        gettext_lazy("Use a new key for every new write; repeat a key only with the very same request."),
    ),
    "too-many": (429, gettext_lazy("Too many requests"), gettext_lazy("Wait as many seconds as Retry-After says.")),
    "server-error": (
        500,
        gettext_lazy("Something went wrong on our side"),
        gettext_lazy("Try again later with the same Idempotency-Key; nothing is done twice."),
    ),
    "no-room": (
        507,
        gettext_lazy("There is no room for files"),
        gettext_lazy("Send it without files, or try again later."),
    ),
}  # fmt: skip
BY_STATUS = {status: kind for kind, (status, _title, _next) in reversed(KINDS.items())}


def body(
    kind: str, detail: str = "", *, errors: Sequence[Mapping[str, str]] = (), request_id: str = "", **more: Any
) -> dict[str, Any]:
    """The members of a problem; `errors` name fields by `pointer` (RFC 6901) or `parameter`, and say what is wrong."""
    status, title, what_next = KINDS[kind]
    said: dict[str, Any] = {
        "type": f"{settings.SITE_URL}/api/docs/#problem-{kind}",
        "title": str(title),
        "status": status,
        "detail": detail or str(what_next),
    }
    if errors:
        said["errors"] = [dict(error) for error in errors]
    if request_id:
        said["request_id"] = request_id
    return {**said, **more}


def answer(request: HttpRequest, kind: str, detail: str = "", **more: Any) -> HttpResponse:
    """A problem as a whole answer, for where no view was reached."""
    told = body(kind, detail, request_id=getattr(request, "request_id", ""), **more)
    return HttpResponse(json.dumps(told, ensure_ascii=False), content_type=CONTENT_TYPE, status=told["status"])


def is_for_programs(request: HttpRequest) -> bool:
    return request.path.startswith(PLACE)


def of_django(request: HttpRequest, status: int) -> HttpResponse:
    """Django refused the request by itself: its status in our words."""
    if status == 413:
        return answer(request, "too-large", _("The request has more fields, files or bytes than we take at once."))
    return answer(request, BY_STATUS.get(status, "bad-request"))
