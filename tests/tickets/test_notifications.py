"""What a colleague was told, read or not, and going away and coming back."""

import pytest
from django.urls import reverse

from tests import cast
from tests.cast import TeamFactory, TicketFactory
from tickets.models import Notification, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def mira(client):
    user = cast.mira()
    client.force_login(user)
    return user


def tell(user, text, **fields):
    given = {"kind": "mention", "dedupe_key": text, "created_at": cast.MONDAY} | fields
    return Notification.objects.create(user=user, text=text, **given)


def unread(user):
    return set(Notification.objects.filter(user=user, read_at__isnull=True).values_list("text", flat=True))


def test_one_sees_ones_own_and_nothing_of_tickets_that_were_closed_off(client, mira):
    secret = TicketFactory(team=TeamFactory(slug="security", is_restricted=True))
    tell(mira, "Jonas mentioned you")
    tell(mira, "Without a team", ticket=TicketFactory())
    tell(mira, "Security matter", ticket=secret)
    tell(cast.jonas(), "For Jonas")
    html = client.get(reverse("notifications")).content.decode()
    texts = ("Jonas mentioned you", "Without a team", "Security matter", "For Jonas")
    assert [text in html for text in texts] == [True, True, False, False]


def test_one_or_all_are_marked_as_read_and_only_ones_own(client, mira):
    jonas = cast.jonas()
    first, theirs = tell(mira, "first"), tell(jonas, "theirs")
    tell(mira, "second")
    tell(mira, "third")
    client.get(reverse("notifications"))
    assert unread(mira) == {"first", "second", "third"}
    client.post(reverse("notifications"), {"id": first.pk})
    client.post(reverse("notifications"), {"id": theirs.pk})
    assert (unread(mira), unread(jonas)) == ({"second", "third"}, {"theirs"})
    client.post(reverse("notifications"))
    assert (unread(mira), unread(jonas)) == (set(), {"theirs"})


def test_going_away_and_coming_back(client, mira):
    seen = []
    for value in ("away", "nonsense", "available"):
        client.post(reverse("availability"), {"availability": value})
        seen.append(User.objects.get(pk=mira.pk).availability)
    assert seen == ["away", "away", "available"]


def test_the_way_back_is_the_page_one_came_from_and_never_another_site(client, mira):
    ways = [
        client.post(reverse("availability"), {"availability": "away"}, HTTP_REFERER=way)["Location"]
        for way in ("http://testserver/desk/my-day/", "https://evil.example/")
    ]
    assert ways == ["http://testserver/desk/my-day/", "/desk/"]
