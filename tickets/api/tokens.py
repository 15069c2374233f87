"""Tokens for programs: made, shown once, found by their hash, revoked; what each scope allows and whom."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.lib import text
from helpdesk.lib.crypto import fingerprint
from tickets.errors import Refused
from tickets.models import ApiToken, DeskVersion, IdempotencyKey, Role, Team, User

BEGINNING = "fl_"  # by which scanners for leaked secrets know ours
RANDOM_BYTES = 24  # 192 bits
LONGEST = 80
MOST_TOKENS = 20
KEPT = timedelta(hours=24)  # how long the answer of a write is kept for a repeat of it
SERVICE_ADDRESS = "service.invalid"
# scope → (what it allows, whether a customer's token may have it)
SCOPES: dict[str, tuple[str | Promise, bool]] = {
    "tickets:read": (gettext_lazy("read tickets, messages and files"), True),
    "tickets:write": (gettext_lazy("open tickets, change and move them"), True),
    "messages:write": (gettext_lazy("write replies, notes and customers’ messages"), True),
    "tickets:import": (gettext_lazy("open tickets for other channels: phone, chat, social, email"), False),
    "customers:read": (gettext_lazy("read customers and organisations"), False),
    "customers:write": (gettext_lazy("add and change customers"), False),
    "staff:read": (gettext_lazy("read the list of colleagues and teams"), False),
    "settings:read": (gettext_lazy("read categories, macros and tags"), True),
}
# Whom a token acts as, its own row and the desk's version: all a request needs, in one statement.
WHO = """
SELECT u.*, COALESCE(v.number, 0) AS desk_version, t.id AS token_id, t.name AS token_name, t.scopes AS token_scopes,
    t.expires_at AS token_expires_at,
    CASE WHEN t.last_used_at IS NULL OR t.last_used_at < %s THEN 1 ELSE 0 END AS token_was_idle
FROM tickets_apitoken t JOIN tickets_user u ON u.id = t.user_id LEFT JOIN tickets_deskversion v ON v.id = 1
WHERE t.hashed = %s AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > %s)
"""


def scopes_for(user: User) -> list[str]:
    """The scopes a token of this person may have."""
    return [scope for scope, (_words, for_customers) in SCOPES.items() if for_customers or user.is_desk_staff]


def make(
    user: User,
    *,
    name: str,
    scopes: Iterable[str],
    by: User | None,
    expires_at: datetime | None = None,
    now: datetime | None = None,
) -> tuple[ApiToken, str]:
    """A new token and its secret, which is never shown again. Refused for scopes the person may not give away."""
    now = now or timezone.now()
    wanted, allowed = set(scopes), scopes_for(user)
    if unknown := sorted(wanted - set(allowed)):
        raise Refused(_("Not a scope for this person: %(scopes)s.") % {"scopes": ", ".join(unknown)})
    if not wanted:
        raise Refused(_("Choose at least one scope: a token without any opens nothing."))
    if expires_at is not None and expires_at <= now:
        raise Refused(_("That moment has passed; pick a later one."))
    if standing(user, now=now).count() >= MOST_TOKENS:
        raise Refused(_("There are %(count)d tokens already; revoke one first.") % {"count": MOST_TOKENS})
    secret = BEGINNING + secrets.token_urlsafe(RANDOM_BYTES)
    token = ApiToken.objects.create(
        user=user, name=" ".join(text.plain(name, 80).split()) or _("Token"),
        scopes=" ".join(scope for scope in SCOPES if scope in wanted), hashed=fingerprint(secret),
        beginning=secret[:8], created_at=now, created_by=by, expires_at=expires_at,
    )  # fmt: skip
    return token, secret


def make_service(name: str, *, role: str = Role.AGENT, team: Team | None = None) -> User:
    """The user that a program of its own acts as; nobody signs in as it, and nothing is routed to it."""
    key = "-".join(text.words(name))[:60]
    if not key:
        raise Refused(_("Give the service a name."))
    address = f"{key}@{SERVICE_ADDRESS}"
    user, is_new = User.objects.get_or_create(
        email=address, defaults={"name": name[:120], "role": role, "team": team, "is_bot": True, "capacity": 0}
    )
    if is_new:
        user.set_unusable_password()
        user.save(update_fields=["password"])
        DeskVersion.bump()
    return user


def revoke(token: ApiToken, *, now: datetime | None = None) -> None:
    """From now on it opens nothing; the row stays, to look back on."""
    ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now or timezone.now())


def standing(user: User, *, now: datetime | None = None) -> QuerySet[ApiToken]:
    """This person's tokens that open something."""
    still = ApiToken.objects.filter(user=user, revoked_at__isnull=True)
    return still.exclude(expires_at__lte=now or timezone.now())


def bearer(secret: str, *, now: datetime) -> Any:
    """Whom the secret acts as, with `token_id`, `token_scopes` and `desk_version`; None if it opens nothing.

    Found by SHA-256, which tells nothing of the secret: how long the look-up takes does not help to guess it.
    """
    if not secret.startswith(BEGINNING) or len(secret) > LONGEST or not secret.isascii():
        return None
    adapt = connection.ops.adapt_datetimefield_value
    params = [adapt(now - timedelta(minutes=1)), fingerprint(secret), adapt(now)]
    user: Any = next(iter(User.objects.raw(WHO, params)), None)
    if user is None or not user.is_active:
        return None
    if user.token_was_idle:
        ApiToken.objects.filter(pk=user.token_id).update(last_used_at=now)
    return user


def sweep(now: datetime) -> int:
    """Forget answers that are older than KEPT; return how many."""
    return IdempotencyKey.objects.filter(created_at__lt=now - KEPT).delete()[0]
