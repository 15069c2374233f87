"""Mail's HTML as the text a person would read, with quotes marked by `>` so that quotes.split works on it."""

import html as entities
import re
from collections.abc import Callable, Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from helpdesk.lib.mailparse import marks
from helpdesk.lib.mailparse.nesting import MOST_CHARACTERS, is_shallow

BLANKS = re.compile(r"[ \t\r\n\f]+")
TAG = re.compile(r"<(?:script|style)[^>]{0,200}>|</?[a-zA-Z!?][^<>]{0,5000}>", re.IGNORECASE)
_LEFT_OUT = (
    "head script style title template noscript object embed iframe svg math select option textarea audio video canvas"
    " noembed noframes xmp"
)
LEFT_OUT = frozenset(_LEFT_OUT.split())
# A line of its own; and those with an empty line around.
_BLOCKS = (
    "address article aside body caption center dd details dir div dl dt fieldset figcaption figure footer form header"
    " legend li main menu nav section summary table tbody tfoot thead tr"
)
BLOCKS = frozenset(_BLOCKS.split())
_SPACED = "p h1 h2 h3 h4 h5 h6 blockquote ul ol pre dl table hr"
SPACED = frozenset(_SPACED.split())
INVISIBLE = re.compile(
    r"display\s{0,3}:\s{0,3}none|visibility\s{0,3}:\s{0,3}hidden|mso-hide\s{0,3}:\s{0,3}all"
    r"|(?<![-\w])(?:font-size|max-height)\s{0,3}:\s{0,3}0(?:px|pt|em|%)?\s{0,3}(?:;|!|$)"
)
# Containers that mail programs put around what is quoted; most say "On … wrote:" inside, which is enough.
QUOTED = re.compile(
    r"(?:^|\s)(?:gmail_quote|gmail_quote_container|yahoo_quoted|protonmail_quote|moz-forward-container|zmail_extra"
    r"|tutanota_quote|divRplyFwdMsg|OLK_SRC_BODY_SECTION|replySplit|ms-outlook-mobile-reference-message)(?:\s|$)"
)
SIGNED = re.compile(
    r"(?:^|\s)(?:gmail_signature|moz-signature|protonmail_signature_block|zmail_signature|Signature|divtagdefaultsignature"
    r"|ms-outlook-mobile-signature)(?:\s|$)"
)
LOOKED_INTO = 1_500  # characters of a container, for the words it opens with


def to_text(html: str) -> str:
    """The visible text. Linear in the HTML's length, of which at most 2,000,000 characters are read; never raises."""
    html = html[:MOST_CHARACTERS].replace("\0", "")
    if not is_shallow(html):
        return _stripped(html)
    body = LexborHTMLParser(html).body
    return "" if body is None else _Writer().write(body)


def _stripped(html: str) -> str:
    """All words without the tags: for HTML that is too tangled to be parsed."""
    words = entities.unescape(TAG.sub("\n", html))
    return "\n".join(filter(None, (" ".join(line.split()) for line in words.split("\n"))))


