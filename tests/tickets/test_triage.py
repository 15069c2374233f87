"""Sorting and routing by the rules of 004, on whole messages."""

import pytest

from tests import cast
from tickets import decisions, desk, routing, triage
from tickets.models import CustomerTier, EventKind, Priority, Rule, RuleStage, Sentiment, State, TicketEvent

pytestmark = pytest.mark.django_db


def words(*values):
    return {"field": "text", "op": "has_word", "value": list(values)}


RULES = [
    (RuleStage.CATEGORY, "Technical words", words("error", "broken"), [{"do": "set_category", "value": "technical"}]),
    (RuleStage.CATEGORY, "Billing words", words("bill", "charge"), [{"do": "set_category", "value": "billing"}]),
    (RuleStage.PRIORITY, "Feedback", words("feature request"), [{"do": "set_priority", "value": "low"}]),
    (RuleStage.PRIORITY, "Feature broken", words("broken"), [{"do": "set_priority", "value": "high"}]),
    (RuleStage.PRIORITY, "Payment failed", words("payment … failed"), [{"do": "set_priority", "value": "urgent"}]),
    (RuleStage.PRIORITY, "VIP customer", {"field": "customer_tier", "op": "is", "value": "vip"},
     [{"do": "set_priority", "value": "urgent"}]),
    (RuleStage.ROUTING, "Password, login, access", words("password", "login", "log in", "access"),
     [{"do": "suggest_article", "value": "how-to-reset-your-password"}, {"do": "set_tier", "value": 1}]),
    (RuleStage.ROUTING, "Billing, invoice, charge", words("billing", "invoice", "charge"),
     [{"do": "set_tier", "value": 1}, {"do": "want_skill", "value": "billing"}]),
    (RuleStage.ROUTING, "Bug, error, broken", words("bug", "error", "broken"),
     [{"do": "set_tier", "value": 2}, {"do": "want_skill", "value": ""}]),
    (RuleStage.ROUTING, "Enterprise or VIP", {"field": "customer_tier", "op": "is", "value": ["enterprise", "vip"]},
     [{"do": "set_tier", "value": 2}, {"do": "alert_lead"}]),
    (RuleStage.ROUTING, "Angry customer", {"field": "is_angry", "op": "is", "value": True},
     [{"do": "want_experience"}, {"do": "raise_priority"}, {"do": "add_tag", "value": "angry"}]),
]  # fmt: skip


@pytest.fixture(autouse=True)
def playbook():
    cast.TeamFactory(slug="tier-1", is_default=True)
    cast.TeamFactory(slug="tier-2", tier=2)
    cast.SkillFactory(slug="billing")
    for slug in ("technical", "billing"):
        cast.CategoryFactory(slug=slug)
    for position, (stage, name, conditions, actions) in enumerate(RULES):
        Rule.objects.create(stage=stage, position=position, name=name, conditions=conditions, actions=actions)


def triaged(body, **columns):
    """The unsaved ticket and the lines of what was decided."""
    customer = cast.CustomerFactory()
    ticket = cast.TicketFactory.build(subject="Help", customer=customer, customer_name=customer.name, **columns)
    here, text = desk.current(), f"Help\n{body}"
    found = triage.sort(ticket, text=text, desk=here)
    found += routing.plan(ticket, facts=triage.facts(ticket, text=text, desk=here), desk=here)
    return ticket, [decision.why for decision in found]


def test_access_problems_get_an_article_and_tier_1():
    ticket, lines = triaged("I forgot my password")
    assert (ticket.team.slug, ticket.tier, ticket.priority) == ("tier-1", 1, Priority.NORMAL)
    assert lines == [
        "Article “how-to-reset-your-password” suggested by rule “Password, login, access”",
        "To Tier 1 (tier 1) by rule “Password, login, access”",
    ]


def test_billing_goes_to_tier_1_with_the_skill():
    ticket, lines = triaged("I was charged twice")
    assert (ticket.category.slug, ticket.tier, ticket.skill.slug) == ("billing", 1, "billing")
    assert lines == [
        "Sorted to Billing by rule “Billing words”",
        "To Tier 1 (tier 1) by rule “Billing, invoice, charge”",
        "Skill asked for: Billing, by rule “Billing, invoice, charge”",
    ]


def test_bugs_go_to_tier_2_whoever_is_free_there():
    ticket, lines = triaged("The billing page is broken")
    assert (ticket.team.slug, ticket.tier, ticket.skill, ticket.priority) == ("tier-2", 2, None, Priority.HIGH)
    assert lines == [
        "Sorted to Technical by rule “Technical words”; overruled by a later rule",
        "Sorted to Billing by rule “Billing words”",
        "High: Feature broken",
        "To Tier 1 (tier 1) by rule “Billing, invoice, charge”; overruled by a later rule",
        "Skill asked for: Billing, by rule “Billing, invoice, charge”; overruled by a later rule",
        "To Tier 2 (tier 2) by rule “Bug, error, broken”",
        "No particular skill asked for, by rule “Bug, error, broken”",
    ]


