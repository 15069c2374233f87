"""Tickets through the API: listed, opened, read, changed, moved, joined, as the desk's own pages would."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tests import cast
from tests.tickets.api.program import Program, pointers, problem
from tickets import details, lifecycle
from tickets.models import Channel, EventKind, Message, MessageKind, MoveCondition, OutboxMail, State, Ticket

pytestmark = pytest.mark.django_db
NEW = {"email": "Nia@People.example", "name": "Nia Long", "subject": "It broke", "body": "Since today."}


@pytest.fixture
def mira(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    return Program(cast.mira())


def test_a_new_ticket_comes_through_the_front_door(mira):
    cast.CategoryFactory(slug="billing")
    answer = mira.post(
        "tickets", {**NEW, "category": "billing", "reference": "R-1", "tags": ["vip"], "priority": "high"}
    )
    told = answer.json()
    assert (answer.status_code, answer["Location"]) == (201, f"/api/v1/support/tickets/{told['number']}")
    ticket = Ticket.objects.get(pk=told["number"])
    assert (ticket.subject, ticket.channel, ticket.category.slug, ticket.reference) == (
        "It broke", Channel.API, "billing", "R-1",
    )  # fmt: skip
    assert (told["customer"]["email"], told["priority"], told["tags"]) == ("nia@people.example", "high", ["vip"])
    kinds = list(ticket.events.values_list("kind", flat=True))
    assert kinds[:3] == [EventKind.RECEIVED, EventKind.SORTED, EventKind.ROUTED]
    assert OutboxMail.objects.filter(ticket=ticket, kind="received").count() == 1
    assert ticket.messages.get().author == cast.mira()


def test_files_come_by_form_and_go_out_again(mira):
    upload = SimpleUploadedFile("seen.txt", b"what I saw")
    answer = mira.form("tickets", {**NEW, "files": [upload], "tags": "a,b"})
    assert (answer.status_code, answer.json()["tags"]) == (201, ["a", "b"])
    [message] = mira.get(f"tickets/{answer.json()['number']}/messages").json()["results"]
    [file] = message["files"]
    assert (file["name"], file["size"]) == ("seen.txt", 10)
    fetched = mira.get(f"files/{file['id']}")
    assert (b"".join(fetched.streaming_content), fetched["X-Content-Type-Options"]) == (b"what I saw", "nosniff")


def test_a_program_is_a_program_and_no_file(mira):
    upload = SimpleUploadedFile("run.txt", b"MZ\0\0")
    answer = mira.form("tickets", {**NEW, "files": [upload]})
    assert (problem(answer), pointers(answer)) == ((422, "invalid"), ["/files/0"])
    assert Ticket.objects.count() == 0


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, ["/body"]),
        ({"body": "x"}, ["/email"]),
        ({**NEW, "phone": "+49 30 1"}, ["/email"]),
        ({**NEW, "email": "nobody"}, ["/email"]),
        ({**NEW, "category": "no-such"}, ["/category"]),
        ({**NEW, "priority": "highest"}, ["/priority"]),
        ({**NEW, "body": 7}, ["/body"]),
        ({**NEW, "subject": "\x00"}, ["/subject"]),
        ({**NEW, "tags": "x"}, ["/tags"]),
        ({**NEW, "state": "closed", "id": 1}, ["/state", "/id"]),
    ],
)
def test_what_is_wrong_is_named_by_its_pointer(mira, given, wrong):
    answer = mira.post("tickets", given)
    assert (problem(answer), pointers(answer)) == ((422, "invalid"), wrong)
    assert Ticket.objects.count() == 0


def test_other_channels_need_a_scope(mira):
    call = {"phone": "+49 30 1234567", "body": "Called.", "channel": "phone"}
    answer = Program(cast.jonas(), ["tickets:write"]).post("tickets", call)
    assert (problem(answer), answer.json()["scope"]) == ((403, "missing-scope"), "tickets:import")
    assert mira.post("tickets", call).json()["channel"] == "phone"


def test_lists_go_page_by_page_both_ways_and_show_each_ticket_once(mira):
    numbers = [cast.a_ticket(subject=f"Number {n}").pk for n in range(7)]
    for ordering in ("number", "-created", "updated", "priority", "-due"):
        seen, url, pages = [], f"tickets?limit=3&fields=number&ordering={ordering}", []
        while url:
            page = mira.get(url.rpartition("/support/")[2])
            pages.append(page.json())
            seen += [row["number"] for row in page.json()["results"]]
            assert ('rel="next"' in page.headers.get("Link", "")) == bool(page.json()["next"])
            url = page.json()["next"]
        assert (sorted(seen), len(pages)) == (numbers, 3)
        back = mira.get(pages[-1]["previous"].rpartition("/support/")[2]).json()
        assert back["results"] == pages[1]["results"]


def test_filters_narrow_the_list(mira):
    category = cast.CategoryFactory(slug="billing")
    one = cast.a_ticket(subject="needle one", category_id=category.pk, channel=Channel.EMAIL)
    two = cast.a_ticket(customer=cast.dana(), body="hay")
    details.add_tags(two, names=["refund"], by=cast.mira())
    details.set_priority(two, priority=1, by=cast.mira())
    lifecycle.resolve(one, by=cast.mira())
    spam = cast.a_ticket(customer=cast.dana())
    mira.patch(f"tickets/{spam.pk}", {"is_spam": True})

    def found(**query):
        return [row["number"] for row in mira.get("tickets", {"fields": "number", **query}).json()["results"]]

    assert found() == [spam.pk, two.pk, one.pk]
    assert found(state="open") == [two.pk]
    assert found(state="resolved,new") == [two.pk, one.pk]
    assert (found(category="billing"), found(category="none")) == ([one.pk], [spam.pk, two.pk])
    assert (found(channel="email"), found(priority="urgent")) == ([one.pk], [two.pk])
    assert (found(tag="refund"), found(customer=two.customer_id)) == ([two.pk], [spam.pk, two.pk])
    assert (found(q="needle"), found(q=f"#{two.pk}")) == ([one.pk], [two.pk])
    assert (found(is_spam="true"), found(is_spam="false")) == ([spam.pk], [two.pk, one.pk])
    assert (found(assignee="me", state="open"), found(assignee="none", state="open")) == ([two.pk], [])
    soon = (timezone.now() + timedelta(minutes=1)).isoformat()
    assert (found(created_after=soon), found(updated_before=soon)) == ([], [spam.pk, two.pk, one.pk])


def test_what_changed_since_is_found_by_its_last_change(mira):
    old, still = cast.a_ticket(now=cast.MONDAY), cast.a_ticket(now=cast.MONDAY)
    details.set_reference(old, reference="R-2", by=cast.mira(), now=cast.later(hours=3))
    answer = mira.get("tickets", {"updated_after": cast.later(hours=1).isoformat(), "fields": "number,updated_at"})
    assert answer.json()["results"] == [{"number": old.pk, "updated_at": "2026-03-02T12:00:00Z"}]
    assert still.pk != old.pk


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("state=gone", "state"), ("limit=0", "limit"), ("limit=101", "limit"), ("cursor=made-up", "cursor"),
        ("ordering=subject", "ordering"), ("fields=number,secret", "fields"), ("page=2", "page"),
        ("created_after=yesterday", "created_after"), ("created_after=2026-13-01", "created_after"),
        ("customer=-1", "customer"), ("q=%00", "q"), ("assignee=99999999999999999999", "assignee"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named(mira, query, wrong):
    answer = mira.get(f"tickets?{query}")
    assert (problem(answer), pointers(answer)) == ((400, "bad-parameter"), [wrong])


def test_a_cursor_opens_only_the_list_it_was_made_for(mira):
    for _number in range(3):
        cast.a_ticket()
    following = mira.get("tickets?limit=1").json()["next"].partition("cursor=")[2]
    assert problem(mira.get(f"customers?cursor={following}")) == (400, "bad-parameter")
    assert problem(mira.get(f"tickets?ordering=created&cursor={following}")) == (400, "bad-parameter")


def test_every_field_is_changed_by_its_verb(mira):
    ticket, jonas = cast.a_ticket(), cast.jonas()
    cast.CategoryFactory(slug="billing")
    cast.TeamFactory(slug="tier-2", tier=2)
    until = (timezone.now() + timedelta(days=1)).replace(microsecond=0)
    given = {
        "subject": "Renamed", "reference": "R-9", "category": "billing", "priority": "urgent", "tags": ["b", "a"],
        "team": "tier-2", "assignee_id": jonas.pk, "cause": "A", "fix": "B",
        "snoozed_until": until.isoformat().replace("+00:00", "Z"),
    }  # fmt: skip
    told = mira.patch(f"tickets/{ticket.pk}", given).json()
    assert {name: told[name] for name in given} == {**given, "tags": ["a", "b"]}
    changed = ticket.events.filter(kind=EventKind.CHANGED).values_list("data__field", flat=True)
    assert set(changed) == {"subject", "reference", "category", "priority", "team", "cause", "fix"}
    assert set(ticket.events.filter(by=cast.mira()).values_list("kind", flat=True)) == {
        EventKind.CHANGED, EventKind.TAGGED, EventKind.ASSIGNED, EventKind.SNOOZED,
    }  # fmt: skip
    back = mira.patch(f"tickets/{ticket.pk}", {"assignee_id": None, "category": None, "snoozed_until": None}).json()
    assert (back["assignee"], back["category"], back["snoozed_until"]) == (None, None, None)


def test_a_change_is_made_whole_or_not_at_all(mira):
    ticket = cast.a_ticket(subject="As it was")
    answer = mira.patch(f"tickets/{ticket.pk}", {"subject": "Half", "assignee_id": 999})
    assert pointers(answer) == ["/assignee_id"]
    assert Ticket.objects.get(pk=ticket.pk).subject == "As it was"


def test_nobody_overwrites_what_they_have_not_read(mira):
    ticket = cast.a_ticket()
    read = mira.get(f"tickets/{ticket.pk}")
    assert mira.get(f"tickets/{ticket.pk}", If_None_Match=read["ETag"]).status_code == 304
    changed = mira.patch(f"tickets/{ticket.pk}", {"subject": "First"}, If_Match=read["ETag"])
    assert (changed.status_code, changed["ETag"] != read["ETag"]) == (200, True)
    late = mira.patch(f"tickets/{ticket.pk}", {"subject": "Second"}, If_Match=read["ETag"])
    assert problem(late) == (412, "precondition-failed")
    assert Ticket.objects.get(pk=ticket.pk).subject == "First"
    assert mira.get(f"tickets/{ticket.pk}", If_None_Match=read["ETag"]).status_code == 200
    for path, given in (("messages", {"body": "Late"}), ("transitions", {"to": "resolved"})):
        assert problem(mira.post(f"tickets/{ticket.pk}/{path}", given, If_Match=read["ETag"]))[0] == 412
    assert mira.patch(f"tickets/{ticket.pk}", {"subject": "Third"}, If_Match=changed["ETag"]).status_code == 200


def test_moves_say_what_is_missing_and_then_go(mira):
    ticket = cast.a_ticket()
    MoveCondition.objects.create(state=State.RESOLVED, needs=MoveCondition.Needs.CAUSE)
    cast.desk.forget()
    told = mira.get(f"tickets/{ticket.pk}/transitions").json()
    assert told["state"] == "new"
    assert {row["to"]: row["missing"] for row in told["results"]}["resolved"] == ["cause"]
    refused = mira.post(f"tickets/{ticket.pk}/transitions", {"to": "resolved"})
    assert (problem(refused), refused.json()["missing"], pointers(refused)) == (
        (409, "conflict"),
        ["cause"],
        ["/cause"],
    )
    moved = mira.post(f"tickets/{ticket.pk}/transitions", {"to": "resolved", "cause": "Ours", "fix": "Mended"}).json()
    assert (moved["state"], moved["cause"], moved["fix"]) == ("resolved", "Ours", "Mended")
    assert problem(mira.post(f"tickets/{ticket.pk}/transitions", {"to": "pending_customer"})) == (409, "conflict")
    reopened = mira.post(f"tickets/{ticket.pk}/transitions", {"to": "in_progress", "reason": "Not yet"}).json()
    assert (reopened["state"], reopened["reopen_count"]) == ("in_progress", 1)


def test_replies_notes_and_what_the_customer_said(mira):
    ticket = cast.a_ticket()
    reply = mira.post(f"tickets/{ticket.pk}/messages", {"body": "Done.", "next_state": "resolved", "cause": "x"}).json()
    assert (reply["kind"], reply["author_id"], Ticket.objects.get(pk=ticket.pk).state) == (
        "reply", cast.mira().pk, "resolved",
    )  # fmt: skip
    assert OutboxMail.objects.filter(ticket=ticket, kind="reply").count() == 1
    note = mira.post(f"tickets/{ticket.pk}/messages", {"kind": "note", "body": "Between us"}).json()
    heard = mira.post(f"tickets/{ticket.pk}/messages", {"kind": "customer", "body": "Still broken"}).json()
    assert (note["kind"], heard["kind"], heard["ticket"]) == ("note", "customer", ticket.pk)
    assert Ticket.objects.get(pk=ticket.pk).state == State.IN_PROGRESS
    listed = mira.get(f"tickets/{ticket.pk}/messages?kind=note,reply&ordering=-id").json()["results"]
    assert [row["kind"] for row in listed] == ["note", "reply"]
    odd = mira.post(f"tickets/{ticket.pk}/messages", {"kind": "note", "body": "x", "next_state": "resolved"})
    assert pointers(odd) == ["/next_state"]
    seen = cast.later().isoformat()
    late = mira.post(f"tickets/{ticket.pk}/messages", {"body": "Crossed", "seen_at": seen})
    assert problem(late) == (409, "conflict")
    assert Message.objects.filter(ticket=ticket, kind=MessageKind.REPLY).count() == 1


def test_events_tell_the_story_in_words(mira):
    ticket = cast.a_ticket()
    mira.patch(f"tickets/{ticket.pk}", {"priority": "urgent"})
    last = mira.get(f"tickets/{ticket.pk}/events?ordering=-id&limit=1").json()["results"][0]
    assert (last["kind"], last["by_id"], last["details"]["field"]) == ("changed", cast.mira().pk, "priority")
    assert last["text"] == "Mira K. set the priority to Urgent"


def test_hand_over_merge_and_link(mira):
    one, two = cast.a_ticket(), cast.a_ticket()
    cast.TeamFactory(slug="tier-2", tier=2)
    handed = mira.post(f"tickets/{one.pk}/handover", {"team": "tier-2", "note": "Please look."})
    assert (handed.status_code, handed.json()["team"]) == (200, "tier-2")
    assert pointers(mira.post(f"tickets/{one.pk}/merge", {"into": 10**9})) == ["/into"]
    assert mira.post(f"tickets/{one.pk}/merge", {"into": two.pk}).json()["merged_into"] == two.pk
    assert mira.delete(f"tickets/{one.pk}/merge").json()["merged_into"] is None
    assert problem(mira.delete(f"tickets/{one.pk}/merge")) == (409, "conflict")
    assert mira.post(f"tickets/{one.pk}/links", {"number": two.pk}).json() == {"results": [two.pk]}
    assert mira.get(f"tickets/{two.pk}/links").json() == {"results": [one.pk]}
    assert mira.delete(f"tickets/{one.pk}/links/{two.pk}").status_code == 204
    assert mira.get(f"tickets/{one.pk}/links").json() == {"results": []}


def test_a_new_ticket_is_answered_as_it_reads(mira):
    cast.OrganisationFactory(name="Whitfield", domain="whitfield.example")
    told = mira.post("tickets", {**NEW, "email": "dana@whitfield.example"})
    read = mira.get(f"tickets/{told.json()['number']}")
    assert (told.json(), told["ETag"]) == (read.json(), read["ETag"])
    assert told.json()["organisation"]["name"] == "Whitfield"
