"""Search: what is found and what is not, in which order, for whom, and that nothing anybody types breaks it."""

import pytest
from django.db import connection
from django.urls import reverse

from tests import cast
from tests.cast import CustomerFactory, MessageFactory, TeamFactory, TicketFactory
from tickets import desk, search, search_matches, search_tables
from tickets.models import Message, MessageKind, Ticket
from tickets.search import Question

pytestmark = pytest.mark.django_db


def found(typed, user=None, **kwargs):
    results = search.find(Question.read(typed), user=user or cast.mira(), desk=desk.current(), **kwargs)
    return [row[0] for row in results.rows]


def said(body, **fields):
    ticket = fields.pop("ticket", None) or TicketFactory()
    return MessageFactory(ticket=ticket, body=body, **fields).ticket.pk


def test_a_pair_of_words_finds_exactly_the_tickets_whose_message_has_both():
    both = {said(f"Hello, zephyr quartz problem {place}. And more.") for place in range(25)}
    for place in range(30):
        said(f"Hello, {'zephyr' if place % 2 else 'quartz'} problem.")
    assert set(found("zephyr quartz")) == both
    assert set(found("QUARTZ, zephyr!")) == both


def test_every_kind_of_message_and_every_part_of_a_ticket_is_searched():
    dana = CustomerFactory(name="Dana Whitfield", email="dana@whitfield.example")
    made = {
        "subjectword": TicketFactory(subject="A subjectword here").pk,
        "whitfield": TicketFactory(customer=dana).pk,
        "inv-2041": TicketFactory(reference="INV-2041").pk,
        "customerword": said("a customerword"),
        "replyword": said("a replyword", kind=MessageKind.REPLY),
        "noteword": said("a noteword", kind=MessageKind.NOTE),
        "dana@whitfield.example": None,
    }
    made["dana@whitfield.example"] = made["whitfield"]
    assert {typed: found(typed) for typed in made} == {typed: [pk] for typed, pk in made.items()}


def test_a_number_finds_its_ticket_with_or_without_the_sign():
    ticket = TicketFactory()
    assert (found(f"#{ticket.pk}"), found(str(ticket.pk))) == ([ticket.pk], [ticket.pk])
    assert (found("#999999"), found("9" * 18)) == ([], [])


def test_quotation_marks_keep_words_together():
    together, apart = said("the blue jacket fits"), said("the jacket is not blue")
    assert set(found("blue jacket")) == {together, apart}
    assert found('"blue jacket"') == [together]


def test_the_last_spoken_stands_first_and_pages_do_not_overlap(monkeypatch):
    monkeypatch.setattr(search, "PAGE", 2)
    tickets = [TicketFactory(last_message_at=cast.later(hours=hour)) for hour in (2, 5, 1, 4, 3)]
    for ticket in tickets:
        said("needle", ticket=ticket)
    wanted = [tickets[place].pk for place in (1, 3, 4, 0, 2)]
    mira = cast.mira()
    assert [found("needle", mira, page=number) for number in (1, 2, 3)] == [wanted[:2], wanted[2:4], wanted[4:]]
    results = search.find(Question.read("needle"), user=mira, desk=desk.current())
    assert results.total == 5


def test_a_withdrawn_reply_is_not_found():
    said("taken back needle", kind=MessageKind.REPLY, withdrawn_at=cast.MONDAY)
    assert found("needle") == []


def test_what_was_changed_or_deleted_is_found_as_it_is_now():
    ticket = TicketFactory(subject="old needle")
    message = MessageFactory(ticket=TicketFactory(), body="old haystack")
    Ticket.objects.filter(pk=ticket.pk).update(subject="new pin")
    Message.objects.filter(pk=message.pk).update(body="new meadow")
    assert [found(word) for word in ("needle", "pin", "haystack", "meadow")] == [
        [],
        [ticket.pk],
        [],
        [message.ticket_id],
    ]
    message.delete()
    ticket.delete()
    assert [found(word) for word in ("pin", "meadow")] == [[], []]


