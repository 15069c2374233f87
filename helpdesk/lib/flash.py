"""Words for the next page, kept in a signed cookie: only the newest, since nobody reads a pile of them."""

from typing import Any

from django.contrib.messages.storage import cookie
from django.http import HttpResponse

MOST = 5


class NewestInCookie(cookie.CookieStorage):
    def _store(self, messages: list[Any], response: HttpResponse, *args: Any, **options: Any) -> list[Any]:
        """Who sends replies from a script, or in several tabs, would otherwise carry and sign all of them each time."""
        unstored: list[Any] = super()._store(messages[-MOST:], response, *args, **options)  # type: ignore[misc]
        return unstored
