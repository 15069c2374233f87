"""Who is on a ticket, and the handle time that their page measures."""

from datetime import timedelta

import pytest
from django.urls import reverse

from tests import cast
from tickets import handle_time, presence
from tickets.models import HandleTime, Presence, Ticket
from tickets.presence import Here

pytestmark = pytest.mark.django_db


def test_others_sees_colleagues_writers_first_and_not_oneself():
    ticket, mira, jonas, sara = cast.TicketFactory(), cast.mira(), cast.jonas(), cast.sara()
    presence.report(ticket, by=jonas, is_writing=False, now=cast.MONDAY)
    presence.report(ticket, by=sara, is_writing=True, now=cast.MONDAY)
    presence.report(ticket, by=mira, is_writing=True, now=cast.MONDAY)
    assert presence.others(ticket, user=mira, now=cast.later(seconds=20)) == [
        Here(sara.pk, True),
        Here(jonas.pk, False),
    ]
    assert presence.others(ticket, user=mira, now=cast.later(seconds=46)) == []


def test_leaving_shows_at_once():
    ticket, mira, jonas = cast.TicketFactory(), cast.mira(), cast.jonas()
    presence.report(ticket, by=jonas, is_writing=False, now=cast.MONDAY)
    presence.leave(ticket, by=jonas)
    assert presence.others(ticket, user=mira, now=cast.MONDAY) == []


def test_reports_measure_handle_time():
    ticket, mira = cast.TicketFactory(), cast.mira()
    for seconds in (0, 15, 30, 45):
        presence.report(ticket, by=mira, is_writing=False, now=cast.later(seconds=seconds))
    assert HandleTime.objects.get(ticket=ticket, user=mira).seconds == 45
    assert Ticket.objects.get(pk=ticket.pk).handle_seconds == 45


def test_a_forgotten_tab_counts_for_nothing():
    ticket, mira = cast.TicketFactory(), cast.mira()
    presence.report(ticket, by=mira, is_writing=False, now=cast.MONDAY)
    presence.report(ticket, by=mira, is_writing=False, is_working=False, now=cast.later(seconds=15))
    presence.report(ticket, by=mira, is_writing=False, now=cast.later(hours=1))
    assert HandleTime.objects.count() == 0


def test_two_tabs_of_one_person_do_not_count_twice():
    ticket, mira = cast.TicketFactory(), cast.mira()
    for seconds in (0, 7, 15, 22, 30):
        presence.report(ticket, by=mira, is_writing=False, now=cast.later(seconds=seconds))
    assert HandleTime.objects.get().seconds == 30


def test_handle_time_belongs_to_the_business_day(settings):
    settings.TIME_ZONE = "Pacific/Auckland"  # thirteen hours ahead of UTC in March
    ticket, mira = cast.TicketFactory(), cast.mira()
    late = cast.later(hours=3)
    handle_time.add(ticket, seconds=15, by=mira, now=late)
    assert HandleTime.objects.get().day == late.date() + timedelta(days=1)


def test_the_page_reports_and_learns_who_is_here(client):
    client.force_login(cast.mira())
    ticket = cast.a_ticket()
    presence.report(ticket, by=cast.jonas(), is_writing=True)
    answer = client.post(reverse("ticket_presence", args=[ticket.pk]), {"working": "1"})
    assert "Jonas T. is writing" in answer.content.decode()
    assert answer["X-Last-Message"] == ticket.last_message_at.isoformat()
    assert Presence.objects.get(user=cast.mira()).is_writing is False
    client.post(reverse("ticket_presence", args=[ticket.pk]), {"leaving": "1"})
    assert Presence.objects.filter(user=cast.mira()).count() == 0


def test_forget_gone_keeps_who_was_here_lately():
    presence.report(cast.TicketFactory(), by=cast.mira(), is_writing=False, now=cast.MONDAY)
    presence.report(cast.TicketFactory(), by=cast.mira(), is_writing=False, now=cast.later(minutes=90))
    assert presence.forget_gone(now=cast.later(hours=2)) == 1
    assert Presence.objects.count() == 1
