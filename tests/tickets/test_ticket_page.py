"""What an agent's ticket page shows, to whom, and at what cost."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from tests import cast
from tickets import beside, conversation, details, files, joining, lifecycle, timeline
from tickets.models import DeskVersion, Draft, EventKind, Presence, Satisfaction, State, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client):
    mira = cast.mira()
    mira.team.is_default = True
    mira.team.save()
    client.force_login(mira)
    client.mira = mira
    return client


def page(client, ticket, **query):
    answer = client.get(reverse("ticket", args=[ticket.pk]), query)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_page_costs_at_most_eight_statements(desk, django_assert_max_num_queries, count, settings, tmp_path):
    settings.FILES_DIR = tmp_path
    ticket = cast.a_ticket(customer=cast.dana())
    for number in range(count):
        kept = files.keep(ContentFile(b"%PDF-1.4\nx", name=f"statement-{number}.pdf"))
        conversation.hear(ticket, body=f"More {number}", customer=ticket.customer, channel="web", files=[kept])
        conversation.note(ticket, body=f"Note {number}", by=cast.jonas())
        details.add_tags(ticket, names=[f"tag-{number}"], by=cast.jonas())
        joining.link(ticket, other=cast.a_ticket(customer=cast.dana()), by=cast.jonas())
    page(desk, ticket)  # the desk's settings are read once per process
    with django_assert_max_num_queries(8):
        html = page(desk, ticket)
    assert html.count("data-message=") == 1 + 2 * count
    assert all(f"statement-{number}.pdf" in html for number in range(count))


def test_page_shows_who_it_is_about_and_how_satisfied_they_were(desk):
    company = cast.OrganisationFactory(name="Whitfield Studio", plan="Business", since="2022-03-01", yearly_value=4120)
    dana = cast.CustomerFactory(name="Dana Whitfield", organisation=company, time_zone="Europe/Lisbon")
    earlier = cast.TicketFactory(customer=dana, subject="Double charge in March", state=State.CLOSED)
    Satisfaction.objects.create(ticket=earlier, score=4, at=timezone.now())
    html = page(desk, cast.a_ticket(customer=dana))
    for words in ("Whitfield Studio", "Business, since 2022", "€4,120 a year", "4.0 of 5 · 1 answer", ", Lisbon"):
        assert words in html
    assert f'href="/desk/tickets/{earlier.pk}/"' in html


def test_earlier_tickets_leave_out_what_the_reader_may_not_see(desk):
    dana = cast.dana()
    hidden = cast.TeamFactory(slug="legal", is_restricted=True)
    cast.TicketFactory(customer=dana, subject="Before the court", team=hidden)
    other = cast.TicketFactory(customer=dana, subject="Also before the court", team=hidden)
    ticket = cast.a_ticket(customer=dana)
    joining.link(ticket, other=other, by=cast.jonas())
    assert "before the court" not in page(desk, ticket).lower()


def test_the_last_ten_earlier_tickets_of_those_one_may_see_stand_beside_the_conversation(desk):
    dana, hidden = cast.dana(), cast.TeamFactory(slug="legal", is_restricted=True)
    seen = [cast.TicketFactory(customer=dana, team=team) for team in [None, cast.TeamFactory()] * 6]
    cast.TicketFactory.create_batch(3, customer=dana, team=hidden)
    cast.TicketFactory(customer=cast.ravi())
    ticket = cast.a_ticket(customer=dana)
    found = beside.read(ticket, user=desk.mira, closed=frozenset({hidden.pk}), now=timezone.now())
    assert [other.number for other in found.earlier] == [other.pk for other in reversed(seen)][:10]
    assert found.related == []


def test_events_are_told_in_words_between_the_messages(desk):
    ticket = cast.a_ticket(now=timezone.now() - timedelta(hours=1))
    lifecycle.start(ticket, by=cast.jonas(), now=timezone.now() - timedelta(minutes=50))
    conversation.note(ticket, body="I had a look.", by=cast.jonas())
    html = page(desk, ticket)
    assert html.index("It has not moved") < html.index("Jonas T. set it to In progress") < html.index("I had a look.")


def test_a_long_run_of_events_folds_its_middle(desk):
    ticket, start = cast.a_ticket(), timezone.now()
    for minute in range(6):
        details.set_reference(
            ticket, reference=f"INV-{minute}", by=cast.jonas(), now=start + timedelta(minutes=2 * minute)
        )
    html = page(desk, ticket)
    assert "steps more" in html
    assert html.index("steps more") < html.index("INV-3") < html.index("</details>", html.index("INV-3"))


def test_who_is_here_is_told_apart_by_viewing_and_writing(desk):
    ticket = cast.a_ticket()
    Presence.objects.create(ticket=ticket, user=cast.jonas(), is_writing=True, seen_at=timezone.now())
    Presence.objects.create(ticket=ticket, user=cast.sara(), seen_at=timezone.now())
    Presence.objects.create(ticket=ticket, user=cast.lena(), seen_at=timezone.now() - timedelta(minutes=5))
    html = page(desk, ticket)
    assert "Jonas T. is writing" in html
    assert "Sara A. is viewing" in html
    assert "Lena" not in html.split("data-here")[1].split("</form>")[0]


def test_own_draft_comes_back_and_another_ones_does_not(desk):
    ticket = cast.a_ticket()
    Draft.objects.create(ticket=ticket, user=desk.mira, kind="note", body="my unfinished thought")
    Draft.objects.create(ticket=ticket, user=cast.jonas(), kind="reply", body="his unfinished thought")
    html = page(desk, ticket)
    assert "my unfinished thought" in html
    assert "his unfinished thought" not in html
    assert 'value="note" data-key="n" checked' in html


def test_a_long_conversation_shows_its_newest_fifty_and_leads_to_the_earlier_ones(desk):
    ticket = cast.TicketFactory()
    start = timezone.now() - timedelta(days=1)
    for number in range(101):
        cast.MessageFactory(ticket=ticket, body=f"line {number}.", created_at=start + timedelta(minutes=number))
    html = page(desk, ticket)
    assert html.count("data-message=") == 50
    assert "line 100." in html
    assert "line 50." not in html
    oldest = ticket.messages.get(body="line 51.")
    earlier = page(desk, ticket, before=oldest.pk)
    assert earlier.count("data-message=") == 50
    assert "line 50." in earlier
    assert "line 51." not in earlier


def test_markup_from_strangers_stays_text_everywhere(desk):
    evil = "<script>alert(1)</script>"
    dana = cast.CustomerFactory(name=evil, notes=evil)
    ticket = cast.a_ticket(customer=dana, subject=evil, body=evil, reference=evil)
    details.add_tags(ticket, names=[evil], by=desk.mira)
    conversation.note(ticket, body=f"@mira {evil}", by=cast.jonas())
    html = page(desk, ticket)
    assert "alert(1)" in html
    assert "<script>alert" not in html


def test_mentions_that_reached_someone_are_marked(desk):
    ticket = cast.a_ticket()
    conversation.note(ticket, body="@mira please, @nobody not", by=cast.jonas())
    html = page(desk, ticket)
    assert "<mark>@mira</mark>" in html
    assert "<mark>@nobody" not in html


def test_a_message_of_a_hundred_thousand_characters_folds(desk):
    ticket = cast.a_ticket(body="word " * 20_000)
    assert "Show the rest" in page(desk, ticket)


def test_clocks_are_told_on_the_page_and_explained_on_their_own(desk):
    cast.SlaPolicyFactory()
    ticket = cast.a_ticket()
    assert "First response in 4 h" in page(desk, ticket).replace("3 h 59", "4 h")
    html = desk.get(reverse("ticket_clocks", args=[ticket.pk])).content.decode()
    assert "First response" in html
    assert "4 h" in html


def test_timeline_lists_every_event_with_who_and_when(desk):
    ticket = cast.a_ticket()
    lifecycle.start(ticket, by=cast.jonas())
    html = desk.get(reverse("ticket_timeline", args=[ticket.pk])).content.decode()
    assert html.count("<tr>") == 1 + ticket.events.count()
    assert "Jonas T. set it to In progress" in html
    assert "New → In progress" in html


@pytest.mark.parametrize("kind", EventKind.values)
def test_every_kind_of_event_can_be_told(desk, kind):
    ticket = cast.TicketFactory()
    cast.MessageFactory(ticket=ticket)
    with transaction.atomic():
        timeline.record(timeline.event(ticket, EventKind(kind), by=cast.jonas()))
        timeline.record(timeline.event(ticket, EventKind(kind), by=None))
    assert f"#{ticket.pk}" in page(desk, ticket)


def test_messages_part_is_the_conversation_alone(desk):
    ticket = cast.a_ticket()
    html = desk.get(reverse("ticket_messages", args=[ticket.pk])).content.decode()
    assert html.count("data-message=") == 1
    assert "<html" not in html


def test_files_are_served_to_the_desk_and_hidden_with_their_ticket(desk, settings, tmp_path):
    settings.FILES_DIR = tmp_path
    kept = files.keep(ContentFile(b"%PDF-1.4\nsecret", name="statement.pdf"))
    ticket = cast.a_ticket(files=(kept,))
    path = reverse("desk_file", args=[ticket.messages.get().files.get().pk])
    answer = desk.get(path)
    assert b"".join(answer.streaming_content) == b"%PDF-1.4\nsecret"
    Ticket.objects.filter(pk=ticket.pk).update(team=cast.TeamFactory(slug="legal", is_restricted=True))
    DeskVersion.bump()
    assert desk.get(path).status_code == 404
