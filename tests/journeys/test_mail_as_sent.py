"""A mail as it was sent, in a real browser: hostile HTML does nothing there, and everybody can read the page around."""

import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from playwright.sync_api import expect

from tests import cast
from tests.journeys.conftest import DESKTOP, PHONE
from tickets import files, links
from tickets.models import Channel, MailBody

HOSTILE = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "email" / "dompurify.jsonl"
OWN = [
    "<script>alert(1)</script>",
    "<img src=http://elsewhere.test/x onerror=alert(1)>",
    '<a href="javascript:alert(1)">press</a>',
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<svg onload=alert(1)><animate onbegin=alert(1)></svg>",
    "<form action=http://elsewhere.test><button autofocus>press</button></form>",
    "<style>@import 'http://elsewhere.test/x.css'; body { background: url(http://elsewhere.test/y) }</style>",
    "<p style='background: url(http://elsewhere.test/y)'>a</p><table background=http://elsewhere.test/z><td>b</table>",
    "<meta http-equiv=refresh content='0;url=http://elsewhere.test'><base href=http://elsewhere.test/>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
]
# The smallest picture there is: one white point.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8ffff3f0005fe02fe0def46b8"
    "0000000049454e44ae426082"
)
LETTER = """<table width="600" bgcolor="#f4f4f4" cellpadding="20"><tr><td><h2 style="color:#204060">Your order</h2>
<p style="font-family:Georgia">It has <b>not</b> arrived. <a href="https://shop.example/">See here</a>.</p>
<img src="cid:logo" width="60" height="60" alt="Logo"><img src="https://elsewhere.test/pixel.gif" alt="">
</td></tr></table>"""


@pytest.fixture
def mail(transactional_db, settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    cast.TeamFactory(slug="tier-1")
    cast.mira()
    kept = files.keep(SimpleUploadedFile("logo.png", PNG))
    logo = files.StoredFile(kept.name, kept.size, kept.content_type, kept.sha256, content_id="logo")
    ticket = cast.a_ticket(
        customer=cast.dana(), channel=Channel.EMAIL, body="It has not arrived.", html=LETTER, files=(logo,),
        quoted="On 3 May 2022, the desk wrote:\n> It left on Monday.", signature="-- \nDana",
    )  # fmt: skip
    return ticket.messages.get()


def hostile() -> list[tuple[str, str]]:
    text = HOSTILE.read_text(encoding="utf-8").strip() if HOSTILE.exists() else ""
    rows = [json.loads(line) for line in text.split("\n") if line]
    return [(f"own {number}", html) for number, html in enumerate(OWN)] + [(row["id"], row["input"]) for row in rows]


def test_hostile_html_does_nothing(mail, open_page, sign_in):
    """The page's faults, policy violations and requests elsewhere among them, are counted by `open_page`."""
    page = open_page()
    sign_in(page, "mira@desk.example")
    page.set_default_timeout(3_000)
    dialogs, asked = [], []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url))
    address, around = (reverse(name, args=[mail.pk]) for name in ("message_html", "message_as_sent"))
    for name, html in hostile():
        MailBody.objects.filter(pk=mail.pk).update(html=html)
        asked.clear()
        page.goto(address)
        for link in page.locator("a[href]").all()[:3]:
            assert (link.get_attribute("href") or "").startswith(("http", "mailto:", "tel:")), name
        assert page.url.endswith(address), name
        assert [url for url in asked if not url.endswith((address, ".css"))] == [], name
        assert dialogs == [], name
    MailBody.objects.filter(pk=mail.pk).update(html="".join(html for _name, html in hostile()[:60]))
    page.goto(around)
    assert dialogs == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("javascript", [True, False])
def test_a_mail_is_read_as_it_was_sent(mail, open_page, sign_in, axe, size, scheme, javascript):
    page = open_page(size, color_scheme=scheme, javascript=javascript)
    sign_in(page, "mira@desk.example")
    page.goto(f"/desk/tickets/{mail.ticket_id}/")
    page.get_by_text("Show quoted text").click()
    expect(page.get_by_text("It left on Monday.")).to_be_visible()
    page.get_by_role("link", name="Show as it was sent").click()
    expect(page.get_by_role("heading", name="As it was sent")).to_be_visible()
    inside = page.frame_locator("iframe.mail-frame")
    expect(inside.get_by_role("heading", name="Your order")).to_be_visible()
    expect(page.get_by_text("Pictures from elsewhere are left out.")).to_be_visible()
    assert inside.locator("img[src*=elsewhere]").count() == 0
    logo = inside.get_by_alt_text("Logo")
    expect(logo).to_be_visible()
    if javascript:
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert axe(page) == []


def test_the_customer_folds_them_too(mail, open_page, axe):
    page = open_page(PHONE)
    page.goto(links.customer_path(mail.ticket))
    page.get_by_text("Show quoted text").click()
    expect(page.get_by_text("It left on Monday.")).to_be_visible()
    assert page.get_by_text("Show as it was sent").count() == 0
    assert axe(page) == []
