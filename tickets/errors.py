"""What a verb raises when it will not do what was asked; the message is for the person who asked."""

from collections.abc import Sequence


class Refused(Exception):
    """The change is not possible now. `message` says what to do next; `missing` names what must be filled in."""

    def __init__(self, message: str, *, missing: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.missing = tuple(missing)


class Throttled(Refused):
    """Too many tries; `retry_after` in seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after
