"""Rules: words and phrases, fields and operators, what may be saved, trying one out, counting uses."""

from datetime import date
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import cast
from tickets import desk, rule_words, rules
from tickets.models import CustomerTier, Priority, Rule, RuleStage, RuleUse
from tickets.rules import Facts


def says(word, text, op="has_word"):
    return rules.matches({"field": "text", "op": op, "value": [word]}, Facts(text=text))


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("charge", "I was charged twice"),
        ("charge", "these charges are wrong"),
        ("billing", "two bills this month"),
        ("bill", "your billing page"),
        ("company", "both companies"),
        ("stop", "it stopped"),
        ("pay", "I paid already"),
        ("login", "my customer’s logins"),
        ("can't log in", "I CAN’T log in"),
        ("can't log in", "we cannot log-in any more"),
        ("can’t log in", "i cant log in"),
        ("payment failed", "Payment   failed!"),
        ("payment … failed", "the payment has just failed"),
        ("500", "error 500 again"),
        ("不能登录", "我不能登录了"),
    ],
)
def test_words_are_found_in_any_form(word, text):
    assert says(word, text) is True


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("plan", "the plane"),
        ("access", "an accessory"),
        ("bill", "billiards with Billy"),
        ("code", "fresh cod"),
        ("payment failed", "failed payment"),
        ("payment … failed", "the payment that I made on your site failed"),
        ("log in", "in the log"),
    ],
)
def test_other_words_are_not_found(word, text):
    assert says(word, text) is False


def test_exact_words_have_no_other_forms():
    assert (says("charge", "charged", "has_exact"), says("charge", "a charge", "has_exact")) == (False, True)


def test_none_of_the_words():
    assert (says("error", "all is well", "has_none"), says("error", "two errors", "has_none")) == (True, False)


@given(st.text(max_size=300), st.text(min_size=1, max_size=30))
def test_any_word_against_any_text_has_an_answer(text, word):
    assert rule_words.written(text).has(rule_words.term(word, in_any_form=True)) in (True, False)


VIP = {"field": "customer_tier", "op": "is", "value": ["enterprise", "vip"]}


@pytest.mark.parametrize(
    ("conditions", "facts", "holds"),
    [
        ({}, Facts(), True),
        (VIP, Facts(customer_tier="vip"), True),
        (VIP, Facts(customer_tier="standard"), False),
        ({"not": VIP}, Facts(customer_tier="standard"), True),
        ({"any": [VIP, {"field": "is_angry", "op": "is", "value": True}]}, Facts(is_angry=True), True),
        ({"all": [VIP, {"field": "is_angry", "op": "is", "value": True}]}, Facts(is_angry=True), False),
        ({"field": "is_angry", "op": "is", "value": False}, Facts(), True),
        ({"field": "priority", "op": "is_not", "value": "low"}, Facts(priority="high"), True),
        (
            {"field": "email", "op": "ends_with", "value": ["@whitfield.example"]},
            Facts(email="d@Whitfield.example"),
            True,
        ),
        ({"field": "reference", "op": "is_empty"}, Facts(), True),
        ({"field": "category", "op": "is_filled"}, Facts(category="billing"), True),
        ({"field": "tier", "op": "at_least", "value": 2}, Facts(tier=1), False),
        ({"field": "tags", "op": "is", "value": ["refund"]}, Facts(tags={"refund", "angry"}), True),
        ({"field": "password", "op": "is", "value": "x"}, Facts(), False),
        ({"field": "text", "op": "__class__", "value": "x"}, Facts(text="x"), False),
        ({"field": "text", "op": "has_word"}, Facts(text="x"), False),
        ([], Facts(), False),
    ],
)
def test_conditions(conditions, facts, holds):
    assert rules.matches(conditions, facts) is holds


def nested(depth):
    return VIP if depth == 1 else {"all": [nested(depth - 1)]}


def test_conditions_nested_too_deep_neither_hold_nor_may_be_saved():
    facts = Facts(customer_tier="vip")
    assert [rules.matches(nested(depth), facts) for depth in (4, 5)] == [True, False]
    assert rules.problems(nested(5), [{"do": "alert_lead"}], RuleStage.ROUTING) == [
        "Conditions are nested more than 4 deep; make two rules of it."
    ]


@pytest.mark.parametrize(
    ("conditions", "actions", "told"),
    [
        ({"field": "text", "op": "has_word", "value": ["login"]}, [{"do": "set_tier", "value": 1}], []),
        ({}, [{"do": "want_skill", "value": ""}], []),
        ({}, [], ["The rule does nothing yet. Say what it should do."]),
        ({"all": []}, [{"do": "alert_lead"}], ["The group “all” holds no condition. Add one or take the group away."]),
        ({"field": "text", "op": "has_word", "value": []}, [{"do": "alert_lead"}],
         ["Say what “subject or message” is compared with."]),
        ({"field": "text", "op": "has_word", "value": ["!!!"]}, [{"do": "alert_lead"}],
         ["“!!!” has no letter or digit to look for."]),
        ({"field": "tier", "op": "is", "value": ["two"]}, [{"do": "alert_lead"}],
         ["“tier” is compared with a whole number."]),
        ({"field": "is_angry", "op": "is", "value": "yes"}, [{"do": "alert_lead"}], ["“angry” is either yes or no."]),
        ({"field": "text", "op": "at_least", "value": 3}, [{"do": "alert_lead"}],
         ["“at_least” cannot be asked of “subject or message”. Use one of: has_word, has_exact, has_none."]),
        ({}, [{"do": "set_tier", "value": "high"}], ["“send to the tier” needs a tier from 0 to 9."]),
        ({}, [{"do": "set_priority", "value": "urgent"}],
         ["A rule of this stage cannot do “set_priority”. It can do: raise_priority, set_tier, set_team, want_skill, "
          "want_experience, add_tag, suggest_article, alert_lead, auto_reply."]),
        ({"field": "text", "op": "has_word", "value": ["w"] * 101}, [{"do": "alert_lead"}],
         ["“subject or message” is compared with more than 100 things; make two conditions of it."]),
    ],
)  # fmt: skip
def test_problems_are_told_in_words(conditions, actions, told):
    assert rules.problems(conditions, actions, RuleStage.ROUTING) == told


