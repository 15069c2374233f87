"""The palette: whatever one may want to go to, by a few letters of its name."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tickets import desk as desk_settings
from tickets import search
from tickets.desk import Desk
from tickets.models import Ticket, User
from tickets.permissions import DeskRequest, desk_only
from tickets.search import Question
from tickets.views.shell import NAV, desk_page, view_name, views_of

FEW = 6
Line = tuple[str, str, str]  # words, address, detail


@desk_only
@require_GET
def palette(request: DeskRequest) -> HttpResponse:
    """`q`: what was typed. A part for the dialog (`part=found`: only what was found), a page without script."""
    question = Question.read(request.GET.get("q", ""))
    desk = desk_settings.current(request.user.desk_version)
    context = {"groups": _groups(question, request.user, desk), "query": question.text}
    if not request.htmx:
        return desk_page(request, "desk/palette.html", context)
    part = "desk/_palette_found.html" if request.GET.get("part") == "found" else "desk/_palette.html"
    return render(request, part, context)


def _groups(question: Question, user: User, desk: Desk) -> list[tuple[str, list[Line]]]:
    typed = question.text.casefold()
    places = [line for line in _places(user, desk) if typed in line[0].casefold()]
    if not typed:
        return [(_("Go to"), places)]
    return [
        (_("Tickets"), _tickets(question, user, desk)),
        (_("Customers"), _customers(question)),
        (_("Go to"), places[:FEW]),
        (_("Everything else"), [(_("Search for “%(words)s”") % {"words": question.text}, _search(question), "")]),
    ]


def _places(user: User, desk: Desk) -> list[Line]:
    queue = reverse("queue")
    pages = [
        (str(name), reverse(url_name), str(title))
        for question, title, lines in NAV if getattr(user, question)
        for name, url_name in lines
    ]  # fmt: skip
    more = [(_("New ticket"), reverse("ticket_new"), ""), (_("Your views"), reverse("views"), "")]
    views = [(view_name(view), f"{queue}?view={view.slug}", _("View")) for view in views_of(user, desk)]
    return [*pages, *views, *more, (_("Preferences"), reverse("preferences"), "")]


def _tickets(question: Question, user: User, desk: Desk) -> list[Line]:
    numbers = search.by_beginning(question)
    if not numbers:
        return []
    tickets = Ticket.objects.visible_to(user, restricted=desk.restricted_for(user)).filter(pk__in=numbers)
    rows = tickets.order_by("-last_message_at", "-pk").values_list("pk", "subject", "customer_name")[:FEW]
    # A number typed in full comes first
    return sorted(
        ((f"#{pk} {subject}", reverse("ticket", kwargs={"number": pk}), name) for pk, subject, name in rows),
        key=lambda line: not line[0].startswith(f"#{question.number} "),
    )


def _customers(question: Question) -> list[Line]:
    return [
        (str(customer), reverse("customer", kwargs={"customer_id": customer.pk}), customer.email)
        for customer in search.customers(question)
    ]


def _search(question: Question) -> str:
    return f"{reverse('search')}?{urlencode({'q': question.text})}"
