"""Files that people send: checked by name and content, kept once by their SHA-256, handed out without harm.

Allowed are pictures, documents, tables, text, mail, archives, sound and film. HTML and SVG are allowed because people
save pages and drawings for us, but are only ever downloaded, never shown. Programs are refused whatever their name.
"""

import errno
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

import puremagic
from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse
from django.utils.translation import gettext as _

from helpdesk.lib import text
from tickets import wording
from tickets.errors import Refused
from tickets.models import Attachment

HEAD_BYTES = 8192
LONGEST_NAME = 200

# Text has no signature of its own: it must hold no null byte unless it says it is UTF-16.
TEXT_TYPES = {
    "txt": "text/plain", "log": "text/plain", "md": "text/plain", "csv": "text/csv", "tsv": "text/plain",
    "json": "application/json", "xml": "application/xml", "yaml": "text/plain", "yml": "text/plain",
    "ini": "text/plain", "har": "application/json", "html": "text/html", "htm": "text/html",
    "svg": "image/svg+xml", "eml": "message/rfc822",
    "ics": "text/calendar", "vcf": "text/vcard", "rtf": "application/rtf",
}  # fmt: skip
# extension → (type we hand it out as, extensions puremagic may give for its content)
BINARY_TYPES = {
    "png": ("image/png", {"png"}),
    "jpg": ("image/jpeg", {"jpg", "jpeg", "jfif", "jpe"}),
    "jpeg": ("image/jpeg", {"jpg", "jpeg", "jfif", "jpe"}),
    "gif": ("image/gif", {"gif"}),
    "webp": ("image/webp", {"webp"}),
    "bmp": ("image/bmp", {"bmp", "dib"}),
    "tif": ("image/tiff", {"tif", "tiff"}),
    "tiff": ("image/tiff", {"tif", "tiff"}),
    "heic": ("image/heic", {"heic", "heif"}),
    "heif": ("image/heif", {"heic", "heif"}),
    "pdf": ("application/pdf", {"pdf"}),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", {"docx", "zip"}),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", {"xlsx", "zip"}),
    "pptx": ("application/vnd.openxmlformats-officedocument.presentationml.presentation", {"pptx", "zip"}),
    "odt": ("application/vnd.oasis.opendocument.text", {"odt", "zip"}),
    "ods": ("application/vnd.oasis.opendocument.spreadsheet", {"ods", "zip"}),
    "odp": ("application/vnd.oasis.opendocument.presentation", {"odp", "zip"}),
    "doc": ("application/msword", {"doc"}),
    "xls": ("application/vnd.ms-excel", {"xls", "doc"}),
    "ppt": ("application/vnd.ms-powerpoint", {"ppt", "doc"}),
    "msg": ("application/vnd.ms-outlook", {"msg", "doc"}),
    "zip": ("application/zip", {"zip"}),
    "gz": ("application/gzip", {"gz"}),
    "7z": ("application/x-7z-compressed", {"7z"}),
    "mp3": ("audio/mpeg", {"mp3"}),
    "wav": ("audio/wav", {"wav"}),
    "m4a": ("audio/mp4", {"m4a", "mp4"}),
    "ogg": ("audio/ogg", {"ogg", "oga"}),
    "mp4": ("video/mp4", {"mp4", "m4v", "m4a"}),
    "mov": ("video/quicktime", {"mov", "mp4"}),
    "webm": ("video/webm", {"webm", "mkv"}),
}
# First bytes of programs: Windows, Linux, macOS (four kinds and the fat one, which Java classes share), shortcuts.
PROGRAMS = (
    b"MZ", b"\x7fELF", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe", b"L\x00\x00\x00\x01\x14\x02\x00",
)  # fmt: skip
# Signs that turn the writing direction would make “fdp.exe” read “exe.pdf”.
HIDDEN = frozenset(map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF)))
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# The only ones a browser may show in the page; everything else downloads.
SHOWN_INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


class NoRoom(Refused):
    """The disk is full: nothing of the file was kept; the answer's status is 507."""


@dataclass(frozen=True)
class StoredFile:
    """A file whose bytes are safely on disk, to be named by an Attachment. `size` in bytes."""

    name: str
    size: int
    content_type: str
    sha256: str
    content_id: str = ""  # of a picture inside a mail, without angle brackets


