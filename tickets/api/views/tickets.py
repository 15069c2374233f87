"""Tickets: list, open, read, change."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from tickets import assignment, customers, details, intake, joining, throttle
from tickets.api import etags, filters
from tickets.api.fields import PRIORITIES
from tickets.api.operations import operation
from tickets.api.problems import Problem, wrong_field
from tickets.api.serializers.tickets import (
    RELATED,
    TicketChangeGiven,
    TicketGiven,
    TicketShape,
    show,
    show_new,
    show_one,
)  # fmt: skip
from tickets.api.views.base import API, FORMS_TOO, ApiView, Shown, find
from tickets.channels.base import Inbound, Sender
from tickets.desk import Desk
from tickets.models import Category, Channel, IdentityKind, Ticket, User
from tickets.permissions import may_see, visible_tickets


class TicketView(ApiView):
    """What views of one ticket share."""

    def shown(self, ticket: Ticket) -> Shown:
        return show_one(ticket, user=self.user, desk=self.desk)

    def fresh(self, number: int) -> Ticket:
        return find(Ticket.objects.select_related(*RELATED), number)

    def locked(self, request: Request, number: int) -> Ticket:
        """The ticket to change, held until the end; refused if it is no longer what If-Match names."""
        rows = visible_tickets(self.user).select_related(*RELATED)
        if "If-Match" in request.headers:
            ticket: Ticket = find(rows.select_for_update(of=("self",)), number)
            etags.require_match(request, self.shown(ticket))
            return ticket
        return find(rows, number)

    def changed(self, ticket: Ticket, *, status: int = 200) -> Response:
        """The ticket as it stands now; its number alone if the change took it out of sight."""
        ticket = self.fresh(ticket.pk)
        if not may_see(self.user, ticket):
            return self.one({"number": ticket.pk}, status=status)
        return self.one(self.shown(ticket), status=status)


class Tickets(TicketView):
    parser_classes = FORMS_TOO
    scopes = {"GET": "tickets:read", "POST": "tickets:write"}
    is_public = True
    parameters = {"GET": filters.FILTERS}

    @operation("tickets_list", "Tickets", "List tickets", answer=TicketShape, is_list=True)
    def get(self, request: Request) -> Response:
        """Every ticket the token's user may see, newest first. Spam and merged tickets are among them."""
        found = filters.filtered(visible_tickets(self.user), self.query, user=self.user, desk=self.desk)
        return self.listed(found.select_related(*RELATED), filters.order_of(self.query, self.user), self._show)

    @operation(
        "tickets_create",
        "Tickets",
        "Open a ticket",
        given=TicketGiven,
        answer=TicketShape,
        status=201,
        takes_files=True,
    )
    def post(self, request: Request) -> Response:
        """It is sorted, timed, routed and acknowledged like one from the form. Send an Idempotency-Key: then a repeat
        after a lost answer opens no second one."""
        given = self.given(TicketGiven)
        sender, channel = self._sender(given), self._channel(given)
        if not self.user.is_desk_staff:
            # As by the form: whoever signs in as a customer may be anybody.
            throttle.hit(f"request:{self.user.email}", limit=settings.PUBLIC_FORMS_PER_HOUR, per=timedelta(hours=1))
        category = category_of(given["category"], self.desk) if given.get("category") else None
        files = self.files()

        def work(dedupe_key: str) -> Response:
            inbound = Inbound(
                channel=channel, sender=sender, subject=given.get("subject", ""), body=given["body"],
                category_id=category.pk if category else None, reference=given.get("reference", ""),
                files=tuple(files), dedupe_key=dedupe_key, language=given.get("language", ""),
            )  # fmt: skip
            by = self.user if self.user.is_desk_staff else None
            received = intake.receive(inbound, by=by, desk=self.desk)
            return self._opened(received, given)

        return self.once(work, files)

    def _show(self, found: Any) -> list[Shown]:
        return show(found, user=self.user, desk=self.desk)

    def _opened(self, received: intake.Received, given: dict[str, Any]) -> Response:
        ticket, wishes = received.ticket, self.user.is_desk_staff and ("priority" in given or given.get("tags"))
        if received.is_new and wishes:
            if "priority" in given:
                details.set_priority(ticket, priority=PRIORITIES[given["priority"]], by=self.user)
            if given.get("tags"):
                details.add_tags(ticket, names=given["tags"], by=self.user)
        if received.is_new and not wishes and may_see(self.user, ticket):
            response = self.one(show_new(received, user=self.user, desk=self.desk), status=201)
        else:
            response = self.changed(ticket, status=201)
        response["Location"] = f"{API}/support/tickets/{ticket.pk}"
        return response

    def _sender(self, given: dict[str, Any]) -> Sender:
        if not self.user.is_desk_staff:
            return _own_sender(self.user, given)
        if bool(given.get("email")) == bool(given.get("phone")):
            raise wrong_field("/email", _("Say whose it is: an email address or a phone number, one of the two."))
        kind = IdentityKind.EMAIL if given.get("email") else IdentityKind.PHONE
        address = given.get("email") or given["phone"]
        if not customers.normalised(kind, address):
            raise wrong_field(f"/{kind}", _("This is no number one could call."))
        return Sender(kind, address, given.get("name", ""))

    def _channel(self, given: dict[str, Any]) -> Channel:
        channel = Channel(given.get("channel", Channel.API))
        if channel != Channel.API:
            self.grant.require("tickets:import")
        return channel


