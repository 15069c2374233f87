"""Tokens: made on one's own page, by command, in the back office for services; shown once."""

import re

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from tests import cast
from tests.tickets.api.program import PLACE
from tickets import free_agents
from tickets.api import tokens
from tickets.errors import Refused
from tickets.models import ApiToken, Role, User

pytestmark = pytest.mark.django_db
SECRET = re.compile(r"fl_[\w-]{32}")


def opens(client, secret):
    return client.get(f"{PLACE}me", headers={"Authorization": f"Bearer {secret}"})


def test_a_person_makes_a_token_sees_it_once_and_takes_it_back(client):
    client.force_login(cast.mira())
    form = {"name": "Shop", "scopes": ["tickets:read"], "days": "30"}
    [secret] = set(SECRET.findall(client.post(reverse("api_tokens"), form).content.decode()))
    assert opens(client, secret).json()["scopes"] == ["tickets:read"]
    assert secret not in client.get(reverse("api_tokens")).content.decode()
    token = ApiToken.objects.get()
    assert ((token.expires_at - token.created_at).days, token.created_by) in {(30, cast.mira()), (29, cast.mira())}
    client.post(reverse("api_token_revocation", args=[token.pk]))
    assert opens(client, secret).status_code == 401


def test_a_customer_gives_away_only_what_is_theirs(client):
    olaf = cast.olaf()
    client.force_login(olaf)
    refused = client.post(reverse("api_tokens"), {"name": "x", "scopes": ["customers:read"]})
    assert (refused.status_code, ApiToken.objects.count()) == (422, 0)
    with pytest.raises(Refused, match="Not a scope"):
        tokens.make(olaf, name="x", scopes=["staff:read"], by=None)
    assert client.post(reverse("api_tokens"), {"name": "x", "scopes": ["tickets:read"]}).status_code == 200


def test_nobody_revokes_anothers_token(client):
    token, _secret = tokens.make(cast.mira(), name="x", scopes=["tickets:read"], by=None)
    client.force_login(cast.ada())
    assert client.post(reverse("api_token_revocation", args=[token.pk])).status_code == 404
    assert ApiToken.objects.get().revoked_at is None


def test_the_command_prints_one_for_a_person_or_a_service(client, capsys):
    cast.mira()
    call_command("api_token", "Mira@desk.example", "--scopes", "tickets:read", "messages:write", "--name", "Night job")
    secret = capsys.readouterr().out.strip()
    assert (SECRET.fullmatch(secret) is not None, opens(client, secret).json()["token_name"]) == (True, "Night job")
    call_command("api_token", "Web shop", "--service", "--scopes", "tickets:write,tickets:read", "--team", "tier-1")
    me = opens(client, capsys.readouterr().out.strip()).json()
    assert (me["email"], me["role"], me["team"]) == ("web-shop@service.invalid", "agent", "tier-1")
    for wrong in (["nobody@x.example", "--scopes", "all"], ["mira@desk.example", "--scopes", "root"],
                  ["mira@desk.example", "--scopes", "all", "--expires-days", "-1"],
                  ["x", "--service", "--scopes", "all", "--team", "no-such"]):  # fmt: skip
        with pytest.raises(CommandError):
            call_command("api_token", *wrong)
    assert ApiToken.objects.count() == 2


def test_a_service_works_tickets_but_gets_none_and_signs_in_nowhere(client):
    service = tokens.make_service("Web shop", team=cast.TeamFactory())
    _token, secret = tokens.make(service, name="x", scopes=tokens.SCOPES, by=None)
    ticket = cast.a_ticket()
    said = client.post(
        f"{PLACE}tickets/{ticket.pk}/messages", {"body": "Sent."}, content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )  # fmt: skip
    assert (said.status_code, said.json()["author_name"]) == (201, "Web shop")
    assert tokens.make_service("web  SHOP") == service
    assert (ticket.events.filter(by=service).exists(), free_agents.open_load([service.pk]).get(service.pk, 0)) == (
        True,
        0,
    )
    assert (service.has_usable_password(), User.objects.staff().filter(pk=service.pk).exists()) == (False, False)


def test_an_administrator_makes_a_services_token_and_revokes_any(client):
    client.force_login(cast.ada())
    form = {"service": "Phone", "role": Role.AGENT, "name": "Switchboard", "scopes": ["tickets:import"], "days": "90"}
    made = client.post(reverse("admin:tickets_apitoken_add"), form)
    [secret] = set(SECRET.findall(made.content.decode()))
    assert opens(client, secret).json()["name"] == "Phone"
    assert (client.get(made.wsgi_request.path).status_code, ApiToken.objects.get().created_by) == (200, cast.ada())
    assert client.post(reverse("admin:tickets_apitoken_add"), {**form, "service": ""}).status_code == 200
    page = reverse("admin:tickets_apitoken_changelist")
    client.post(page, {"action": "revoke", "_selected_action": [ApiToken.objects.get().pk]})
    assert opens(client, secret).status_code == 401


def test_a_person_has_only_so_many(monkeypatch):
    monkeypatch.setattr(tokens, "MOST_TOKENS", 1)
    tokens.make(cast.mira(), name="x", scopes=["tickets:read"], by=None)
    with pytest.raises(Refused, match="revoke one first"):
        tokens.make(cast.mira(), name="y", scopes=["tickets:read"], by=None)
