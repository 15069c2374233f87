"""Reads the words to translate out of Django's templates (the back office's pages) for Babel."""

from collections.abc import Collection, Iterator
from io import BytesIO
from typing import IO, Any

from babel.messages.extract import extract_python
from django.utils.translation.template import templatize

# As Babel wants it: line, function, words, comments.
Found = tuple[int, str | tuple[str, ...], list[str], str | None]


def extract(fileobj: IO[bytes], keywords: Any, comment_tags: Collection[str], options: Any) -> Iterator[Found]:
    """Babel's extractor for a Django template; parameters as Babel's own extractors take them.

    Django turns the page into lines of calls with everything else crossed out; those lines read as Python once they
    start at the margin.
    """
    page = templatize(fileobj.read().decode("utf-8"))
    lines = "\n".join(line.strip() for line in page.splitlines())
    yield from extract_python(BytesIO(lines.encode("utf-8")), keywords, comment_tags, options)
