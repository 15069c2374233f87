"""Names of attached files made safe to store and show: no folders, no control or turn-around characters, not too long."""

import re
import unicodedata
from mimetypes import guess_extension

_FOLDERS = re.compile(r"[\\/]+")
_DRIVE = re.compile(r"\A[A-Za-z]:")
_HIDDEN = frozenset("\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff")
_RESERVED = re.compile(r'[<>:"|?*\x00-\x1f\x7f]')
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)", re.IGNORECASE)
_LONGEST = 150
_EXTENSIONS = {
    "message/rfc822": ".eml", "message/delivery-status": ".txt", "text/rfc822-headers": ".txt", "text/plain": ".txt",
    "text/html": ".html", "text/calendar": ".ics", "image/jpeg": ".jpg", "image/pjpeg": ".jpg", "audio/mpeg": ".mp3",
    "message/disposition-notification": ".txt", "message/feedback-report": ".txt", "application/octet-stream": ".bin",
}  # fmt: skip
_STEMS = {"message": "message", "image": "image", "text": "text", "audio": "audio", "video": "video"}


def safe(name: str, content_type: str = "") -> str:
    """The last part of the name, harmless; made from the type where there is none."""
    written = unicodedata.normalize("NFC", "".join(letter for letter in name if letter not in _HIDDEN))
    pieces = [piece for piece in _FOLDERS.split(_DRIVE.sub("", written.strip())) if piece.strip(" .")]
    last = _RESERVED.sub("_", pieces[-1]) if pieces else ""
    last = " ".join("".join(letter for letter in last if unicodedata.category(letter) not in ("Cc", "Cs")).split())
    last = last.strip(" ").rstrip(".")
    if not last.strip("._ "):
        return _made(content_type)
    if last.startswith(".") or _DEVICES.match(last):
        last = "_" + last
    return _shortened(last)


def _made(content_type: str) -> str:
    major = content_type.partition("/")[0]
    extension = _EXTENSIONS.get(content_type) or guess_extension(content_type, strict=True) or ".bin"
    return _STEMS.get(major, "attachment") + extension


def _shortened(name: str) -> str:
    if len(name) <= _LONGEST:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 10:
        return name[:_LONGEST]
    return f"{stem[: _LONGEST - len(extension) - 1]}.{extension}"
