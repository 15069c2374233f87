"""A small desk with a secret in every corner, and the way to every address in it: for tests of who may see what."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from escalation import ladder, ladders
from escalation.models import Ladder, Level
from knowledge.models import Article
from tests import cast
from tickets import conversation, details, files, lifecycle, links
from tickets.api import tokens
from tickets.models import (
    CaughtMail,
    Customer,
    DeskVersion,
    EscalationReason,
    EventKind,
    InboundMail,
    Macro,
    MailStatus,
    Message,
    OutboxMail,
    OutboxStatus,
    ReturnedMail,
    Role,
    Rule,
    RuleStage,
    SavedView,
    Ticket,
    TicketEvent,
    User,
    Webhook,
    WebhookDelivery,
)  # fmt: skip

ROLES = ("anonymous", "owner", "outsider", "agent", "lead", "manager", "administrator")
# Stands in every secret text and in one that everybody of the desk may read: a search for it finds all, or leaks.
LURE = "heliotrope"
# Never for a customer's eyes, not even the owner's.
INTERNAL = ("zqnote", "zqnotefile", "zqdraft", "zqwithdrawn", "zqreason", "zqprofile", "zqtag", "zqmacro", "zqseenhtml")
# Of another customer: not for the owner, nor for the outsider.
OTHERS = ("zqothersubject", "zqotherbody", "zqotherfile", "zqotherquote", "zqothersignature", "zqotherhtml")
# Of a restricted team: for its members, managers and administrators.
RESTRICTED = (
    "zqhidden", "zqhiddennote", "zqhiddenfile", "zqhiddenreason", "zqhiddenref", "zqhiddentag", "zqhiddenhtml",
    "zqhiddenescalation",
)  # fmt: skip
# Of one agent alone.
OWN = ("zqdraft", "zqview")
ADMIN = "admin:"


@dataclass
class World:
    """Who is there (None: nobody signed in), and what every address of the product needs to be filled in."""

    people: dict[str, User | None]
    dana: Customer
    ticket: Ticket
    closed: Ticket
    other: Ticket
    hidden: Ticket
    given: dict[str, dict[str, Any]]
    given_hidden: dict[str, dict[str, Any]]
    sessions: dict[str, str] = field(default_factory=dict)
    secret: str = ""

    def client(self, role: str, **options: Any) -> Client:
        """A fresh browser that holds that person's session; what goes wrong in a page shows as its status."""
        client = Client(raise_request_exception=False, **options)
        if (person := self.people[role]) is None:
            return client
        if role not in self.sessions:
            client.force_login(person)
            self.sessions[role] = client.cookies[settings.SESSION_COOKIE_NAME].value
        client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[role]
        return client

    def path(self, name: str, *, hidden: bool = False) -> str:
        """The address of that name, of something the owner and every agent know, or of the restricted team's."""
        given = self.given_hidden if hidden else self.given
        return reverse(name, kwargs=given.get(name) or given[name.partition("_")[0]] if _takes(name) else None)


def routes() -> Iterator[tuple[str, URLPattern]]:
    """Every address of the product with its name; the back office's, which are Django's own, as one."""
    yield from _walk(get_resolver().url_patterns)


