"""The customer's form and page: sent arrives once, refused comes back, what is not theirs stays hidden."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import cast
from tickets import conversation, files, lifecycle, links, suggestions
from tickets.forms.request import new_stamp
from tickets.models import Attachment, EventKind, Identity, Message, MessageKind, Satisfaction, State, Throttle, Ticket

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"


def filled(**changes):
    return {
        "email": "Nia@People.example", "name": "Nia Park", "subject": "Locked out", "category": "",
        "reference": "INV-7", "body": "I cannot get in.\n\nPlease help.", "stamp": new_stamp(),
    } | changes  # fmt: skip


def send(client, **changes):
    return client.post(reverse("request_new"), filled(**changes))


def post(client, name, ticket, **data):
    return client.post(reverse(name, args=[links.token(ticket)]), data)


def picture(name="shot.png", body=PNG):
    return SimpleUploadedFile(name, body)


def test_the_form_carries_the_agreed_fields(client):
    cast.CategoryFactory()
    page = client.get(reverse("request_new")).text
    names = set(re.findall(r'<(?:input|textarea|select)[^>]* name="(\w+)"', page))
    assert {"email", "name", "subject", "body", "category", "reference", "files"} <= names


def test_a_request_becomes_a_ticket(client):
    category = cast.CategoryFactory(slug="billing")
    answer = send(client, category="billing", time_zone="Asia/Tokyo")
    assert answer.status_code == 302
    ticket = Ticket.objects.select_related("customer").get()
    assert (ticket.subject, ticket.category, ticket.reference) == ("Locked out", category, "INV-7")
    assert (ticket.customer.email, ticket.customer.name, ticket.customer.time_zone) == (
        "nia@people.example", "Nia Park", "Asia/Tokyo",
    )  # fmt: skip
    assert ticket.messages.get().body == "I cannot get in.\n\nPlease help."


def test_a_request_takes_at_most_twelve_statements(client):
    cast.SlaPolicyFactory()
    cast.mira()
    cast.ravi()
    client.get(reverse("request_new"))
    with CaptureQueriesContext(connection) as asked:
        send(client, email="ravi@menon.example")
    assert Ticket.objects.count() == 1
    # Those that begin and end the transaction are not counted; in a test they are savepoints.
    statements = [query["sql"] for query in asked if "SAVEPOINT" not in query["sql"]]
    assert len(statements) <= 11, "\n".join(statements)


def test_the_confirmation_tells_number_and_time_but_not_the_link(client):
    cast.TeamFactory(is_default=True)
    cast.SlaPolicyFactory(first_response=60)
    with time_machine.travel(cast.MONDAY, tick=False):
        page = client.get(send(client).url).text
    ticket = Ticket.objects.get()
    assert f'Its number is <strong class="num">{ticket.number}</strong>' in page
    assert "You will have an answer by today 10:00." in page
    assert links.token(ticket) not in page
    assert "/r/" not in page


def test_a_signed_in_customer_gets_the_way_to_their_request(client):
    user = cast.olaf()
    client.force_login(user)
    page = client.get(send(client, email=user.email).url).text
    assert links.customer_path(Ticket.objects.get()) in page


def test_a_signed_in_customer_who_names_another_gets_no_link(client):
    client.force_login(cast.olaf())
    cast.ravi()
    page = client.get(send(client, email="ravi@menon.example").url).text
    assert "/r/" not in page


@pytest.mark.parametrize("token", ["", "nonsense", "WzEsbnVsbCwiIl0:1abc:xyz"])
def test_a_forged_confirmation_leads_home(client, token):
    assert client.get(reverse("request_sent"), {"t": token}).url == "/"


def test_a_double_press_makes_one_ticket(client):
    stamp = new_stamp()
    first, second = send(client, stamp=stamp), send(client, stamp=stamp)
    number = re.search(r"number is <strong[^>]*>(\d+)", client.get(first.url).text)[1]
    assert number in client.get(second.url).text
    assert (Ticket.objects.count(), Message.objects.count()) == (1, 1)


def test_a_form_without_a_stamp_is_still_a_request(client):
    assert send(client, stamp="").status_code == 302
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize("hours", [25, None])
def test_an_expired_or_forged_stamp_gives_the_text_back_and_a_fresh_one(client, hours):
    with time_machine.travel(datetime.now(UTC) - timedelta(hours=hours or 0), tick=False):
        stamp = new_stamp() if hours else "made-up"
    answer = send(client, stamp=stamp)
    assert answer.status_code == 422
    assert "was open for a long time" in answer.text
    assert "I cannot get in.\n\nPlease help." in answer.text
    fresh = re.search(r'name="stamp" value="([^"]+)"', answer.text)[1]
    assert fresh != stamp
    assert send(client, stamp=fresh).status_code == 302


def test_a_robot_hears_thanks_and_leaves_only_a_count(client):
    answer = send(client, fax_number="555-0100")
    assert "We have your request" in client.get(answer.url).text
    assert (Ticket.objects.count(), Message.objects.count(), Identity.objects.count()) == (0, 0, 0)
    assert Throttle.objects.get().count == 1


def test_too_many_requests_are_slowed_and_keep_the_text(client, settings):
    settings.PUBLIC_FORMS_PER_HOUR = 2
    answers = [send(client, subject=f"Number {number}") for number in range(3)]
    assert [answer.status_code for answer in answers] == [302, 302, 429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert 'value="Number 2"' in answers[-1].text
    assert Ticket.objects.count() == 2


def test_the_limit_of_an_address_counts_from_everywhere(client, settings):
    settings.PUBLIC_FORMS_PER_HOUR = 1
    first = client.post(reverse("request_new"), filled(), REMOTE_ADDR="192.0.2.1")
    second = client.post(reverse("request_new"), filled(), REMOTE_ADDR="192.0.2.2")
    assert (first.status_code, second.status_code) == (302, 429)


def test_files_come_with_the_request_and_go_only_to_their_customer(client):
    send(client, files=[picture(), picture("notes.txt", b"hello")])
    ticket, attachment = Ticket.objects.get(), Attachment.objects.get(name="shot.png")
    assert set(ticket.messages.get().files.values_list("name", flat=True)) == {"shot.png", "notes.txt"}
    address = reverse("request_file", args=[links.token(ticket), attachment.pk])
    assert b"".join(client.get(address).streaming_content) == PNG
    other = cast.TicketFactory()
    assert client.get(reverse("request_file", args=[links.token(other), attachment.pk])).status_code == 404


def test_a_full_disk_answers_507_and_leaves_no_ticket(client, monkeypatch):
    def full(upload):
        raise files.NoRoom("No room.")

    monkeypatch.setattr(files, "keep", full)
    answer = send(client, files=[picture()])
    assert (answer.status_code, Ticket.objects.count()) == (507, 0)
    assert "shot.png" in answer.text


def test_a_wrong_file_is_named_and_the_good_ones_must_be_chosen_again(client):
    answer = send(client, files=[picture(), picture("setup.exe", b"MZ" + b"\0" * 60)])
    assert answer.status_code == 422
    assert "“setup.exe” is a program" in answer.text
    assert "Please choose your files again:</div>" not in answer.text
    assert '<strong dir="auto">shot.png</strong>' in answer.text


def test_suggestions_show_what_providers_know_and_nothing_before(client, monkeypatch):
    monkeypatch.setattr(suggestions, "providers", [])
    typed = {"subject": "reset link has expired", "body": ""}
    assert client.post(reverse("request_suggestions"), typed).text.strip() == ""

    def broken(question):
        raise RuntimeError("no index")

    def knows(question):
        return [
            suggestions.Suggestion("How to reset", "Links work once.", f"/{word}/") for word in question.text.split()
        ]

    monkeypatch.setattr(suggestions, "providers", [broken, knows])
    page = client.post(reverse("request_suggestions"), typed).text
    assert "This may help right now" in page
    assert page.count("How to reset") == suggestions.MOST
    # The same without script: for who came with a subject, and beside a refused form.
    assert "This may help right now" in client.get(reverse("request_new"), {"subject": typed["subject"]}).text
    assert "This may help right now" in client.post(reverse("request_new"), typed).text
    assert client.post(reverse("request_suggestions"), {"subject": "hi"}).text.strip() == ""


def test_the_page_shows_the_conversation_and_never_a_note(client):
    ticket, mira = cast.a_ticket(body="My own words"), cast.mira()
    conversation.reply(ticket, body="Our answer", by=mira)
    conversation.note(ticket, body="CANARY for colleagues", by=mira)
    taken_back = conversation.reply(ticket, body="CANARY too hasty", by=mira)
    conversation.withdraw(taken_back, by=mira)
    page = client.get(links.customer_path(ticket)).text
    assert "My own words" in page
    assert "Our answer" in page
    assert "CANARY" not in page
    shown = {int(number) for number in re.findall(r'data-message="(\d+)"', page)}
    assert shown == set(Message.objects.public().values_list("pk", flat=True))


def test_a_file_of_a_note_is_hidden(client):
    ticket = cast.a_ticket()
    stored = files.keep(picture())
    note = conversation.note(ticket, body="look", by=cast.mira(), files=[stored])
    address = reverse("request_file", args=[links.token(ticket), note.files.get().pk])
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_takes_as_many_statements_for_three_messages_as_for_one(client, count):
    ticket = cast.TicketFactory()
    stored = files.keep(picture())
    for message in cast.MessageFactory.create_batch(count, ticket=ticket, has_files=True):
        Attachment.objects.create(message=message, **stored.__dict__)
    client.get(links.customer_path(ticket))
    with CaptureQueriesContext(connection) as asked:
        page = client.get(links.customer_path(ticket)).text
    assert (len(asked), page.count("shot.png")) == (4, count)  # ticket, desk's version, messages, files


def test_the_page_is_kept_out_of_caches_and_search_engines(client):
    answer = client.get(links.customer_path(cast.TicketFactory()))
    assert (answer["Cache-Control"], answer["X-Robots-Tag"]) == ("no-store", "noindex, nofollow")


def test_the_page_speaks_the_customer_s_time(client):
    tokyo = cast.CustomerFactory(time_zone="Asia/Tokyo")
    ticket = cast.TicketFactory(customer=tokyo, first_response_due_at=datetime.now(UTC) + timedelta(days=3))
    local = ticket.first_response_due_at + timedelta(hours=9)
    page = client.get(links.customer_path(ticket)).text
    assert f"A person answers you by {local.day} {local:%b %H:%M}." in page
    assert "Times are in Asia/Tokyo." in page


def test_an_answer_is_heard_and_wakes_the_ticket(client):
    ticket = cast.a_ticket()
    conversation.reply(ticket, body="Which card?", by=cast.mira(), next_state=State.PENDING_CUSTOMER)
    answer = post(client, "request_reply", ticket, body="The blue one.", files=[picture()], stamp=new_stamp())
    assert answer.url == links.customer_path(ticket)
    assert Ticket.objects.get().state == State.IN_PROGRESS
    last = Message.objects.last()
    assert (last.kind, last.body, last.files.count()) == (MessageKind.CUSTOMER, "The blue one.", 1)
    assert Identity.objects.get().verified_at is not None


def test_an_answer_sent_twice_is_heard_once(client):
    ticket, stamp = cast.a_ticket(), new_stamp()
    for _ in range(2):
        post(client, "request_reply", ticket, body="Again", stamp=stamp)
    assert ticket.messages.count() == 2


def test_an_empty_answer_is_refused_and_a_file_alone_is_one(client):
    ticket = cast.a_ticket()
    assert post(client, "request_reply", ticket, body="  ").status_code == 422
    assert post(client, "request_reply", ticket, body="", files=[picture()]).status_code == 302
    assert ticket.messages.count() == 2


def test_solved_by_the_customer_closes_and_can_be_opened_again(client):
    ticket = cast.a_ticket()
    post(client, "request_solved", ticket)
    assert Ticket.objects.get().state == State.CLOSED
    post(client, "request_reopen", ticket)
    assert Ticket.objects.get().state == State.IN_PROGRESS
    kinds = list(ticket.events.values_list("kind", flat=True))
    assert kinds[-2:] == [EventKind.CLOSED, EventKind.REOPENED]


def test_pressing_solved_or_reopen_twice_does_no_harm(client):
    ticket = cast.a_ticket()
    assert [post(client, "request_solved", ticket).status_code for _ in range(2)] == [302, 302]
    assert [post(client, "request_reopen", ticket).status_code for _ in range(2)] == [302, 302]
    assert ticket.events.filter(kind=EventKind.REOPENED).count() == 1


def test_an_answer_after_the_reopen_window_opens_a_request_that_follows(client):
    ticket = cast.a_ticket()
    lifecycle.confirm_solved(ticket, customer=ticket.customer)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=20)):
        assert "we open a new request that knows about this one" in client.get(links.customer_path(ticket)).text
        answer = post(client, "request_reply", ticket, body="It is back.")
    follow_up = Ticket.objects.exclude(pk=ticket.pk).get()
    assert (follow_up.follows_id, follow_up.subject, follow_up.customer) == (ticket.pk, ticket.subject, ticket.customer)
    assert answer.url == links.customer_path(follow_up)


def test_opening_again_after_the_window_is_refused_in_words(client):
    ticket = cast.a_ticket()
    lifecycle.confirm_solved(ticket, customer=ticket.customer)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=20)):
        assert "It is not solved" not in client.get(links.customer_path(ticket)).text
        assert post(client, "request_reopen", ticket).status_code == 302
    assert Ticket.objects.get().state == State.CLOSED


def test_the_survey_s_link_stores_nothing_until_its_button_is_pressed(client):
    ticket = cast.a_ticket()
    lifecycle.confirm_solved(ticket, customer=ticket.customer)
    page = client.get(links.rating_url(ticket, 4).removeprefix(links.absolute(""))).text
    assert 'name="score" value="4"' in page
    assert "data-auto-send" in page
    assert Satisfaction.objects.count() == 0
    post(client, "request_satisfaction", ticket, score="4")
    post(client, "request_satisfaction", ticket, score="4", comment="Kind people")
    assert Satisfaction.objects.values_list("score", "comment").get() == (4, "Kind people")


@pytest.mark.parametrize("score", ["", "0", "6", "five", "4\x00", "९"])
def test_a_wrong_score_is_refused_on_the_page(client, score):
    ticket = cast.TicketFactory(state=State.CLOSED, closed_at=datetime.now(UTC))
    answer = post(client, "request_satisfaction", ticket, score=score)
    assert (answer.status_code, Satisfaction.objects.count()) == (422, 0)
    assert "Please choose a number from 1 to 5." in answer.text


def test_wrong_revoked_and_old_links_look_the_same(client):
    old = cast.TicketFactory(state=State.CLOSED, closed_at=datetime.now(UTC) - timedelta(days=100))
    revoked = cast.TicketFactory()
    token = links.token(revoked)
    Ticket.objects.filter(pk=revoked.pk).update(access_key="changed")
    strip = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"')
    pages = [client.get(reverse("request_page", args=[given])) for given in ("1-nope", token, links.token(old))]
    assert [page.status_code for page in pages] == [404, 404, 404]
    assert len({strip.sub("", page.text) for page in pages}) == 1
    assert "Send me a link" in pages[0].text


@pytest.mark.parametrize("name", ["request_reply", "request_solved", "request_reopen", "request_satisfaction"])
def test_a_forged_link_changes_nothing(client, name):
    ticket = cast.a_ticket()
    forged = links.token(ticket)[:-1] + "!"
    answer = client.post(reverse(name, args=[forged]), {"body": "hello", "score": "5"})
    assert answer.status_code == 404
    assert (Ticket.objects.get().state, ticket.messages.count(), Satisfaction.objects.count()) == (State.NEW, 1, 0)


@pytest.mark.parametrize("name", ["request_reply", "request_solved", "request_reopen"])
def test_changes_are_made_by_post_alone(client, name):
    ticket = cast.a_ticket()
    assert client.get(reverse(name, args=[links.token(ticket)])).status_code == 405
    assert Ticket.objects.get().state == State.NEW


def test_a_merged_request_leads_to_the_one_it_went_into_unless_that_is_another_customer_s(client):
    ravi = cast.ravi()
    into = cast.TicketFactory(customer=ravi)
    mine = cast.TicketFactory(customer=ravi, state=State.CLOSED, closed_at=datetime.now(UTC), merged_into=into)
    theirs = cast.TicketFactory(customer=cast.dana(), state=State.CLOSED, closed_at=datetime.now(UTC), merged_into=into)
    assert client.get(links.customer_path(mine)).url == links.customer_path(into)
    assert client.get(links.customer_path(theirs)).status_code == 200
    answer = post(client, "request_reply", theirs, body="Hello?")
    assert answer.url == links.customer_path(theirs)


def test_looking_changes_nothing(client):
    ticket = cast.a_ticket()
    lifecycle.confirm_solved(ticket, customer=ticket.customer)
    paths = [
        "/", reverse("request_new"), reverse("my_requests"), reverse("my_requests_link"), links.customer_path(ticket),
        links.rating_url(ticket, 5).removeprefix(links.absolute("")), reverse("request_page", args=["1-nope"]),
        reverse("my_requests_open", args=["nope"]), reverse("sign_in"), reverse("password_reset"),
        reverse("request_suggestions"),
    ]  # fmt: skip
    with CaptureQueriesContext(connection) as asked:
        answers = [client.get(path).status_code for path in paths]
    assert answers == [200, 200, 200, 200, 200, 200, 404, 410, 200, 200, 200]
    assert [query["sql"] for query in asked if not query["sql"].startswith("SELECT")] == []


def test_pages_of_the_portal_ask_nothing_per_topic(client, django_assert_num_queries):
    for slug in ("billing", "technical", "general"):
        cast.CategoryFactory(slug=slug)
    client.get("/")
    for path in ("/", reverse("request_new")):
        with django_assert_num_queries(1):  # the desk's version
            client.get(path)
