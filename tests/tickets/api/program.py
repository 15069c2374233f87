"""A program with a token of its own, knocking at the API."""

from typing import Any

from django.test import Client

from tickets.api import tokens
from tickets.models import User

PLACE = "/api/v1/support/"


class Program:
    """Acts as `user`; `scopes` are all the user may give away unless told."""

    def __init__(self, user: User | None, scopes: list[str] | None = None) -> None:
        headers = {}
        if user is not None:
            wanted = tokens.scopes_for(user) if scopes is None else scopes
            self.token, self.secret = tokens.make(user, name="Test", scopes=wanted, by=user)
            headers = {"Authorization": f"Bearer {self.secret}"}
        self.client = Client(headers=headers, raise_request_exception=False)

    def client_for_thread(self) -> "Program":
        """The same program on a connection of its own."""
        twin = Program(None)
        twin.client = Client(headers={"Authorization": f"Bearer {self.secret}"}, raise_request_exception=False)
        return twin

    def get(self, path: str, query: Any = None, **headers: str) -> Any:
        return self.client.get(PLACE + path, query, headers=_named(headers))

    def post(self, path: str, given: Any = None, **headers: str) -> Any:
        return self._send("post", path, given, headers)

    def patch(self, path: str, given: Any = None, **headers: str) -> Any:
        return self._send("patch", path, given, headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.client.delete(PLACE + path, headers=_named(headers))

    def raw(self, path: str, body: bytes, content_type: str = "application/json") -> Any:
        return self.client.generic("POST", PLACE + path, body, content_type=content_type)

    def form(self, path: str, given: Any, **headers: str) -> Any:
        return self.client.post(PLACE + path, given, headers=_named(headers))

    def _send(self, method: str, path: str, given: Any, headers: dict[str, str]) -> Any:
        ask = getattr(self.client, method)
        return ask(
            PLACE + path, {} if given is None else given, content_type="application/json", headers=_named(headers)
        )


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def problem(answer: Any) -> tuple[int, str]:
    """The status and the kind of a problem, whose form is looked at as well."""
    assert answer["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert (told["status"], bool(told["title"]), bool(told["detail"])) == (answer.status_code, True, True)
    return answer.status_code, told["type"].rpartition("#problem-")[2]


def pointers(answer: Any) -> list[str]:
    return [error.get("pointer") or error.get("parameter") for error in answer.json().get("errors", [])]
