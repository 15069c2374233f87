"""Not built yet."""

from django.http import HttpRequest, HttpResponse


def palette(request: HttpRequest, pk: int = 0) -> HttpResponse:
    return HttpResponse(status=501)
