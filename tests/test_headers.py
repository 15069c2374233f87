"""The headers of every answer, what browsers may keep and what not, and a deployment that checks clean."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from tests import world as worlds

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parent.parent
POLICY = {
    "default-src": "'self'", "style-src": "'self'", "connect-src": "'self'", "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'", "form-action": "'self'",
}  # fmt: skip
ALWAYS = {
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin", "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}  # fmt: skip
# The demo's mail frame stands in our own page; a file brings a policy of its own; the process's health is public.
OTHER_POLICY = ("request_file", "desk_file", "demo_mail_html", "message_html", "quarantine_raw")
# A stranger's mail is styled by itself, where nothing runs.
OWN_STYLES = ("demo_mail_html", "message_html")


@pytest.fixture
def world(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    return worlds.a_world()


def policy(response) -> dict[str, str]:
    directives = (part.strip().partition(" ") for part in response["Content-Security-Policy"].split(";"))
    return {name: value for name, _space, value in directives}


def answers(world):
    """Every address as its best-placed reader gets it, and the pages that say no."""
    for name, _pattern in worlds.routes():
        if name != worlds.ADMIN:
            yield name, world.client("administrator").get(world.path(name))
    yield "admin", world.client("administrator").get(reverse("admin:index"))
    yield "403", world.client("owner").get(reverse("queue"))
    yield "404", world.client("anonymous").get("/no-such-page/")
    yield "405", world.client("agent").get(reverse("take_next"))
    yield "csrf", world.client("agent", enforce_csrf_checks=True).post(reverse("take_next"))
    yield "302", world.client("anonymous").get(reverse("queue"))


def test_every_answer_carries_the_headers(world):
    wrong = []
    for name, answer in answers(world):
        wrong += [
            (name, header, answer.headers.get(header))
            for header, value in ALWAYS.items()
            if answer.headers.get(header) != ("SAMEORIGIN" if value == "DENY" and name == "message_html" else value)
        ]
        if name not in OTHER_POLICY:
            wrong += [
                (name, "CSP", key, policy(answer).get(key))
                for key, value in POLICY.items()
                if policy(answer).get(key) != value
            ]
        assert "'unsafe-inline'" not in answer["Content-Security-Policy"] or name in OWN_STYLES
        assert "'unsafe-eval'" not in answer["Content-Security-Policy"]
        assert "Server" not in answer.headers
    assert wrong == []


def test_nothing_private_is_kept_by_browsers_or_proxies(world):
    kept = {name: answer.headers.get("Cache-Control") for name, answer in answers(world)}
    assert {name: value for name, value in kept.items() if "no-store" not in (value or "")} == {}


def test_a_customer_s_page_stays_out_of_search_engines(world):
    page = world.client("anonymous").get(world.path("request_page"))
    assert page["X-Robots-Tag"] == "noindex, nofollow"


def test_scripts_are_ours_and_no_page_holds_one_of_its_own(world):
    for name, answer in answers(world):
        if answer.headers.get("Content-Type", "").startswith("text/html") and name != "admin":
            scripts = re.findall(r"<script[^>]*>", answer.text)
            assert [tag for tag in scripts if not re.search(r'src="/static/|type="application/json"', tag)] == [], name
            assert (
                re.findall(r"<style|\sstyle=|\son[a-z]+=", re.sub(r"<blockquote.*?</blockquote>", "", answer.text))
                == []
            ), name


def test_static_files_may_be_kept():
    answer = Client().get("/static/img/favicon.svg")
    assert answer.status_code == 200
    assert re.search(r"max-age=\d+", answer["Cache-Control"])
    assert "no-store" not in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_files_people_sent_are_shut_in_and_not_kept(world):
    answer = world.client("agent").get(world.path("desk_file"))
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert "no-store" in answer["Cache-Control"]


def test_the_demo_s_mail_is_shut_in(world, settings):
    settings.DEMO = True
    answer = world.client("anonymous").get(world.path("demo_mail_html"))
    assert answer.status_code == 200
    rules = policy(answer)
    assert (rules["default-src"], rules["img-src"], rules["frame-ancestors"]) == ("'none'", "data:", "'self'")
    assert "allow-scripts" not in rules["sandbox"]
    assert "allow-same-origin" not in rules["sandbox"]


@pytest.mark.parametrize(("query", "pictures"), [({}, "'self'"), ({"remote": "1"}, "'self' https:")])
def test_a_mail_as_it_was_sent_is_shut_in(world, query, pictures):
    rules = policy(world.client("agent").get(world.path("message_html"), query))
    assert (rules["default-src"], rules["img-src"], rules["frame-ancestors"]) == ("'none'", pictures, "'self'")
    assert (rules["form-action"], rules["base-uri"]) == ("'none'", "'none'")
    assert "script-src" not in rules
    assert rules["sandbox"] == "allow-same-origin allow-popups allow-popups-to-escape-sandbox"


# What the process itself says under a public https address; settings are read when it starts.
ASK = """
import django; django.setup()
from django.conf import settings
from django.test import Client
browser = Client(headers={"Host": "desk.example.com"})
moved = browser.get("/healthz")
print(moved.status_code, moved["Location"])
print(browser.get("/healthz", secure=True).headers.get("Strict-Transport-Security"))
s = settings
print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY, s.SESSION_COOKIE_SAMESITE)
print(settings.DEBUG, settings.DEMO, settings.EMAIL_BACKEND)
"""


def in_production(tmp_path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {
        "PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "SITE_URL": "https://desk.example.com",
        "LOG_LEVEL": "ERROR",
        "SECRET_KEY": "for-this-one-check-only-0123456789-abcdefghijklmnop-QRSTUVWXYZ",
        "DJANGO_SETTINGS_MODULE": "helpdesk.settings",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=settings | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_under_https_cookies_are_secure_and_browsers_stay(tmp_path):
    (tmp_path / "static").mkdir()
    told = in_production(tmp_path, "-c", ASK)
    assert told.stderr == ""
    assert told.stdout.splitlines() == [
        "301 https://desk.example.com/healthz", "max-age=31536000; includeSubDomains; preload", "True True True Lax",
        "False False django.core.mail.backends.smtp.EmailBackend",
    ]  # fmt: skip


def test_the_deployment_check_finds_nothing(tmp_path):
    told = in_production(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert (told.returncode, told.stderr) == (0, "")
    assert "no issues" in told.stdout


def test_a_short_secret_key_is_refused(tmp_path):
    told = in_production(tmp_path, "manage.py", "check", SECRET_KEY="short")
    assert told.returncode != 0
    assert "SECRET_KEY is too short" in told.stderr


def test_a_key_made_by_itself_is_kept_and_readable_by_its_owner_only(tmp_path):
    for _start in range(2):
        assert in_production(tmp_path, "manage.py", "check", SECRET_KEY="").returncode == 0
    key = tmp_path / "secret-key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(key.read_text()) >= 50
