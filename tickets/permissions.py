"""Who may do what: the doors' questions (`may_*`), the decorators of views, and fetching only what a reader may see."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from helpdesk.lib.statements import Prepared
from tickets import desk
from tickets.models import Message, MessageKind, Ticket, User
from tickets.models.ticket import TicketQuerySet


class DeskRequest(HttpRequest):
    """A request as the decorators hand it on: somebody is signed in."""

    user: User
    htmx: HtmxDetails


P = ParamSpec("P")
View = Callable[Concatenate[DeskRequest, P], HttpResponseBase]
Door = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
# What one ticket's page reads together with the ticket, so that it costs one statement.
WITH_TICKET = ("customer__organisation",)


def desk_only(view: View[P]) -> Door[P]:
    """Staff of the desk: agents, leads, managers, administrators."""
    return _only(view, lambda user: user.is_desk_staff)


def lead_only(view: View[P]) -> Door[P]:
    """Team leads and everyone above them."""
    return _only(view, lambda user: user.is_lead)


def manager_only(view: View[P]) -> Door[P]:
    """Managers and administrators."""
    return _only(view, lambda user: user.is_manager)


def _only(view: View[P], allowed: Callable[[User], bool]) -> Door[P]:
    """Strangers are asked to sign in; who is signed in but not allowed gets a 403 that says so."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _ask_to_sign_in(request)
        if not allowed(request.user):
            raise PermissionDenied(_("Your role does not open this page."))
        return view(cast(DeskRequest, request), *args, **kwargs)

    return guarded


def _ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page and back; a part of a page (htmx) tells the browser to go there as a whole."""
    if request.headers.get("HX-Request") == "true":
        answer = HttpResponse(status=401)
        answer["HX-Refresh"] = "true"
        return answer
    # A form's address cannot be opened by itself: come back to the page it stood on.
    back = request.get_full_path() if request.method in ("GET", "HEAD") else reverse("queue")
    return redirect_to_login(back)


def closed_teams(user: User) -> frozenset[int]:
    """Ids of the restricted teams `user` may not look into; for `Ticket.objects.visible_to(restricted=…)`."""
    return desk.current(getattr(user, "desk_version", None)).restricted_for(user)


def visible_tickets(user: User) -> TicketQuerySet:
    """Every ticket `user` may see."""
    return Ticket.objects.visible_to(user, restricted=closed_teams(user) if user.is_desk_staff else frozenset())


def visible_ticket(request: DeskRequest, number: int, *, related: tuple[str, ...] = WITH_TICKET) -> Ticket:
    """The ticket of that number with `related` rows, in one statement; 404 if there is none or it is hidden."""
    _refuse_impossible(request, number)
    for ticket in _one_ticket(closed_teams(request.user), related).objects([number]):
        return cast(Ticket, ticket)
    raise Http404


def visible_number(request: DeskRequest, number: int) -> Ticket:
    """The ticket of that number as a verb wants it: its number only, once the reader may see it; 404 if not.

    For views that only hand it on: the verb locks and reads the row itself.
    """
    _refuse_impossible(request, number)
    if not _one_number(closed_teams(request.user)).rows([number]):
        raise Http404
    return Ticket(pk=number)


def _refuse_impossible(request: DeskRequest, number: int) -> None:
    """What no column holds is not asked for; nor does anybody but staff look at tickets by number."""
    if number >= 2**63 or not request.user.is_desk_staff:
        raise Http404


# The number comes last in both, where Prepared takes it.
@lru_cache(maxsize=64)
def _one_ticket(closed: frozenset[int], related: tuple[str, ...]) -> Prepared:
    return Prepared(_outside(closed).select_related(*related).filter(pk=0))


@lru_cache(maxsize=64)
def _one_number(closed: frozenset[int]) -> Prepared:
    return Prepared(_outside(closed).filter(pk=0).values_list("pk"))


def _outside(closed: frozenset[int]) -> TicketQuerySet:
    return Ticket.objects.outside(closed).order_by()


def may_see(user: User, ticket: Ticket) -> bool:
    """The same question of a ticket already read, without asking the database."""
    if user.is_desk_staff:
        return ticket.team_id not in closed_teams(user)
    return user.is_authenticated and ticket.customer.user_id == user.pk


def may_withdraw(user: User, message: Message) -> bool:
    """Taking a reply back is its author's: the text becomes their draft again."""
    return message.kind == MessageKind.REPLY and message.author_id == user.pk


def may_merge_customers(user: User) -> bool:
    return user.is_lead
