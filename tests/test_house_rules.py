"""The house's conventions hold in every file, and every rule still sees the fault it was made for."""

import io
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.template import engines

from tests.house import rules, tree

CODE = tree.modules()
TESTS = tree.files("tests/**/*.py")
PAGES = tree.files("templates/**/*.html", "helpdesk/admin_templates/**/*.html")
STYLES = tree.files("static/css/**/*.css")
SCRIPTS = [path for path in tree.files("static/js/**/*.js") if "vendor" not in path.parts]

RULES = [
    (rules.state_written_past_the_guard, CODE),
    (rules.ticket_refreshed, CODE + TESTS),
    (rules.ticket_saved_outside_a_verb, CODE),
    (rules.signals_connected, CODE),
    (rules.empty_module_name, CODE),
    (rules.module_without_a_word, CODE + TESTS),
    (rules.unescaped_markup, tree.files("templates/**/*")),
    (rules.inline_script, PAGES),
    (rules.inline_style, PAGES),
    (rules.emoji_as_icon, tree.files("templates/**/*") + STYLES + SCRIPTS),
    (rules.physical_side, STYLES),
    (rules.script_too_long, SCRIPTS),
    (rules.place_of_one_machine, list(tree.written_files())),
    (rules.claimless_test, [path for path in TESTS if path.name.startswith("test_")]),
]


@pytest.mark.parametrize(("rule", "paths"), RULES, ids=lambda value: getattr(value, "__name__", ""))
def test_every_file_keeps_the_rule(rule, paths):
    faults = [fault for path in paths for fault in rule(path, (tree.ROOT / path).read_text(encoding="utf-8"))]
    assert "\n".join(faults) == ""


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (rules.state_written_past_the_guard, "tickets/x.py", "Ticket.objects.filter(pk=1).update(state='closed')"),
        (rules.state_written_past_the_guard, "tickets/x.py", "Ticket.objects.bulk_update(rows, ['due_at', 'state'])"),
        (rules.ticket_refreshed, "tests/x.py", "ticket.refresh_from_db()"),
        (rules.ticket_refreshed, "tickets/x.py", "self.message.ticket.refresh_from_db(fields=['state'])"),
        (rules.ticket_saved_outside_a_verb, "escalation/x.py", "ticket.save()"),
        (rules.ticket_saved_outside_a_verb, "helpdesk/api.py", "message.ticket.save(update_fields=['state'])"),
        (rules.ticket_saved_outside_a_verb, "tickets/views/desk.py", "ticket.save()"),
        (rules.ticket_saved_outside_a_verb, "tickets/admin.py", "ticket.save()"),
        (rules.signals_connected, "tickets/x.py", "from django.db.models.signals import post_save"),
        (rules.empty_module_name, "tickets/utils.py", ""),
        (rules.empty_module_name, "tickets/services/close.py", ""),
        (rules.module_without_a_word, "tickets/x.py", "A = 1"),
        (rules.unescaped_markup, "templates/x.html", "{{ message.body|safe }}"),
        (rules.unescaped_markup, "templates/x.html", "{% autoescape false %}"),
        (rules.inline_script, "templates/x.html", '<button\n  onclick="go()">'),
        (rules.inline_script, "templates/x.html", "<script>go()</script>"),
        (rules.inline_script, "templates/x.html", "<a href='javascript:go()'>"),
        (rules.inline_style, "templates/x.html", "<p class='a' style='color: red'>"),
        (rules.inline_style, "templates/x.html", "<style>p {}</style>"),
        (rules.emoji_as_icon, "templates/x.html", "<b>\u2714</b>"),
        (rules.emoji_as_icon, "templates/x.html", "<b>\U0001f525</b>"),
        (rules.physical_side, "static/css/x.css", "p { margin-left: 1rem }"),
        (rules.physical_side, "static/css/x.css", "  text-align: right;"),
        (rules.physical_side, "static/css/x.css", "  left: 0;"),
        (rules.script_too_long, "static/js/x.js", "go();\n" * 100),
        (rules.place_of_one_machine, "docs/x.md", "see /" + "home/ann/notes"),
        (rules.place_of_one_machine, "docs/x.md", "cd /" + "root/desk"),
        (rules.place_of_one_machine, "requirements.txt", "--index-url " + "https://mirror.example"),
        (rules.claimless_test, "tests/test_x.py", "def test_it_runs():\n    go()"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_planted_fault_is_found(rule, path, text):
    assert len(rule(Path(path), text)) == 1


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (rules.state_written_past_the_guard, "tickets/x.py", "Ticket.objects.update(priority='high')"),
        (rules.ticket_refreshed, "tests/x.py", "customer.refresh_from_db()"),
        (rules.ticket_saved_outside_a_verb, "tickets/lifecycle.py", "ticket.save(update_fields=['state'])"),
        (rules.module_without_a_word, "tickets/__init__.py", ""),
        (rules.unescaped_markup, "templates/x.html", "{{ chart|safe }}{# safe: drawn by our own macro #}"),
        (rules.inline_script, "templates/x.html", "<script src='{{ static('js/a.js') }}' defer></script>"),
        (rules.inline_script, "templates/x.html", '<p title="add on = twice">on = off</p>'),
        (rules.inline_style, "templates/emails/x.html", "<p style='color: red'>"),
        (rules.physical_side, "static/css/x.css", "p { margin-inline-start: 1rem; border-start-start-radius: 0 }"),
        (rules.physical_side, "static/css/x.css", "/* left: of the line */"),
        (rules.place_of_one_machine, "docs/x.md", "your network and /requests/new/ and https://example.com/work/"),
        (rules.claimless_test, "tests/test_x.py", "def test_a(n):\n    with django_assert_num_queries(1): go()"),
        (rules.claimless_test, "tests/test_x.py", "def test_it_refuses():\n    with pytest.raises(ValueError): go()"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_allowed_is_left_alone(rule, path, text):
    assert rule(Path(path), text) == []


def test_files_written_by_hand_are_found_and_machine_made_ones_are_not(tmp_path):
    for name in ("Makefile", "docs/a.md", ".ci/run", "var/b.md", ".venv/c.py", "static/d.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert {str(path) for path in tree.written_files(tmp_path)} == {"Makefile", "docs/a.md", ".ci/run"}


@pytest.mark.parametrize("path", tree.files("templates/**/*.html", "templates/**/*.txt"), ids=str)
def test_every_page_and_mail_compiles(path):
    name = str(path.relative_to("templates"))
    assert engines["jinja2"].env.get_template(name).name == name


@pytest.mark.parametrize("path", tree.files("helpdesk/locale/*/LC_MESSAGES/*.po"), ids=str)
def test_a_translation_compiles_and_keeps_its_placeholders(path):
    with (tree.ROOT / path).open("rb") as source:
        catalogue = read_po(source, abort_invalid=True)
    assert [(str(m.id), str(e)) for m, errors in catalogue.check() if m.string for e in errors] == []
    write_mo(compiled := io.BytesIO(), catalogue)
    assert compiled.getvalue()[:4] in (b"\xde\x12\x04\x95", b"\x95\x04\x12\xde")
