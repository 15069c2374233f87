"""How a ticket moves and what it belongs to: transitions, hand-over, merge, links."""

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from tickets import assignment, joining, lifecycle, standing
from tickets.api.operations import operation
from tickets.api.problems import Problem, wrong_field
from tickets.api.serializers.tickets import (
    RELATED,
    HandoverGiven,
    LinkGiven,
    LinksShape,
    MergeGiven,
    TicketShape,
    TransitionGiven,
    TransitionsShape,
    linked,
)  # fmt: skip
from tickets.api.views.base import Shown, find
from tickets.api.views.tickets import TicketView
from tickets.models import State, Ticket
from tickets.permissions import visible_tickets

REOPENING = (State.RESOLVED, State.CLOSED)


class Transitions(TicketView):
    scopes = {"GET": "tickets:read", "POST": "tickets:write"}
    is_public = True

    @operation("transitions_list", "Tickets", "List possible moves", answer=TransitionsShape)
    def get(self, request: Request, number: int) -> Response:
        """Where the ticket can go from here, and what each move still needs."""
        ticket = self.ticket(number, *RELATED)
        if not self.user.is_desk_staff:
            return self.one({"state": ticket.state, "results": self._for_customer(ticket)})
        moves = [
            {"to": str(to), "name": str(to.label), "missing": lifecycle.missing(ticket, to, desk=self.desk)}
            for to in lifecycle.moves(ticket)
        ]
        return self.one({"state": ticket.state, "results": moves})

    @operation("transitions_create", "Tickets", "Move a ticket", given=TransitionGiven, answer=TicketShape)
    def post(self, request: Request, number: int) -> Response:
        """A refusal (409) says what is missing, or who moved it first. A customer's token may close a ticket as solved
        and open it again."""
        self.ticket(number)
        given = self.given(TransitionGiven)
        to = State(given["to"])

        def work(_dedupe_key: str) -> Response:
            ticket = self.locked(request, number)
            if self.user.is_desk_staff:
                words = {name: given.get(name, "") for name in ("reason", "cause", "fix")}
                lifecycle.move(ticket, to, by=self.user, **words)
            else:
                _move_by_customer(ticket, to)
            return self.changed(ticket)

        return self.once(work)

    def _for_customer(self, ticket: Ticket) -> list[Shown]:
        moves = [] if ticket.state == State.CLOSED else [State.CLOSED]
        if ticket.state in REOPENING and standing.reopens(ticket, desk=self.desk, now=timezone.now()):
            moves.append(State.IN_PROGRESS)
        return [{"to": str(to), "name": str(to.label), "missing": []} for to in moves]


class Handover(TicketView):
    scopes = {"POST": "tickets:write"}

    @operation("handover_create", "Tickets", "Hand a ticket over", given=HandoverGiven, answer=TicketShape)
    def post(self, request: Request, number: int) -> Response:
        """To another team, with a note for whoever takes it up. Out of sight there, its number alone is answered."""
        self.ticket(number)
        given = self.given(HandoverGiven)
        team = self.desk.team_by_slug.get(given["team"])
        if team is None:
            raise wrong_field(
                "/team", _("Use one of: %(known)s.") % {"known": ", ".join(sorted(self.desk.team_by_slug))}
            )

        def work(_dedupe_key: str) -> Response:
            ticket = self.locked(request, number)
            return self.changed(
                assignment.hand_over(ticket, team=team, tier=team.tier, by=self.user, note=given["note"])
            )

        return self.once(work)


class Merge(TicketView):
    scopes = {"POST": "tickets:write", "DELETE": "tickets:write"}

    @operation("merge_create", "Tickets", "Merge into another ticket", given=MergeGiven, answer=TicketShape)
    def post(self, request: Request, number: int) -> Response:
        """This one closes as a duplicate; what the customer writes from then on is heard on the other."""
        self.ticket(number)
        into = self.given(MergeGiven)["into"]

        def work(_dedupe_key: str) -> Response:
            ticket = self.locked(request, number)
            return self.changed(joining.merge(ticket, into=self.other(into, "/into"), by=self.user))

        return self.once(work)

    @operation("merge_delete", "Tickets", "Undo a merge", answer=TicketShape)
    def delete(self, request: Request, number: int) -> Response:
        """It stands in the state and with the clocks it had before."""
        self.ticket(number)
        return self.once(lambda _key: self.changed(joining.unmerge(self.locked(request, number), by=self.user)))

    def other(self, number: int, pointer: str) -> Ticket:
        found = visible_tickets(self.user).select_related("merged_into").filter(pk=number).first()
        if found is None:
            raise wrong_field(pointer, _("There is no ticket of that number."))
        return found


class Links(Merge):
    scopes = {"GET": "tickets:read", "POST": "tickets:write"}
    http_method_names = ["get", "post", "options", "head"]

    @operation("links_list", "Tickets", "List linked tickets", answer=LinksShape)
    def get(self, request: Request, number: int) -> Response:
        """Of those the token's user may see."""
        return self.one(self._links(self.ticket(number)))

    @operation("links_create", "Tickets", "Link another ticket", given=LinkGiven, answer=LinksShape, status=201)
    def post(self, request: Request, number: int) -> Response:
        """The two have to do with each other; a second time nothing happens."""
        self.ticket(number)
        other = self.given(LinkGiven)["number"]

        def work(_dedupe_key: str) -> Response:
            ticket = self.locked(request, number)
            joining.link(ticket, other=self.other(other, "/number"), by=self.user)
            return self.one(self._links(ticket), status=201)

        return self.once(work)

    def _links(self, ticket: Ticket) -> Shown:
        seen = visible_tickets(self.user).filter(pk__in=linked(ticket)).order_by("pk")
        return {"results": list(seen.values_list("pk", flat=True))}


class OneLink(TicketView):
    scopes = {"DELETE": "tickets:write"}

    @operation("links_delete", "Tickets", "Remove a link", status=204)
    def delete(self, request: Request, number: int, other: int) -> Response:
        self.ticket(number)
        far = find(visible_tickets(self.user), other)

        def work(_dedupe_key: str) -> Response:
            joining.unlink(self.locked(request, number), other=far, by=self.user)
            return Response(None, status=204)

        return self.once(work)


def _move_by_customer(ticket: Ticket, to: State) -> None:
    if to == State.CLOSED and ticket.state != State.CLOSED:
        lifecycle.confirm_solved(ticket, customer=ticket.customer)
    elif to == State.IN_PROGRESS and ticket.state in REOPENING:
        lifecycle.reopen_by_customer(ticket, customer=ticket.customer)
    else:
        raise Problem("conflict", _("A customer closes a ticket as solved, or opens a solved one again."))
