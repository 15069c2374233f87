"""Articles are offered while a request is typed, and open as pages of the portal."""

import pytest
from django.urls import reverse

from helpdesk import playbook
from knowledge import suggest
from knowledge.models import Article
from knowledge.rendering import as_html
from tests.cast import CategoryFactory
from tickets.suggestions import Question

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf():
    CategoryFactory(slug="account", name="Account")
    Article.objects.create(
        slug="reset", title="How to reset your password", summary="Ask for a new link.", body="Open the page.",
        questions="The reset link says it has expired\nI forgot my password",
    )  # fmt: skip
    Article.objects.create(slug="invoice", title="Understanding your invoice", body="Each line explained.")


def titles(text, **more):
    return [found.title for found in suggest.articles_for(Question(text, "en", **more))]


def test_the_nearest_article_is_offered(shelf):
    assert titles("my reset link has expired, third time today") == ["How to reset your password"]


def test_nothing_is_offered_for_what_no_article_answers(shelf):
    assert titles("the parcel came without the blue jacket") == []


def test_what_a_rule_names_comes_first(shelf):
    assert titles("I cannot get in", hints=("invoice",))[0] == "Understanding your invoice"


def test_an_unpublished_article_is_neither_offered_nor_shown(shelf, client):
    article = Article.objects.get(slug="reset")
    assert client.get(reverse("article", args=["reset"])).status_code == 200
    article.is_published = False
    article.save()
    assert titles("my reset link has expired") == []
    assert client.get(reverse("article", args=["reset"])).status_code == 404


def test_a_changed_article_is_found_by_its_new_words(shelf):
    titles("warm up")
    article = Article.objects.get(slug="invoice")
    article.title = "Parcels and jackets"
    article.save()
    assert titles("the parcel came without the blue jacket") == ["Parcels and jackets"]


def test_suggestions_cost_one_statement_while_nothing_changes(shelf, django_assert_num_queries):
    titles("warm up the shelf")
    with django_assert_num_queries(1):
        titles("my reset link has expired")


def test_the_form_shows_them_while_typing(shelf, client):
    page = client.get(reverse("request_suggestions"), {"subject": "reset link", "body": "it says it has expired"})
    text = page.content.decode()
    assert "This may help right now" in text
    assert reverse("article", args=["reset"]) in text


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_costs_the_same_whatever_its_length(number, client, django_assert_num_queries):
    for place in range(number):
        Article.objects.create(slug=f"a{place}", title=f"Article {place}", body="Text", category=CategoryFactory())
    with django_assert_num_queries(1):
        page = client.get(reverse("articles"))
    assert page.content.decode().count("Article ") == number


def test_articles_are_shown_safely():
    html = as_html("# Big\n<script>alert(1)</script>\n[x](javascript:alert(1)) ![i](http://evil.example/x.png) **b**")
    assert "<h2>Big</h2>" in html
    assert "<script" not in html
    assert "javascript:" not in html.replace("[x](javascript:alert(1))", "")
    assert "<img" not in html
    assert "<strong>b</strong>" in html


def test_the_shipped_playbook_brings_the_articles_of_its_source():
    playbook.load(playbook.open_playbook("saas-tiered"))
    assert Article.objects.published().count() == 12
    named = Article.objects.filter(category__slug="billing").values_list("title", flat=True)
    assert list(named) == [
        "Understanding your invoice", "Updating payment method", "Cancellation and refund policy",
        "Upgrading or downgrading your plan",
    ]  # fmt: skip
    found = titles("Can’t sign in after password change, the reset link says it has expired")
    assert found[0] == "How to reset your password"
    assert titles("I was charged twice and want my money back")[0] == "Cancellation and refund policy"


def test_an_unknown_category_is_refused_with_its_line():
    article = ["- key: a", "  title: A", "  category: nope", "  body: Text"]
    text = "\n    ".join(["playbook: mine\nknowledge:\n  articles:", *article])
    with pytest.raises(playbook.Broken) as broken:
        playbook.load(playbook.read(text))
    assert broken.value.lines() == ["mine:6: there is no category “nope” – take it out"]
    assert Article.objects.count() == 0
