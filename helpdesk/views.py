"""Pages that belong to no room: errors in plain words, health."""

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from helpdesk.lib import problems


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was too old or came from elsewhere; what was typed comes back so that nothing is lost."""
    typed = [(name, value) for name, value in request.POST.items() if name in ("subject", "body") and value]
    return render(request, "errors/csrf.html", {"typed": typed}, status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    is_too_much = isinstance(exception, RequestDataTooBig | TooManyFilesSent | TooManyFieldsSent)
    if problems.is_for_programs(request):
        return problems.of_django(request, 413 if is_too_much else 400)
    if is_too_much:
        return render(request, "errors/413.html", status=413)
    return render(request, "errors/400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if problems.is_for_programs(request):
        return problems.of_django(request, 403)
    return render(request, "errors/403.html", {"why": str(exception) or _("This page is not yours.")}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if problems.is_for_programs(request):
        return problems.of_django(request, 404)
    return render(request, "errors/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    if problems.is_for_programs(request):
        return problems.of_django(request, 500)
    return render(request, "errors/500.html", {"request_id": getattr(request, "request_id", "")}, status=500)
