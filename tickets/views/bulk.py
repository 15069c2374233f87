"""Doing one thing to the ticked tickets of a queue."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from tickets import desk as desk_settings
from tickets import many
from tickets.errors import Refused
from tickets.many import Outcome
from tickets.permissions import DeskRequest, desk_only, visible_tickets

REASONS_TOLD = 3  # messages travel in a cookie
NUMBERS_TOLD = 8


@desk_only
@require_POST
def bulk(request: DeskRequest) -> HttpResponse:
    """`do` is "what:value"; where the value is empty, a field of the bar holds it."""
    what, _colon, value = request.POST.get("do", "").partition(":")
    if what == "assign" and not value:
        value = request.POST.get("assignee", "")
    if what == "tag":
        what, value = ("untag" if value == "remove" else "tag"), request.POST.get("tags", "")
    act = many.act_of(what, value, by=request.user, desk=desk_settings.current(request.user.desk_version))
    numbers = [int(number) for number in request.POST.getlist("tickets") if number.isdecimal() and len(number) < 19]
    if not numbers:
        raise Refused(_("Select tickets first."))
    if len(numbers) > many.MOST:
        raise Refused(_("Select at most %(most)d tickets at once.") % {"most": many.MOST})
    _tell(request, many.each(visible_tickets(request.user).filter(pk__in=numbers).order_by("pk"), act))
    return redirect(_back(request))


def _tell(request: DeskRequest, outcome: Outcome) -> None:
    count = len(outcome.done)
    if count:
        messages.success(
            request, ngettext("%(count)d ticket done.", "%(count)d tickets done.", count) % {"count": count}
        )
    for reason, numbers in list(outcome.refused.items())[:REASONS_TOLD]:
        which = ", ".join(f"#{number}" for number in numbers[:NUMBERS_TOLD]) + (
            "…" if len(numbers) > NUMBERS_TOLD else ""
        )
        text = ngettext(
            "%(count)d left as it was (%(which)s): %(reason)s",
            "%(count)d left as they were (%(which)s): %(reason)s",
            len(numbers),
        )
        messages.error(request, text % {"count": len(numbers), "which": which, "reason": reason[:300]})
    if not count and not outcome.refused:
        messages.error(request, _("None of the selected tickets is there any more."))


def _back(request: DeskRequest) -> str:
    """The queue's page the person came from; never another site."""
    back = request.POST.get("next", "")
    safe = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return back if safe else reverse("queue")
