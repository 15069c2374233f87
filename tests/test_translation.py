"""The second language is whole, pages and mails speak it, and pages turn around for right-to-left scripts."""

import re
import shlex
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.frontend import CommandLineInterface
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.core import mail
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import ngettext

from helpdesk.lib.template_words import extract
from tests import cast
from tests.cast import MONDAY
from tests.house import tree
from tickets import conversation, lifecycle, links, outbox, wording
from tickets.models import EventKind, OutboxMail, Priority, State

GERMAN = tree.ROOT / "helpdesk/locale/de/LC_MESSAGES/django.po"
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[-\d.]*[sdf%]|\{\{.*?\}\}|</?\w+[^>]*>")
TEMPLATE_CODE = re.compile(
    r"\{#.*?#\}|\{%-?\s*trans\b.*?endtrans\s*-?%\}|\{%.*?%\}|\{\{.*?\}\}|<style.*?</style>|<svg.*?</svg>", re.DOTALL
)
SPOKEN = re.compile(r"\s(?:alt|title|placeholder|aria-label|data-label|data-confirm)=\"([^\"]*)\"")
# Names and marks that read the same in every language.
SAME_EVERYWHERE = re.compile(r"\bFirstline\b|\bRe:|&\w+;|\bX-CSRFToken\b|\bhx-headers\b|^btn\b.*")


@pytest.fixture(scope="session")
def compiled(tmp_path_factory) -> Path:
    """The catalogue as it stands now, compiled apart, so that no older compiled one answers in its place."""
    folder = tmp_path_factory.mktemp("locale")
    target = folder / "de/LC_MESSAGES/django.mo"
    target.parent.mkdir(parents=True)
    with GERMAN.open("rb") as source, target.open("wb") as out:
        write_mo(out, read_po(source, locale="de"))
    return folder


@pytest.fixture
def german(settings, compiled):
    settings.LOCALE_PATHS = [compiled]


@pytest.fixture(scope="session")
def catalogue():
    with GERMAN.open("rb") as source:
        return read_po(source, locale="de")


@pytest.fixture(scope="session")
def spoken(tmp_path_factory) -> list:
    """Every message of code, pages and mails, found as `make messages` finds them."""
    target = tmp_path_factory.mktemp("words") / "django.pot"
    found = re.search(r"^KEYWORDS := (.*)$", (tree.ROOT / "Makefile").read_text(), re.MULTILINE)
    rooms = [str(tree.ROOT / room) for room in (*tree.ROOMS, "templates") if (tree.ROOT / room).is_dir()]
    options = ["-F", str(tree.ROOT / "pyproject.toml"), *shlex.split(found.group(1)), "-o", str(target)]
    CommandLineInterface().run(["pybabel", "--quiet", "extract", *options, *rooms])
    with target.open("rb") as source:
        return [message for message in read_po(source) if message.id]


def test_every_message_of_the_product_is_in_the_german_catalogue(catalogue, spoken):
    missing = [m.id for m in spoken if catalogue.get(_singular(m.id), m.context) is None]
    assert missing == [], "run `make messages` and translate what it added"
    assert len(spoken) > 1000


def test_no_german_text_is_empty_or_a_guess(catalogue):
    messages = [message for message in catalogue if message.id]
    assert [m.id for m in messages if m.fuzzy] == []
    assert [m.id for m in messages if not all(_forms(m.string))] == []
    assert [m.id for m in messages if len(_forms(m.string)) != (2 if m.pluralizable else 1)] == []


def test_german_texts_keep_every_placeholder_and_tag(catalogue):
    faults = [
        (message.id, form)
        for message in catalogue
        if message.id
        for form in _forms(message.string)
        if sorted(PLACEHOLDER.findall(form)) != sorted(PLACEHOLDER.findall(_forms(message.id)[-1]))
    ]
    assert faults == []


@pytest.mark.parametrize("path", tree.files("templates/**/*.html", "templates/**/*.txt"), ids=str)
def test_no_page_or_mail_holds_words_outside_a_translation(path):
    assert _unmarked_words((tree.ROOT / path).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("<p>Hello you</p>", ["Hello you"]),
        ('<img alt="A cat">', ["A cat"]),
        ('<p title="{{ _(\'Fine\') }}">{{ _("Fine") }} · 3</p>', []),
        ("{% trans %}Fine{% endtrans %}{# not shown #}", []),
    ],
)
def test_a_planted_unmarked_word_is_found(page, found):
    assert _unmarked_words(page) == found


def test_words_of_the_back_offices_templates_are_found():
    page = b"""{% load i18n %}<h1>
        {% translate "Add" %} plain</h1>{% blocktranslate %}Hello {{ name }}{% endblocktranslate %}"""
    found = [(name, words) for _line, name, words, _comments in extract(BytesIO(page), {"_", "gettext"}, (), {})]
    assert found == [("gettext", "Add"), ("gettext", "Hello %(name)s")]


def test_german_has_its_own_plurals_dates_and_numbers(german):
    with translation.override("de"), timezone.override("Europe/Berlin"):
        days = [wording.duration(n * 86400) for n in (1, 3)]
        tickets = [ngettext("%(count)s ticket", "%(count)s tickets", n) % {"count": n} for n in (0, 1, 2)]
        noon = datetime(2026, 3, 2, 11, 5, tzinfo=MONDAY.tzinfo)
        moments = [wording.when(noon, now=noon), wording.when(noon, now=noon + timedelta(days=9))]
        assert days == ["1 Tag", "3 Tg."]
        assert tickets == ["0 Tickets", "1 Ticket", "2 Tickets"]
        assert moments == ["heute 12:05", "2. März 12:05"]
        assert wording.date(date(2025, 11, 3)) == "3. Nov. 2025"
        assert wording.file_size(1_300_000) == "1,2 MB"
    with translation.override("en"):
        assert wording.date(date(2025, 11, 3)) == "3 Nov 2025"


