"""Where a customer stops surveys, by the link in their mail or by their mail program's own button (RFC 8058)."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from tickets import customer_details, links
from tickets.forms.request import LinkForm
from tickets.views.portal import portal_page


@csrf_exempt  # a mail provider posts here without cookies; the signed link is what allows it, and all that it allows
@require_http_methods(["GET", "POST"])
def surveys(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks; POST stops them, with `again` starts them. Answered without a redirect, as RFC 8058 asks (3.2)."""
    customer = links.customer_of_surveys(token)
    if customer is None:
        return portal_page(request, "link_over", {"form": LinkForm()}, status=404)
    if request.method == "POST":
        customer = customer_details.choose_surveys(
            customer, wanted="again" in request.POST, now=timezone.now()
        )  # fmt: skip
    if not request.user.is_authenticated:
        translation.activate(customer.language)
    context = {"token": token, "is_stopped": customer.surveys_stopped_at is not None}
    response = portal_page(request, "surveys", {**context, "is_done": request.method == "POST"})
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
