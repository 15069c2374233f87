"""The back office: administrators only, every page opens, settings tell the desk, tickets change only by verbs."""

import pytest
from django.contrib import admin
from django.urls import reverse

from helpdesk import playbook
from tests import cast
from tickets import desk
from tickets.api import tokens
from tickets.models import (
    Category,
    DeskVersion,
    EventKind,
    Holiday,
    LifecycleTiming,
    Macro,
    OutboxMail,
    OutboxStatus,
    Role,
    SavedView,
    SlaPolicy,
    State,
    Team,
    Ticket,
    TicketEvent,
    User,
)  # fmt: skip

pytestmark = pytest.mark.django_db
REGISTERED = sorted(admin.site._registry, key=lambda model: model.__name__)
MODELS = [model for model in REGISTERED if model._meta.app_label == "tickets"]


@pytest.fixture
def office(client):
    ada = cast.ada()
    client.force_login(ada)
    client.ada = ada
    return client


@pytest.fixture
def loaded(db):
    playbook.load(playbook.open_playbook("saas-tiered"))


def version() -> int:
    return DeskVersion.objects.values_list("number", flat=True).first() or 1


def page_of(client, model, *args, what="change"):
    return client.get(reverse(f"admin:tickets_{model.__name__.lower()}_{what}", args=args))


def form_of(answer):
    """What a browser would send back of a change page: the form's and its formsets' current values."""
    shown = answer.context["adminform"].form
    given = {}
    for form in [shown, *(f for inline in answer.context["inline_admin_formsets"] for f in inline.formset.forms)]:
        for bound in form:
            value = bound.value()
            if value is not None and value is not False:
                given[bound.html_name] = bound.field.prepare_value(value)
    for inline in answer.context["inline_admin_formsets"]:
        management = inline.formset.management_form
        given.update({management.add_prefix(name): management[name].value() for name in management.fields})
    return given


def test_only_what_the_desk_needs_is_registered():
    assert {"auth", "django_q"} & {model._meta.app_label for model in REGISTERED} == set()


@pytest.mark.parametrize("address", ["/admin/", "/admin/tickets/user/", "/admin/tickets/ticket/"])
def test_strangers_sign_in_and_everybody_else_is_refused(client, address):
    answer = client.get(address, follow=True)
    assert answer.redirect_chain[-1][0].startswith("/sign-in/?next=")
    for person in (cast.mira(), cast.lena(), cast.max_(), cast.olaf()):
        client.force_login(person)
        assert client.get(address, follow=True).status_code == 403


def test_rights_follow_the_role_not_django_s_flags(client):
    lena = cast.lena()
    User.objects.filter(pk=lena.pk).update(is_staff=True, is_superuser=True)
    client.force_login(User.objects.get(pk=lena.pk))
    assert client.get("/admin/", follow=True).status_code == 403
    boss = cast.UserFactory(name="New Boss", role=Role.ADMINISTRATOR)
    client.force_login(boss)
    assert client.get("/admin/tickets/team/add/").status_code == 200


def test_start_page_shows_the_topics_in_order(office):
    names = [str(box["name"]) for box in office.get("/admin/").context["app_list"]]
    assert names[:5] == ["People and hours", "How the desk works", "Escalation", "Customers", "Records"]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_list_and_page_opens_without_inline_style_or_script(office, loaded, model):
    ticket = cast.a_ticket()
    OutboxMail.objects.get_or_create(dedupe_key="x", defaults={
        "kind": "received", "to": "a@b.example", "mail_id": "x", "next_at": ticket.created_at,
        "created_at": ticket.created_at, "ticket": ticket})  # fmt: skip
    Holiday.objects.create(date="2026-12-25", name="Christmas")
    cast.OrganisationFactory()
    cast.models.Mailbox.objects.create(address="help@firstline.test", road="imap", host="imap.example")
    cast.models.Heartbeat.objects.create(name="worker", at=ticket.created_at)
    hook = cast.models.Webhook.objects.create(name="Stock", address="https://stock.example/in", kinds=["*"])
    hook.deliveries.create(
        ticket=ticket, kind="closed", body="{}", created_at=ticket.created_at, queued_at=ticket.created_at,
        next_at=ticket.created_at,
    )  # fmt: skip
    tokens.make(office.ada, name="x", scopes=["tickets:read"], by=None)
    answers = [office.get(reverse(f"admin:tickets_{model.__name__.lower()}_changelist"), follow=True)]
    row = model._default_manager.last()
    answers.append(page_of(office, model, row.pk))
    if hasattr(model, "history"):
        answers.append(page_of(office, model, row.pk, what="history"))
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    for answer in answers:
        page = answer.content.decode()
        assert (" style=" in page, "<style" in page, "<script>" in page, " onclick=" in page) == (False,) * 4


