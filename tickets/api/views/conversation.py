"""What is said on a ticket and what happened to it: messages, files, events."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from tickets import conversation, files, intake
from tickets.api import paging
from tickets.api.operations import operation
from tickets.api.parameters import PAGING, one_of, shown, words
from tickets.api.problems import Problem, wrong_field
from tickets.api.serializers.messages import EventShape, MessageGiven, MessageShape, show_events, show_messages
from tickets.api.views.base import API, FORMS_TOO, ApiView, Shown, find
from tickets.api.views.tickets import TicketView
from tickets.channels.base import Inbound, Sender
from tickets.models import Attachment, Channel, IdentityKind, Message, MessageKind, State, Ticket, TicketEvent
from tickets.permissions import may_see

BY_NUMBER = paging.orders(id="pk")
ORDERING = one_of("ordering", "Oldest first unless told; a minus turns it around.", BY_NUMBER)
# For replies alone.
REPLYING = ("next_state", "cause", "fix", "seen_at")


class Messages(TicketView):
    parser_classes = FORMS_TOO
    scopes = {"GET": "tickets:read", "POST": "messages:write"}
    is_public = True
    parameters = {
        "GET": (
            words("kind", "Kinds of messages.", MessageKind.values), ORDERING, *PAGING,
            shown(MessageShape._declared_fields),
        )
    }  # fmt: skip

    @operation("messages_list", "Messages", "List messages", answer=MessageShape, is_list=True)
    def get(self, request: Request, number: int) -> Response:
        """Replies, notes and what the customer wrote; a customer's token gets no notes. What was taken back is gone."""
        rows = self._readable(self.ticket(number))
        if kinds := self.query.get("kind"):
            rows = rows.filter(kind__in=kinds)
        return self.listed(rows, BY_NUMBER[self.query.get("ordering", "id")], self._show)

    @operation(
        "messages_create", "Messages", "Write a message",
        given=MessageGiven, answer=MessageShape, status=201, takes_files=True,
    )  # fmt: skip
    def post(self, request: Request, number: int) -> Response:
        """A reply leaves by mail after the ten seconds in which a person could take it back. What a customer says on a
        ticket closed long ago opens a new one: look at `ticket` in the answer."""
        ticket = self.ticket(number, "customer")
        given = self.given(MessageGiven)
        kind = given.get("kind") or (MessageKind.REPLY if self.user.is_desk_staff else MessageKind.CUSTOMER)
        if kind != MessageKind.CUSTOMER and not self.user.is_desk_staff:
            raise Problem("forbidden", _("A customer’s token writes messages of the customer."))
        if kind != MessageKind.REPLY and (odd := [name for name in REPLYING if name in given]):
            told = _("This is for replies.")
            raise Problem("invalid", errors=[{"pointer": f"/{name}", "detail": told} for name in odd])
        sent = self.files()
        if not given["body"].strip() and not sent:
            raise wrong_field("/body", _("There is nothing written yet."))

        def work(dedupe_key: str) -> Response:
            self.locked(request, number)
            message = self._say(ticket, MessageKind(kind), given, sent, dedupe_key)
            return self._said(message)

        return self.once(work, sent)

    def _say(
        self, ticket: Ticket, kind: MessageKind, given: Shown, sent: list[files.StoredFile], dedupe_key: str
    ) -> Message:
        if kind == MessageKind.CUSTOMER:
            return intake.answer(ticket, _inbound(ticket, given["body"], sent, dedupe_key))
        if kind == MessageKind.NOTE:
            return conversation.note(ticket, body=given["body"], by=self.user, files=sent, dedupe_key=dedupe_key)
        next_state = State(given["next_state"]) if "next_state" in given else None
        return conversation.reply(
            ticket, body=given["body"], by=self.user, next_state=next_state, files=sent, dedupe_key=dedupe_key,
            seen=given.get("seen_at"), cause=given.get("cause", ""), fix=given.get("fix", ""),
        )  # fmt: skip

    def _said(self, message: Message) -> Response:
        [shown] = self._show([message])
        location = f"{API}/support/tickets/{message.ticket_id}/messages"
        return self.one(shown, status=201, headers={"Location": location})

    def _readable(self, ticket: Ticket) -> QuerySet[Message]:
        said = Message.objects.standing() if self.user.is_desk_staff else Message.objects.public()
        return said.filter(ticket=ticket)

    def _show(self, found: list[Message]) -> list[Shown]:
        return show_messages(found, user=self.user)


class Events(ApiView):
    scopes = {"GET": "tickets:read"}
    parameters = {"GET": (ORDERING, *PAGING, shown(EventShape._declared_fields))}

    @operation("events_list", "Tickets", "List what happened", answer=EventShape, is_list=True)
    def get(self, request: Request, number: int) -> Response:
        """Every change of the ticket, with who or which rule and why. Not for customers."""
        rows = TicketEvent.objects.filter(ticket=self.ticket(number))
        return self.listed(
            rows, BY_NUMBER[self.query.get("ordering", "id")], lambda found: show_events(found, desk=self.desk)
        )


class OneFile(ApiView):
    scopes = {"GET": "tickets:read"}
    is_public = True

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """A file comes as what it is, whatever JSON the program would like."""
        return super().perform_content_negotiation(request, force=True)

    @operation("files_read", "Messages", "Fetch a file", is_file=True)
    def get(self, request: Request, file: int) -> HttpResponseBase:
        """Open to whoever may read the message it hangs on."""
        rows = Attachment.objects.select_related("message__ticket__customer")
        attachment: Attachment = find(rows, file)
        message = attachment.message
        is_private = message.kind == MessageKind.NOTE or message.withdrawn_at is not None
        if not may_see(self.user, message.ticket) or (is_private and not self.user.is_desk_staff):
            raise Http404
        try:
            return files.serve(attachment)
        except FileNotFoundError as error:
            raise Http404 from error


def _inbound(ticket: Ticket, body: str, sent: list[files.StoredFile], dedupe_key: str) -> Inbound:
    customer = ticket.customer
    identity = None if customer.email else customer.identities.first()
    kind = IdentityKind(identity.kind) if identity else IdentityKind.EMAIL
    return Inbound(
        channel=Channel.API, sender=Sender(kind, identity.value if identity else customer.email, customer.name),
        body=body, files=tuple(sent), dedupe_key=dedupe_key,
    )  # fmt: skip
