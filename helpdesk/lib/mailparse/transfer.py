"""Content-Transfer-Encoding undone, broken encodings included: what can be read is read."""

import binascii
import quopri
import re

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]")
_AFTER_END = re.compile(rb"=[ \t]+[^\r\n]*")
_UU_BEGIN = re.compile(rb"(?:\A|(?<=\n))begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,200})\r?\n")
_UU_END = re.compile(rb"\n(?:`?[ \t]*\r?\n)?(?:end|====)[ \t]*(?:\r?\n|\Z)")


def decoded(data: bytes, encoding: str) -> bytes:
    """The bytes behind a transfer encoding; unknown ones are taken as they are."""
    name = encoding.strip().strip("\"'").lower().split(";", 1)[0].strip()
    if name in ("base64", "base-64", "b64"):
        return base64(data)
    if name in ("quoted-printable", "quotedprintable", "qp"):
        return quopri.decodestring(data)
    if name in ("x-uuencode", "uuencode", "x-uu", "uue", "x-uue"):
        files = uuencoded(data)[1]
        return files[0][1] if files else data
    return data


def base64(data: bytes) -> bytes:
    """Decodes as far as it goes: foreign characters skipped, padding inside or missing, text appended after the end."""
    try:
        return binascii.a2b_base64(data.translate(None, b" \t\r\n"), strict_mode=True)
    except binascii.Error:
        pass
    compact = _NOT_BASE64.sub(b"", _AFTER_END.sub(b"=", data))
    whole = bytearray()
    for piece in compact.split(b"="):
        if not piece:
            continue
        usable = piece[:-1] if len(piece) % 4 == 1 else piece
        whole += binascii.a2b_base64(usable + b"=" * (-len(usable) % 4))
    return bytes(whole)


def uuencoded(data: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """The text without the files that were pasted into it, and those files as (raw name, content)."""
    if b"begin" not in data:
        return data, []
    files: list[tuple[bytes, bytes]] = []
    kept: list[bytes] = []
    at = 0
    while begin := _UU_BEGIN.search(data, at):
        end = _UU_END.search(data, begin.end() - 1)
        if end is None:
            break
        content = _uu_lines(data[begin.end() : end.start()])
        if content is None:
            kept.append(data[at : begin.end()])
            at = begin.end()
            continue
        files.append((begin[1].strip(), content))
        kept.append(data[at : begin.start()])
        at = end.end()
    kept.append(data[at:])
    return b"".join(kept), files


def _uu_lines(lines: bytes) -> bytes | None:
    """The content of uuencoded lines, None where they are none."""
    content = bytearray()
    for number, line in enumerate(lines.splitlines()):
        if not line.strip():
            continue
        try:
            content += binascii.a2b_uu(line)
        except binascii.Error:
            # some writers leave a line's length wrong: take what its first character says
            wanted = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                content += binascii.a2b_uu(line[:wanted])
            except binascii.Error:
                if number == 0:
                    return None
    return bytes(content)
