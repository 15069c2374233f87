"""Imports go down only, files stay small, and the house has the rooms its owner gave it."""

import tomllib
from pathlib import Path

import pytest

from tests.house import floors, tree

SOURCES = {path: (tree.ROOT / path).read_text(encoding="utf-8") for path in tree.modules()}


def test_no_room_imports_upward_or_sideways():
    faults = [fault for path, text in SOURCES.items() for fault in floors.floor_faults(path, text)]
    assert "\n".join(faults) == ""


def test_no_import_hides_in_a_function():
    faults = [fault for path, text in SOURCES.items() for fault in floors.hidden_imports(path, text)]
    assert "\n".join(faults) == ""


def test_files_stay_small():
    assert floors.size_faults((str(path), text.count("\n")) for path, text in SOURCES.items()) == []


def test_house_has_no_room_its_owner_did_not_name():
    assert floors.unknown_packages(tree.ROOT) == []


def test_import_linter_watches_every_room_that_stands():
    rules = tomllib.loads((tree.ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    standing = {room for room in tree.ROOMS if (tree.ROOT / room / "__init__.py").exists()}
    assert set(rules["root_packages"]) == standing


@pytest.mark.parametrize(
    ("path", "line", "there"),
    [
        ("tickets/sla.py", "from helpdesk.reactions import REACTIONS", "helpdesk.reactions.REACTIONS"),
        ("tickets/sla.py", "import helpdesk.urls", "helpdesk.urls"),
        ("tickets/views/desk.py", "from reports import facts", "reports.facts"),
        ("tickets/models/ticket.py", "x = models.ForeignKey('knowledge.Article')", "knowledge.Article"),
        ("knowledge/gaps.py", "from qa.rubric import score", "qa.rubric.score"),
        ("knowledge/gaps.py", "rubric = import_module('qa.rubric')", "qa.rubric"),
        ("qa/reviews.py", "if TYPE_CHECKING:\n    from reports.models import Fact", "reports.models.Fact"),
        ("helpdesk/lib/mail.py", "from tickets import intake", "tickets.intake"),
        ("helpdesk/lib/mail.py", "from ..settings import DEBUG", "helpdesk.settings.DEBUG"),
        ("helpdesk/lib/mail.py", "from helpdesk.integrations import shop", "helpdesk.integrations.shop"),
    ],
)
def test_an_import_up_or_sideways_is_found(path, line, there):
    [fault] = floors.floor_faults(Path(path), line)
    assert fault.endswith(f"must not know {there}")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("tickets/sla.py", "from helpdesk.lib.clock import add_working_time"),
        ("tickets/sla.py", "from .models import Deadline"),
        ("tickets/models/ticket.py", "x = models.ForeignKey('tickets.User')"),
        ("reports/facts.py", "from qa.models import Review"),
        ("helpdesk/reactions.py", "from reports import facts"),
        ("helpdesk/lib/mail.py", "from helpdesk.lib import text"),
    ],
)
def test_an_import_down_or_at_home_is_fine(path, line):
    assert floors.floor_faults(Path(path), line) == []


def test_an_import_inside_a_function_is_found_once_however_deep():
    source = "import os\ndef outer():\n    def inner():\n        import json\n"
    assert floors.hidden_imports(Path("tickets/x.py"), source) == ["tickets/x.py:4 import inside a function"]


def test_a_large_file_and_a_house_of_large_files_are_found():
    assert len(floors.size_faults([("a.py", 100)] * 19 + [("b.py", 401)])) == 1
    assert len(floors.size_faults([("a.py", 100)] * 8 + [("b.py", 300)] * 2)) == 1
    assert floors.size_faults([("a.py", 100)] * 19 + [("b.py", 400)]) == []


def test_a_further_top_level_package_is_found(tmp_path):
    for name in ("tickets", "tests", "billing"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    assert floors.unknown_packages(tmp_path) == ["billing"]
