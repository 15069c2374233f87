"""HTML of mail made safe: what stays, what goes, and what is fetched from elsewhere."""

import json
import re
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from helpdesk.lib.mailparse import clean_html
from helpdesk.lib.mailparse.clean_html import clean

HOSTILE = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "email" / "dompurify.jsonl"
LINK = '<a href="https://x.example/" target="_blank" rel="nofollow noopener noreferrer">x</a>'
ATTRIBUTE = r'[a-z]+="[^"]*"'
KNOWN = set().union(*clean_html.ATTRIBUTES.values()) | {"rel", "target", "loading", "referrerpolicy"}
NO_LINK = '<a target="_blank" rel="nofollow noopener noreferrer">x</a>'


@pytest.mark.parametrize(
    ("html", "safe"),
    [
        ("<p>a <b>b</b></p>", "<p>a <b>b</b></p>"),
        ("<script>x()</script><style>p{}</style><title>x</title>a", "a"),
        ("<p onclick=x() id=y class=z name=w>a</p>", "<p>a</p>"),
        ("<form action=/x><input name=y><button>a</button></form>", "a"),
        ("<iframe src=x></iframe><object data=x></object><svg><script>x</script></svg>a", "a"),
        ('<a href="https://x.example/">x</a>', LINK),
        ('<a href="javascript:alert(1)">x</a>', NO_LINK),
        ('<a href="java\nscript:alert(1)">x</a>', NO_LINK),
        ('<a href="data:text/html,x">x</a>', NO_LINK),
        ('<a href="/desk/">x</a>', NO_LINK),
        ('<a href="cid:x">x</a>', NO_LINK),
        ('<p style="color:red;position:fixed;top:0">a</p>', '<p style="color:red">a</p>'),
        ('<p style="color:red;background-color:url(x)">a</p>', '<p style="color:red">a</p>'),
        ('<p style="width:expression(alert(1))">a</p>', "<p>a</p>"),
        (r'<p style="color:\75rl(x)">a</p>', "<p>a</p>"),
        ('<td background="https://x.example/a.png">a', "a"),
        ("<p>a<!-- x --></p>", "<p>a</p>"),
    ],
)
def test_what_becomes_of(html, safe):
    assert in_order(clean(html).html) == in_order(safe)


def in_order(html: str) -> str:
    """The attributes of each link in one order."""
    return re.sub(r"<a ([^>]*)>", lambda tag: f"<a {sorted(re.findall(ATTRIBUTE, tag[1]))}>", html)


def sources(html: str) -> list[str]:
    return re.findall(r'src="([^"]*)"', html)


PICTURES = (
    '<img src="https://x.example/a.png"><img src="http://x.example/b.png"><img src="//x.example/c.png">'
    '<img src="cid:One@mail"><img src="cid:two%40mail"><img src="cid:unknown"><img src="data:image/png;base64,AA">'
    '<img src="/desk/files/7/">'
)
INLINE = {"one@mail": "/desk/files/1/", "<Two@mail>": "/desk/files/2/"}


def test_pictures_inside_the_mail_come_from_us_and_others_do_not_come():
    found = clean(PICTURES, inline=INLINE)
    assert sources(found.html) == ["/desk/files/1/", "/desk/files/2/"]
    assert found.has_remote is True


def test_pictures_from_elsewhere_come_when_asked_for_and_never_in_the_clear():
    found = clean(PICTURES, remote=True, inline=INLINE)
    elsewhere = [f"https://x.example/{name}.png" for name in "abc"]
    assert sources(found.html) == [*elsewhere, "/desk/files/1/", "/desk/files/2/"]
    assert found.html.count('referrerpolicy="no-referrer"') == 8


def test_a_mail_without_anything_from_elsewhere_says_so():
    assert clean('<p style="color:red">a</p><img src="cid:x">').has_remote is False
    assert clean('<p style="background:url(https://x.example/a.png)">a</p>').has_remote is True


@pytest.mark.skipif(not HOSTILE.exists(), reason="the hostile HTML is not beside this project")
def test_no_hostile_html_keeps_anything_that_runs_or_fetches():
    for row in map(json.loads, HOSTILE.read_text(encoding="utf-8").strip().split("\n")):
        cleaned = clean(row["input"]).html
        found = LexborHTMLParser(cleaned).body
        elements = [] if found is None else [node for node in found.traverse() if node.tag != "body"]
        assert {node.tag for node in elements} <= clean_html.TAGS, row["id"]
        for node in elements:
            assert set(node.attributes) <= KNOWN, (row["id"], node.attributes)
            assert "url" not in (node.attributes.get("style") or ""), row["id"]
            assert (node.attributes.get("href") or "https:").startswith(("http", "mailto:", "tel:")), row["id"]
            assert node.attributes.get("src") is None, row["id"]
