"""The API described: the OpenAPI document at /api/schema/, and a page for people at /api/docs/ made from it.

Both are public, as they hold no data; they are loaded when first asked for (helpdesk.lib.lazy_urls).
"""

import hashlib
import json
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, re_path
from django.views.decorators.http import condition, require_safe

from helpdesk import api_docs_page
from helpdesk.api_schema import document
from helpdesk.lib import problems
from tickets.views.portal import portal_page


@cache
def _written() -> tuple[bytes, str]:
    """The document as JSON, and its ETag."""
    made = json.dumps(document(), ensure_ascii=False, separators=(",", ":")).encode()
    return made, f'"{hashlib.sha256(made).hexdigest()[:32]}"'


@require_safe
@condition(etag_func=lambda request: _written()[1])
def schema(request: HttpRequest) -> HttpResponse:
    """JSON, which is YAML, too."""
    return HttpResponse(_written()[0], content_type="application/json")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    context = {"page": api_docs_page.page(), "problems": problems.KINDS}
    return portal_page(request, "api_docs", context)


def nothing(request: HttpRequest) -> HttpResponse:
    """Every other address below /api/; the bare one leads to the docs."""
    if request.path == problems.PLACE:
        return redirect("api_docs:docs")
    return problems.answer(request, "not-found")


urlpatterns = [
    path("schema/", schema, name="schema"),
    path("docs/", docs, name="docs"),
    re_path("", nothing, name="nothing"),
]
