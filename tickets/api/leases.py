"""How many requests a token has left in its minute: counted for every process at once, without a write for each.

A process takes a small share of the minute at a time and spends it by itself: a token never gets more than its limit,
and near the end of it may be refused while another process still holds a few requests.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from tickets import throttle

MINUTE = timedelta(minutes=1)
SHARES = 50  # of a minute's limit


@dataclass(frozen=True)
class Lease:
    """`left` to this process, below 0 past the limit; `used` of the limit by all, shares taken included."""

    left: int
    used: int
    ends_at: datetime


_held: dict[int, Lease] = {}
_one_at_a_time = threading.Lock()


def one_of(token_id: int, *, limit: int, now: datetime) -> Lease:
    """Spend one request; at most one statement, mostly none."""
    with _one_at_a_time:
        held = _held.get(token_id)
        if held is not None and held.left > 0 and held.ends_at > now:
            _held[token_id] = spent = Lease(held.left - 1, held.used, held.ends_at)
            return spent
    share = max(limit // SHARES, 1)
    used, ends_at = throttle.take(f"api:{token_id}", share, per=MINUTE, now=now)
    granted = min(share, share - (used - limit))
    lease = Lease(granted - 1, min(used, limit), ends_at)
    with _one_at_a_time:
        _held[token_id] = lease
    return lease


def forget() -> None:
    """Drop what is held, as a fresh process would."""
    _held.clear()
