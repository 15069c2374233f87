"""A raw message cut into its parts, in one pass and without recursion: depth, parts and headers have limits."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from helpdesk.lib.mailparse import params, transfer, words
from helpdesk.lib.mailparse.limits import DEEPEST, LARGEST_HEADERS, MOST_PARTS
from helpdesk.lib.mailparse.parsed import Unreadable

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|\Z)")
_NAME = re.compile(rb"[!-9;-~]{1,200}[ \t]*:")
_DASHES = re.compile(rb"(?:\A|(?<=[\r\n]))--[^\r\n]*")
_TRAILING = re.compile(rb"\r?\n\Z|\r\Z")
_GUESSED = re.compile(rb"(?:\A|(?<=[\r\n]))--([^\r\n]{1,200}?)[ \t]*\r?\nContent-[A-Za-z-]{4,25}:", re.IGNORECASE)
_MBOX = re.compile(rb"(?:>?From [^\r\n]*(?:\r\n|\n|\r))")


@dataclass(eq=False)
class Part:
    """A part of a message: its headers as they came, and either `children` or a raw `body`."""

    headers: list[tuple[str, bytes]]
    default_type: str = "text/plain"
    body: bytes = b""
    children: list[Part] = field(default_factory=list)
    parent_type: str = ""

    def raw(self, name: str) -> bytes:
        """The first header of that lower-cased name, unfolded; b"" where there is none."""
        return next((value for key, value in self.headers if key == name), b"")

    def all(self, name: str) -> list[bytes]:
        return [value for key, value in self.headers if key == name]

    def text(self, name: str) -> str:
        """The same, decoded into one line."""
        return words.text(self.raw(name), self.charset)

    @cached_property
    def content_type(self) -> params.Value:
        value = params.parse(self.raw("content-type"))
        major, _, minor = value.value.partition("/")
        if not self.raw("content-type").strip():
            return params.Value(self.default_type, value.params)
        if not major or not minor:
            is_known = major in ("text", "multipart", "message")
            kinds = {"text": "text/plain", "multipart": "multipart/mixed", "message": "message/rfc822"}
            return params.Value(kinds[major] if is_known else "text/plain", value.params)
        return value

    @property
    def type(self) -> str:
        return self.content_type.value

    @property
    def charset(self) -> str:
        return self.content_type.params.get("charset", "")

    @cached_property
    def disposition(self) -> params.Value:
        return params.parse(self.raw("content-disposition"), self.charset)

    @property
    def filename(self) -> str:
        """The name it was given, as it was written; "" where there is none."""
        named = params.parse(self.raw("content-type"), self.charset).params
        return self.disposition.params.get("filename") or named.get("name") or named.get("filename", "")

    @cached_property
    def content(self) -> bytes:
        """The body, its transfer encoding undone."""
        return transfer.decoded(self.body, self.raw("content-transfer-encoding").decode("ascii", "ignore"))

    @property
    def content_id(self) -> str:
        return self.text("content-id").strip().strip("<>").strip()


def split(raw: bytes) -> Part:
    """The message as a tree. Raises Unreadable beyond the limits."""
    if b"\n" not in raw and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
    start = _start(raw)
    headers, at = _headers(raw, start, {})
    root = Part(headers)
    if not root.type.startswith("multipart/"):
        root.body = raw[at:]
        return root
    boundary = _boundary(root, raw, at)
    if not boundary:
        root.body = raw[at:]
        return root
    _cut(root, boundary, raw, at)
    if not root.children:
        root.body = raw[at:]
    return root


def leaves(root: Part) -> list[Part]:
    """The parts that hold something, in order."""
    found: list[Part] = []
    waiting = [root]
    while waiting:
        part = waiting.pop()
        if part.children:
            waiting.extend(reversed(part.children))
        else:
            found.append(part)
    return found


def _cut(root: Part, boundary: bytes, raw: bytes, at: int) -> None:
    """Fill the tree: every delimiter line closes what is open below its multipart and opens the next part."""
    stack: list[tuple[Part, bytes]] = [(root, boundary)]
    open_at = {boundary: [0]}  # boundary -> the depths at which it is open
    leaf: Part | None = None
    body_start = at
    parts = 1
    for found in _DASHES.finditer(raw, at):
        if found.start() < body_start:
            continue  # a header line
        line = found[0].rstrip(b" \t")[2:]
        is_last = line not in open_at and line.endswith(b"--") and line[:-2] in open_at
        name = line[:-2] if is_last else line
        if name not in open_at:
            continue
        depth = open_at[name][-1]
        if leaf is not None:
            leaf.body = _TRAILING.sub(b"", raw[body_start : found.start()])
            leaf = None
        while len(stack) > depth + 1 or (is_last and len(stack) > depth and stack):
            _, closed = stack.pop()
            open_at[closed].pop()
            if not open_at[closed]:
                del open_at[closed]
        if is_last:
            if not stack:
                return
            continue
        parts += 1
        if parts > MOST_PARTS:
            raise Unreadable(f"The message has more than {MOST_PARTS} parts.")
        parent = stack[-1][0]
        start = _LINE.match(raw, found.start()).end()  # type: ignore[union-attr]  # it matches everywhere
        headers, body_start = _headers(raw, start, open_at)
        default = "message/rfc822" if parent.type == "multipart/digest" else "text/plain"
        part = Part(headers, default, parent_type=parent.type)
        parent.children.append(part)
        inner = _boundary(part, raw, body_start) if part.type.startswith("multipart/") else b""
        if inner:
            if len(stack) >= DEEPEST:
                raise Unreadable(f"The message nests parts more than {DEEPEST} deep.")
            open_at.setdefault(inner, []).append(len(stack))
            stack.append((part, inner))
        else:
            leaf = part
    if leaf is not None:
        leaf.body = raw[body_start:]


def _boundary(part: Part, raw: bytes, at: int) -> bytes:
    """The declared boundary if it occurs, else the one that is plainly used; b"" where there is none."""
    declared = params.parse(part.raw("content-type")).params.get("boundary", "").rstrip()
    boundary = declared.encode("utf-8", "replace")
    if boundary and raw.find(b"--" + boundary, at) >= 0:
        return boundary
    guessed = _GUESSED.search(raw, at, at + 4096)
    return guessed[1] if guessed else b""


def _start(raw: bytes) -> int:
    """Where the headers begin: after a byte order mark, empty lines and mbox's “From ” line."""
    at = 3 if raw.startswith(b"\xef\xbb\xbf") else 0
    while at < len(raw) and raw[at] in b"\r\n":
        at += 1
    while found := _MBOX.match(raw, at):
        at = found.end()
    return at


