"""One's own views of the queue: the list, saving the filters at hand, renaming, deleting."""

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tickets import chips, own_views
from tickets import desk as desk_settings
from tickets.models import SavedView
from tickets.permissions import DeskRequest, desk_only
from tickets.views.queue import view_of
from tickets.views.shell import desk_page, views_of


@desk_only
@require_http_methods(["GET", "POST"])
def views(request: DeskRequest) -> HttpResponse:
    """The list, and the form that saves the address's filters. POST `name` and `filters` (an address's query)."""
    desk = desk_settings.current(request.user.desk_version)
    if request.method == "POST":
        query = QueryDict(request.POST.get("filters", "")[:2000])
        base = view_of(query, views_of(request.user, desk))
        filters = chips.asked(query, base.filters, desk)
        view = own_views.save_view(name=request.POST.get("name", ""), filters=filters, by=request.user)
        messages.success(request, _("“%(name)s” stands among your views now.") % {"name": view.name})
        return redirect(f"{reverse('queue')}?view={view.slug}")
    mine = desk.own_views.get(request.user.pk, [])
    context = {"mine": mine, "shared": desk.views, "saving": request.META.get("QUERY_STRING", "")[:2000]}
    return desk_page(request, "desk/views.html", context, with_counts=True)


@desk_only
@require_POST
def view_edit(request: DeskRequest, pk: int) -> HttpResponse:
    """POST `name` renames one's own view, `delete` takes it away; shared ones are kept in the back office."""
    view = get_object_or_404(SavedView, pk=pk, owner=request.user)
    if request.POST.get("delete"):
        own_views.delete_view(view)
        messages.success(request, _("“%(name)s” is deleted.") % {"name": view.name})
    else:
        own_views.rename_view(view, name=request.POST.get("name", ""))
        messages.success(request, _("Renamed."))
    return redirect("views")
