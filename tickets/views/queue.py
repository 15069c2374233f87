"""Not built yet."""

from django.http import HttpRequest, HttpResponse


def queue(request: HttpRequest, pk: int = 0) -> HttpResponse:
    return HttpResponse(status=501)


def rows(request: HttpRequest, pk: int = 0) -> HttpResponse:
    return HttpResponse(status=501)


def next_ticket(request: HttpRequest, pk: int = 0) -> HttpResponse:
    return HttpResponse(status=501)


def keys(request: HttpRequest, pk: int = 0) -> HttpResponse:
    return HttpResponse(status=501)
