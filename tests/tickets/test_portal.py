"""The portal: start page, when to expect an answer, and one customer's requests by mail link or signed in."""

from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine
from django.urls import reverse

from tests import cast
from tickets import desk as desk_settings
from tickets import expected, links, standing, throttle
from tickets.models import DeskVersion, Identity, OpeningHours, OutboxMail, SlaPolicy, State, Ticket, Weekday
from tickets.views import portal

pytestmark = pytest.mark.django_db
FRIDAY_EVENING = datetime(2026, 3, 6, 18, 0, tzinfo=UTC)


@pytest.fixture
def nine_to_five():
    """A default team at work on weekdays from 9 to 17 UTC, which promises an answer within four hours."""
    team = cast.TeamFactory(is_default=True, is_always_open=False)
    for day in Weekday.values[:5]:
        OpeningHours.objects.create(team=team, weekday=day, opens=time(9), closes=time(17))
    cast.SlaPolicyFactory(first_response=240)
    DeskVersion.bump()


def said_at(now):
    return expected.sentence(expected.usual(desk_settings.current(), now), now)


def mailed_link(client, email):
    """Ask for a link as a customer does and read it from the outbox as the mail's template does."""
    client.post(reverse("my_requests_link"), {"email": email})
    mail = OutboxMail.objects.get()
    url = links.my_requests_url(mail.data["identity"], mail.data["nonce"])
    return url.removeprefix(links.absolute(""))


def test_the_start_page_leads_to_the_form_and_offers_public_topics(client):
    cast.CategoryFactory(slug="billing", name="Billing")
    cast.CategoryFactory(slug="fraud", name="Fraud desk", is_public=False)
    page = client.get("/").text
    assert f'href="{reverse("request_new")}?category=billing"' in page
    assert "Fraud desk" not in page


@pytest.mark.usefixtures("nine_to_five")
def test_the_usual_reply_time_is_the_policy_s_while_the_team_works():
    assert said_at(cast.MONDAY) == "We usually reply within 4 h."


@pytest.mark.usefixtures("nine_to_five")
def test_out_of_hours_it_says_by_when():
    assert (
        said_at(FRIDAY_EVENING) == "We are closed right now. Write now and you usually have our answer by 9 Mar 13:00."
    )
    assert said_at(cast.later(hours=-2)) == (
        "We are closed right now. Write now and you usually have our answer by today 13:00."
    )


def test_without_a_policy_nothing_is_promised():
    SlaPolicy.objects.all().delete()
    assert said_at(cast.MONDAY) == "We reply as soon as we can."


@pytest.mark.parametrize(
    ("state", "title", "stage"),
    [
        (State.NEW, "We have your request", "Received"),
        (State.FIRST_RESPONSE, "Mira has read your request", "Read"),
        (State.IN_PROGRESS, "Mira is working on it", "In progress"),
        (State.PENDING_CUSTOMER, "We are waiting for your answer", "In progress"),
        (State.PENDING_INTERNAL, "We are checking this with colleagues", "In progress"),
        (State.RESOLVED, "We think this is solved", "Solved"),
        (State.CLOSED, "This request is closed", "Closed"),
    ],
)
def test_every_state_is_told_in_plain_words(state, title, stage):
    ticket = cast.TicketFactory(state=state, assignee=cast.mira(), resolved_at=cast.MONDAY, closed_at=cast.MONDAY)
    told = standing.of(ticket, desk=desk_settings.current(), now=cast.MONDAY)
    assert (told.title, told.stage) == (title, stage)


def test_the_next_word_is_promised_and_lateness_admitted():
    ticket = cast.TicketFactory(first_response_due_at=cast.later(hours=3))
    desk = desk_settings.current()
    assert standing.of(ticket, desk=desk, now=cast.MONDAY).text == "A person answers you by today 12:00."
    assert "later than we said" in standing.of(ticket, desk=desk, now=cast.later(hours=4)).text


def test_a_stranger_is_offered_a_link_by_mail(client):
    page = client.get(reverse("my_requests")).text
    assert "Send me a link" in page


