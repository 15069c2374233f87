"""The lead's rules: the book in words, rows without JavaScript, tried out before they are saved, order and switches."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests import cast
from tickets import desk, rule_book
from tickets.models import DeskVersion, MessageKind, Rule, RuleStage, RuleUse

pytestmark = pytest.mark.django_db
WORD = {"field": "text", "op": "has_word", "value": ["invoice"]}
TO_TIER_2 = [{"do": "set_tier", "value": 2}]


def a_rule(name="Invoices", **given):
    return Rule.objects.create(**{"stage": "routing", "name": name, "conditions": WORD, "actions": TO_TIER_2, **given})


def typed(**given):
    return {
        "name": "Exports", "match": "all", "is_active": "on", "stage": "routing",
        "condition-0-field": "text", "condition-0-op": "has_word", "condition-0-words": "export, broken\nbug",
        "action-0-do": "set_tier", "action-0-value": "2", **given,
    }  # fmt: skip


@pytest.fixture
def lead(client):
    lena = cast.lena()
    client.force_login(lena)
    return client


@pytest.mark.parametrize("address", ["/lead/rules/", "/lead/rules/new/", "/lead/rules/1/"])
def test_only_leads_open_the_rules(client, address):
    Rule.objects.create(pk=1, stage="routing", name="Secret words", conditions=WORD, actions=TO_TIER_2)
    assert client.get(address).status_code == 302
    for person in (cast.mira(), cast.olaf()):
        client.force_login(person)
        answer = client.get(address)
        assert (answer.status_code, b"Secret words" in answer.content) == (403, False)


@pytest.mark.parametrize("what", ["standing", "place", "removal"])
def test_agents_change_nothing(client, what):
    rule = a_rule()
    client.force_login(cast.mira())
    assert client.post(f"/lead/rules/{rule.pk}/{what}/", {"on": ""}).status_code == 403
    assert Rule.objects.get().is_active is True


def test_the_book_reads_in_words_with_uses(lead):
    cast.TeamFactory(slug="tier-2", tier=2)
    rule = a_rule()
    today = timezone.now().date()
    for days, count in ((0, 20), (6, 11), (7, 500)):
        RuleUse.objects.create(rule=rule, day=today - timedelta(days=days), count=count)
    page = lead.get("/lead/rules/").content.decode()
    assert "subject or message has one of the words, in any form: invoice" in page
    assert "send to the tier: 2" in page
    assert "used 31 times in 7 days" in page


def test_words_of_nested_conditions():
    channel = {"field": "channel", "op": "is", "value": ["chat", "phone"]}
    tier = {"field": "tier", "op": "at_least", "value": 1}
    angry = {"field": "is_angry", "op": "is", "value": True}
    conditions = {"all": [{"any": [WORD, channel]}, {"not": tier}, angry]}
    assert rule_book.in_words(conditions, desk.current()) == (
        "(subject or message has one of the words, in any form: invoice or channel is: Chat, Phone) and "
        "not (tier is at least: 1) and angry is: yes"
    )
    assert rule_book.in_words({}, desk.current()) == "always"


def test_a_rule_is_written_from_rows(lead):
    version = rule_version()
    assert lead.post("/lead/rules/new/", typed(do="save")).status_code == 302
    rule = Rule.objects.get()
    assert rule.conditions == {"field": "text", "op": "has_word", "value": ["export", "broken", "bug"]}
    assert (rule.actions, rule.stage, rule.position, rule.is_active, rule.stops) == (
        TO_TIER_2,
        "routing",
        10,
        True,
        False,
    )
    assert rule_version() == version + 1
    assert rule.history.get().history_user.name == "Lena Brandt"


def test_several_rows_and_kinds_of_values(lead):
    rows = {
        "match": "any", "stops": "on", "do": "save",
        "condition-1-field": "channel", "condition-1-op": "is", "condition-1-value": ["chat", "social"],
        "condition-2-field": "is_angry", "condition-2-op": "is", "condition-2-value": "yes",
        "condition-3-field": "tier", "condition-3-op": "at_most", "condition-3-value": "2",
        "condition-4-field": "reference", "condition-4-op": "is_filled",
        "action-1-do": "alert_lead",
    }  # fmt: skip
    assert lead.post("/lead/rules/new/", typed(**rows)).status_code == 302
    rule = Rule.objects.get()
    assert rule.conditions["any"][1:] == [
        {"field": "channel", "op": "is", "value": ["chat", "social"]},
        {"field": "is_angry", "op": "is", "value": True},
        {"field": "tier", "op": "at_most", "value": [2]},
        {"field": "reference", "op": "is_filled"},
    ]
    assert (rule.actions, rule.stops) == ([*TO_TIER_2, {"do": "alert_lead"}], True)


def test_rows_are_added_and_taken_away_without_losing_what_was_typed(lead):
    page = lead.post("/lead/rules/new/", typed(do="add-condition")).content.decode()
    assert ("export, broken, bug" in page, "condition-1-field" in page) == (True, True)
    page = lead.post("/lead/rules/new/", typed(do="remove-condition-0")).content.decode()
    assert ("export" in page, "condition-0-field" in page, 'value="Exports"' in page) == (False, False, True)
    assert Rule.objects.count() == 0


def test_another_field_brings_its_own_choices(lead):
    page = lead.post("/lead/rules/new/", typed(**{"condition-0-field": "channel", "do": "refresh"})).content.decode()
    assert 'name="condition-0-value" value="chat"' in page
    assert "has one of the words" not in page


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": " "}, "Give the rule a name"),
        ({"name": "x" * 81}, "Give the rule a name of up to 80 characters"),
        ({"condition-0-words": " , "}, "Say what “subject or message” is compared with."),
        ({"condition-0-field": "shoe"}, "A rule cannot look at “shoe”"),
        ({"action-0-value": "many"}, "needs a tier from 0 to 9"),
        ({"action-0-do": ""}, "A rule of this stage cannot do “”"),
        ({"action-0-do": "set_team", "action-0-value": "nowhere"}, "cannot take “nowhere”"),
    ],
)
def test_faults_stand_in_the_page_and_nothing_is_saved(lead, given, words):
    answer = lead.post("/lead/rules/new/", typed(do="save", **given))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert Rule.objects.count() == 0


def test_a_taken_name_is_told_and_what_was_typed_stays(lead):
    a_rule("Exports")
    answer = lead.post("/lead/rules/new/", typed(do="save"))
    assert answer.status_code == 422
    assert "Another rule of this stage has that name" in answer.content.decode()
    assert "export, broken, bug" in answer.content.decode()


def test_hostile_text_comes_back_harmless(lead):
    evil = "<script>alert(1)</script>"
    page = lead.post("/lead/rules/new/", typed(do="add-action", name=evil, **{"condition-0-words": f"{evil}\x00"}))
    assert evil not in page.content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.content.decode()


def test_trying_out_shows_the_tickets_and_changes_nothing(lead):
    cast.TeamFactory(slug="tier-2", tier=2, name="Specialists")
    one, other = cast.TicketFactory(subject="Export is gone"), cast.TicketFactory(subject="Where is my parcel")
    for ticket in (one, other):
        cast.MessageFactory(ticket=ticket, kind=MessageKind.CUSTOMER, body="please help")
    page = lead.post("/lead/rules/new/", typed(do="try")).content.decode()
    assert "Would have touched 1 of the last 2 tickets" in page
    assert (f'data-ticket="{one.pk}"' in page, f'data-ticket="{other.pk}"' in page) == (True, False)
    assert Rule.objects.count() == 0
    one = type(one).objects.get(pk=one.pk)
    assert one.tier == 1


def test_trying_out_only_counts_tickets_the_reader_may_not_see(lead):
    closed = cast.TeamFactory(slug="security", name="Security", is_restricted=True)
    cast.TicketFactory(subject="Export of a secret canary", team=closed)
    page = lead.post("/lead/rules/new/", typed(do="try")).content.decode()
    assert "Would have touched 1 of the last 1 tickets" in page
    assert "canary" not in page
    assert "1 is in a team whose tickets you do not see." in page


def test_order_and_switch(lead):
    first, second, third = a_rule("a", position=10), a_rule("b", position=10), a_rule("c", position=50)
    lead.post(reverse("rule_place", args=[third.pk]), {"to": "earlier"})
    assert list(Rule.objects.values_list("name", "position")) == [("a", 10), ("c", 20), ("b", 30)]
    lead.post(reverse("rule_place", args=[first.pk]), {"to": "earlier"})
    lead.post(reverse("rule_place", args=[second.pk]), {"to": "later"})
    assert list(Rule.objects.values_list("name", flat=True)) == ["a", "c", "b"]
    lead.post(reverse("rule_standing", args=[second.pk]), {"on": ""})
    assert Rule.objects.get(name="b").is_active is False
    lead.post(reverse("rule_standing", args=[second.pk]), {"on": "yes"})
    assert Rule.objects.get(name="b").is_active is True


def test_nested_conditions_are_kept_when_the_rest_is_changed(lead):
    nested = {"all": [{"any": [WORD, WORD]}, {"not": WORD}]}
    rule = a_rule(conditions=nested)
    assert "groups within groups" in lead.get(f"/lead/rules/{rule.pk}/").content.decode()
    given = {"name": "Renamed", "action-0-do": "alert_lead", "do": "save"}
    assert lead.post(f"/lead/rules/{rule.pk}/", given).status_code == 302
    rule = Rule.objects.get()
    assert (rule.name, rule.conditions, rule.actions) == ("Renamed", nested, [{"do": "alert_lead"}])


def test_a_rule_saved_unchanged_stays_as_it_was(lead):
    rule = a_rule(conditions={"any": [WORD, {"field": "tier", "op": "at_least", "value": 2}]})
    page = lead.get(f"/lead/rules/{rule.pk}/")
    assert page.status_code == 200
    given = typed(
        do="save", name="Invoices", match="any",
        **{
            "condition-0-words": "invoice", "condition-1-field": "tier", "condition-1-op": "at_least",
            "condition-1-value": "2",
        },
    )  # fmt: skip
    lead.post(f"/lead/rules/{rule.pk}/", given)
    assert Rule.objects.get().conditions == {"any": [WORD, {"field": "tier", "op": "at_least", "value": [2]}]}


def test_deleting_is_a_posts_matter(lead):
    rule = a_rule()
    assert lead.get(f"/lead/rules/{rule.pk}/removal/").status_code == 405
    assert Rule.objects.count() == 1
    lead.post(f"/lead/rules/{rule.pk}/removal/")
    assert Rule.objects.count() == 0


@pytest.mark.parametrize("rows", [1, 3])
def test_the_book_costs_the_same_whatever_its_length(lead, django_assert_num_queries, rows):
    for number in range(rows):
        for stage in RuleStage.values:
            a_rule(f"rule {number}", stage=stage, actions=[{"do": "add_tag", "value": "x"}])
    lead.get("/lead/rules/")
    with django_assert_num_queries(4):  # session, user with version, rules, uses
        lead.get("/lead/rules/")


def rule_version():
    return DeskVersion.objects.values_list("number", flat=True).first() or 1
