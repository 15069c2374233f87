"""What the documents say is there: variables, commands, addresses, modules and links."""

import re

import pytest
from django.core.management import get_commands
from django.urls import Resolver404, resolve

from tests.house import tree

PAGES = tree.files("*.md", "docs/**/*.md")
GUIDES = [path for path in PAGES if path.parent.name != "decisions"]
MODULE = re.compile(r"`((?:tickets|helpdesk|knowledge|escalation|tests|templates|static|docs)/[\w./-]+)`")


def text(name):
    return (tree.ROOT / name).read_text(encoding="utf-8")


def test_every_variable_of_the_environment_is_listed():
    named = re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", text("helpdesk/settings.py"))
    named += re.findall(r"os\.environ\.get\(\"([A-Z_]+)\"", text("helpdesk/gunicorn.py"))
    listed = set(re.findall(r"`([A-Z][A-Z_]+)`", text("docs/operate.md")))
    assert sorted(set(named) - listed - {"TEST_DB_SUFFIX"}) == []


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_links_between_documents_lead_somewhere(path):
    links = re.findall(r"\]\(([^)#:]+)\)", text(path))
    assert [link for link in links if not (tree.ROOT / path.parent / link).exists()] == []


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_modules_that_documents_name_exist(path):
    named = MODULE.findall(text(path))
    assert [name for name in named if not (tree.ROOT / name).exists()] == []


@pytest.mark.parametrize("path", GUIDES, ids=str)
def test_commands_that_documents_name_exist(path):
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    made = re.findall(r"(?:^|`)make ([a-z]+(?:-[a-z]+)*)\b", text(path), re.MULTILINE)
    managed = re.findall(r"manage\.py ([a-z_]+)", text(path))
    assert sorted(set(made) - targets) == []
    assert sorted(set(managed) - set(get_commands())) == []


def test_addresses_in_the_readme_answer():
    addresses = re.findall(r"`(/[\w/-]*)`", text("README.md"))
    missing = []
    for address in addresses:
        try:
            resolve(address)
        except Resolver404:
            missing.append(address)
    assert missing == []
    assert len(addresses) > 8
