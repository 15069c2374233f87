"""Views of one's own: saved from the filters at hand, renamed, deleted, and nobody else's business."""

import pytest
from django.urls import reverse

from tests import cast
from tests.cast import TicketFactory
from tickets import own_views
from tickets.errors import Refused
from tickets.models import DeskVersion, SavedView

pytestmark = pytest.mark.django_db


@pytest.fixture
def mira(client):
    user = cast.mira()
    client.force_login(user)
    return user


def save(client, name="Loud calls", filters="view=hot&f=1&channel=phone&priority=1"):
    return client.post(reverse("views"), {"name": name, "filters": filters})


def test_the_filters_at_hand_are_saved_over_those_of_the_view(client, mira):
    SavedView.objects.create(slug="hot", name="Hot", filters={"due": "soon", "channel": ["email"]})
    response = save(client)
    view = SavedView.objects.get(owner=mira)
    assert (view.slug, view.name) == ("my-loud-calls", "Loud calls")
    assert view.filters == {"due": "soon", "channel": ["phone"], "priority": [1]}
    assert response["Location"] == "/desk/?view=my-loud-calls"


def test_a_saved_view_stands_in_its_owners_rail_at_once_and_in_no_other(client, mira):
    client.get(reverse("queue"))
    called, _written = TicketFactory(channel="phone", priority=1), TicketFactory()
    save(client, filters="f=1&channel=phone")
    html = client.get("/desk/?view=my-loud-calls").content.decode()
    assert ("Loud calls" in html, f'data-ticket="{called.pk}"' in html, html.count("<tr data-ticket")) == (
        True,
        True,
        1,
    )
    client.force_login(cast.jonas())
    assert "Loud calls" not in client.get(reverse("queue")).content.decode()


def test_names_may_repeat_and_addresses_may_not(client, mira):
    for _time in range(2):
        save(client)
    save(client, name="通話")
    slugs = list(SavedView.objects.filter(owner=mira).order_by("pk").values_list("slug", flat=True))
    assert slugs == ["my-loud-calls", "my-loud-calls-2", "my-view"]


def test_renaming_keeps_the_address_and_deleting_takes_the_view_away(client, mira):
    save(client)
    view = SavedView.objects.get(owner=mira)
    client.post(reverse("view_edit", args=[view.pk]), {"name": " Very  loud "})
    assert list(SavedView.objects.values_list("name", "slug")) == [("Very loud", "my-loud-calls")]
    client.post(reverse("view_edit", args=[view.pk]), {"delete": "1"})
    assert SavedView.objects.count() == 0
    assert client.get("/desk/?view=my-loud-calls").context is None


def test_only_the_owner_may_touch_a_view(client, mira):
    theirs = own_views.save_view(name="Theirs", filters={}, by=cast.jonas())
    shared = SavedView.objects.create(slug="hot", name="Hot")
    answers = [
        client.post(reverse("view_edit", args=[view.pk]), {"delete": "1"}).status_code for view in (theirs, shared)
    ]
    assert answers == [404, 404]
    assert SavedView.objects.count() == 2


def test_every_change_tells_all_processes(mira):
    seen = []
    view = own_views.save_view(name="One", filters={}, by=mira)
    seen.append(DeskVersion.objects.get().number)
    own_views.rename_view(view, name="Two")
    seen.append(DeskVersion.objects.get().number)
    own_views.delete_view(view)
    seen.append(DeskVersion.objects.get().number)
    assert [later - seen[0] for later in seen] == [0, 1, 2]


def test_a_view_needs_a_name_and_there_are_not_endlessly_many(mira, monkeypatch):
    with pytest.raises(Refused):
        own_views.save_view(name="  ", filters={}, by=mira)
    monkeypatch.setattr(own_views, "MOST", 1)
    own_views.save_view(name="One", filters={}, by=mira)
    with pytest.raises(Refused):
        own_views.save_view(name="Two", filters={}, by=mira)


def test_the_list_offers_to_save_only_where_filters_came_along(client, mira):
    bare = client.get(reverse("views")).content.decode()
    asked = client.get(reverse("views") + "?f=1&channel=phone").content.decode()
    assert ('name="filters"' in bare, 'name="filters" value="f=1&amp;channel=phone"' in asked) == (False, True)
