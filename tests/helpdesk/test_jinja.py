"""What templates are given: words in the reader's language, one token a page, paths."""

import re

import pytest
from django.template import engines
from django.test import RequestFactory
from django.utils import translation
from django.utils.translation import gettext_lazy
from markupsafe import Markup


def rendered(source, request=None, **context):
    return engines["jinja2"].from_string(source).render(context, request)


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ('{{ _("Save") }}', "Save"),
        ('{{ _("%(name)s is writing", name=name) }}', "&lt;b&gt; is writing"),
        ('{{ _("100%% sure") }}', "100% sure"),
        ('{{ _("%(name)s is 100%% sure", name="Mira") }}', "Mira is 100% sure"),
        ("{% trans %}{{ name }} is writing{% endtrans %}", "&lt;b&gt; is writing"),
        ('{{ ngettext("%(num)s step more", "%(num)s steps more", 2) }}', "2 steps more"),
        ('{% for part in "ab" %}{{ _("Save") }}{{ url("queue") }} {% endfor %}', "Save/desk/ Save/desk/ "),
    ],
)
def test_words_are_filled_in_and_escaped(source, html):
    assert rendered(source, name="<b>") == html


def test_words_follow_the_language_of_the_moment():
    with translation.override("de"):
        german = rendered('{{ _("Save") }}')
        assert german == translation.gettext("Save")
    assert rendered('{{ _("Save") }}') == "Save"


def test_a_page_carries_one_token_in_all_its_forms():
    request = RequestFactory().get("/")
    html = rendered("{{ csrf_input }}{{ csrf_input }}<i>{{ csrf_token }}</i>", request)
    tokens = re.findall(r'value="(\w{64})"|<i>(\w{64})</i>', html)
    assert len(tokens) == 3
    assert len({one or other for one, other in tokens}) == 1
    assert request.META["CSRF_COOKIE_NEEDS_UPDATE"] is True


def test_a_page_without_forms_asks_for_no_token():
    request = RequestFactory().get("/")
    assert rendered("<p>Nothing to send</p>", request) == "<p>Nothing to send</p>"
    assert "CSRF_COOKIE" not in request.META


@pytest.mark.parametrize(
    ("value", "html"),
    [
        ("<b>", "&lt;b&gt;"), (Markup("<b>"), "<b>"), (7, "7"), (None, "None"),
        (gettext_lazy("Save & go"), "Save &amp; go"),
        (type("Shout", (str,), {})("<b>"), "&lt;b&gt;"), (type("Own", (Markup,), {})("<b>"), "<b>"),
    ],
)  # fmt: skip
def test_what_is_printed_is_escaped_unless_it_is_html_already(value, html):
    assert rendered("{{ value }}{% set twice = value ~ value %}|{{ twice }}", value=value) == f"{html}|{html}{html}"
