"""Who knocks: a bearer token, how much of it is left this minute, and whether its scopes open this door."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from helpdesk.lib.http import client_address
from tickets import throttle
from tickets.api import leases, tokens
from tickets.api.problems import Problem
from tickets.models import User

QUARTER_HOUR = timedelta(minutes=15)
WRONG_TRIES = 60  # from one place in a quarter of an hour; right tokens are let in all the same


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer fl_…` and nothing else: a browser's session opens no door here, so none can be abused."""

    def authenticate(self, request: Request) -> tuple[User, "Grant"] | None:
        kind, _space, secret = request.headers.get("Authorization", "").partition(" ")
        if not kind:
            return None
        user = tokens.bearer(secret.strip(), now=timezone.now()) if kind.lower() == "bearer" else None
        if user is None:
            throttle.hit(f"api-token:{client_address(request)}", limit=WRONG_TRIES, per=QUARTER_HOUR)
            raise AuthenticationFailed(_("This token is unknown, revoked or expired."), code="bad_token")
        return user, Grant(user)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class Grant:
    """What the token of this request allows, and what is left of its minute."""

    def __init__(self, user: Any) -> None:
        self.token_id: int = user.token_id
        self.name: str = user.token_name
        self.expires_at = user.token_expires_at
        # A role taken away takes its scopes with it at once.
        given = user.token_scopes.split()
        self.scopes = [scope for scope in tokens.scopes_for(user) if scope in given]
        self.limit: int = settings.API_PER_MINUTE
        self.remaining = self.limit
        self.resets_in = 60

    def require(self, scope: str) -> None:
        if scope and scope not in self.scopes:
            raise Problem(
                "missing-scope", _("This needs a token with the scope %(scope)s.") % {"scope": scope}, scope=scope
            )

    def count(self) -> None:
        """One request more; raises a problem past the limit."""
        now = timezone.now()
        lease = leases.one_of(self.token_id, limit=self.limit, now=now)
        self.remaining = max(self.limit - lease.used, 0) + max(lease.left, 0)
        self.resets_in = max(int((lease.ends_at - now).total_seconds()) + 1, 1)
        if lease.left < 0:
            raise Problem("too-many", headers={"Retry-After": str(self.resets_in)})

    @property
    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.resets_in),
        }
