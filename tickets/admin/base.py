"""What every page of the back office shares: administrators only, caches told of changes, records left alone."""

from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import ManyToManyField, Model, QuerySet
from django.forms import CheckboxSelectMultiple, ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from simple_history.admin import SimpleHistoryAdmin

from tickets.models import DeskVersion

COUNTED_AT_MOST = 10_000


class AdministratorsOnly:
    """Rights follow the role, not Django's table of permissions."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated and request.user.is_administrator

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)


class TellsTheDesk:
    """Whatever is saved or deleted here makes every process load the desk's settings anew, in the same transaction."""

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)  # type: ignore[misc]
        DeskVersion.bump()

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        super().delete_model(request, obj)  # type: ignore[misc]
        DeskVersion.bump()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():
            # One by one, so that each leaves its history.
            for row in queryset:
                row.delete()
            DeskVersion.bump()


class PlainWords:
    """Lists are titled by what they list; a choice of rows comes without icons, several choices as tick boxes."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        title = capfirst(self.opts.verbose_name_plural)  # type: ignore[attr-defined]
        return super().changelist_view(request, {"title": title, **(extra_context or {})})  # type: ignore[misc]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, ManyToManyField):
            kwargs.setdefault("widget", CheckboxSelectMultiple)
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if db_field.name in getattr(self, "list_editable", ()):
            # In a list the column's head is the only label; screen readers need one at each field.
            field.widget.attrs["aria-label"] = capfirst(db_field.verbose_name)
        if isinstance(getattr(field, "widget", None), RelatedFieldWidgetWrapper):
            wrapper = field.widget
            wrapper.can_add_related = wrapper.can_change_related = False
            wrapper.can_delete_related = wrapper.can_view_related = False
        return field


class PlainAdmin(PlainWords, AdministratorsOnly, admin.ModelAdmin):
    """A page of the back office without a history of its own."""

    save_on_top = False
    list_per_page = 50


class SettingAdmin(TellsTheDesk, PlainWords, AdministratorsOnly, SimpleHistoryAdmin):
    """A desk setting, with the history of its changes. Going back is done by hand, so that every check runs again."""

    list_per_page = 50
    history_list_per_page = 50

    def revert_disabled(self, request: HttpRequest, obj: Any = None) -> bool:
        return True


class CappedPaginator(Paginator):
    """Counts no further than COUNTED_AT_MOST: a list of millions opens as fast as a short one."""

    @cached_property
    def count(self) -> int:
        return len(cast("QuerySet[Any]", self.object_list).order_by().values_list("pk", flat=True)[:COUNTED_AT_MOST])


class RecordAdmin(PlainWords, AdministratorsOnly, admin.ModelAdmin):
    """To look at, never to change: what happened, what was sent, what was loaded."""

    list_per_page = 50
    show_full_result_count = False
    paginator = CappedPaginator
    actions: Any = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Rows(PlainWords, AdministratorsOnly, admin.TabularInline):
    """Rows that belong to the page's object."""

    extra = 0
    show_change_link = False