class TicketOne(TicketView):
    scopes = {"GET": "tickets:read", "PATCH": "tickets:write"}
    is_public = True
    parameters = {"GET": (filters.FIELDS,), "PATCH": (filters.FIELDS,)}

    @operation("tickets_read", "Tickets", "Read a ticket", answer=TicketShape)
    def get(self, request: Request, number: int) -> Response:
        """With If-None-Match and the ETag you have, 304 says that nothing changed."""
        return self.one(self.shown(self.ticket(number, *RELATED)))

    @operation("tickets_change", "Tickets", "Change a ticket", given=TicketChangeGiven, answer=TicketShape)
    def patch(self, request: Request, number: int) -> Response:
        """All of it or nothing. With If-Match and the ETag you have read, a change by somebody else in between is not
        overwritten: 412."""
        self.ticket(number)
        if not self.user.is_desk_staff:
            raise Problem("forbidden", _("Customers write messages; what the desk notes about a ticket is the desk’s."))
        given = self.given(TicketChangeGiven)

        def work(_dedupe_key: str) -> Response:
            ticket = self.locked(request, number)
            change(ticket, given, by=self.user, desk=self.desk)
            return self.changed(ticket)

        return self.once(work)


def change(ticket: Ticket, given: dict[str, Any], *, by: User, desk: Desk) -> None:
    """Each field by its verb, in the caller's transaction."""
    if "is_spam" in given:
        (joining.mark_spam if given["is_spam"] else joining.unmark_spam)(ticket, by=by)
    for name, do in CHANGES.items():
        if name in given:
            do(ticket, given[name], by, desk)
    if "cause" in given or "fix" in given:
        cause, fix = (given.get(name, getattr(ticket, name)) for name in ("cause", "fix"))
        details.set_resolution(ticket, cause=cause, fix=fix, by=by)


def category_of(slug: str, desk: Desk) -> Category:
    category = desk.category_by_slug.get(slug)
    if category is None:
        raise wrong_field("/category", _one_of(desk.category_by_slug))
    return category


def _one_of(known: Any) -> str:
    return _("Use one of: %(known)s.") % {"known": ", ".join(sorted(known)) or "–"}


def _set_category(ticket: Ticket, slug: str | None, by: User, desk: Desk) -> None:
    details.set_category(ticket, category=category_of(slug, desk) if slug else None, by=by)


def _set_team(ticket: Ticket, slug: str, by: User, desk: Desk) -> None:
    if slug not in desk.team_by_slug:
        raise wrong_field("/team", _one_of(desk.team_by_slug))
    details.set_team(ticket, team=desk.team_by_slug[slug], by=by)


def _assign(ticket: Ticket, pk: int | None, by: User, desk: Desk) -> None:
    if pk is None:
        assignment.unassign(ticket, by=by)
        return
    colleagues: QuerySet[User] = User.objects.staff()
    who = colleagues.filter(pk=pk).first()
    if who is None:
        raise wrong_field("/assignee_id", _("There is no colleague of that id; see the list of users."))
    assignment.assign(ticket, to=who, by=by)


def _snooze(ticket: Ticket, until: Any, by: User, desk: Desk) -> None:
    if until is None:
        details.wake(ticket, by=by)
    else:
        details.snooze(ticket, until=until, by=by)


CHANGES: dict[str, Callable[[Ticket, Any, User, Desk], object]] = {
    "subject": lambda ticket, value, by, desk: details.set_subject(ticket, subject=value, by=by),
    "reference": lambda ticket, value, by, desk: details.set_reference(ticket, reference=value, by=by),
    "category": _set_category,
    "priority": lambda ticket, value, by, desk: details.set_priority(ticket, priority=PRIORITIES[value], by=by),
    "tags": lambda ticket, value, by, desk: details.set_tags(ticket, names=value, by=by),
    "team": _set_team,
    "assignee_id": _assign,
    "snoozed_until": _snooze,
}


def _own_sender(user: User, given: dict[str, Any]) -> Sender:
    """A customer writes in their own name, whatever they send along."""
    foreign: list[str] = [name for name in ("phone", "channel", "priority", "tags") if name in given]
    if given.get("email", user.email).lower() != user.email:
        foreign.append("email")
    if foreign:
        told = _("A customer’s token opens tickets of its own; leave this out.")
        raise Problem("invalid", errors=[{"pointer": f"/{name}", "detail": told} for name in foreign])
    customer = customers.of_user(user, now=timezone.now())
    return Sender(IdentityKind.EMAIL, customer.email or user.email, user.name, is_verified=True)
