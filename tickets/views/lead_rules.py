"""The lead's rules: the book, one rule's page with its rows, and what it would have done to the last tickets."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tickets import desk as desk_settings
from tickets import rule_book, rules
from tickets.desk import Desk
from tickets.errors import Refused
from tickets.forms.rule import RuleForm
from tickets.models import Rule, RuleStage
from tickets.permissions import DeskRequest, lead_only, may_see
from tickets.views.shell import desk_page

TRIED_ON = 200


@require_GET
@lead_only
def rule_list(request: DeskRequest) -> HttpResponse:
    stages = rule_book.pages(desk_settings.current(request.user.desk_version))
    return desk_page(request, "lead/rules.html", {"stages": stages, "used": rule_book.used_in_words})


@require_http_methods(["GET", "POST"])
@lead_only
def rule_new(request: DeskRequest) -> HttpResponse:
    stage = request.POST.get("stage") or request.GET.get("stage", RuleStage.ROUTING)
    if stage not in RuleStage.values:
        raise Http404
    form = RuleForm(stage)
    for row in ("add-condition", "add-action"):
        form.change(row)
    return _page(request, Rule(stage=stage), form)


@require_http_methods(["GET", "POST"])
@lead_only
def rule(request: DeskRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Rule, pk=pk)
    return _page(request, found, RuleForm.of(found))


def _page(request: DeskRequest, rule: Rule, form: RuleForm) -> HttpResponse:
    desk = desk_settings.current(request.user.desk_version)
    tried: dict[str, Any] = {}
    if request.method == "POST":
        form = RuleForm.read(request.POST, stage=rule.stage, nested=form.nested)
        what = request.POST.get("do", "")
        form.change(what)
        form.draw(desk)
        if what in ("save", "try") and form.check(desk):
            try:
                return _save(request, rule, form) if what == "save" else _tried(request, rule, form, desk)
            except Refused as refusal:
                form.name_problem = refusal.message
    return _show(request, rule, form.draw(desk), tried)


def _save(request: DeskRequest, rule: Rule, form: RuleForm) -> HttpResponse:
    rule_book.write(form.rule(rule))
    messages.success(request, _("Saved. The rule counts for tickets from now on."))
    return redirect("rules")


def _tried(request: DeskRequest, rule: Rule, form: RuleForm, desk: Desk) -> HttpResponse:
    """What the rule as typed would have done; tickets of teams the reader may not look into are only counted."""
    attempt = form.rule(Rule(pk=rule.pk, position=rule.position))
    done = rules.dry_run(attempt, form.stage, limit=TRIED_ON, desk=desk)
    seen = [(ticket, line) for ticket, line in done.touched if may_see(request.user, ticket)]
    hidden = len(done.touched) - len(seen)
    return _show(request, rule, form, {"tried": {"total": done.total, "touched": seen, "hidden": hidden}})


def _show(request: DeskRequest, rule: Rule, form: RuleForm, extra: dict[str, Any]) -> HttpResponse:
    desk = desk_settings.current(request.user.desk_version)
    last = rule_book.last_change(rule)
    context = {
        "rule": rule, "form": form, "last_change": last, "tried": None,
        "nested_words": rule_book.in_words(form.nested, desk) if form.nested is not None else "", **extra,
    }  # fmt: skip
    return desk_page(request, "lead/rule.html", context, status=422 if _has_problems(form) else 200)


def _has_problems(form: RuleForm) -> bool:
    rows = [*form.conditions, *form.actions]
    return bool(form.problems or form.name_problem or any(row.problems for row in rows))


@require_POST
@lead_only
def rule_standing(request: DeskRequest, pk: int) -> HttpResponse:
    rule_book.switch(get_object_or_404(Rule, pk=pk), on=request.POST.get("on") == "yes")
    return redirect("rules")


@require_POST
@lead_only
def rule_place(request: DeskRequest, pk: int) -> HttpResponse:
    rule_book.place(get_object_or_404(Rule, pk=pk), earlier=request.POST.get("to") == "earlier")
    return redirect("rules")


@require_POST
@lead_only
def rule_removal(request: DeskRequest, pk: int) -> HttpResponse:
    rule_book.remove(get_object_or_404(Rule, pk=pk))
    messages.success(request, _("The rule is gone."))
    return redirect("rules")