def test_a_changed_policy_is_said_in_words_counts_at_once_and_keeps_its_history(office, loaded):
    policy = SlaPolicy.objects.get(name="Urgent")
    given = form_of(page_of(office, SlaPolicy, policy.pk))
    assert (given["first_response"], given["resolution"]) == ("15 min", "4 h")
    before = version()
    answer = office.post(
        reverse("admin:tickets_slapolicy_change", args=[policy.pk]), {**given, "resolution": "3 h 30 min"}
    )
    assert answer.status_code == 302
    assert SlaPolicy.objects.get(pk=policy.pk).resolution == 210
    assert version() == before + 1
    newest = SlaPolicy.history.filter(id=policy.pk).first()
    assert (newest.resolution, newest.history_user) == (210, office.ada)


@pytest.mark.parametrize("wrong", ["soon", "4 hours", "-3 min", "9999999 h", "500 d"])
def test_a_wrong_length_of_time_is_told_in_words(office, loaded, wrong):
    policy = SlaPolicy.objects.get(name="Urgent")
    given = form_of(page_of(office, SlaPolicy, policy.pk))
    answer = office.post(reverse("admin:tickets_slapolicy_change", args=[policy.pk]), {**given, "resolution": wrong})
    assert answer.status_code == 200
    assert "resolution" in answer.context["adminform"].form.errors
    assert SlaPolicy.objects.get(pk=policy.pk).resolution == 240


def test_list_edits_and_deletions_tell_the_desk_too(office, loaded):
    macros = list(Macro.objects.all())
    before = version()
    given = {"form-TOTAL_FORMS": len(macros), "form-INITIAL_FORMS": len(macros), "_save": "Save"}
    for number, macro in enumerate(macros):
        given |= {
            f"form-{number}-id": macro.pk,
            f"form-{number}-position": macro.position,
            f"form-{number}-is_active": "on",
        }
    assert office.post("/admin/tickets/macro/", given | {"form-0-position": 5}).status_code == 302
    assert Macro.objects.get(pk=macros[0].pk).position == 5
    assert version() == before + 1
    chosen = {"action": "delete_selected", "_selected_action": [macros[0].pk], "post": "yes"}
    office.post("/admin/tickets/macro/", chosen)
    assert (Macro.objects.filter(pk=macros[0].pk).exists(), version()) == (False, before + 2)


def test_the_desk_reads_a_team_s_new_hours_at_once(office, loaded):
    team = Team.objects.get(slug="tier-1")
    assert desk.current().calendar(team.pk).week[5] == ()
    given = form_of(page_of(office, Team, team.pk)) | {
        "opening_hours-TOTAL_FORMS": 6, "opening_hours-5-weekday": 5, "opening_hours-5-opens": "09:00",
        "opening_hours-5-closes": "12:00", "opening_hours-5-team": team.pk,
    }  # fmt: skip
    answer = office.post(reverse("admin:tickets_team_change", args=[team.pk]), given)
    assert answer.status_code == 302, answer.context["errors"]
    assert len(desk.current().calendar(team.pk).week[5]) == 1