def test_vip_customers_are_urgent_go_to_tier_2_and_alert_the_lead():
    ticket, lines = triaged("Hello", customer_tier=CustomerTier.VIP)
    assert (ticket.tier, ticket.priority) == (2, Priority.URGENT)
    assert lines == [
        "Urgent: VIP customer",
        "To Tier 2 (tier 2) by rule “Enterprise or VIP”",
        "Team lead alerted: Enterprise or VIP",
    ]


def test_angry_customers_get_experience_a_flag_and_one_step_of_priority():
    ticket, lines = triaged("This is unacceptable, I am fed up!!")
    assert (ticket.sentiment, ticket.is_angry, ticket.wants_experience) == (Sentiment.ANGRY, True, True)
    assert (ticket.priority, ticket.tier) == (Priority.HIGH, 1)
    assert lines == [
        "Mood: Angry (fed up, unacceptable, repeated exclamation marks)",
        "For an experienced colleague: Angry customer",
        "Raised to High: Angry customer",
        "Tagged “angry” by rule “Angry customer”",
        "To Tier 1: no rule sends it elsewhere",
    ]


def test_anger_alone_never_makes_urgent():
    assert triaged("Unacceptable, it is broken")[0].priority == Priority.HIGH


def test_what_no_rule_routes_goes_to_the_default_team():
    ticket, lines = triaged("Hello there")
    assert (ticket.team.slug, ticket.tier, ticket.category) == ("tier-1", 1, None)
    assert lines == ["To Tier 1: no rule sends it elsewhere"]


def test_low_priority_is_answered_automatically():
    ticket, lines = triaged("A feature request: dark mode")
    assert ticket.priority == Priority.LOW
    assert lines[-1] == "Answered automatically and kept in the queue: priority is low"


def test_the_customers_own_category_stands():
    chosen = cast.CategoryFactory(slug="technical")
    assert triaged("I was charged twice", category=chosen)[0].category == chosen


def test_decisions_are_read_in_the_readers_own_language():
    stored = decisions.as_data([decisions.decide("priority", 1, rule_id=7, rule="VIP customer")])[0]
    assert stored == {
        "what": "priority", "value": 1, "why": "Urgent: VIP customer", "rule_id": 7, "sentence": "priority",
        "given": {"rule": "VIP customer"}, "is_overruled": False,
    }  # fmt: skip
    assert decisions.in_words(stored) == "Urgent: VIP customer"


def test_sorting_and_routing_ask_the_database_nothing(django_assert_num_queries):
    ticket = cast.TicketFactory.build(customer=cast.CustomerFactory())
    here = desk.current()
    with django_assert_num_queries(0):
        triage.sort(ticket, text="broken", desk=here)
        routing.plan(ticket, facts=triage.facts(ticket, text="broken", desk=here), desk=here)
    assert ticket.tier == 2


def test_intake_stores_which_rule_did_what():
    ticket = cast.a_ticket(body="My payment has just failed")
    sorted_, routed = (
        TicketEvent.objects.get(ticket=ticket, kind=kind) for kind in (EventKind.SORTED, EventKind.ROUTED)
    )
    assert [line["why"] for line in sorted_.data["decisions"]] == ["Urgent: Payment failed"]
    assert [line["why"] for line in routed.data["decisions"]] == ["To Tier 1: no rule sends it elsewhere"]


def test_sorting_again_follows_changed_rules_but_not_over_a_persons_word():
    lena = cast.lena()
    ticket = cast.a_ticket(body="The page is broken")
    assert (ticket.priority, ticket.tier) == (Priority.HIGH, 2)
    Rule.objects.filter(name__in=["Feature broken", "Bug, error, broken"]).delete()
    desk.forget()
    again = triage.resort(ticket, by=lena)
    assert (again.priority, again.tier, again.team.slug, again.state) == (Priority.NORMAL, 1, "tier-1", State.NEW)
    TicketEvent.objects.create(
        ticket=again, kind=EventKind.CHANGED, at=again.created_at, by=lena, data={"field": "priority"}
    )
    Rule.objects.create(stage=RuleStage.PRIORITY, name="All", actions=[{"do": "set_priority", "value": "low"}])
    desk.forget()
    assert triage.resort(again, by=lena).priority == Priority.NORMAL
    assert TicketEvent.objects.filter(ticket=ticket, kind=EventKind.SORTED, by=lena).count() == 2
