"""HTML whose elements nest without end: brought down to a depth that the readers of HTML bear, in one pass.

Real mail reaches more than a thousand (an answer to an answer, each time wrapped anew); what goes far beyond is an attack.
"""

import re

from helpdesk.lib.mailparse.limits import DEEPEST_HTML, DEEPEST_HTML_READ
from helpdesk.lib.mailparse.parsed import Unreadable

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_REST = re.compile(r"[^<>]{0,10000}>?")
# Elements that never close, or that the next of their kind closes: they nest nothing.
_FLAT = frozenset(
    "area base br col embed hr img input link meta param source track wbr p li td tr th dt dd option thead tbody tfoot"
    " colgroup html head body".split()
)


def flattened(html: str) -> str:
    """The HTML without the tags beyond the depth; their content stays. Raises Unreadable far beyond it."""
    if html.count("<") <= DEEPEST_HTML:
        return html
    pieces: list[str] = []
    kept, depth = 0, 0
    for found in _TAG.finditer(html):
        if found[2].lower() in _FLAT:
            continue
        before = depth
        depth = max(0, depth - 1) if found[1] else depth + 1
        if depth > DEEPEST_HTML_READ:
            raise Unreadable(f"The HTML of the message nests more than {DEEPEST_HTML_READ} elements deep.")
        if max(before, depth) > DEEPEST_HTML:
            pieces.append(html[kept : found.start()])
            rest = _REST.match(html, found.end())
            kept = rest.end() if rest else found.end()
    return "".join([*pieces, html[kept:]]) if pieces else html