@pytest.mark.django_db
def test_the_portal_speaks_the_browsers_language(client, german):
    cast.CategoryFactory(name="Rechnungen")
    page = client.get(reverse("request_new"), headers={"accept-language": "de-AT,de;q=0.9,en;q=0.5"})
    text = page.content.decode()
    assert page.headers["Content-Language"] == "de"
    assert '<html lang="de" dir="ltr"' in text
    assert [word for word in ("Worum geht es?", "Ihre E-Mail-Adresse", "Anfrage senden") if word not in text] == []
    assert [word for word in ("What is it about?", "Your email", "Send request") if word in text] == []


@pytest.mark.django_db
def test_a_refused_form_says_why_in_german(client, german):
    page = client.post(reverse("request_new"), {"email": "wer"}, headers={"accept-language": "de"})
    assert "Das sieht nicht wie eine E-Mail-Adresse aus." in page.content.decode()


@pytest.mark.django_db
def test_a_customers_own_page_speaks_their_language(client, german):
    ticket = cast.a_ticket(customer=cast.CustomerFactory(language="de"))
    lifecycle.wait_for_customer(ticket, by=cast.mira())
    page = client.get(reverse("request_page", args=[links.token(ticket)]), headers={"accept-language": "en"})
    assert '<html lang="de"' in page.content.decode()
    assert "Wir warten auf Ihre Antwort" in page.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(("count", "words"), [(1, "1 Ticket"), (2, "2 Tickets")])
def test_the_desk_speaks_its_users_own_language(client, german, count, words):
    user = cast.UserFactory(name="Ute Klein", language="de")
    for _ in range(count):
        cast.TicketFactory(priority=Priority.URGENT, subject="Rechnung 4711")
    client.force_login(user)
    page = client.get(reverse("search"), {"q": "4711"}, headers={"accept-language": "en"})
    queue = client.get(reverse("queue"), headers={"accept-language": "en"})
    assert '<html lang="de"' in queue.content.decode()
    assert "Warteschlange" in queue.content.decode()
    assert "Dringend" in queue.content.decode()
    assert page.content.decode().count("data-ticket=") == count
    with translation.override("de"):
        assert ngettext("%(count)s ticket", "%(count)s tickets", count) % {"count": count} == words


@pytest.mark.django_db
def test_a_ticket_page_tells_its_history_in_german(client, german):
    mira = cast.mira()
    mira.language = "de"
    mira.save(update_fields=["language"])
    ticket = lifecycle.acknowledge(cast.a_ticket(), by=mira)
    client.force_login(mira)
    text = client.get(reverse("ticket_timeline", args=[ticket.number])).content.decode()
    with translation.override("de"):
        assert str(EventKind.RECEIVED.label) == "Eingegangen"
        assert str(State.FIRST_RESPONSE.label) == "Erste Antwort"
    assert "Erste Antwort" in text
    assert "Eingegangen" in text


@pytest.mark.django_db
def test_a_german_customer_gets_german_mail(german):
    ticket = cast.a_ticket(customer=cast.CustomerFactory(name="Heike Baum", email="heike@leute.example", language="de"))
    outbox.drain(now=timezone.now())
    reply = conversation.reply(ticket, body="Hier ist Ihr Link.", by=cast.mira())
    outbox.drain(now=reply.undo_until + timedelta(seconds=1))
    assert set(OutboxMail.objects.filter(to="heike@leute.example").values_list("language", flat=True)) == {"de"}
    received, answered = mail.outbox[0], mail.outbox[-1]
    assert received.subject.startswith("Ihre Anfrage [#")
    assert "Guten Tag" in received.body
    assert f"Ihre Anfrage hat die Nummer #{ticket.number}." in received.body
    assert '<html lang="de" dir="ltr"' in received.alternatives[0].content
    assert "Antworten Sie auf der Seite Ihrer Anfrage" in answered.body


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["ar", "he"])
def test_pages_and_mails_turn_around_for_a_right_to_left_language(client, settings, language):
    settings.LANGUAGES = [("en", "English"), (language, "Right to left")]
    user = cast.UserFactory(name="Noa Levi", language=language)
    portal = client.get(reverse("portal_home"), headers={"accept-language": language})
    client.force_login(user)
    desk = client.get(reverse("queue"))
    ticket = cast.a_ticket(customer=cast.CustomerFactory(language=language))
    outbox.drain(now=timezone.now())
    letter = next(sent for sent in mail.outbox if sent.to == [ticket.customer.email])
    for page in (portal.content.decode(), desk.content.decode(), letter.alternatives[0].content):
        assert f'<html lang="{language}" dir="rtl"' in page


def _singular(words):
    return words[0] if isinstance(words, tuple) else words


def _forms(words):
    return words if isinstance(words, tuple) else (words,)


def _unmarked_words(page: str) -> list[str]:
    """Words a reader would see or hear that no translation is asked for."""
    bare = TEMPLATE_CODE.sub(" ", page)
    heard, seen = SPOKEN.findall(bare), re.sub(r"<[^<>]*>", "\n", bare).splitlines()
    texts = (SAME_EVERYWHERE.sub("", text).strip() for text in [*heard, *seen])
    return [text for text in texts if re.search(r"[^\W\d_]{2,}", text)]
