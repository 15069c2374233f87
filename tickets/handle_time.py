"""Handle time (F7): the seconds someone really worked on a ticket, measured by the open page."""

from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from tickets import wording
from tickets.models import HandleTime, Ticket, User
from tickets.models.fields import default_zone

# The page reports every 15 s. A gap longer than three reports is a tab that slept, and counts for nothing.
LONGEST_STRETCH = timedelta(seconds=45)


def stretch(before: datetime | None, now: datetime) -> int:
    """Whole seconds worked between two reports of the same page; 0 for the first and after a long gap."""
    if before is None or not timedelta() < now - before <= LONGEST_STRETCH:
        return 0
    return int((now - before).total_seconds())


def business_day(now: datetime) -> date:
    """The day of `now` in the business's own zone, in which every report counts."""
    return timezone.localtime(now, wording.zone(default_zone())).date()


@transaction.atomic
def add(ticket: Ticket, *, seconds: int, by: User, now: datetime) -> None:
    """Count `seconds` of work of `by` on the ticket, on the business day of `now`. Two statements, no lost update."""
    if seconds <= 0:
        return
    table = connection.ops.quote_name(HandleTime._meta.db_table)
    with connection.cursor() as cursor:
        # An upsert that adds: bulk_create can only overwrite on conflict.
        cursor.execute(
            f"INSERT INTO {table} (ticket_id, user_id, day, seconds) VALUES (%s, %s, %s, %s) "  # noqa: S608
            f"ON CONFLICT (ticket_id, user_id, day) DO UPDATE SET seconds = {table}.seconds + excluded.seconds",
            [ticket.pk, by.pk, connection.ops.adapt_datefield_value(business_day(now)), seconds],
        )
    Ticket.objects.filter(pk=ticket.pk).update(handle_seconds=F("handle_seconds") + seconds)
