"""Sessions as Django keeps them in the database, read without building the same query for every request."""

from functools import cache
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from helpdesk.lib.statements import Prepared


class SessionStore(db.SessionStore):
    def load(self) -> dict[str, Any]:
        """What the session holds; an unknown or expired one is empty and loses its key."""
        for (data,) in _running().rows([self.session_key, timezone.now()]):
            kept: dict[str, Any] = self.decode(data)
            return kept
        self._session_key = None
        return {}


@cache
def _running() -> Prepared:
    now = timezone.now()
    running = Session.objects.filter(session_key="").filter(expire_date__gt=now)
    return Prepared(running.values_list("session_data"))