class _Writer:
    """Walks a tree without recursion and writes lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.words: list[str] = []
        self.depth = 0  # of quotes
        self.lists: list[int] = []  # -1: dots; else the last number
        self.bullet = ""
        self.pre = 0
        self.cell = False
        self.link_words = 0  # how many stood on the line before the link
        self.in_container = False
        self.quotes: set[int] = set()  # those now open, by their nodes' ids

    def write(self, root: LexborNode) -> str:
        for node, leaving in _walk(root, self._is_left_out):
            if node.is_text_node:
                self._text(node.text_content or "")
            elif leaving:
                self._leave(node)
            else:
                self._enter(node)
        self._line()
        while self.lines and not self.lines[0].strip("> "):
            del self.lines[0]
        while self.lines and not self.lines[-1].strip("> "):
            del self.lines[-1]
        return "\n".join(self.lines)

    def _is_left_out(self, node: LexborNode) -> bool:
        tag = node.tag or ""
        if tag in LEFT_OUT or tag.startswith("-comment") or "hidden" in node.attributes:
            return True
        return bool(INVISIBLE.search((node.attributes.get("style") or "")[:2_000].casefold()))

    def _enter(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag == "br":
            self._line(is_wanted=True)
        elif tag == "a":
            self.link_words = len(self.words)
        elif tag == "img":
            self._text(node.attributes.get("alt") or "")
        elif tag in ("td", "th"):
            self.cell = bool(self.words)
        elif tag in SPACED or tag in BLOCKS:
            self._line()
        if tag in SPACED:
            self._space()
        if tag == "hr":
            self.words.append("---")
            self._line()
        elif tag in ("ul", "ol"):
            self.lists.append(-1 if tag == "ul" else _number(node.attributes.get("start")) - 1)
        elif tag == "li":
            self._item()
        elif tag == "pre":
            self.pre += 1
        if SIGNED.search(_names(node)) and not any(word.strip() == "--" for word in self.lines[-2:]):
            self._line()
            self.lines.append(self._prefix() + "-- ")
        if self._is_quote(node):
            self._line()
            self.depth += 1

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag == "a":
            self._address(node)
        elif tag in SPACED or tag in BLOCKS:
            self._line()
        if tag in ("ul", "ol") and self.lists:
            self.lists.pop()
        elif tag == "pre":
            self.pre -= 1
        if node.mem_id in self.quotes:
            self.quotes.discard(node.mem_id)
            self.in_container = self.in_container and node.tag == "blockquote"
            self.depth -= 1
            while self.lines and self.lines[-1] and not self.lines[-1].strip("> "):
                del self.lines[-1]
        if tag in SPACED:
            self._space()

    def _is_quote(self, node: LexborNode) -> bool:
        is_quote = node.tag == "blockquote" or (
            not self.in_container and bool(QUOTED.search(_names(node))) and not _says_so_itself(node)
        )
        if is_quote:
            self.quotes.add(node.mem_id)
            self.in_container = self.in_container or node.tag != "blockquote"
        return is_quote

    def _item(self) -> None:
        if self.lists and self.lists[-1] >= 0:
            self.lists[-1] += 1
            self.bullet = f"{self.lists[-1]}. "
        else:
            self.bullet = "- "
        self.bullet = "  " * min(max(len(self.lists) - 1, 0), 10) + self.bullet

    def _text(self, text: str) -> None:
        if self.pre:
            *whole, rest = text.split("\n")
            for line in whole:
                self.words.append(line)
                self._line(is_wanted=True)
            self.words.append(rest)
            return
        text = BLANKS.sub(" ", text)
        if not self.words or self.words[-1].endswith(" "):
            text = text.lstrip(" ")
        if not text:
            return
        if self.cell and self.words:
            self.words.append("| " if self.words[-1].endswith(" ") else " | ")
            text = text.lstrip(" ")
        self.cell = False
        self.words.append(text)

    def _address(self, node: LexborNode) -> None:
        """Where a link leads, unless its words say so."""
        target = (node.attributes.get("href") or "").strip()
        scheme, _, place = target.partition(":")
        if scheme.lower() not in ("http", "https", "mailto", "tel") or len(target) > 2_000 or not self.words:
            return
        said = "".join(self.words[self.link_words :]).casefold()
        bare = place.split("?")[0] if scheme.lower() == "mailto" else place
        if bare.strip("/").casefold().removeprefix("www.") not in said:
            self.words[-1] = self.words[-1].rstrip(" ")
            self.words.append(f" <{bare if scheme.lower() in ('mailto', 'tel') else target}>")

    def _prefix(self) -> str:
        return "> " * min(self.depth, 20)

    def _line(self, *, is_wanted: bool = False) -> None:
        """End the line, if anything stands on it or an empty one is wanted."""
        line = "".join(self.words).rstrip()
        self.words, self.cell = [], False
        if not line and not is_wanted:
            return
        self.lines.append(self._prefix() + self.bullet + line)
        self.bullet = ""

    def _space(self) -> None:
        if self.lines and self.lines[-1].strip("> ") and not self.bullet:
            self.lines.append(self._prefix().rstrip())


def _walk(root: LexborNode, is_left_out: Callable[[LexborNode], bool]) -> Iterator[tuple[LexborNode, bool]]:
    """Each node on the way in (False) and each element on the way out (True), in order."""
    node: LexborNode | None = root
    while node is not None:
        below = None
        if node.is_text_node:
            yield node, False
        elif node.is_element_node and not is_left_out(node):
            yield node, False
            below = node.child
            if below is None:
                yield node, True
        if below is not None:
            node = below
            continue
        while node is not None and node.next is None:
            node = node.parent
            if node is None or node.mem_id == root.mem_id:
                return
            yield node, True
        node = node.next if node is not None and node.mem_id != root.mem_id else None


def _names(node: LexborNode) -> str:
    attributes = node.attributes
    return f"{attributes.get('class') or ''} {attributes.get('id') or ''}"[:500]


def _says_so_itself(node: LexborNode) -> bool:
    """Whether a container opens with "On … wrote:", header lines or a word of passing on, which quotes.split knows."""
    lines = [marks.bare(line) for line in (node.text(separator="\n") or "")[:LOOKED_INTO].split("\n")]
    lines = [line for line in lines if line][:12]
    together = " ".join(lines[:6])
    return (
        any(marks.is_separator(line) or marks.header(line) for line in lines[:4])
        or any(marks.attribution_start([" ".join(lines[:count])], 0, before_quote=True) == 0 for count in range(1, 9))
        or marks.is_forward_line(together)
    )


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else 1
