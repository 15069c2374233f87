"""Reads the words to translate out of Django's templates (the back office's pages) for Babel."""

from collections.abc import Collection, Iterator, Mapping
from io import BytesIO
from typing import Any, BinaryIO

from babel.messages.extract import extract_python
from django.utils.translation.template import templatize

Found = tuple[int, str | None, Any, list[str]]


def extract(
    fileobj: BinaryIO, keywords: Collection[str], comment_tags: Collection[str], options: Mapping[str, Any]
) -> Iterator[Found]:
    """Babel's extractor for a Django template: line, name of the function, its words, comments.

    Django turns the page into lines of calls with everything else crossed out; those lines read as Python once they
    start at the margin.
    """
    page = templatize(fileobj.read().decode("utf-8"))
    lines = "\n".join(line.strip() for line in page.splitlines())
    yield from extract_python(BytesIO(lines.encode("utf-8")), keywords, comment_tags, options)
