"""Which tickets a view holds, for whom, in which order and how many."""

from datetime import timedelta

import pytest
from django.db import connection
from django.http import QueryDict

from tests import cast
from tests.cast import CategoryFactory, CustomerFactory, TeamFactory, TicketFactory
from tickets import chips, desk, queue_pages, queues
from tickets.models import CustomerTier, EventKind, Notification, Priority, State, Tag, TicketEvent
from tickets.models.ticket import LAST_IN_QUEUE

pytestmark = pytest.mark.django_db
NOW = cast.MONDAY


def shown(filters, user, **kwargs):
    tickets = queues.filtered(filters, user=user, desk=desk.current(), now=NOW)
    return {row[0] for row in queue_pages.page(tickets, None, **kwargs)[0]}


def test_each_filter_keeps_only_its_own_tickets():
    mira, jonas = cast.mira(), cast.jonas()
    billing, tier_2 = CategoryFactory(slug="billing"), TeamFactory(slug="tier-2")
    plain = TicketFactory()
    made = {
        "state": TicketFactory(state=State.PENDING_CUSTOMER),
        "priority": TicketFactory(priority=Priority.URGENT),
        "channel": TicketFactory(channel="phone"),
        "category": TicketFactory(category=billing),
        "team": TicketFactory(team=tier_2),
        "tier": TicketFactory(customer=CustomerFactory(own_tier=CustomerTier.VIP)),
        "mine": TicketFactory(assignee=mira),
        "theirs": TicketFactory(assignee=jonas),
        "over": TicketFactory(due_at=NOW - timedelta(minutes=1), queue_at=NOW - timedelta(minutes=1)),
        "soon": TicketFactory(due_at=NOW + timedelta(minutes=59), queue_at=NOW + timedelta(minutes=59)),
        "angry": TicketFactory(is_angry=True),
        "breached": TicketFactory(has_breached=True),
        "tagged": TicketFactory(),
    }
    made["tagged"].tags.add(Tag.objects.create(name="refund"))
    pk = {name: ticket.pk for name, ticket in made.items()}
    asked = {
        "state": {"state": ["pending_customer"]},
        "priority": {"priority": [1]},
        "channel": {"channel": ["phone"]},
        "category": {"category": ["billing", "gone"]},
        "team": {"team": ["tier-2"]},
        "tier": {"customer_tier": ["vip"]},
        "mine": {"assignee": "me"},
        "theirs": {"assignee": jonas.pk},
        "over": {"due": "over"},
        "angry": {"angry": True},
        "breached": {"breached": True},
        "tagged": {"tag": ["refund"]},
    }
    assert {name: shown(filters, mira) for name, filters in asked.items()} == {name: {pk[name]} for name in asked}
    assert shown({"due": "soon"}, mira) == {pk["over"], pk["soon"]}
    assert shown({"assignee": "none"}, mira) == {plain.pk, *pk.values()} - {pk["mine"], pk["theirs"]}
    assert shown({"turn": "ours"}, mira) == {plain.pk, *pk.values()} - {pk["state"]}
    assert shown({}, mira) == {plain.pk, *pk.values()}


def test_closed_tickets_are_in_no_view_that_does_not_ask_for_them():
    open_one, closed = TicketFactory(), TicketFactory(state=State.CLOSED)
    assert shown({}, cast.mira()) == {open_one.pk}
    assert shown({"state": ["closed"]}, cast.mira(), sort="newest") == {closed.pk}


def test_tickets_of_a_restricted_team_show_to_its_members_and_managers_only():
    secret = TeamFactory(slug="security", is_restricted=True)
    ticket = TicketFactory(team=secret)
    member = cast.UserFactory(name="Sam Sec", team=secret)
    assert [shown({}, user) for user in (cast.mira(), cast.lena(), member, cast.max_())] == [
        set(), set(), {ticket.pk}, {ticket.pk},
    ]  # fmt: skip


def test_my_teams_are_the_home_team_and_those_one_also_works_for():
    mira, tier_2 = cast.mira(), TeamFactory(slug="tier-2")
    mira.also_in.add(tier_2)
    home, guest, other = (TicketFactory(team=team) for team in (mira.team, tier_2, TeamFactory(slug="billing")))
    assert shown({"team": ["mine"]}, mira) == {home.pk, guest.pk}
    assert shown({"team": ["mine"]}, cast.jonas()) == {home.pk}
    assert shown({"team": ["billing"]}, mira) == {other.pk}


