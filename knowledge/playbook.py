"""The knowledge room's section of the playbook: the articles a desk opens with."""

from collections.abc import Mapping
from typing import Any

from helpdesk.lib import lined_yaml as y
from helpdesk.lib.lined_yaml import Key, Kind, Node, Problem, Record, nearest, records, unknown
from helpdesk.lib.section import Change, Unloadable
from knowledge.models import Article
from tickets.models import Category
from tickets.playbook_rows import Table, tidy

_lines = y.list_of(y.words(160))
lines = Kind(lambda node: "\n".join(_lines.read(node)), lambda text: text.splitlines())
ARTICLES = Table(
    "articles", Article, ("key",),
    (
        Key("key", y.slug, is_required=True),
        Key("title", y.words(160), is_required=True),
        Key("summary", y.text(300), ""),
        Key("category", y.slug),
        Key("asked_as", lines, ""),
        Key("body", y.words(20_000), is_required=True),
        Key("published", y.truth, True),
    ),
    columns={"key": "slug", "asked_as": "questions", "published": "is_published"},
    references={"category": Category}, ordered_in="",
)  # fmt: skip
Data = dict[str, list[Record]]


class KnowledgeSection:
    """See helpdesk.lib.section.Section."""

    key = "knowledge"

    def read(self, node: Node) -> tuple[Data, list[Problem]]:
        problems: list[Problem] = []
        if not node.is_map:
            return {}, [Problem(node.line, "the section should hold lists", "start with “articles:”")]
        unknown(node, [ARTICLES.key], problems)
        return {ARTICLES.key: records(node.value.get(ARTICLES.key), ARTICLES.all_keys, "key", problems)}, problems

    def load(self, data: Data) -> list[Change]:
        known = set(Category.objects.values_list("slug", flat=True))
        missing = [
            Problem(entry.line_of("category"), f"there is no category “{slug}”", nearest(slug, sorted(known)))
            for entry in data[ARTICLES.key]
            if (slug := entry.values.get("category")) and slug not in known
        ]
        if missing:
            raise Unloadable(missing)
        return ARTICLES.load(data[ARTICLES.key])

    def export(self) -> Mapping[str, Any]:
        return {ARTICLES.key: tidy(ARTICLES.export())}


section = KnowledgeSection()