def test_timing_is_one_row_behind_its_list(office, loaded):
    timing = LifecycleTiming.objects.get()
    assert office.get("/admin/tickets/lifecycletiming/").url == f"/admin/tickets/lifecycletiming/{timing.pk}/change/"
    assert office.get("/admin/tickets/lifecycletiming/add/").status_code == 403
    given = form_of(page_of(office, LifecycleTiming, timing.pk))
    assert (given["close_after"], given["reopen_window"]) == ("48 h", "14 d")


def test_a_new_person_signs_in_and_the_last_administrator_stays(office):
    given = {"email": "Nils@Desk.example", "name": "Nils Berg", "role": "agent", "usable_password": "true",
             "password1": "a-very-long-phrase", "password2": "a-very-long-phrase"}  # fmt: skip
    assert office.post("/admin/tickets/user/add/", given).status_code == 302
    nils = User.objects.get(email="nils@desk.example")
    assert (nils.check_password("a-very-long-phrase"), nils.is_superuser) == (True, False)
    assert "already signs in" in office.post("/admin/tickets/user/add/", given).content.decode()
    ada = office.ada
    mine = form_of(page_of(office, User, ada.pk)) | {"role": "agent"}
    answer = office.post(reverse("admin:tickets_user_change", args=[ada.pk]), mine)
    assert "This is the last administrator" in answer.content.decode()
    assert User.objects.get(pk=ada.pk).role == Role.ADMINISTRATOR


def test_people_and_busy_teams_and_categories_are_not_deleted(office):
    mira, category = cast.mira(), cast.CategoryFactory()
    cast.TicketFactory(category=category)
    for model, row in ((User, mira), (Team, mira.team), (Category, category)):
        assert page_of(office, model, row.pk, what="delete").status_code == 403
        assert model.objects.filter(pk=row.pk).exists()


def test_a_macro_is_set_by_fields_and_checked_in_words(office, loaded):
    macro = Macro.objects.get(name="Billing::Refund processed")
    given = form_of(page_of(office, Macro, macro.pk))
    assert (given["set_category"], given["set_state"], given["add_tag"]) == ("billing", "resolved", "refund")
    address = reverse("admin:tickets_macro_change", args=[macro.pk])
    answer = office.post(address, {**given, "body": "Hi {{customer.nick}}"})
    assert "“{{customer.nick}}” is not filled in" in answer.content.decode().replace("&#x27;", "'")
    office.post(address, {**given, "set_priority": "high", "add_tag": "refund, money back", "set_state": ""})
    assert Macro.objects.get(pk=macro.pk).actions == [
        {"do": "set_priority", "value": "high"},
        {"do": "set_category", "value": "billing"},
        {"do": "add_tag", "value": "refund"},
        {"do": "add_tag", "value": "money back"},
    ]


def test_a_view_is_set_by_fields(office, loaded):
    mine = cast.models.SavedView.objects.create(slug="own", name="Own", owner=cast.mira())
    given = {
        "name": "Angry VIPs", "slug": "angry-vips", "position": 5, "is_active": "on", "customer_tier": ["vip"],
        "priority": ["1", "2"], "assignee": "none", "tag": "refund", "angry": "on",
    }  # fmt: skip
    assert office.post("/admin/tickets/savedview/add/", given).status_code == 302
    assert SavedView.objects.get(slug="angry-vips").filters == {
        "priority": [1, 2], "customer_tier": ["vip"], "tag": ["refund"], "assignee": "none", "angry": True,
    }  # fmt: skip
    assert page_of(office, SavedView, mine.pk).status_code == 302


def test_tickets_cannot_be_written_here(office):
    ticket = cast.a_ticket()
    address = reverse("admin:tickets_ticket_change", args=[ticket.pk])
    assert office.post(address, {"subject": "Rewritten", "state": "closed"}).status_code == 403
    assert office.get("/admin/tickets/ticket/add/").status_code == 403
    assert page_of(office, Ticket, ticket.pk, what="delete").status_code == 403
    assert (Ticket.objects.get().subject, Ticket.objects.get().state) == (ticket.subject, State.NEW)