def test_a_snoozed_ticket_sleeps_everywhere_but_in_its_assignees_own_view():
    mira = cast.mira()
    asleep = TicketFactory(assignee=mira, snoozed_until=NOW + timedelta(days=1))
    woken = TicketFactory(assignee=mira, snoozed_until=NOW - timedelta(minutes=1))
    assert shown({}, mira) == {woken.pk}
    assert shown({"assignee": "me"}, mira) == {asleep.pk, woken.pk}
    assert shown({"snoozed": True}, mira) == {asleep.pk, woken.pk}


def queue_of_many(count):
    """Tickets of which several are due at one moment, so that only the number tells them apart."""
    spans = [timedelta(minutes=place // 3) for place in range(count)]
    return [
        TicketFactory(queue_at=NOW + span, due_at=NOW + span, last_message_at=NOW - span, created_at=NOW)
        for span in spans
    ]


@pytest.mark.parametrize("sort", list(queues.SORTS))
def test_paging_there_and_back_shows_every_ticket_once(monkeypatch, sort):
    monkeypatch.setattr(queue_pages, "PAGE", 4)
    made = queue_of_many(11)
    key = {
        "due": lambda ticket: (ticket.queue_at, ticket.pk),
        "newest": lambda ticket: -ticket.pk,
        "updated": lambda ticket: (NOW - ticket.last_message_at, -ticket.pk),
    }[sort]
    wanted = [ticket.pk for ticket in sorted(made, key=key)]
    tickets = queues.filtered({}, user=cast.mira(), desk=desk.current(), now=NOW)
    pages, cursor = [], None
    for _number in range(3):
        rows, before, after = queue_pages.page(tickets, cursor, sort=sort)
        pages.append(([row[0] for row in rows], before, after))
        cursor = queue_pages.Cursor.read(after)
    assert [pk for page, _before, _after in pages for pk in page] == wanted
    assert (pages[0][1], pages[-1][2]) == ("", "")
    back = queue_pages.page(tickets, queue_pages.Cursor.read(pages[2][1]), sort=sort)
    assert [row[0] for row in back[0]] == wanted[4:8]
    first = queue_pages.page(tickets, queue_pages.Cursor.read(back[1]), sort=sort)
    assert ([row[0] for row in first[0]], first[1]) == (wanted[:4], "")


def test_tickets_without_a_running_promise_come_last():
    waiting, due = TicketFactory(), TicketFactory(queue_at=NOW, due_at=NOW)
    tickets = queues.filtered({}, user=cast.mira(), desk=desk.current(), now=NOW)
    assert [row[0] for row in queue_pages.page(tickets, None)[0]] == [due.pk, waiting.pk]
    assert waiting.queue_at == LAST_IN_QUEUE


@pytest.mark.parametrize(
    "text", ["", "x", "a-", "a1", "a1-x", "z1-1", "a99999999999999999999999-1", f"a1-{2**63}", "a-1-1"]
)
def test_a_cursor_nobody_wrote_is_the_first_page(text):
    assert queue_pages.Cursor.read(text) is None


def test_a_cursor_reads_what_it_wrote():
    cursor = queue_pages.Cursor(NOW, 7, is_backward=True)
    assert queue_pages.Cursor.read(str(cursor)) == cursor


def test_counts_are_those_of_the_views_the_load_and_the_unread(monkeypatch):
    monkeypatch.setattr(queues, "COUNT_CAP", 3)
    mira = cast.mira()
    for _number in range(5):
        TicketFactory(queue_at=NOW, due_at=NOW)
    TicketFactory(assignee=mira)
    TicketFactory(assignee=mira, state=State.RESOLVED)
    for key, read_at in (("a", None), ("b", None), ("c", NOW)):
        Notification.objects.create(
            user=mira, kind="mention", text="!", dedupe_key=key, created_at=NOW, read_at=read_at
        )
    counts = queues.counts(
        [{}, {"assignee": "me"}, {"state": ["resolved"]}, {"due": "over"}], user=mira, desk=desk.current(), now=NOW
    )
    assert (counts.views, counts.load, counts.unread) == ([4, 1, 1, 0], 1, 2)
    assert [queues.count_words(number) for number in counts.views] == ["3+", "1", "1", "0"]


def test_counts_go_with_the_time_though_their_sql_is_kept():
    mira, settings = cast.mira(), desk.current()
    TicketFactory(queue_at=NOW, due_at=NOW)
    TicketFactory(snoozed_until=NOW + timedelta(hours=2))
    views = [{"due": "over"}, {"due": "soon"}, {}]
    seen = [
        queues.counts(views, user=mira, desk=settings, now=NOW + span).views
        for span in (-timedelta(hours=2), -timedelta(minutes=30), timedelta(seconds=1), timedelta(hours=2))
    ]
    assert seen == [[0, 0, 1], [0, 1, 1], [1, 1, 1], [1, 1, 2]]


def test_shared_counts_are_asked_once_until_something_happens(django_assert_num_queries):
    mira, jonas, settings = cast.mira(), cast.jonas(), desk.current()
    ticket = TicketFactory(assignee=mira, is_angry=True)
    views = [{}, {"assignee": "me"}, {"angry": True}]

    def counted(user, now=NOW):
        return queues.counts(views, user=user, desk=settings, now=now).views

    with django_assert_num_queries(2):
        assert counted(mira) == [1, 1, 1]
    with django_assert_num_queries(1):
        assert counted(jonas) == [1, 0, 1]
    TicketFactory(assignee=jonas)
    TicketEvent.objects.create(ticket=ticket, kind=EventKind.RECEIVED, at=NOW)
    with django_assert_num_queries(2):
        assert counted(jonas) == [2, 1, 1]
    with django_assert_num_queries(2):
        assert counted(mira, NOW + queues.AS_OF) == [2, 1, 1]


def test_the_first_page_reads_the_same_though_its_sql_is_kept():
    mira, settings = cast.mira(), desk.current()
    TicketFactory(queue_at=NOW, due_at=NOW, is_angry=True)
    TicketFactory(snoozed_until=NOW + timedelta(hours=1))
    for filters in ({}, {"due": "over"}, {"state": ["closed"]}, {"assignee": "me"}):
        for sort in queues.SORTS:
            for now in (NOW - timedelta(hours=1), NOW + timedelta(hours=2)):
                tickets = queues.filtered(filters, user=mira, desk=settings, now=now)
                read = queue_pages.first(filters, user=mira, desk=settings, now=now, sort=sort)
                assert read == queue_pages.page(tickets, None, sort=sort)


def test_the_standing_queue_reads_a_partial_index():
    tickets = queues.filtered({}, user=cast.mira(), desk=desk.current(), now=NOW).order_by("queue_at", "pk")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
        sql, params = tickets.query.sql_with_params()
        cursor.execute(("EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN ") + sql, params)
        plan = str(cursor.fetchall())
    # SQLite, without statistics, may take another of the indexes over open tickets
    assert "ticket_open_due" in plan or (connection.vendor == "sqlite" and "ticket_state_due" in plan)


def read(query, filters=None):
    return chips.asked(QueryDict(query), filters or {}, desk.current())


def test_the_address_lays_its_filters_over_the_views():
    CategoryFactory(slug="billing")
    view = {"channel": ["email"], "due": "soon"}
    assert read("view=x", view) == view
    assert read("f=1", view) == {"due": "soon"}
    assert read("f=1&channel=web&channel=nonsense&priority=1&priority=9&category=billing&category=gone", view) == {
        "due": "soon", "channel": ["web"], "priority": [1], "category": ["billing"],
    }  # fmt: skip


def test_the_address_names_an_assignee_only_among_staff():
    mira, olaf = cast.mira(), cast.olaf()
    asked = [read(f"f=1&assignee={value}") for value in ("me", "none", mira.pk, olaf.pk, "x", "")]
    assert asked == [{"assignee": "me"}, {"assignee": "none"}, {"assignee": mira.pk}, {}, {}, {}]


def test_done_tickets_are_sorted_newest_first_whatever_is_asked():
    query = QueryDict("sort=due")
    assert chips.sort_of(query, is_open_only=False) == "newest"
    assert [chips.sort_of(QueryDict(f"sort={name}"), is_open_only=True) for name in ("updated", "nonsense", "")] == [
        "updated", "due", "due",
    ]  # fmt: skip


def test_a_chip_says_what_is_chosen_and_counts_when_it_is_much():
    said = [
        {chip.key: chip.value for chip in chips.chips({"priority": chosen}, desk.current())}["priority"]
        for chosen in ([], [1], [1, 2], [1, 2, 3])
    ]
    assert said == ["", "Urgent", "Urgent, High", "3 chosen"]
