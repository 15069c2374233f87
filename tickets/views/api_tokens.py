"""One's own tokens for programs: make one, see it once, take it back."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from tickets.api import tokens
from tickets.errors import Refused
from tickets.forms.api_token import TokenForm
from tickets.models import ApiToken
from tickets.permissions import DeskRequest
from tickets.views.portal import portal_page
from tickets.views.shell import desk_page


@require_http_methods(["GET", "POST"])
@login_required
@sensitive_variables("secret")
def api_tokens(request: DeskRequest) -> HttpResponse:
    """The list and the form. A new token's secret stands in the answer to its making and nowhere else."""
    form, secret = TokenForm(request.POST or None, user=request.user), ""
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            _token, secret = tokens.make(
                request.user, name=given["name"], scopes=given["scopes"], by=request.user, expires_at=form.expires_at
            )
            form = TokenForm(user=request.user)
        except Refused as refusal:
            form.add_error(None, refusal.message)
    status = 422 if form.errors or (request.method == "POST" and not secret) else 200
    return _page(request, form, secret, status=status)


@require_POST
@login_required
def api_token_revocation(request: DeskRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(ApiToken, pk=pk, user=request.user)
    tokens.revoke(token)
    messages.success(request, _("“%(name)s” opens nothing any more.") % {"name": token.name})
    return redirect("api_tokens")


def _page(request: DeskRequest, form: TokenForm, secret: str, *, status: int) -> HttpResponse:
    rows = list(tokens.standing(request.user, now=timezone.now()))
    context: dict[str, Any] = {"form": form, "secret": secret, "rows": rows}
    if request.user.is_desk_staff:
        return desk_page(request, "accounts/api_tokens_staff.html", context, status=status)
    return portal_page(request, "api_tokens", context, status=status)
