"""Who is signed in: sign-in by email, and the user read together with the desk's version in one statement."""

from functools import cache
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest

from helpdesk.lib.statements import Prepared
from tickets.models import DeskVersion, User


class EmailBackend(ModelBackend):
    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        email = (username or kwargs.get("email") or "").strip().lower()
        return super().authenticate(request, username=email, password=password)

    def get_user(self, user_id: int) -> User | None:
        """The user with `desk_version`, which tells whether cached desk settings are still true."""
        user: User | None = next(iter(_who().objects([user_id])), None)
        return user if user and self.user_can_authenticate(user) else None


@cache
def _who() -> Prepared:
    """Read with every request of somebody signed in."""
    version = Subquery(DeskVersion.objects.filter(pk=1).values("number"))
    return Prepared(User.objects.annotate(desk_version=Coalesce(version, 0)).filter(pk=0).order_by())
