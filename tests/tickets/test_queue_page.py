"""The queue as a page: rows, filters, paging, rows by themselves, take next, and what the phone and no-script get."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests import cast
from tests.cast import CategoryFactory, CustomerFactory, TeamFactory, TicketFactory
from tickets import desk, queue_pages
from tickets.models import CustomerTier, DeskVersion, Priority, SavedView, State

pytestmark = pytest.mark.django_db


@pytest.fixture
def mira(client):
    user = cast.mira()
    client.force_login(user)
    return user


def page(client, query=""):
    return client.get(reverse("queue") + query).content.decode()


def numbers(html):
    return [int(part.split('"')[0]) for part in html.split('<tr data-ticket="')[1:]]


def test_a_row_says_what_one_must_know_before_opening(client, mira):
    now = timezone.now()
    dana = CustomerFactory(name="Dana <b>Whitfield</b>", own_tier=CustomerTier.VIP)
    ticket = TicketFactory(
        subject="Charged <i>twice</i>", preview="I was billed & billed again", customer=dana, assignee=mira,
        state=State.IN_PROGRESS, priority=Priority.URGENT, is_angry=True, due_at=now - timedelta(minutes=4, seconds=5),
        queue_at=now - timedelta(minutes=4), last_message_at=now - timedelta(minutes=2, seconds=5),
    )  # fmt: skip
    row = page(client).split(f'<tr data-ticket="{ticket.pk}">')[1].split("</tr>")[0]
    wanted = [
        f'href="/desk/tickets/{ticket.pk}/"', f"#{ticket.pk} Charged &lt;i&gt;twice&lt;/i&gt;",
        "I was billed &amp; billed again", "Dana &lt;b&gt;Whitfield&lt;/b&gt;", "VIP", "Angry", "Urgent", "In progress",
        "−4 min", "clock--bad", 'aria-label="Mira Kovac"', "MK", ">2 min<", 'name="tickets"',
    ]  # fmt: skip
    assert [part for part in wanted if part not in row] == []


def test_the_title_counts_and_says_the_order(client, mira):
    TicketFactory.create_batch(2)
    html = page(client)
    assert "<span data-queue-count>2</span> open · sorted by time left" in " ".join(html.split())
    assert "newest first" in page(client, "?sort=newest")


def test_a_view_shows_its_own_tickets_and_is_marked_in_the_rail(client, mira):
    SavedView.objects.create(slug="phone", name="Phone calls", filters={"channel": ["phone"]})
    called, _written = TicketFactory(channel="phone"), TicketFactory(channel="web")
    html = page(client, "?view=phone")
    assert numbers(html) == [called.pk]
    assert "<h1>Phone calls</h1>" in html
    assert 'href="/desk/?view=phone" aria-current="page"' in html


def test_chips_narrow_the_view_without_script(client, mira):
    urgent, _normal = TicketFactory(priority=Priority.URGENT), TicketFactory()
    html = page(client, "?f=1&priority=1")
    assert numbers(html) == [urgent.pk]
    assert "Priority: Urgent" in html
    assert "Save view" in html
    assert "Save view" not in page(client)


def test_no_page_leads_out_of_the_filters(client, mira, monkeypatch):
    monkeypatch.setattr(queue_pages, "PAGE", 2)
    made = TicketFactory.create_batch(5, channel="phone")
    TicketFactory(channel="web")
    seen, address = [], "?f=1&channel=phone&sort=newest"
    while address:
        html = page(client, address)
        seen += numbers(html)
        following = [
            part.split('"')[0] for part in html.split('href="/desk/')[1:] if 'rel="next"' in part.split(">")[0]
        ]
        address = following[0].replace("&amp;", "&") if following else ""
    assert seen == [ticket.pk for ticket in reversed(made)]


@pytest.mark.parametrize(("query", "said"), [("", "Nothing waits here"), ("?f=1&channel=phone", "No ticket matches")])
def test_an_empty_queue_says_so(client, mira, query, said):
    assert said in page(client, query)


def test_rows_come_by_themselves_and_only_those_one_may_see(client, mira):
    mine, hidden = TicketFactory(), TicketFactory(team=TeamFactory(slug="security", is_restricted=True))
    html = client.get(reverse("queue_rows"), {"tickets": f"{mine.pk},{hidden.pk},999999,x,{'9' * 30}"}).content.decode()
    assert numbers(html.replace(f'"{mine.pk}" hx-swap-oob', f'"{mine.pk}" ')) == [mine.pk]
    assert f"hx-swap-oob=\"outerHTML:[data-ticket='{mine.pk}']\"" in html
    assert hidden.subject not in html


def test_take_next_opens_the_ticket_due_first_as_ones_own(client, mira):
    now = timezone.now()
    TicketFactory(team=mira.team, queue_at=now + timedelta(hours=2), due_at=now + timedelta(hours=2))
    first = TicketFactory(team=mira.team, queue_at=now + timedelta(hours=1), due_at=now + timedelta(hours=1))
    response = client.post(reverse("take_next"))
    assert response["Location"] == reverse("ticket", kwargs={"number": first.pk})
    assert type(first).objects.get(pk=first.pk).assignee_id == mira.pk


def test_take_next_says_when_nothing_waits(client, mira):
    response = client.post(reverse("take_next"), follow=True)
    assert "Nothing is waiting for you" in response.content.decode()


def test_looking_changes_nothing_and_acting_needs_post(client, mira):
    TicketFactory()
    answers = [client.get(reverse(name)).status_code for name in ("take_next", "bulk", "availability")]
    assert answers == [405, 405, 405]


@pytest.mark.parametrize(
    "name", ["queue", "queue_rows", "keys", "views", "search", "palette", "pulse", "notifications"]
)
def test_outsiders_see_nothing_of_the_desk(client, name):
    ticket = TicketFactory(subject="Secret plans")
    assert client.get(reverse(name)).status_code == 302
    client.force_login(cast.olaf())
    response = client.get(reverse(name), {"q": "Secret", "tickets": ticket.pk})
    assert response.status_code == 403
    assert "Secret plans" not in response.content.decode()


def test_the_keys_are_a_page_and_a_dialog(client, mira):
    full = client.get(reverse("keys")).content.decode()
    part = client.get(reverse("keys"), headers={"HX-Request": "true"}).content.decode()
    assert ("<html" in full, "<html" in part, '<dialog class="dialog dialog--wide" id="help"' in part) == (
        True,
        False,
        True,
    )


def test_single_keys_can_be_switched_off(client, mira):
    assert 'data-keys="on"' in page(client)
    mira.has_single_keys = False
    mira.save()
    assert 'data-keys="off"' in page(client)


def test_a_lead_sees_the_lead_section_and_an_agent_does_not(client, mira):
    assert "Outgoing mail" not in page(client)
    client.force_login(cast.lena())
    assert "Outgoing mail" in page(client)


def test_chips_and_bulk_bar_go_with_the_language_and_the_settings(client, mira):
    TicketFactory(assignee=mira)
    category = CategoryFactory(name="Bills & co")

    def said(*words):
        html = page(client)
        return [word in html for word in words]

    desk.forget()
    assert said(">Clear selection<", ">Auswahl aufheben<", "Bills &amp; co") == [True, False, True]
    mira.language = "de"
    mira.save(update_fields=["language"])
    category.name = "Invoices"
    category.save()
    DeskVersion.bump()
    assert said(">Clear selection<", ">Auswahl aufheben<", "Bills &amp; co", "Invoices") == [False, True, False, True]
