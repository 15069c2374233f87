"""A provider's multipart form taken apart in its very bytes, larger than forms from people may be."""

from email.message import Message

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict

MOST_PARTS = 1000


def fields_of(body: bytes, content_type: str) -> dict[str, bytes]:
    """The form's fields by name; of several with one name the last. Files are left out."""
    return {name: value for name, value, file, _kind in _parts(body, content_type) if file is None}


def load_large_form(request: HttpRequest) -> None:
    """Give a multipart request its POST and FILES from the body already read; other requests are left alone."""
    if request.content_type != "multipart/form-data":
        return
    posted = QueryDict(mutable=True)
    files: MultiValueDict[str, SimpleUploadedFile] = MultiValueDict()
    for name, value, file, kind in _parts(request.body, request.META["CONTENT_TYPE"]):
        if file is None:
            posted.appendlist(name, value.decode("utf-8", "replace"))
        elif file:
            files.appendlist(name, SimpleUploadedFile(file, value, kind))
    posted._mutable = False
    request._post, request._files = posted, files  # type: ignore[attr-defined]


def _parts(body: bytes, content_type: str) -> list[tuple[str, bytes, str | None, str]]:
    """Each part's name, bytes, file name (None: a field) and type. Raises ValueError where it is no such form."""
    boundary = _header(content_type).get_param("boundary", header="content-type")
    if not isinstance(boundary, str) or not 0 < len(boundary) <= 200:
        raise ValueError("a multipart form without a boundary")
    mark = b"--" + boundary.encode("latin-1")
    pieces = (b"\r\n" + body).split(b"\r\n" + mark, MOST_PARTS + 1)
    found = []
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            break
        head, _blank, value = piece.partition(b"\r\n\r\n")
        headers = Message()
        for line in head.replace(b"\r\n ", b" ").split(b"\r\n"):
            title, colon, words = line.decode("utf-8", "replace").partition(":")
            if colon:
                headers[title.strip()] = words.strip()
        name = headers.get_param("name", header="content-disposition")
        file = headers.get_param("filename", header="content-disposition")
        if isinstance(name, str):
            kind = headers.get_content_type() if "content-type" in headers else "application/octet-stream"
            found.append((name, value, headers.get_filename("") if file is not None else None, kind))
    return found


def _header(content_type: str) -> Message:
    message = Message()
    message["content-type"] = content_type
    return message