def test_the_answer_is_the_same_whether_or_not_the_address_is_known(client):
    cast.ravi()
    known = client.post(reverse("my_requests_link"), {"email": "ravi@menon.example"}).text
    unknown = client.post(reverse("my_requests_link"), {"email": "nobody@menon.example"}).text
    assert known.replace("ravi@", "nobody@") == unknown
    assert list(OutboxMail.objects.values_list("kind", "to")) == [("link", "ravi@menon.example")]


def test_no_working_link_rests_in_the_database(client):
    cast.ravi()
    path = mailed_link(client, "ravi@menon.example")
    mail = OutboxMail.objects.get()
    assert path.split("/")[-2] not in str(mail.__dict__)
    assert set(mail.data) == {"identity", "nonce"}


def test_a_mailed_link_opens_on_a_press_of_its_button_and_only_once(client):
    ravi = cast.ravi()
    cast.TicketFactory(customer=ravi, subject="Mine alone")
    cast.TicketFactory(customer=cast.dana(), subject="Somebody else's")
    path = mailed_link(client, ravi.email)
    assert "Mine alone" not in client.get(path).text
    assert "Mine alone" not in client.get(path).text  # a scanner's second look
    assert client.post(path).url == reverse("my_requests")
    page = client.get(reverse("my_requests")).text
    assert "Mine alone" in page
    assert "Somebody else" not in page
    assert (client.post(path).status_code, client.get(path).status_code) == (410, 410)
    assert Identity.objects.get(customer=ravi).verified_at is not None


def test_opening_a_link_changes_the_session_s_key(client):
    cast.ravi()
    session = client.session
    session["planted"] = "yes"
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = before
    client.post(mailed_link(client, "ravi@menon.example"))
    assert client.session.session_key != before


def test_looking_at_a_link_changes_nothing(client):
    cast.ravi()
    path = mailed_link(client, "ravi@menon.example")
    client.get(path)
    assert Identity.objects.get().verified_at is None
    assert "sessionid" not in client.cookies


def test_an_old_or_forged_link_offers_a_fresh_one(client):
    cast.ravi()
    with time_machine.travel(timedelta(hours=-1) + datetime.now(UTC), tick=False):
        path = mailed_link(client, "ravi@menon.example")
    for wrong in (path, reverse("my_requests_open", args=["nonsense"])):
        answer = client.get(wrong)
        assert answer.status_code == 410
        assert "Send me a link" in answer.text


def test_leaving_forgets_the_visitor(client):
    cast.ravi()
    client.post(mailed_link(client, "ravi@menon.example"))
    client.post(reverse("my_requests_leave"))
    assert "Send me a link" in client.get(reverse("my_requests")).text


def test_links_are_not_mailed_without_end(client):
    cast.ravi()
    answers = [client.post(reverse("my_requests_link"), {"email": "ravi@menon.example"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * portal.LINKS_PER_HOUR + [429]
    assert 'value="ravi@menon.example"' in answers[-1].text
    assert OutboxMail.objects.count() == portal.LINKS_PER_HOUR


@pytest.mark.parametrize("count", [1, 3])
def test_my_requests_takes_as_many_statements_for_three_rows_as_for_one(client, count, django_assert_num_queries):
    user = cast.olaf()
    cast.TicketFactory.create_batch(count, customer=user.customer)
    client.force_login(user)
    with django_assert_num_queries(4):  # session, user, customer, tickets
        page = client.get(reverse("my_requests")).text
    assert page.count('class="request-row"') == count


def test_requests_closed_long_ago_show_only_to_who_signed_in(client):
    user = cast.olaf()
    old = datetime.now(UTC) - timedelta(days=120)
    ticket = cast.TicketFactory(customer=user.customer, state=State.CLOSED, closed_at=old, subject="Long ago")
    client.post(mailed_link(client, user.email))
    assert "Long ago" not in client.get(reverse("my_requests")).text
    assert client.get(links.customer_path(ticket)).status_code == 404
    client.force_login(user)
    assert "Long ago" in client.get(reverse("my_requests")).text
    assert client.get(links.customer_path(ticket)).status_code == 200
    assert Ticket.objects.count() == 1


def test_windows_of_links_are_swept_only_after_the_link_itself_is_too_old(client):
    cast.ravi()
    client.post(path := mailed_link(client, "ravi@menon.example"))
    throttle.sweep(now=datetime.now(UTC) + links.LIFE_OF_REQUESTS_LINK)
    assert client.post(path).status_code == 410
