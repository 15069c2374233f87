"""Messages, files and events as programs see and send them."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from rest_framework import serializers

from tickets import event_words
from tickets.api.fields import Given, Shape, Words, moment
from tickets.desk import Desk
from tickets.macros import NEXT_STATES
from tickets.models import Attachment, Channel, EventKind, Message, MessageKind, TicketEvent, User

# Of an event's details, what says what happened; the rest (snapshots of clocks) is for undoing.
TOLD = (
    "field", "old", "new", "added", "removed", "message", "assignee", "previous", "into", "out_of", "other", "until",
    "to_team", "to_tier", "next_state", "score", "kind",
)  # fmt: skip


class FileShape(Shape):
    id = serializers.IntegerField()
    name = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    content_type = serializers.CharField()
    url = serializers.URLField(help_text="Opens with the same token.")


class MessageShape(Shape):
    id = serializers.IntegerField()
    ticket = serializers.IntegerField()
    kind = serializers.ChoiceField(MessageKind.choices)
    author_name = serializers.CharField()
    author_id = serializers.IntegerField(
        allow_null=True, required=False, help_text="The colleague who wrote it or took it down; not for customers."
    )
    channel = serializers.ChoiceField(Channel.choices)
    body = serializers.CharField()
    created_at = serializers.DateTimeField()
    undo_until = serializers.DateTimeField(
        allow_null=True, required=False, help_text="Replies: the mail leaves then. Not for customers."
    )
    files = FileShape(many=True)


class MessageGiven(Given):
    """A reply goes to the customer by mail; a note stays among colleagues; `customer` is what the customer said."""

    kind = serializers.ChoiceField(
        MessageKind.choices, required=False, help_text="`reply` unless told; a customer's token writes `customer`."
    )
    body = Words(max_length=100_000, trim_whitespace=False)
    next_state = serializers.ChoiceField(
        [state.value for state in NEXT_STATES], required=False, help_text="Replies: where the ticket goes with it."
    )
    cause = Words(max_length=100_000, required=False, allow_blank=True, help_text="Replies that resolve.")
    fix = Words(max_length=100_000, required=False, allow_blank=True, help_text="Replies that resolve.")
    seen_at = serializers.DateTimeField(
        required=False, help_text="Replies: `last_message_at` as you read it; refused if somebody wrote since."
    )


class EventShape(Shape):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(EventKind.choices)
    at = serializers.DateTimeField()
    by_id = serializers.IntegerField(allow_null=True, help_text="A colleague; null: the desk or the customer.")
    by_name = serializers.CharField()
    from_state = serializers.CharField()
    to_state = serializers.CharField()
    reason = serializers.CharField()
    text = serializers.CharField(help_text="The event as a sentence, in the reader's language.")
    details = serializers.DictField(help_text="By kind: field, old and new; added and removed; …")


def show_messages(messages: Sequence[Message], *, user: User) -> list[dict[str, Any]]:
    """One statement for all files, none where there are none."""
    files: dict[int, list[Attachment]] = {}
    if with_files := [message.pk for message in messages if message.has_files]:
        for attachment in Attachment.objects.filter(message__in=with_files):
            files.setdefault(attachment.message_id, []).append(attachment)
    return [_message(message, files.get(message.pk, ()), user) for message in messages]


def _message(message: Message, files: Iterable[Attachment], user: User) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": message.pk,
        "ticket": message.ticket_id,
        "kind": message.kind,
        "author_name": message.author_name,
        "author_id": message.author_id,
        "channel": message.channel,
        "body": message.body,
        "created_at": moment(message.created_at),
        "undo_until": moment(message.undo_until),
        "files": [
            {
                "id": file.pk, "name": file.name, "size": file.size, "content_type": file.content_type,
                "url": f"{settings.SITE_URL}/api/v1/support/files/{file.pk}",
            }
            for file in files
        ],
    }  # fmt: skip
    if not user.is_desk_staff:
        del shown["author_id"], shown["undo_until"]
    return shown


def show_events(events: Sequence[TicketEvent], *, desk: Desk) -> list[dict[str, Any]]:
    return [
        {
            "id": event.pk,
            "kind": event.kind,
            "at": moment(event.at),
            "by_id": event.by_id,
            "by_name": event_words.who(event, desk),
            "from_state": event.from_state,
            "to_state": event.to_state,
            "reason": event.reason,
            "text": event_words.describe(event, desk),
            "details": {name: value for name, value in (event.data or {}).items() if name in TOLD},
        }
        for event in events
    ]
