"""Not built yet."""

from django.http import HttpRequest, HttpResponse


def views(request: HttpRequest, pk: int = 0) -> HttpResponse:
    return HttpResponse(status=501)


def view_edit(request: HttpRequest, pk: int = 0) -> HttpResponse:
    return HttpResponse(status=501)