def keep(upload: UploadedFile | File) -> StoredFile:
    """Check a file and put it on disk whole; Refused says what is wrong with it, NoRoom that the disk is full."""
    name = clean_name(upload.name or "")
    upload.seek(0)
    content_type = check(name, upload.size or 0, upload.read(HEAD_BYTES))
    upload.seek(0)
    size, sha256 = _write(upload)
    return StoredFile(name=name, size=size, content_type=content_type, sha256=sha256)


def keep_bytes(content: bytes) -> str:
    """Put bytes on disk whole, unchecked, and return their SHA-256: for what is never handed out as a file of ours."""
    return _write(ContentFile(content))[1]


def check(name: str, size: int, head: bytes) -> str:
    """Return the content type to hand the file out as; Refused if its size, name or first bytes do not do."""
    if size > settings.MAX_FILE_BYTES:
        limit = wording.file_size(settings.MAX_FILE_BYTES)
        raise Refused(_("“%(name)s” is too large: files may have up to %(limit)s.") % {"name": name, "limit": limit})
    if not size:
        raise Refused(_("“%(name)s” is empty.") % {"name": name})
    extension = PurePosixPath(name).suffix.removeprefix(".").lower()
    # Every program has null bytes in its head; a text that begins with “MZ” has none.
    if head.startswith(PROGRAMS) and b"\0" in head:
        raise Refused(_("“%(name)s” is a program, and we do not take programs.") % {"name": name})
    if extension in TEXT_TYPES:
        if b"\0" in head and not head.startswith(UTF16_MARKS):
            raise Refused(_("“%(name)s” does not hold text as its name says.") % {"name": name})
        return TEXT_TYPES[extension]
    if extension not in BINARY_TYPES:
        refusal = _("“%(name)s” is not a kind of file we take. Pictures, PDF, office documents, text and ZIP are fine.")
        raise Refused(refusal % {"name": name})
    content_type, content = BINARY_TYPES[extension]
    if not content & _seen_in(head):
        raise Refused(_("“%(name)s” does not hold what its name says.") % {"name": name})
    return content_type


def clean_name(name: str) -> str:
    """The bare file name: no folders, no control characters, at most 200 characters with its extension."""
    bare = " ".join(text.plain(name, 4096).replace("\\", "/").rsplit("/", 1)[-1].split())
    bare = "".join(character for character in bare if character not in HIDDEN).strip(". ") or _("file")
    if len(bare) <= LONGEST_NAME:
        return bare
    stem, dot, extension = bare.rpartition(".")
    keep_extension = dot + extension if dot and len(extension) <= 10 else ""
    return (stem if keep_extension else bare)[: LONGEST_NAME - len(keep_extension)] + keep_extension


def path_of(sha256: str) -> Path:
    """Where the bytes lie: two levels of folders by the hash, so that no folder grows without end."""
    return Path(settings.FILES_DIR) / sha256[:2] / sha256[2:4] / sha256


def open_stored(sha256: str) -> IO[bytes]:
    """The kept bytes, open for reading; FileNotFoundError if they are gone."""
    return path_of(sha256).open("rb")


def content_of(attachment: Attachment) -> bytes | None:
    """The file's bytes; None when they are no longer on disk."""
    try:
        with open_stored(attachment.sha256) as stored:
            return stored.read()
    except FileNotFoundError:
        return None


def serve(attachment: Attachment) -> FileResponse:
    """An answer that cannot run in our pages: a download, or a picture shown as exactly that picture."""
    inline = attachment.content_type in SHOWN_INLINE
    content_type = attachment.content_type if inline else "application/octet-stream"
    response = FileResponse(
        open_stored(attachment.sha256), as_attachment=not inline, filename=attachment.name, content_type=content_type
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=0, no-store"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    # django-csp leaves an answer alone that carries a policy of its own.
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _seen_in(head: bytes) -> set[str]:
    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return set()
    return {match.extension.removeprefix(".").lower() for match in found}


def _write(upload: UploadedFile | File) -> tuple[int, str]:
    """Temporary file, fsync, rename: a name in FILES_DIR always stands for the whole file."""
    folder = Path(settings.FILES_DIR) / "incoming"
    partial = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as out:
            partial = Path(out.name)
            digest, size = hashlib.sha256(), 0
            for chunk in upload.chunks():
                digest.update(chunk)
                size += len(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        target = path_of(digest.hexdigest())
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            partial.rename(target)
            partial = None
            _sync_folder(target.parent)
        return size, digest.hexdigest()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoom(_("We cannot take files right now; please send your text without them.")) from error
        raise
    finally:
        if partial:
            partial.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """The new name itself survives a power cut only once its folder is on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
