"""What an operation is called and takes, written at its method; the OpenAPI document is made from it when asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from rest_framework.serializers import BaseSerializer

Serializer = type[BaseSerializer[Any]]
Method = TypeVar("Method", bound=Callable[..., Any])
TAGS = {
    "Tickets": "Open, read, change and move tickets.",
    "Messages": "What is said on a ticket, and its files.",
    "Customers": "Whom you help, and their organisations.",
    "Desk": "Colleagues, teams and what the desk is set up with.",
    "Articles": "The published help pages.",
    "Token": "Who a token acts as.",
}


@dataclass(frozen=True)
class Operation:
    """`answer`: None for nothing or a file. `takes_files`: multipart/form-data with `files`, beside JSON."""

    name: str
    tag: str
    summary: str
    about: str = ""
    answer: Serializer | None = None
    given: Serializer | None = None
    status: int = 200
    is_list: bool = False
    is_file: bool = False
    takes_files: bool = False
    more_statuses: Sequence[int] = ()


def operation(name: str, tag: str, summary: str, **more: Any) -> Callable[[Method], Method]:
    described = Operation(name, tag, summary, **more)

    def mark(method: Method) -> Method:
        method.operation = described  # type: ignore[attr-defined]
        return method

    return mark
