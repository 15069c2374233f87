"""Macros: filled by a whitelist and never evaluated, previewed in words, applied through the verbs with one event."""

import pytest

from tests import cast
from tickets import desk, macros
from tickets.errors import Refused
from tickets.models import EventKind, Macro, Priority, State, Ticket

pytestmark = pytest.mark.django_db
KNOWN = {"category": {"billing"}, "team": {"tier-2"}}


def filled(macro, ticket, user):
    return macros.fill(macro, ticket, user, desk.current())


def test_text_is_filled_from_ticket_customer_agent_and_site(settings):
    settings.SITE_NAME = "Whitfield Help"
    ticket = cast.TicketFactory(subject="Late parcel", reference="A-77", customer=cast.dana())
    body = (
        "{{customer.name}}|{{customer.first_name}}|{{ticket.number}}|{{ticket.subject}}|{{ ticket.reference }}|"
        "{{agent.name}}|{{site.name}}|{{ticket.link}}"
    )
    *words, link = filled(Macro(body=body), ticket, cast.mira()).body.split("|")
    assert words == [
        "Dana Whitfield", "Dana", str(ticket.number), "Late parcel", "A-77", "Mira Kovac", "Whitfield Help",
    ]  # fmt: skip
    assert link.startswith(f"{settings.SITE_URL}/r/")


def test_customer_without_a_name_is_greeted_all_the_same():
    ticket = cast.TicketFactory(customer_name="")
    assert filled(Macro(body="Hello {{customer.first_name}},"), ticket, cast.mira()).body == "Hello there,"


@pytest.mark.parametrize(
    "text", ["{{7*7}}", "{{ticket.access_key}}", "{% debug %}", "{{customer.__class__}}", "{{}}", "{{{{agent.nam}}}}"]
)
def test_anything_else_in_braces_stays_text(text):
    assert filled(Macro(body=text), cast.TicketFactory(), cast.mira()).body == text


def test_what_was_filled_in_is_never_filled_again():
    ticket = cast.TicketFactory(subject="{{agent.name}}")
    assert filled(Macro(body="{{ticket.subject}}"), ticket, cast.mira()).body == "{{agent.name}}"


def test_preview_names_what_would_change_and_changes_nothing():
    cast.CategoryFactory(slug="billing", name="Billing")
    ticket, mira = cast.TicketFactory(priority=Priority.HIGH), cast.mira()
    macro = Macro(actions=[
        {"do": "set_category", "value": "billing"},
        {"do": "set_priority", "value": "high"},
        {"do": "add_tag", "value": "refund"},
        {"do": "assign", "value": "me"},
        {"do": "set_state", "value": "pending_customer"},
    ])  # fmt: skip
    made_ready = filled(macro, ticket, mira)
    assert made_ready.changes == [
        "Category: Billing", "Tag added: refund", "Assigned to you", "Send as Waiting on customer",
    ]  # fmt: skip
    assert made_ready.next_state == State.PENDING_CUSTOMER
    assert Ticket.objects.get().category is None


def test_applying_goes_through_the_verbs_and_leaves_the_state_to_the_reply():
    cast.CategoryFactory(slug="billing", name="Billing")
    ticket = cast.a_ticket()
    mira = cast.mira()
    macro = Macro.objects.create(name="Refund", actions=[
        {"do": "set_category", "value": "billing"},
        {"do": "set_priority", "value": "urgent"},
        {"do": "add_tag", "value": "refund"},
        {"do": "assign", "value": "me"},
        {"do": "set_state", "value": "resolved"},
    ])  # fmt: skip
    before = ticket.events.count()
    after = macros.apply(ticket, macro, by=mira, desk=desk.current())
    assert (after.category.slug, after.priority, after.assignee_id, after.state) == ("billing", 1, mira.pk, State.NEW)
    assert [tag.name for tag in after.tags.all()] == ["refund"]
    kinds = list(ticket.events.order_by("id").values_list("kind", flat=True))[before:]
    assert kinds == [
        EventKind.CHANGED, EventKind.CHANGED, EventKind.TAGGED, EventKind.ASSIGNED, EventKind.MACRO_USED,
    ]  # fmt: skip
    assert ticket.events.last().data == {"macro": macro.pk, "name": "Refund"}


def test_a_refused_action_undoes_the_whole_macro():
    mira, ticket = cast.mira(), cast.a_ticket()
    macro = Macro.objects.create(name="Odd", actions=[{"do": "add_tag", "value": "x"}, {"do": "add_tag", "value": ","}])
    for number in range(29):
        ticket.tags.add(cast.models.Tag.objects.create(name=f"tag {number}"))
    macro.actions = [{"do": "add_tag", "value": "thirty"}, {"do": "add_tag", "value": "thirty-one"}]
    with pytest.raises(Refused):
        macros.apply(ticket, macro, by=mira, desk=desk.current())
    assert ticket.tags.count() == 29


def test_only_macros_for_every_team_or_the_tickets_own_are_offered():
    front, back = cast.TeamFactory(slug="tier-1"), cast.TeamFactory(slug="tier-2", tier=2)
    for name, team in (("All", None), ("Back", back), ("Front", front)):
        Macro.objects.create(name=name, team=team)
    ticket = cast.TicketFactory(team=front)
    assert [macro.name for macro in macros.usable(desk.current(), ticket)] == ["All", "Front"]


@pytest.mark.parametrize(
    ("body", "actions", "words"),
    [
        ("{{customer.nmae}}", [], "“{{customer.nmae}}” is not filled in"),
        ("", [{"do": "launch", "value": "x"}], "“launch” is nothing a macro can do"),
        ("", [{"do": "set_category", "value": "bill"}], "set_category: “bill” is not known; use one of: billing"),
        ("", [{"do": "set_state", "value": "closed"}], "set_state: “closed” is not known"),
        ("", [{"do": "add_tag", "value": " "}], "add_tag: write a tag"),
        ("", [{"do": "add_tag"}], "Each thing it sets needs exactly"),
        ("", "all", "must be a list"),
    ],
)
def test_faults_are_told_in_words(body, actions, words):
    [fault] = macros.problems(body, actions, known=KNOWN)
    assert words in fault


def test_right_macros_have_no_faults():
    actions = [{"do": "set_team", "value": "tier-2"}, {"do": "assign", "value": "none"}]
    assert macros.problems("Hello {{ customer.name }}", actions, known=KNOWN) == []
