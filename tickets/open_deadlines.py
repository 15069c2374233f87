"""The open deadlines of one ticket as rows: kept one a kind, written only where they changed, put back exactly."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from helpdesk.lib.inserts import insert
from tickets.models import Deadline, Ticket

COLUMNS = tuple(f.attname for f in Deadline._meta.concrete_fields if f.name not in ("id", "ticket", "attempts"))
TRACKED = (*COLUMNS, "attempts")
NAMES = {f.attname: f.name for f in Deadline._meta.concrete_fields}


class OpenDeadlines:
    """Rows by kind in `open`. The caller holds the ticket's lock from reading to writing."""

    def __init__(self, ticket: Ticket, rows: Iterable[Deadline] = ()) -> None:
        self.ticket = ticket
        self.open: dict[str, Deadline] = {}
        self._rows: list[Deadline] = []
        self._written: dict[int, dict[str, Any]] = {}
        for row in rows:
            self._keep(row)
            self.open[row.kind] = row

    def add(self, kind: str, **values: Any) -> Deadline:
        """Open a deadline of a kind that has none open; it is inserted by `write`."""
        row = self.open[kind] = Deadline(ticket=self.ticket, kind=kind, **values)
        self._rows.append(row)
        return row

    def end(self, kind: str, outcome: str, now: datetime) -> None:
        """Close the open row of that kind; one that was opened for nothing in this very change is forgotten."""
        row = self.open.pop(kind)
        row.next_at, row.done_at, row.outcome = None, now, outcome
        if row.pk is None and outcome == "dropped":
            self._rows.remove(row)

    def rows(self) -> list[Deadline]:
        """Every row there is, ended ones included."""
        return self._rows

    def write(self) -> None:
        """At most one insert and one update; one update more when something that had ended is open again."""
        changed = [row for row in self._rows if row.pk and _values(row) != self._written[row.pk]]
        ended, still_open = [row for row in changed if row.done_at], [row for row in changed if not row.done_at]
        if any(self._written[row.pk]["done_at"] for row in still_open):
            # those that end make room first: a ticket has one open deadline of a kind
            self._update(ended)
            self._update(still_open)
        else:
            self._update(changed)
        if fresh := [row for row in self._rows if row.pk is None]:
            for row in fresh:
                row.ticket_id = self.ticket.pk  # a new ticket got its number after its clocks began
            insert(fresh)
        self._written = {row.pk: _values(row) for row in self._rows}

    def plain(self) -> list[dict[str, Any]]:
        """The open rows as JSON; only those that are saved can be put back later."""
        return [
            {"id": row.pk, **{name: _to_json(getattr(row, name)) for name in COLUMNS}}
            for row in self.open.values()
            if row.pk
        ]

    def put_back(self, plain: list[dict[str, Any]]) -> list[Deadline]:
        """Give rows of this ticket the values they had in `plain` and open them; returns them. One read at most.

        A warning or breach that came since stays marked, so that it is not told twice.
        """
        known = {row.pk: row for row in self._rows if row.pk}
        if gone := {each["id"] for each in plain} - known.keys():
            for row in Deadline.objects.filter(ticket_id=self.ticket.pk, pk__in=gone):
                known[row.pk] = row
                self._keep(row)
        for each in plain:
            if each["id"] in known:
                row = known[each["id"]]
                _put_values(row, each)
                self.open[row.kind] = row
        return [known[each["id"]] for each in plain if each["id"] in known]

    def _keep(self, row: Deadline) -> None:
        self._rows.append(row)
        self._written[row.pk] = _values(row)

    def _update(self, rows: list[Deadline]) -> None:
        names = {name for row in rows for name in TRACKED if getattr(row, name) != self._written[row.pk][name]}
        fields = sorted(NAMES[name] for name in names)
        if len(rows) == 1:
            rows[0].save(update_fields=fields)
        elif rows:
            Deadline.objects.bulk_update(rows, fields)


def _values(row: Deadline) -> dict[str, Any]:
    return {name: getattr(row, name) for name in TRACKED}


def _put_values(row: Deadline, plain: dict[str, Any]) -> None:
    told = {name: getattr(row, name) for name in ("warned_at", "breached_at")}
    for name in COLUMNS:
        value = plain[name]
        setattr(row, name, datetime.fromisoformat(value) if value and name.endswith("_at") else value)
    for name, moment in told.items():
        setattr(row, name, getattr(row, name) or moment)


def _to_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
