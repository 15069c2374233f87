"""What every request passes through: its id in the logs, headers, the reader's language and zone, refusals in words."""

import time
import uuid
import zoneinfo
from collections.abc import Callable

import structlog
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme

from tickets.errors import Refused, Throttled

log = structlog.get_logger("request")
Answer = Callable[[HttpRequest], HttpResponse]
SECRET_PATHS = ("/r/", "/my-requests/open/", "/password/")


class RequestLog:
    """Gives the request an id, binds it to every log line, and writes one line when it is answered."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if given.isalnum() and len(given) <= 64 else uuid.uuid4().hex[:16]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        request.request_id = request_id  # type: ignore[attr-defined]
        started = time.perf_counter()
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        if not request.path.startswith((settings.STATIC_URL, "/healthz", "/readyz")):
            milliseconds = round((time.perf_counter() - started) * 1000, 1)
            log.info(
                "answered",
                method=request.method,
                path=_loggable(request.path),
                status=response.status_code,
                ms=milliseconds,
            )
        return response


def _loggable(path: str) -> str:
    """A path without the secret of a customer's link or of a mailed one."""
    return next((f"{start}…/" for start in SECRET_PATHS if path.startswith(start)), path)


class KnownEncoding:
    """Takes a request's word for its encoding only if text can be read in it.

    Python knows encodings that are none of text (base64, hex) or that cannot pass over a wrong byte (idna); a form that
    claims one would be a 500.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.encoding:
            try:
                b"a\xff".decode(request.encoding, "replace")
            except (LookupError, ValueError):
                request.encoding = None  # type: ignore[assignment]
        return self.get_response(request)


class SecureHeaders:
    """What Django's own middleware leaves out: resource policy, no caching of private pages."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class ReaderPreferences:
    """The reader's language and time zone: a signed-in user's own, else what the browser asks for."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        language = user.language if user.is_authenticated else translation.get_language_from_request(request)
        translation.activate(language)
        timezone.activate(zoneinfo.ZoneInfo(user.time_zone if user.is_authenticated else settings.TIME_ZONE))
        try:
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
        finally:
            timezone.deactivate()
            translation.deactivate()
        return response


class Refusals:
    """A verb's refusal becomes a message on the page the person came from, never a 500."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, Refused):
            return None
        if isinstance(error, Throttled):
            response = HttpResponse(error.message, status=429, content_type="text/plain; charset=utf-8")
            response["Retry-After"] = str(error.retry_after)
            return response
        if request.htmx:  # type: ignore[attr-defined]
            response = HttpResponse(error.message, status=409, content_type="text/plain; charset=utf-8")
            return response
        messages.error(request, error.message)
        back = request.META.get("HTTP_REFERER", "")
        safe = url_has_allowed_host_and_scheme(
            back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )
        return redirect(back if safe else "/")