def _headers(raw: bytes, at: int, open_at: dict[bytes, list[int]]) -> tuple[list[tuple[str, bytes]], int]:
    """(name, unfolded value) of the block at `at`, and where the body begins. A stray line among headers is passed over."""
    headers: list[tuple[str, bytes]] = []
    first, size = at, len(raw)
    lines: list[bytes] = []
    while at < size:
        found = _LINE.match(raw, at)
        line = found[0] if found else b""
        content = line.rstrip(b"\r\n")
        if at - first + len(line) > LARGEST_HEADERS:
            raise Unreadable(f"The headers are larger than {LARGEST_HEADERS // 1024} KB.")
        if not content.strip(b" \t\0"):
            at += len(line)
            break
        if content.startswith(b"--") and _is_open(content, open_at):
            break
        if content[:1] in b" \t" and headers:
            lines.append(content)
        elif _NAME.match(content):
            _close(headers, lines)
            name, _, value = content.partition(b":")
            headers.append((name.decode("ascii").strip().lower(), value))
        elif not headers or not _is_header_ahead(raw, at + len(line)):
            break  # the body began without an empty line
        at += len(line)
    _close(headers, lines)
    return headers, at


def _close(headers: list[tuple[str, bytes]], lines: list[bytes]) -> None:
    """The folded lines of the last header joined to it."""
    if headers:
        name, value = headers[-1]
        headers[-1] = (name, b"".join([value, *lines]).strip(b" \t").replace(b"\0", b""))
    lines.clear()


def _is_open(line: bytes, open_at: dict[bytes, list[int]]) -> bool:
    name = line.rstrip(b" \t")[2:]
    return name in open_at or (name.endswith(b"--") and name[:-2] in open_at)


def _is_header_ahead(raw: bytes, at: int) -> bool:
    found = _LINE.match(raw, at)
    return bool(found and _NAME.match(found[0]))
