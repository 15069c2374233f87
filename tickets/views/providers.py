"""The doors that mail providers knock at: /anymail/<provider>/inbound/ and …/tracking/, as anymail names them."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from tickets import providers


@csrf_exempt
@require_http_methods(["POST", "HEAD", "OPTIONS"])
def provider_inbound(request: HttpRequest, provider: str) -> HttpResponse:
    """POST /anymail/<provider>/inbound/: a mail that came for us. 200 once it is stored."""
    return _answer(request, provider, "inbound")


@csrf_exempt
@require_http_methods(["POST", "HEAD", "OPTIONS"])
def provider_tracking(request: HttpRequest, provider: str) -> HttpResponse:
    """POST /anymail/<provider>/tracking/: what became of mails of ours."""
    return _answer(request, provider, "tracking")


@csrf_exempt
@require_http_methods(["POST", "HEAD", "OPTIONS"])
def provider_both(request: HttpRequest) -> HttpResponse:
    """POST /anymail/mandrill/: Mandrill knows one address only."""
    return _answer(request, "mandrill", "inbound")


def _answer(request: HttpRequest, provider: str, kind: str) -> HttpResponse:
    answer = providers.answer(request, provider, kind)
    if answer is None:
        raise Http404
    return answer
