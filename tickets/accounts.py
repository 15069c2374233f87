"""Who is signed in: sign-in by email, and the user read together with the desk's version in one statement."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from tickets.models import User

# Read with every request of somebody signed in.
WHO = (
    "SELECT u.*, COALESCE(v.number, 0) AS desk_version FROM tickets_user u"
    " LEFT JOIN tickets_deskversion v ON v.id = 1 WHERE u.id = %s"
)


class EmailBackend(ModelBackend):
    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        email = (username or kwargs.get("email") or "").strip().lower()
        return super().authenticate(request, username=email, password=password)

    def get_user(self, user_id: int) -> User | None:
        """The user with `desk_version`, which tells whether cached desk settings are still true."""
        user = next(iter(User.objects.raw(WHO, [user_id])), None)
        return user if user and self.user_can_authenticate(user) else None
