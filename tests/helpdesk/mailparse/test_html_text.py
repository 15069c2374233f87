"""HTML mail as text: what a person would read, quotes marked, nothing hidden, in bounded time."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk.lib.mailparse import quotes
from helpdesk.lib.mailparse.clean_html import clean
from helpdesk.lib.mailparse.html_text import to_text
from helpdesk.lib.mailparse.nesting import is_shallow

WROTE = "On Tue, May 3, 2022 at 9:05 AM Jane &lt;<a href='mailto:jane@example.com'>jane@example.com</a>&gt; wrote:"
HEADERS = "<b>From:</b> Jane &lt;jane@example.com&gt;<br><b>Sent:</b> 3 May<br><b>To:</b> Shop<br><b>Subject:</b> x"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("One<br>Two<br><br>Three", "One\nTwo\n\nThree"),
        ("<div>One</div><div>Two <b>bold</b>\n words</div>", "One\nTwo bold words"),
        ("<ul><li>One<li>Two<ol start=3><li>a<li>b</ol></ul>", "- One\n- Two\n\n  3. a\n  4. b"),
        ("<table><tr><td>Gloves<td>2<tr><td>Boots<td>1</table>", "Gloves | 2\nBoots | 1"),
        ('<a href="https://x.example/a">here</a>', "here <https://x.example/a>"),
        ('<a href="https://x.example/">x.example</a>', "x.example"),
        ('<a href="mailto:jane@example.com">Jane</a>', "Jane <jane@example.com>"),
        ('<a href="javascript:alert(1)">here</a>', "here"),
        ('a<img src="x" alt="picture">b', "apictureb"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<blockquote>One<blockquote>Two</blockquote></blockquote>Three", "> One\n>\n> > Two\n\nThree"),
        ("&lt;b&gt; &amp; &nbsp;", "<b> &"),
        ("<head><title>x</title></head><style>p{}</style><script>x()</script>Hello", "Hello"),
        ("<div style='display: none'>hidden</div><p hidden>hidden</p><!-- x -->Hello", "Hello"),
        ("<span style='font-size:0px'>hidden</span><span style='font-size:0.8em'>small</span>", "small"),
        ("", ""),
        ("no tags < at all", "no tags < at all"),
    ],
)
def test_html_reads_as(html, text):
    assert to_text(html) == text


@pytest.mark.parametrize(
    "quote",
    [
        f"<div class='gmail_quote'><div>{WROTE}<br></div><blockquote>Did it come?</blockquote></div>",
        "<div class='gmail_quote'><div>Jane tweette am Dienstag</div><p>Did it come?</p></div>",
        f"<div class='moz-cite-prefix'>{WROTE}<br></div><blockquote type='cite'><p>Did it come?</p></blockquote>",
        f"<div id='appendonsend'></div><hr><div id='divRplyFwdMsg'>{HEADERS}</div><div>Did it come?</div>",
        f"<div style='border-top:solid #E1E1E1 1pt'><p>{HEADERS}</p></div><p>Did it come?</p>",
        f"<div class='yahoo_quoted'><div>{WROTE}</div><div>Did it come?</div></div>",
        "<div class='yahoo_quoted'><div>Did it come?</div></div>",
        "<div class='protonmail_quote'>------- Original Message -------<br>Did it come?</div>",
        "<blockquote>Did it come?</blockquote>",
    ],
)
def test_what_programs_put_around_a_quote_is_seen(quote):
    found = quotes.split(to_text(f"<div>Yes, it did.</div><br>{quote}"))
    assert found.reply == "Yes, it did."
    assert "Did it come?" in found.quoted


@pytest.mark.parametrize("name", ["gmail_signature", "moz-signature", "protonmail_signature_block"])
def test_a_marked_signature_goes_apart(name):
    found = quotes.split(to_text(f"<p>Yes, it did.</p><div class='{name}'><b>Jane</b><br>ACME</div>"))
    assert (found.reply, found.signature) == ("Yes, it did.", "-- \nJane\nACME")


HOSTILE = {
    "deep": "<div>" * 100_000,
    "deep by closing in comments": "<div><!--</div>-->" * 30_000,
    "deep by closing in attributes": '<div title="</div>">' * 30_000,
    "deep behind a false quote": '<div =">' + "<div>" * 30_000,
    "deep by closing in tables": "<div><table></div></table>" * 30_000,
    "deep in a drawing": "<svg><style>" + "<g>" * 30_000,
    "deep in raw text": "<xmp></xmp><div><title></div></title>" * 10_000,
    "formatting left open": "".join(f"<div><b id={number}></div>" for number in range(20_000)),
    "formatting times blocks": "".join(f"<b id={n}>" for n in range(400)) + "<p>x" * 50_000,
    "attributes": "<a " + " ".join(f"a{number}=1" for number in range(50_000)) + ">x",
    "open comments": "<!--" * 200_000,
    "open quotes": '<a b="' * 100_000,
    "signs": "<" * 500_000,
    "flat": "<p>x" * 50_000,
    "links": '<a href="https://x.example">y</a>' * 20_000,
    "quotes": "<blockquote>" * 400 + "<p>x" * 20_000,
    "containers": "<div class=gmail_quote>" * 400 + "x" * 100_000,
    "styles": '<p style="' + "color:red;" * 100_000 + '">x',
}


@pytest.mark.parametrize("what", HOSTILE)
def test_time_is_bounded(what):
    began = time.process_time()
    to_text(HOSTILE[what])
    clean(HOSTILE[what])
    assert time.process_time() - began < 8  # at most two seconds on an idle machine


@pytest.mark.parametrize("what", [name for name in HOSTILE if name.startswith(("deep", "formatting", "attributes"))])
def test_what_is_too_deep_is_not_parsed(what):
    assert not is_shallow(HOSTILE[what])


def test_what_is_too_deep_is_still_read():
    html = "<div>" * 1_000 + "Hello <b>there</b> &amp; you"
    assert to_text(html) == "Hello\nthere\n& you"
    assert clean(html).html == "<pre>Hello\nthere\n&amp; you</pre>"


def test_a_newsletter_of_tables_is_not_too_deep():
    cell = "<table><tr><td><font color=red><p><b>x</b><br><img src=a>"
    assert is_shallow(cell * 12 + "</td></tr></table>" * 12 + "<div><span>y</span></div>" * 2_000)


PIECES = """
<div> </div> <p> </p> <b> </b> <table> <tr> <td> </table> <blockquote> </blockquote> <li> <ul> </ul> <a href=x> </a>
<!-- --> <pre> </pre> text > &amp; <br> <style> </style> <svg> </svg> <select> </select> <img src=cid:x> <plaintext>
"""
TAGS = st.sampled_from(PIECES.split())


@settings(max_examples=300, deadline=None)
@given(st.lists(TAGS, max_size=40).map("".join) | st.text(max_size=300))
def test_nothing_makes_it_fail(html):
    assert isinstance(to_text(html), str)
    cleaned = clean(html).html
    assert "<style" not in cleaned
    assert clean(cleaned).html == cleaned