def test_actions_on_tickets_are_verbs_with_events_and_refusals_in_words(office):
    spam, merged = cast.a_ticket(), cast.TicketFactory(state=State.NEW)
    answer = office.post("/admin/tickets/ticket/", {"action": "mark_spam", "_selected_action": [spam.pk]}, follow=True)
    assert "1 ticket done." in answer.content.decode()
    assert Ticket.objects.get(pk=spam.pk).state == State.CLOSED
    last = TicketEvent.objects.filter(ticket=spam).last()
    assert (last.kind, last.by) == (EventKind.SPAM, office.ada)
    answer = office.post("/admin/tickets/ticket/", {"action": "close", "_selected_action": [merged.pk]}, follow=True)
    assert f"#{merged.pk}: " in answer.content.decode()
    assert Ticket.objects.get(pk=merged.pk).state == State.NEW


@pytest.mark.parametrize("model", [TicketEvent, OutboxMail, cast.models.PlaybookLoad])
def test_records_are_only_looked_at(office, loaded, model):
    ticket = cast.a_ticket()
    OutboxMail.objects.get_or_create(dedupe_key="x", defaults={
        "kind": "received", "to": "a@b.example", "mail_id": "x", "next_at": ticket.created_at,
        "created_at": ticket.created_at})  # fmt: skip
    row, count = model.objects.first(), model.objects.count()
    assert page_of(office, model, what="add").status_code == 403
    assert page_of(office, model, row.pk, what="delete").status_code == 403
    address = reverse(f"admin:tickets_{model.__name__.lower()}_change", args=[row.pk])
    assert office.post(address, {"kind": "spam", "name": "x"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    office.post(reverse(f"admin:tickets_{model.__name__.lower()}_changelist"), chosen)
    assert model.objects.count() == count


def test_dead_mail_is_sent_again_from_its_list(office):
    ticket = cast.a_ticket()
    mail = OutboxMail.objects.create(
        kind="received", to="a@b.example", dedupe_key="dead", mail_id="dead", next_at=ticket.created_at,
        created_at=ticket.created_at, status=OutboxStatus.DEAD, ticket=ticket,
    )  # fmt: skip
    office.post("/admin/tickets/outboxmail/", {"action": "send_again", "_selected_action": [mail.pk]})
    assert OutboxMail.objects.get(pk=mail.pk).status == OutboxStatus.PENDING


def test_identities_are_kept_in_one_form(office):
    customer = cast.ravi()
    given = form_of(page_of(office, cast.models.Customer, customer.pk)) | {
        "identities-TOTAL_FORMS": 2, "identities-1-kind": "phone", "identities-1-value": "+49 (30) 123-45",
        "identities-1-customer": customer.pk,
    }  # fmt: skip
    address = reverse("admin:tickets_customer_change", args=[customer.pk])
    assert office.post(address, given).status_code == 302
    assert set(customer.identities.values_list("value", flat=True)) == {"ravi@menon.example", "+493012345"}


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("model", ["ticket", "ticketevent", "slapolicy", "macro", "savedview", "movecondition"])
def test_lists_cost_the_same_whatever_their_length(office, django_assert_max_num_queries, model, rows):
    category = cast.CategoryFactory()
    for number in range(rows):
        cast.TicketFactory(assignee=cast.mira(), team=cast.TeamFactory())
        SlaPolicy.objects.create(name=f"p{number}", first_response=1, resolution=1)
        Macro.objects.create(name=f"m{number}", team=cast.TeamFactory())
        SavedView.objects.create(name=f"v{number}", slug=f"v{number}")
        state = list(State)[number]
        cast.models.MoveCondition.objects.create(state=state, needs="tag", only_category=category)
        ticket = Ticket.objects.last()
        TicketEvent.objects.create(ticket=ticket, kind=EventKind.NOTED, at=ticket.created_at, by=cast.mira())
    office.get("/admin/")
    with django_assert_max_num_queries(12):
        assert office.get(f"/admin/tickets/{model}/").status_code == 200