def a_world() -> World:
    """Needs settings.FILES_DIR to be a place for tests."""
    cast.TeamFactory(slug="tier-1")
    locked = cast.TeamFactory(slug="payroll", is_restricted=True)
    people: dict[str, User | None] = {
        "anonymous": None,
        "owner": cast.UserFactory(name="Dana Whitfield", email="dana@whitfield.example", role=Role.CUSTOMER, team=None),
        "outsider": cast.olaf(), "agent": cast.mira(), "lead": cast.lena(), "manager": cast.max_(),
        "administrator": cast.ada(), "colleague": cast.jonas(),
        "insider": cast.UserFactory(name="Ines Payroll", email="ines@desk.example", team=locked),
    }  # fmt: skip
    mira, ines = people["agent"], people["insider"]
    dana = cast.dana()
    dana.user, dana.notes = people["owner"], f"{LURE} zqprofile"
    dana.save()
    cast.CategoryFactory()
    for name, body, actions in (("Greet", "Dear {{customer.name}}", []), ("zqmacro", "zqmacro", [])):
        Macro.objects.create(name=name, body=body, actions=actions)
    Rule.objects.create(
        stage=RuleStage.CATEGORY, name="Never", conditions={"field": "text", "op": "has_word", "value": ["qqqqq"]},
        actions=[{"do": "set_category", "value": "billing"}],
    )  # fmt: skip
    Article.objects.create(slug="how-to", title="How to", body="Like this.")
    SavedView.objects.create(slug="my-zqview", name="zqview", owner=people["colleague"], filters={})
    own_view = SavedView.objects.create(slug="my-view", name="Mine", owner=mira, filters={})
    DeskVersion.bump()

    ticket = cast.a_ticket(
        customer=dana,
        subject=f"Nothing works {LURE}",
        body="Since Tuesday.",
        files=(_file("seen"),),
        quoted="You wrote:",
        html=f"<p>{LURE} zqseenhtml</p>",
    )
    conversation.note(ticket, body=f"{LURE} zqnote @jonas", by=mira, files=[_file("zqnotefile")])
    taken_back = conversation.reply(ticket, body=f"{LURE} zqwithdrawn", by=mira)
    conversation.withdraw(taken_back, by=mira)
    said = conversation.reply(ticket, body="We are on it.", by=mira)
    lifecycle.wait_for_us(ticket, by=mira, reason=f"{LURE} zqreason")
    details.add_tags(ticket, names=["zqtag"], by=mira)
    ticket.drafts.create(user=mira, kind="note", body=f"{LURE} zqdraft")

    closed = cast.a_ticket(customer=dana, subject="An older one", body="Done?")
    lifecycle.resolve(closed, by=mira)
    lifecycle.close(closed, by=mira)
    other = cast.a_ticket(
        customer=cast.ravi(),
        subject=f"{LURE} zqothersubject",
        body=f"{LURE} zqotherbody",
        quoted=f"{LURE} zqotherquote",
        signature=f"{LURE} zqothersignature",
        html=f"<p>{LURE} zqotherhtml</p>",
        files=(_file("zqotherfile"),),
    )
    hidden = cast.a_ticket(
        customer=cast.CustomerFactory(name="Hugo Hidden", organisation=dana.organisation), subject="x",
        quoted=f"{LURE} zqhidden", signature=f"{LURE} zqhidden", html=f"<p>{LURE} zqhiddenhtml</p>",
    )  # fmt: skip
    _hide(hidden, locked, ines)

    escalations = {"seen": _escalate(other, mira), "hidden": _escalate(hidden, ines)}
    mails = {
        kind: OutboxMail.objects.create(
            kind="reply", ticket=of, to=of.customer.email, dedupe_key=f"dead:{of.pk}", mail_id=f"<dead{of.pk}@x>",
            status=OutboxStatus.DEAD, next_at=timezone.now(), created_at=timezone.now(),
        )
        for kind, of in (("seen", ticket), ("hidden", hidden))
    }  # fmt: skip
    came = {
        kind: InboundMail.objects.create(
            raw=f"From: dana@whitfield.example\nSubject: {words}\n\n{words}".encode(), sha256=kind, size=9, road="pipe",
            mail_id=kind, fingerprint=kind, received_at=timezone.now(), next_at=timezone.now(), ticket=of,
            subject=words,
            status=MailStatus.QUARANTINED, message=of.messages.filter(kind="reply", withdrawn_at=None).last(),
        )
        for kind, of, words in (("seen", ticket, "Came in"), ("hidden", hidden, f"{LURE} zqhidden"))
    }  # fmt: skip
    came_back = {
        kind: ReturnedMail.objects.create(
            address=of.customer.email, kind="hard", words="gone", mail=mails[kind], ticket=of,
            at=timezone.now(),
        )
        for kind, of in (("seen", ticket), ("hidden", hidden))
    }  # fmt: skip
    caught = CaughtMail.objects.create(to="dana@whitfield.example", subject="Caught", text="Hello", html="<p>Hello</p>")
    events = {
        kind: TicketEvent.objects.create(ticket=of, kind=EventKind.NOTED, at=timezone.now(), reaction_attempts=9)
        for kind, of in (("seen", ticket), ("hidden", hidden))
    }
    hook = Webhook.objects.create(name="Stock", address="https://stock.example/in", kinds=["closed"])
    deliveries = {
        kind: WebhookDelivery.objects.create(
            webhook=hook, ticket=of, kind="noted", body=json.dumps({"ticket": {"subject": of.subject}}), status="dead",
            created_at=timezone.now(), queued_at=timezone.now(), next_at=timezone.now(),
        )
        for kind, of in (("seen", ticket), ("hidden", hidden))
    }  # fmt: skip
    world = World(people, dana, ticket, closed, other, hidden, {}, {})
    rule, macro = Rule.objects.get(name="Never"), Macro.objects.get(name="Greet")
    _token, world.secret = tokens.make(mira, name="Own", scopes=["tickets:read"], by=mira)
    firm = dana.organisation or cast.OrganisationFactory()
    shared: dict[str, dict[str, Any]] = {
        "api_token": {"pk": _token.pk}, "api_token_revocation": {"pk": _token.pk},
        "api:customer": {"customer": dana.pk}, "api:organisation": {"organisation": firm.pk},
        "api:user": {"user": mira.pk}, "api:article": {"slug": "how-to"},
        "rule": {"pk": rule.pk}, "view": {"pk": own_view.pk}, "customer": {"customer_id": dana.pk},
        "article": {"slug": "how-to"}, "demo": {"pk": caught.pk}, "my_requests_open": {"token": "forged"},
        "surveys": {"token": links.surveys_url(dana).rsplit("/", 2)[1]},
        "provider": {"provider": "postmark"},
        "password_reset_confirm": {"uidb64": urlsafe_base64_encode(force_bytes(mira.pk)), "token": "forged-token"},
    }  # fmt: skip
    for given, of, kind, file in (
        (world.given, ticket, "seen", _attachment(ticket, "customer")),
        (world.given_hidden, hidden, "hidden", _attachment(hidden, "note")),
    ):
        message = said if kind == "seen" else hidden.messages.filter(kind="reply").get()
        given.update(shared)
        given.update({
            "ticket": {"number": of.pk}, "ticket_macro": {"number": of.pk, "macro_id": macro.pk},
            "message": {"message_id": message.pk}, **_mail_of(of), "desk_file": {"file_id": file.pk},
            "request": {"token": links.token(of)}, "request_file": {"token": links.token(of), "file": file.pk},
            "outbox": {"pk": mails[kind].pk}, "returned": {"pk": came_back[kind].pk},
            "set": {"pk": events[kind].pk}, "quarantine": {"pk": came[kind].pk},
            "webhook": {"pk": hook.pk},
            "webhook_delivery": {"pk": hook.pk, "delivery": deliveries[kind].pk},
            "webhook_delivery_again": {"pk": hook.pk, "delivery": deliveries[kind].pk},
            "api:ticket": {"number": of.pk}, "api:ticket_link": {"number": of.pk, "other": closed.pk},
            "api:file": {"file": file.pk},
            "escalation": {"pk": escalations[kind].pk},
        })  # fmt: skip
    for role in people:
        world.client(role)
    return world


