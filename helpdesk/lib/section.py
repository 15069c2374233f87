"""What a room contributes to the playbook: how its part of the file is read, loaded and written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from helpdesk.lib.lined_yaml import Node, Problem


@dataclass(frozen=True)
class Change:
    """What loading did, or would do, to one row: made it, changed `fields` {name: (before, after)}, or nothing.

    `kind` is "created", "changed", "same", or "extra" for a row that stands in the database only and is left alone.
    """

    table: str
    name: str
    kind: str
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)

    @property
    def is_real(self) -> bool:
        return self.kind in ("created", "changed")


class Unloadable(Exception):
    """The section names something that is neither in the file nor on the desk; nothing of the playbook is loaded."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


class Section(Protocol):
    """One key of the playbook, owned by one room."""

    key: str

    def read(self, node: Node) -> tuple[Any, list[Problem]]:
        """The section's data, ready for `load`, and everything that is wrong with it (then the data is of no use)."""

    def load(self, data: Any) -> list[Change]:
        """Bring the rows to what the file says, inside the caller's transaction; rows not in the file stay."""

    def export(self) -> Any:
        """The section as the file would say it, made of plain dicts, lists and values."""
