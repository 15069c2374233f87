"""The search page: every ticket and customer that holds what was typed."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from tickets import desk as desk_settings
from tickets import queue_parts, queue_rows, queues, search
from tickets.desk import Desk
from tickets.permissions import DeskRequest, desk_only
from tickets.queue_rows import Row
from tickets.search import Question, Results
from tickets.views.shell import desk_page

LAST_PAGE = 60


@desk_only
@require_GET
def results(request: DeskRequest) -> HttpResponse:
    """`q` what was typed, `page` from 1. Seven statements at most."""
    question = Question.read(request.GET.get("q", ""))
    page = request.GET.get("page", "")
    page_number = min(int(page), LAST_PAGE) if page.isdecimal() and len(page) < 4 and int(page) else 1
    desk = desk_settings.current(request.user.desk_version)
    found = search.find(question, user=request.user, desk=desk, page=page_number)
    context = {
        "rows": _rows(found, question, desk),
        "customers": search.customers(question) if page_number == 1 else [],
        "question": question,
        "query": question.text,
        "found": found,
        "count": queues.count_words(found.total),
        "newer": _address(question, page_number - 1) if page_number > 1 else "",
        "older": _address(question, page_number + 1) if page_number * search.PAGE < found.total else "",
        "here": request.get_full_path(),
        "bulk": queue_parts.bulk(desk),
    }
    return desk_page(request, "desk/search.html", context)


def _rows(found: Results, question: Question, desk: Desk) -> list[Row]:
    """The queue's rows with the words marked, and the place in the message instead of its beginning."""
    rows = queue_rows.shown(found.rows, desk=desk, now=timezone.now())
    if found.is_similar:
        return rows
    places = search.snippets(found, question)
    return [
        row._replace(
            subject=search.marked(row.subject, question),
            customer=search.marked(row.customer, question),
            preview=places.get(row.number, row.preview),
        )
        for row in rows
    ]


def _address(question: Question, page: int) -> str:
    return f"{reverse('search')}?{urlencode({'q': question.text, 'page': str(page)})}"
