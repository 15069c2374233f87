"""Whether HTML is shallow enough to be parsed: every parser we know slows down with the square of the depth.

100,000 nested `<div>` take lexbor 38 s and html5ever 152 s; 50,000 attributes on one tag 13 s. So the tags are read
here first, by the tokeniser's rules of the HTML standard, in one pass. Where the standard looks at more than the tags
before (foreign content, templates, forms), nothing counts as closed: the depth is never less than parsers will find.
"""

import re

MOST_DEPTH = 500
MOST_ATTRIBUTES = 500
MOST_CHARACTERS = 2_000_000
# Formatting left open is opened anew in every following block: open formatting times tags.
MOST_WORK = 1_000_000
LOOK_BACK = 40

_VOID = "area base br col embed hr img input link meta param source track wbr keygen basefont bgsound"
VOID = frozenset(_VOID.split())
# Opened again, these close themselves, or are ignored where they do not belong.
_CLOSED_BY_THE_NEXT = "p li dd dt td th tr tbody thead tfoot colgroup caption html head body"
CLOSED_BY_THE_NEXT = frozenset(_CLOSED_BY_THE_NEXT.split())
_FORMATTING = "a b big code em font i nobr s small strike strong tt u"
FORMATTING = frozenset(_FORMATTING.split())
_SCOPES = "table applet marquee object"
SCOPES = frozenset(_SCOPES.split())
_RAW = "script style xmp iframe noembed noframes title textarea"
RAW = frozenset(_RAW.split())
UNSURE = re.compile(
    r"<(?:svg|math|template|select|noscript|plaintext|frameset|script)[\s/>]|<!\[cdata\[", re.IGNORECASE
)
OPENS = re.compile(r"<[a-z]", re.IGNORECASE)
NAME = re.compile(r"[a-zA-Z][^\s/>]{0,60}")
GAP = re.compile(r"[\s/]*")
ATTRIBUTE = re.compile(r"[^>][^\s/>=]*")
VALUE = re.compile(r"\s*=\s*")
UNQUOTED = re.compile(r"[^\s>]*")
COMMENT_END = re.compile(r"--!?>")
SPACE = re.compile(r"\s*")


class TooDeep(Exception):
    """Nested deeper, or more tangled, than is worth parsing."""


def is_shallow(html: str) -> bool:
    """Whether parsing `html` takes time in proportion to its length. Linear; never raises."""
    if len(html) > MOST_CHARACTERS:
        return False
    try:
        _read(html, is_sure=not UNSURE.search(html))
    except TooDeep:
        return False
    return True


def _read(html: str, *, is_sure: bool) -> None:
    tags = _Open(is_sure=is_sure)
    at = html.find("<")
    while at >= 0:
        if html.startswith("<!--", at):
            at = _after_comment(html, at)
        elif name := NAME.match(html, at + 1):
            at = _after_tag(html, name.end())
            tag = name.group().lower()
            tags.opened(tag)
            if is_sure and tag in RAW:
                at = _after_raw(html, tag, at)
        elif html.startswith("</", at) and (name := NAME.match(html, at + 2)):
            at = _after_tag(html, name.end())
            tags.closed(name.group().lower())
        elif html.startswith(("<!", "<?", "</"), at):
            end = html.find(">", at)
            at = end + 1 if end >= 0 else len(html)
        else:
            at += 1
        at = html.find("<", at)


def _after_comment(html: str, at: int) -> int:
    for short in (">", "->"):
        if html.startswith(short, at + 4):
            return at + 4 + len(short)
    end = COMMENT_END.search(html, at + 4)
    return end.end() if end else len(html)


def _after_tag(html: str, at: int) -> int:
    """The place after the `>` of the tag whose name ends before `at`."""
    found = re.compile(r"[^\s/>]*").match(html, at)  # what a longer name than we read goes on with
    at = found.end() if found else at
    for _attribute in range(MOST_ATTRIBUTES):
        at = _end(GAP, html, at)
        if at >= len(html):
            return len(html)
        if html[at] == ">":
            return at + 1
        at = _end(ATTRIBUTE, html, at)
        if equals := VALUE.match(html, at):
            at = equals.end()
            if html[at : at + 1] in ("'", '"'):
                end = html.find(html[at], at + 1)
                at = end + 1 if end >= 0 else len(html)
            else:
                at = _end(UNQUOTED, html, at)
    raise TooDeep


def _after_raw(html: str, tag: str, at: int) -> int:
    end = re.compile(rf"</{tag}(?=[\s/>])", re.IGNORECASE).search(html, at)
    return end.start() if end else len(html)


def _end(pattern: re.Pattern[str], html: str, at: int) -> int:
    found = pattern.match(html, at)
    return found.end() if found else at


class _Open:
    """The tags open at a place, as the parsers will hold them, or more."""

    def __init__(self, *, is_sure: bool) -> None:
        self.is_sure = is_sure
        self.stack: list[str] = []
        self.formatting = 0
        self.work = 0

    def opened(self, tag: str) -> None:
        self._count()
        if tag in VOID or tag in CLOSED_BY_THE_NEXT or (tag in ("a", "nobr") and self._place(tag) is not None):
            return
        self.stack.append(tag)
        self.formatting += tag in FORMATTING
        if len(self.stack) > MOST_DEPTH:
            raise TooDeep

    def closed(self, tag: str) -> None:
        self._count()
        place = self._place(tag)
        if place is None or not self.is_sure:
            return
        if tag in FORMATTING:
            del self.stack[place]
            self.formatting -= 1
        else:
            # what is formatting stays open, for the blocks that follow
            self.stack[place:] = [inner for inner in self.stack[place + 1 :] if inner in FORMATTING]

    def _place(self, tag: str) -> int | None:
        """Where `tag` is open within reach: what lies outside a table cannot be closed inside it."""
        for place in range(len(self.stack) - 1, max(-1, len(self.stack) - 1 - LOOK_BACK), -1):
            if self.stack[place] == tag:
                return place
            if self.stack[place] in SCOPES:
                return None
        return None

    def _count(self) -> None:
        self.work += self.formatting
        if self.work > MOST_WORK:
            raise TooDeep
