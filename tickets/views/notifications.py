"""Not built yet."""

from django.http import HttpRequest, HttpResponse


def availability(request: HttpRequest, pk: int = 0) -> HttpResponse:
    return HttpResponse(status=501)


def notifications(request: HttpRequest, pk: int = 0) -> HttpResponse:
    return HttpResponse(status=501)