def test_tickets_of_a_restricted_team_are_found_by_its_people_only():
    secret = TicketFactory(subject="needle", team=TeamFactory(slug="security", is_restricted=True))
    said("another needle", ticket=secret)
    assert (found("needle", cast.mira()), found("needle", cast.max_())) == ([], [secret.pk])
    assert found(f"#{secret.pk}", cast.mira()) == []


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", '"', '""', "'", "\\", "%", "_", "a'b", 'a"b', "NEAR(a b)", "a OR b", "a AND", "NOT a", "-a", "a*",
        "a:b",
        "body:x", "{a b}", "^a", "(", "<->", "!a", "a & b", "a |", "\x00", "🙂", "?!", "…", "a" * 5000,
        "word " * 300,
        "#", "@", "#12x", "a\nb\tc",
        "x'); DROP TABLE tickets_ticket; --", "%s", "%(a)s", "it's 100% \"broken", "日本語", "مرحبا",
    ],
)  # fmt: skip
def test_nothing_anybody_types_breaks_it(client, typed):
    client.force_login(cast.mira())
    TicketFactory()
    answers = [client.get(reverse(name), {"q": typed}).status_code for name in ("search", "palette")]
    assert answers == [200, 200]


def test_the_words_are_marked_where_they_stand_and_nothing_else_becomes_html(client):
    client.force_login(cast.mira())
    body = "x " * 200 + "<script>alert(1)</script> the Needle & thread"
    said(body, ticket=TicketFactory(subject="A <b>needle</b>"))
    html = client.get(reverse("search"), {"q": "needle"}).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; the <mark>Needle</mark> &amp; thread" in html
    assert "A &lt;b&gt;<mark>needle</mark>&lt;/b&gt;" in html


def test_a_mistyped_name_still_leads_somewhere(client):
    if connection.vendor == "postgresql" and not search_matches._has_trigrams():
        pytest.skip("the database has no pg_trgm")
    client.force_login(cast.mira())
    dana = TicketFactory(customer=CustomerFactory(name="Dana Whitfield"))
    TicketFactory(customer=CustomerFactory(name="Ravi Menon"))
    html = client.get(reverse("search"), {"q": "Whitfeild"}).content.decode()
    assert "No ticket has exactly these words" in html
    assert [part.split('"')[0] for part in html.split('<tr data-ticket="')[1:]] == [str(dana.pk)]


def test_customers_are_offered_beside_the_tickets(client):
    client.force_login(cast.mira())
    dana = cast.dana()
    html = client.get(reverse("search"), {"q": "whitf"}).content.decode()
    assert f'href="{reverse("customer", args=[dana.pk])}"' in html


def test_a_page_past_the_end_and_a_nonsense_page_are_answered(client):
    client.force_login(cast.mira())
    said("needle")
    pages = ("0", "9", "x", "9999")
    answers = [client.get(reverse("search"), {"q": "needle", "page": page}).status_code for page in pages]
    assert answers == [200, 200, 200, 200]


def test_common_words_are_looked_for_among_the_newest_only(monkeypatch):
    monkeypatch.setattr(search_matches, "HITS", 3)
    monkeypatch.setattr(search_matches, "MOST", 3)
    made = [said("common words") for _number in range(6)]
    assert sorted(found("common")) == made[3:]


@pytest.mark.postgresql
def test_rare_words_far_back_are_found_though_the_newest_are_looked_through_first(monkeypatch):
    monkeypatch.setattr(search_matches, "RECENT", 2)
    monkeypatch.setattr(search_matches, "ENOUGH", 2)
    old = said("rare needle")
    for _number in range(5):
        said("common hay")
    assert found("needle") == [old]


@pytest.mark.postgresql
def test_the_longest_message_of_unlike_words_can_be_kept():
    body = " ".join(f"{'界' * 2}{number:x}-{number * 7:x}@{number:x}.example" for number in range(5000))[:100_000]
    pk = said(body + " needle")
    assert found("needle") == [pk]


def test_sqlite_gets_its_triggers_back_after_a_table_was_made_anew():
    if connection.vendor != "sqlite":
        assert search_tables.after_migrations("default") is None
        return
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER tickets_message_words_added")
        missed = said("needle missed")
        search_tables.after_migrations("default")
        kept = said("needle kept")
    assert set(found("needle")) == {missed, kept}


def test_a_snippet_is_short_and_begins_at_a_word():
    pattern = search._pattern(("needle",))
    assert search.snippet("short needle text", pattern) == "short <mark>needle</mark> text"
    long = search.snippet("lorem ipsum " * 50 + "needle " + "dolor " * 50, pattern)
    assert long.startswith(("…lorem", "…ipsum"))
    assert len(long) < search.SNIPPET + len("…<mark></mark>…") + 1
