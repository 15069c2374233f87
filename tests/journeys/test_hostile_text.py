"""What people write is shown as written: no script of theirs runs, nothing is asked of other hosts."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests import cast
from tests import world as worlds
from tests.journeys import desks
from tickets import conversation, details, files, intake, joining, lifecycle, own_views
from tickets.channels.base import Inbound, Sender
from tickets.models import CaughtMail, Channel, Customer, DeskVersion, IdentityKind, Macro, Rule, Tag, Team, Ticket

HOST = "http://elsewhere.test"
# Each breaks out of another place: an element, an attribute, a script, an address, markdown, a comment, a template.
CORPUS = [
    "<script>alert(1)</script>",
    f"<img src={HOST}/x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "</textarea><script>alert(1)</script>",
    "</title></style><iframe srcdoc='<script>parent.alert(1)</script>'>",
    f"<link rel=stylesheet href={HOST}/x.css><base href={HOST}/>",
    f"[click](javascript:alert(1)) ![x]({HOST}/x.png) javascript:alert(1)",
    f'http://a.test/"onmouseover=alert(1)// {HOST}/<script>',
    "<math><mtext></p><style><img src=x onerror=alert(1)>",
    "{{constructor.constructor('alert(1)')()}} ${alert(1)} <!--><script>alert(1)</script>-->",
    f"<form action={HOST}><button>Sign in again</button></form><meta http-equiv=refresh content='0;url={HOST}'>",
    "<div hx-get='/sign-out/' hx-trigger=load hx-on::load=alert(1) data-auto-send></div>",
]
EVERYTHING = "\n".join(CORPUS)


@pytest.fixture
def world(settings, tmp_path, transactional_db, monkeypatch):
    settings.FILES_DIR = tmp_path / "files"
    settings.EMAIL_BACKEND = "tickets.caught_mail.EmailBackend"
    settings.DEMO = True
    monkeypatch.setattr("helpdesk.demo.trickle.drip", lambda: 0)
    world = worlds.a_world()
    _poison(world)
    return world


def _poison(world) -> None:
    """The corpus in every field that somebody can fill, in short ones a few at a time."""
    mira, ticket = world.people["agent"], world.ticket
    organisation = cast.OrganisationFactory(name=CORPUS[2])
    customer = Customer.objects.get(pk=world.dana.pk)
    customer.name, customer.organisation, customer.notes = f"{CORPUS[0]} {CORPUS[1]}"[:120], organisation, EVERYTHING
    customer.save()
    for line in CORPUS:
        attached = files.keep(SimpleUploadedFile(f"{line.replace('/', ' ')}.txt", b"text"))
        sender = Sender(IdentityKind.EMAIL, "dana@whitfield.example", line[:100])
        inbound = Inbound(
            channel=Channel.WEB, sender=sender, subject=line, body=EVERYTHING, reference=line[:60], files=(attached,)
        )
        intake.receive(inbound)
    Ticket.objects.filter(customer=customer).update(customer_name=f"{CORPUS[0]} {CORPUS[1]}"[:120])
    details.set_subject(ticket, subject=" ".join(CORPUS[1:4]), by=mira)
    details.set_reference(ticket, reference=CORPUS[2], by=mira)
    Tag.objects.bulk_create(Tag(name=line[:60]) for line in CORPUS)
    ticket.tags.add(*Tag.objects.all())
    attached = files.keep(SimpleUploadedFile(f"{CORPUS[1].replace('/', ' ')}.html", EVERYTHING.encode()))
    conversation.hear(
        ticket, body=EVERYTHING, customer=customer, channel=Channel.WEB, files=[attached],
        quoted=EVERYTHING, signature=EVERYTHING, html=EVERYTHING,
    )  # fmt: skip
    conversation.note(ticket, body=EVERYTHING, by=mira, files=[attached])
    conversation.reply(ticket, body=EVERYTHING, by=mira)
    lifecycle.wait_for_customer(ticket, by=mira, reason=EVERYTHING)
    joining.link(ticket, other=world.other, by=mira)
    ticket.drafts.all().delete()
    ticket.drafts.create(user=mira, kind="reply", body=EVERYTHING)
    own_views.save_view(name=CORPUS[2], filters={"tag": [CORPUS[0]]}, by=mira)
    for line in CORPUS:
        Macro.objects.create(name=f"Folder::{line}"[:120], body=EVERYTHING)
    Rule.objects.filter(name="Never").update(name=CORPUS[1][:80])
    Team.objects.filter(slug="tier-1").update(name=CORPUS[2])
    type(mira).objects.filter(pk=mira.pk).update(name=f"{CORPUS[0]} Kovac")
    DeskVersion.bump()
    desks.work_all_mail_out()


def test_nothing_that_people_write_runs(world, open_page, sign_in):
    pages, dialogs, missing = {}, [], []
    shown = {
        "queue",
        "ticket",
        "search",
        "customer",
        "customers",
        "my_requests",
        "request_page",
        "views",
        "rules",
        "notifications",
    }
    mail = CaughtMail.objects.filter(to="dana@whitfield.example").first()
    more = [
        ("agent", "search", f"/desk/search/?q={CORPUS[0]}"), ("agent", "queue",
        f"/desk/?tag={CORPUS[0]}&view=<script>"),
        ("agent", "macro", f"{world.path('ticket')}?macro={Macro.objects.latest('pk').pk}"), ("agent", "palette",
        "/desk/palette/?q=script"),
        ("lead", "outbox waiting", "/lead/outbox/?show=waiting"), ("anonymous", "form",
        f"/requests/new/?subject={CORPUS[2]}&reference={CORPUS[3]}"),
        ("anonymous", "mailbox", "/demo/mail/"), ("anonymous", "mail", f"/demo/mail/{mail.pk}/"), ("anonymous",
        "mail html", f"/demo/mail/{mail.pk}/html/"),
        ("anonymous", "sign in", f"/sign-in/?next={CORPUS[2]}"), ("administrator", "admin tickets",
        "/admin/tickets/ticket/"),
        ("administrator", "admin customer", f"/admin/tickets/customer/{world.dana.pk}/change/"), ("administrator",
        "admin macros", "/admin/tickets/macro/"),
    ]  # fmt: skip
    for role, name, path in [*desks.places(world), *more]:
        if role not in pages:
            pages[role] = page = open_page()
            page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
            if role != "anonymous":
                sign_in(page, desks.email_of(role, world))
        page = pages[role]
        page.goto(path)
        if (
            (role, name) != ("anonymous", "my_requests")
            and name in shown
            and "alert(1)"
            not in page.locator("body").inner_text()
            + "".join(page.locator("textarea, input").evaluate_all("all => all.map(one => one.value)"))
        ):
            missing.append(name)
        planted = page.locator(
            "main :is(script:not([src], [type='application/json']), iframe[srcdoc], "
            "base, meta, math, form[action^='http'], [onerror], [onload], [onfocus], [srcdoc])"
        )
        assert (name, planted.count()) == (name, 0)
    assert dialogs == []
    assert missing == []


def test_what_script_fills_in_is_text_too(world, open_page, sign_in):
    """Macros, the palette, help while typing and chosen files' names are put into the page by our own scripts."""
    page, dialogs = open_page(), []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    sign_in(page, desks.email_of("agent", world))
    page.goto(world.path("ticket"))
    page.locator("input[name=files]").set_input_files(
        {"name": "<img src=x onerror=alert(1)>.txt", "mimeType": "text/plain", "buffer": b"x"}
    )
    assert "onerror" in page.locator("[data-file-names]").inner_text()
    page.locator("textarea[name=body]").fill("")
    page.get_by_text("Reply", exact=True).click()
    page.locator("[data-key=m]").click()
    with page.expect_response(lambda response: "/macros/" in response.url):
        page.locator("[data-macro]").first.click()
    page.wait_for_function("() => document.querySelector('textarea[name=body]').value.includes('alert(1)')")
    page.keyboard.press("Control+k")
    dialog = page.locator("dialog[open]")
    with page.expect_response(lambda response: "/palette/" in response.url and "script" in response.url):
        dialog.locator("input").fill("script")
    dialog.get_by_text("<script>").first.wait_for()
    assert page.locator("[onerror], [onload], [srcdoc]").count() == 0
    assert dialogs == []
