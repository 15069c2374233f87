"""What a mail held besides its answer: stored only where there is something, folded on pages, shown safely."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import cast
from tickets import conversation, files, intake, joining, links
from tickets.channels.base import Inbound, Sender
from tickets.models import Attachment, Channel, IdentityKind, MailBody, State, Ticket

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
MAIL = {"quoted": "> It left on Monday.", "signature": "-- \nDana, http://whitfield.example", "html": "<p>Not yet.</p>"}


@pytest.fixture
def mira(client):
    mira = cast.mira()
    client.force_login(mira)
    return mira


def a_mail(**given) -> Ticket:
    return cast.a_ticket(**{"customer": cast.dana(), "channel": Channel.EMAIL, "body": "Not yet.", **MAIL, **given})


def as_sent(client, ticket: Ticket, **query: str) -> str:
    return client.get(reverse("message_html", args=[ticket.messages.get().pk]), query).content.decode()


def test_a_mail_is_stored_with_what_it_quoted():
    message = a_mail().messages.get()
    body = message.mail_body
    assert (message.body, message.has_more) == ("Not yet.", True)
    assert {"quoted": body.quoted, "signature": body.signature, "html": body.html} == MAIL


def test_what_no_database_stores_is_taken_out():
    body = a_mail(html="<p>a\0b\ud800</p>", quoted="a\0", signature="").messages.get().mail_body
    assert (body.html, body.quoted, body.signature) == ("<p>ab</p>", "a", "")


def test_a_form_costs_no_statement_more():
    def cost(**given) -> list[str]:
        with CaptureQueriesContext(connection) as asked:
            cast.a_ticket(customer=cast.dana(), **given)
        return [query["sql"].split("(")[0] for query in asked.captured_queries]

    cost()
    without = cost()
    assert [query for query in without if "mailbody" in query] == []
    assert len(cost(**MAIL)) == len(without) + 1


def test_an_answer_by_mail_keeps_it_too():
    ticket = cast.a_ticket(customer=cast.dana())
    sender = Sender(IdentityKind.EMAIL, ticket.customer.email)
    said = intake.answer(ticket, Inbound(channel=Channel.EMAIL, sender=sender, body="And now?", **MAIL))
    assert (said.has_more, MailBody.objects.get(pk=said.pk).quoted) == (True, MAIL["quoted"])
    assert Ticket.objects.get(pk=ticket.pk).preview == "And now?"


def test_a_page_folds_quotes_and_signature(client, mira):
    ticket = a_mail()
    page = client.get(reverse("ticket", args=[ticket.pk])).content.decode()
    address = reverse("message_as_sent", args=[ticket.messages.get().pk])
    assert page.count("<summary>Show quoted text</summary>") == 1
    assert '<p dir="auto">&gt; It left on Monday.</p>' in page
    assert "<summary>Signature</summary>" in page
    assert f'href="{address}">Show as it was sent</a>' in page
    assert 'href="http://whitfield.example"' in page


def test_a_page_without_mail_folds_nothing_and_asks_nothing(client, mira):
    page = reverse("ticket", args=[cast.a_ticket(customer=cast.dana()).pk])
    client.get(page)
    with CaptureQueriesContext(connection) as asked:
        text = client.get(page).content.decode()
    assert [query["sql"] for query in asked.captured_queries if "mailbody" in query["sql"].lower()] == []
    assert "Show quoted text" not in text
    assert "Show as it was sent" not in text


def test_a_page_costs_one_statement_more_for_any_number_of_mails(client, mira):
    def cost(ticket: Ticket) -> int:
        client.get(reverse("ticket", args=[ticket.pk]))
        with CaptureQueriesContext(connection) as asked:
            assert client.get(reverse("ticket", args=[ticket.pk])).status_code == 200
        return len(asked)

    plain, mail = cast.a_ticket(customer=cast.dana()), a_mail()
    one = cost(mail)
    assert one == cost(plain) + 1
    for _again in range(2):
        conversation.hear(mail, body="More", customer=mail.customer, channel=Channel.EMAIL, **MAIL)
    assert cost(mail) == one
    assert one <= 9


def test_a_customer_sees_their_own_quotes_and_no_html(client):
    ticket = a_mail(html="<p>zqonlystaff</p>")
    page = client.get(links.customer_path(ticket)).content.decode()
    assert "It left on Monday." in page
    assert "<summary>Signature</summary>" in page
    assert "zqonlystaff" not in page
    assert "as-sent" not in page


def test_the_html_is_made_safe(client, mira):
    html = (
        '<p onclick="x()">Hello</p><script>x()</script><img src="https://x.example/a.png"><a href="javascript:x">y</a>'
    )
    text = as_sent(client, a_mail(html=html))
    assert "<p>Hello</p>" in text
    assert [part for part in ("onclick", "<script", "x.example", "javascript:") if part in text] == []


def test_pictures_from_elsewhere_are_shown_when_asked_for(client, mira):
    ticket = a_mail(html='<img src="http://x.example/a.png">')
    page = reverse("message_as_sent", args=[ticket.messages.get().pk])
    assert "x.example" in as_sent(client, ticket, remote="1")
    text = client.get(page).content.decode()
    assert f'href="{page}?remote=1"' in text
    assert "may tell the sender" in text
    assert "Hide pictures from elsewhere" in client.get(page, {"remote": "1"}).content.decode()


def test_a_mail_without_pictures_from_elsewhere_offers_none(client, mira):
    text = client.get(reverse("message_as_sent", args=[a_mail().messages.get().pk])).content.decode()
    assert "pictures from elsewhere" not in text
    assert 'sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"' in text


def test_pictures_inside_the_mail_come_from_our_own_files(client, mira, settings, tmp_path):
    settings.FILES_DIR = tmp_path
    kept = files.keep(SimpleUploadedFile("logo.png", PNG))
    picture = files.StoredFile(kept.name, kept.size, kept.content_type, kept.sha256, content_id="Logo@mail")
    ticket = a_mail(html='<img src="cid:logo%40mail">', files=(picture,))
    address = reverse("desk_file", args=[Attachment.objects.get().pk])
    assert f'<img src="{address}"' in as_sent(client, ticket)
    assert client.get(address)["Content-Type"] == "image/png"


def test_only_a_mail_with_html_has_such_a_page(client, mira):
    for message in (a_mail(html="").messages.get(), cast.a_ticket(customer=cast.ravi()).messages.get()):
        assert client.get(reverse("message_as_sent", args=[message.pk])).status_code == 404
        assert client.get(reverse("message_html", args=[message.pk])).status_code == 404
    assert client.get(f"/desk/messages/{2**64}/html/").status_code == 404


def test_what_is_split_off_stays_readable_where_it_was(mira):
    ticket = a_mail()
    other = joining.split(ticket, message=ticket.messages.get(), by=mira)
    assert other.messages.get().has_more is False
    assert (ticket.messages.get().mail_body.html, ticket.state) == (MAIL["html"], State.NEW)
