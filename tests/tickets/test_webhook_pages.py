"""The pages of webhooks: managers and administrators write, leads look; the secret is shown once."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests import cast
from tickets import desk
from tickets.models import DeliveryStatus, Webhook, WebhookDelivery

pytestmark = pytest.mark.django_db
GOOD = {"name": "Stock", "address": "https://stock.example/in?key=1", "kinds": ["received", "closed"]}


def as_(client, person):
    client.force_login(person)
    return client


def a_delivery(hook, *, ticket=None, status=DeliveryStatus.DEAD, **given):
    now = timezone.now()
    return WebhookDelivery.objects.create(
        webhook=hook, ticket=ticket, kind="closed", status=status, body='{"kind": "closed"}',
        **{"created_at": now, "queued_at": now, "next_at": now} | given,
    )  # fmt: skip


def a_hook(name="Stock", **given):
    return Webhook.objects.create(name=name, address="https://stock.example/in", kinds=["*"], **given)


def test_a_manager_makes_a_webhook_and_sees_its_secret_this_once(client):
    as_(client, cast.max_())
    page = client.post(reverse("webhook_new"), GOOD)
    made = Webhook.objects.get()
    assert page.status_code == 200
    assert made.secret in page.text
    assert (made.name, made.kinds, made.is_active, made.reaches_inside) == (
        "Stock",
        ["received", "closed"],
        True,
        False,
    )
    for address in (
        reverse("webhooks"),
        reverse("webhook", args=[made.pk]),
        reverse("webhook_settings", args=[made.pk]),
    ):
        shown = client.get(address)
        assert (shown.status_code, made.secret in shown.text, "whsec_" in shown.text) == (200, False, False)
    assert [hook.pk for hook in desk.current().webhooks] == [made.pk]


def test_a_new_secret_is_shown_once_and_the_former_one_ends_when_told_to(client):
    made, old = a_hook(), None
    old = made.secret
    as_(client, cast.max_())
    page = client.post(reverse("webhook_secret", args=[made.pk]))
    made = Webhook.objects.get()
    assert (made.former_secret, made.secret in page.text, old in page.text) == (old, True, False)
    client.post(reverse("webhook_secret_end", args=[made.pk]))
    assert Webhook.objects.get().secrets == [made.secret]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"address": "http://stock.example/"}, "must begin with https://"),
        ({"address": "https://10.0.0.1/"}, "closed network"),
        ({"address": "https://0x7f.1/"}, "not written as a name"),
        ({"address": "https://me:pw@stock.example/"}, "user name or password"),
        ({"address": "https://stock.example:22/"}, "The port must be one of"),
        ({"kinds": []}, "This field is required"),
        ({"kinds": ["nonsense"]}, "nonsense is not one of the available choices"),
        ({"name": "x" * 81}, "at most 80"),
        ({"name": "Taken"}, "There is a webhook of this name already."),
    ],
)
def test_what_cannot_be_is_said_at_its_field(client, change, words):
    a_hook("Taken")
    as_(client, cast.max_())
    page = client.post(reverse("webhook_new"), GOOD | change)
    assert page.status_code == 422
    assert words in page.text
    assert Webhook.objects.count() == 1


def test_only_administrators_open_our_own_network_and_only_where_it_is_allowed(client, settings):
    inside = GOOD | {"address": "https://10.2.0.1/", "reaches_inside": "on"}
    as_(client, cast.ada())
    assert client.post(reverse("webhook_new"), inside).status_code == 422
    settings.WEBHOOK_NETWORKS = ["10.2.0.0/16"]
    as_(client, cast.max_())
    assert client.post(reverse("webhook_new"), inside).status_code == 422
    as_(client, cast.ada())
    assert client.post(reverse("webhook_new"), inside).status_code == 200
    made = Webhook.objects.get()
    assert made.reaches_inside
    # A manager may rename it, and loses the grant with the address it was given to.
    as_(client, cast.max_())
    client.post(reverse("webhook_settings", args=[made.pk]), GOOD | {"name": "New", "address": "https://10.2.0.1/"})
    assert Webhook.objects.get().reaches_inside
    client.post(reverse("webhook_settings", args=[made.pk]), GOOD)
    assert not Webhook.objects.get().reaches_inside


def test_a_lead_looks_and_is_told_who_writes(client):
    made = a_hook()
    a_delivery(made)
    as_(client, cast.lena())
    assert "Managers and administrators set them up." in client.get(reverse("webhooks")).text
    page = client.get(reverse("webhook", args=[made.pk])).text
    assert "<form" not in page.partition("<main")[2].partition("</main")[0]


def test_the_log_leaves_out_what_the_reader_may_not_see(client):
    made = a_hook()
    locked = cast.TeamFactory(slug="payroll", is_restricted=True)
    seen, hidden = a_delivery(made, ticket=cast.a_ticket()), a_delivery(made, ticket=cast.TicketFactory(team=locked))
    for person, expected in ((cast.lena(), [seen]), (cast.max_(), [hidden, seen])):
        page = as_(client, person).get(reverse("webhook", args=[made.pk])).text
        assert [row.pk for row in (hidden, seen) if f'data-delivery="{row.pk}"' in page] == [row.pk for row in expected]


def test_one_delivery_shows_what_was_sent_and_answered_as_text(client):
    made = a_hook()
    sent = a_delivery(made, response_code=500, response_excerpt="<b>broken</b>", duration_ms=12, last_error="HTTP 500")
    page = as_(client, cast.lena()).get(reverse("webhook_delivery", args=[made.pk, sent.pk])).text
    for words in (
        sent.delivery_id,
        "&lt;b&gt;broken&lt;/b&gt;",
        "HTTP 500",
        "12 ms",
        "&#34;kind&#34;: &#34;closed&#34;",
    ):
        assert words in page
    other = a_hook("Other")
    assert client.get(reverse("webhook_delivery", args=[other.pk, sent.pk])).status_code == 404


def test_what_was_given_up_is_sent_again_one_by_one_or_all_of_a_time(client):
    made, now = a_hook(), timezone.now()
    old, new, one = (a_delivery(made, created_at=now - timedelta(hours=hours)) for hours in (50, 2, 60))
    as_(client, cast.max_())
    client.post(reverse("webhook_delivery_again", args=[made.pk, one.pk]))
    client.post(reverse("webhook_again", args=[made.pk]), {"hours": "24"})
    rows = dict(WebhookDelivery.objects.values_list("pk", "status"))
    assert (rows[old.pk], rows[new.pk], rows[one.pk]) == ("dead", "waiting", "waiting")


def test_a_test_leads_to_its_own_page(client):
    made = a_hook()
    answer = as_(client, cast.max_()).post(reverse("webhook_test", args=[made.pk]))
    [ping] = WebhookDelivery.objects.all()
    assert (answer["Location"], ping.kind) == (reverse("webhook_delivery", args=[made.pk, ping.pk]), "ping")


def test_switching_off_and_deleting(client):
    made = a_hook()
    waits = a_delivery(made, status=DeliveryStatus.WAITING)
    as_(client, cast.max_())
    client.post(reverse("webhook_standing", args=[made.pk]))
    assert (Webhook.objects.get().is_active, WebhookDelivery.objects.get(pk=waits.pk).status) == (False, "dead")
    client.post(reverse("webhook_standing", args=[made.pk]), {"on": "yes"})
    assert Webhook.objects.get().is_active
    client.post(reverse("webhook_removal", args=[made.pk]))
    assert (Webhook.objects.count(), WebhookDelivery.objects.count()) == (0, 0)


@pytest.mark.parametrize(("name", "most"), [("webhooks", 4), ("webhook", 5)])
def test_lists_cost_the_same_for_one_row_and_for_three(client, name, most):
    made = a_hook()
    as_(client, cast.max_())
    address = reverse(name, args=[made.pk] if name == "webhook" else [])

    def cost():
        client.get(address)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        return len(asked)

    a_delivery(made, ticket=cast.a_ticket())
    one = cost()
    for number in range(2):
        a_hook(f"Another {number}")
        a_delivery(made, ticket=cast.a_ticket())
        a_delivery(made, ticket=cast.a_ticket(), status=DeliveryStatus.DELIVERED, delivered_at=timezone.now())
    assert (cost(), one <= most) == (one, True)
