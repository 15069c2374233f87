"""What someone is writing and has not said yet: one text a person and ticket, kept on the server."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from helpdesk.lib import text
from helpdesk.lib.statements import prepared_cursor
from tickets.models import Draft, MessageKind, Ticket, User

KINDS = (MessageKind.REPLY, MessageKind.NOTE)
SAID = f"DELETE FROM {Draft._meta.db_table} WHERE ticket_id = %s AND user_id = %s AND kind = %s"  # noqa: S608


@transaction.atomic
def keep(ticket: Ticket, *, body: str, kind: str, by: User) -> Draft | None:
    """Keep `body` as what `by` is writing; an empty one is forgotten (None). A reply or a note, never both."""
    body = text.plain(body, settings.MAX_BODY_CHARACTERS)
    kind = MessageKind.NOTE if kind == MessageKind.NOTE else MessageKind.REPLY
    if not body.strip():
        drop(ticket, by=by)
        return None
    draft = Draft(ticket=ticket, user=by, kind=kind, body=body, saved_at=timezone.now())
    Draft.objects.bulk_create(
        [draft], update_conflicts=True, unique_fields=["ticket", "user", "kind"], update_fields=["body", "saved_at"]
    )
    Draft.objects.filter(ticket=ticket, user=by).exclude(kind=kind).delete()
    return draft


def said(ticket: Ticket, *, kind: str, by: User) -> None:
    """Forget the draft of what `by` now said."""
    with prepared_cursor() as cursor:
        cursor.execute(SAID, [ticket.pk, by.pk, str(kind)])


def drop(ticket: Ticket, *, by: User) -> None:
    """Forget whatever `by` was writing on the ticket."""
    Draft.objects.filter(ticket=ticket, user=by).delete()