@pytest.mark.django_db
def test_keys_must_exist_on_the_desk():
    cast.CategoryFactory(slug="billing")
    found = rules.problems(
        {"field": "team", "op": "is", "value": ["moon"]}, [{"do": "set_category", "value": "bills"}],
        RuleStage.CATEGORY, desk.current(),
    )  # fmt: skip
    assert found == [
        "“team” is never “moon”. Choose one of: .",
        "“set the category” cannot take “bills”. Choose one of: billing.",
    ]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["all", "any", "not", "field", "op", "value", "do"]), inner, max_size=4)
    ),
)


@given(anything, anything)
def test_no_data_breaks_the_evaluator_or_the_checks(conditions, actions):
    assert rules.matches(conditions, Facts(text="x")) in (True, False)
    assert isinstance(rules.problems(conditions, actions, RuleStage.ROUTING), list)


def rule(stage, name, conditions, *actions, position=100, stops=False):
    return Rule.objects.create(
        stage=stage, name=name, conditions=conditions, actions=list(actions), position=position, stops=stops
    )


@pytest.mark.django_db
def test_later_rules_override_and_stops_ends_the_stage():
    rule(RuleStage.PRIORITY, "First", {}, {"do": "set_priority", "value": "low"}, position=1)
    rule(RuleStage.PRIORITY, "Second", {}, {"do": "set_priority", "value": "high"}, position=2, stops=True)
    rule(RuleStage.PRIORITY, "Third", {}, {"do": "set_priority", "value": "urgent"}, position=3)
    ticket = cast.TicketFactory.build(customer=cast.CustomerFactory.build())
    here = desk.current()
    decisions = rules.run(RuleStage.PRIORITY, ticket, facts=rules.facts(ticket, text="", desk=here), desk=here)
    assert ticket.priority == Priority.HIGH
    assert [decision.why for decision in decisions] == ["Low: First; overruled by a later rule", "High: Second"]


@pytest.mark.django_db
def test_dry_run_tells_what_would_change_and_changes_nothing(django_assert_max_num_queries):
    cast.TeamFactory(slug="tier-2", tier=2)
    vip = cast.TicketFactory(customer=cast.CustomerFactory(own_tier=CustomerTier.VIP))
    words = cast.MessageFactory(body="There is a BUG in the export").ticket
    plain = cast.TicketFactory()
    tried = Rule(
        stage=RuleStage.ROUTING, name="Bugs",
        conditions={"any": [VIP, {"field": "text", "op": "has_word", "value": ["bug"]}]},
        actions=[{"do": "set_tier", "value": 2}, {"do": "add_tag", "value": "bug"}],
    )  # fmt: skip
    here = desk.current()
    with django_assert_max_num_queries(3):
        found = rules.dry_run(tried, RuleStage.ROUTING, desk=here)
    line = "To Tier 2 (tier 2) by rule “Bugs”; Tagged “bug” by rule “Bugs”"
    assert (found.total, found.touched) == (3, [(words, line), (vip, line)])
    assert plain.pk not in {ticket.pk for ticket, _line in found.touched}
    assert type(vip).objects.get(pk=vip.pk).tier == 1


@pytest.mark.django_db
def test_dry_run_of_bare_conditions():
    vip = cast.TicketFactory(customer=cast.CustomerFactory(own_tier=CustomerTier.VIP))
    assert rules.dry_run(VIP, RuleStage.ROUTING).touched == [(vip, "Holds, and changes nothing.")]


@pytest.mark.django_db
def test_uses_are_added_up_by_day():
    first = rule(RuleStage.PRIORITY, "First", {}, {"do": "raise_priority"})
    other = rule(RuleStage.PRIORITY, "Other", {}, {"do": "raise_priority"})
    day = date(2026, 3, 2)
    rules.count_uses([first.pk, other.pk, first.pk], day)
    rules.count_uses([first.pk, 10**9], day)
    counts = RuleUse.objects.values_list("rule", "day", "count").order_by("rule")
    assert list(counts) == [(first.pk, day, 3), (other.pk, day, 1)]


def test_an_action_of_another_stage_does_nothing():
    ticket = SimpleNamespace(priority=Priority.NORMAL)
    odd = Rule(stage=RuleStage.CATEGORY, name="Odd")
    done = rules.rule_actions.apply({"do": "set_priority", "value": "low"}, ticket, rule=odd, desk=None)
    assert (done, ticket.priority) == (None, Priority.NORMAL)
