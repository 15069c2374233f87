"""Whether a colleague takes tickets right now; routing reads it live, so nothing else need be told."""

from django.utils.translation import gettext as _

from tickets.errors import Refused
from tickets.models import Availability, User


def set_availability(user: User, *, to: str) -> User:
    """`to`: a value of Availability. Tickets already held stay; being away only stops new ones."""
    if to not in Availability.values:
        raise Refused(_("Choose available or away."))
    user.availability = to
    user.save(update_fields=["availability"])
    return user