def _hide(hidden: Ticket, locked: Any, ines: User | None) -> None:
    """A restricted team's ticket, full of what nobody else may read."""
    details.set_team(hidden, team=locked, by=ines)
    details.set_subject(hidden, subject=f"{LURE} zqhidden", by=ines)
    details.set_reference(hidden, reference="zqhiddenref", by=ines)
    details.add_tags(hidden, names=["zqhiddentag"], by=ines)
    conversation.note(hidden, body=f"{LURE} zqhiddennote @jonas @lena", by=ines, files=[_file("zqhiddenfile")])
    conversation.reply(hidden, body=f"{LURE} zqhidden", by=ines)
    lifecycle.wait_for_us(hidden, by=ines, reason=f"{LURE} zqhiddenreason")


def _escalate(ticket: Ticket, by: User | None) -> Any:
    """To a level of a ladder of the world's own whose owners are those who have it already."""
    ticket = Ticket.objects.select_related("team").get(pk=ticket.pk)
    quick, _made = Ladder.objects.get_or_create(slug="quick", defaults={"name": "Quick", "is_default": True})
    for rank, team in enumerate((ticket.team, cast.TeamFactory(slug="tier-9", tier=9)), 1 + 2 * quick.levels.count()):
        Level.objects.get_or_create(ladder=quick, team=team, defaults={"rank": rank, "name": f"Level {rank}"})
    DeskVersion.bump()
    ladders.forget()
    own = Level.objects.get(ladder=quick, team=ticket.team)
    why = f"{LURE} zqhiddenescalation" if ticket.team and ticket.team.is_restricted else "Look at this."
    return ladder.escalate(ticket, reason=EscalationReason.LEGAL, by=by, why=why, level=own)


def _file(name: str) -> files.StoredFile:
    return files.keep(SimpleUploadedFile(f"{name}.txt", f"{LURE} {name}".encode()))


def _mail_of(ticket: Ticket) -> dict[str, dict[str, int]]:
    message = ticket.messages.get(has_more=True)
    return {name: {"message_id": message.pk} for name in ("message_as_sent", "message_html")}


def _attachment(ticket: Ticket, kind: str) -> Any:
    return Message.objects.filter(ticket=ticket, kind=kind, has_files=True).get().files.get()


def _takes(name: str) -> bool:
    return any(pattern.pattern.converters for known, pattern in routes() if known == name)


def _walk(patterns: list[Any], before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if getattr(pattern, "namespace", None) == "admin":
            yield ADMIN, pattern
        elif hasattr(pattern, "url_patterns"):
            yield from _walk(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else before)
        else:
            yield before + pattern.name if pattern.name else None, pattern
