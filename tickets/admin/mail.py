"""Mailboxes: where mail comes from. Their passwords go in and never come out again."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.lib.crypto import seal
from tickets import fetching
from tickets.admin.base import AdministratorsOnly, PlainWords, TellsTheDesk
from tickets.models import Mailbox, Road


class MailboxForm(forms.ModelForm):
    password = forms.CharField(
        label=gettext_lazy("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}, render_value=False),
        help_text=gettext_lazy("Kept encrypted and never shown again. Leave empty to keep the one that is stored."),
    )

    class Meta:
        model = Mailbox
        fields = (
            "address", "name", "team", "is_active", "road", "host", "port", "security", "user", "password",
            "password_variable", "folder", "after", "move_to", "trusted_authority", "silent_after",
        )  # fmt: skip

    def clean_address(self) -> str:
        return self.cleaned_data["address"].lower()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("road") == Road.IMAP and not data.get("host"):
            self.add_error("host", _("Fetching mail needs the name of the IMAP server."))
        if data.get("after") == Mailbox.After.MOVE and not data.get("move_to"):
            self.add_error("move_to", _("Name the folder that stored mail is moved to."))
        return data

    def save(self, commit: bool = True) -> Mailbox:
        if password := self.cleaned_data.get("password"):
            self.instance.sealed_password = seal(password)
        return super().save(commit)


@admin.register(Mailbox)
class MailboxAdmin(AdministratorsOnly, TellsTheDesk, PlainWords, admin.ModelAdmin):
    form = MailboxForm
    list_display = ("address", "name", "team", "road", "is_active", "last_success_at", "failures")
    list_filter = ("road", "is_active", "team")
    list_select_related = ("team",)
    search_fields = ("address", "name")
    readonly_fields = ("connection",)
    fieldsets = (
        (None, {"fields": ("address", "name", "team", "is_active", "road")}),
        (
            gettext_lazy("Fetching by IMAP"),
            {
                "fields": (
                    "host", "port", "security", "user", "password", "password_variable", "folder", "after", "move_to",
                    "connection",
                ),
                "description": gettext_lazy(
                    "Mail is stored here first and only then marked or moved on the server. Nothing is deleted there."
                ),
            },
        ),
        (gettext_lazy("Trust and alarms"), {"fields": ("trusted_authority", "silent_after")}),
    )  # fmt: skip

    @admin.display(description=gettext_lazy("connection"))
    def connection(self, mailbox: Mailbox) -> str:
        if not mailbox.pk or mailbox.road != Road.IMAP:
            return _("Save an IMAP mailbox first, then try the connection here.")
        return format_html(
            '<button type="submit" formaction="{}" formnovalidate>{}</button>',
            reverse("admin:tickets_mailbox_connection", args=[mailbox.pk]),
            _("Try the connection as it is saved"),
        )

    def save_model(self, request: HttpRequest, obj: Mailbox, form: forms.ModelForm, change: bool) -> None:
        """Only what the form holds is written: the mailbox's health belongs to the roads, which may run meanwhile."""
        if not change:
            super().save_model(request, obj, form, change)
            return
        names = [name for name in form.changed_data if name != "password"]
        obj.save(update_fields=[*names, "sealed_password", *self._forgotten(obj, names)])

    def _forgotten(self, mailbox: Mailbox, changed: list[str]) -> list[str]:
        """Another server or folder has other UIDs; and whatever was mended is tried at once."""
        if not {"host", "user", "folder", "road"} & set(changed):
            mailbox.next_at = None
            return ["next_at"]
        mailbox.uidvalidity = mailbox.last_uid = mailbox.next_at = mailbox.failing_since = None
        mailbox.failures, mailbox.last_error = 0, ""
        return ["uidvalidity", "last_uid", "next_at", "failing_since", "failures", "last_error"]

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "<int:pk>/connection/", self.admin_site.admin_view(self.try_connection), name="tickets_mailbox_connection"
        )
        return [own, *super().get_urls()]

    def try_connection(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: sign in at the server and look, changing nothing; the answer stands on the mailbox's page."""
        mailbox = Mailbox.objects.filter(pk=pk, road=Road.IMAP).first()
        if mailbox is None:
            raise Http404
        if request.method == "POST":
            if why := fetching.try_connection(mailbox):
                messages.error(request, _("The connection does not work: %(why)s") % {"why": why})
            else:
                messages.success(request, _("The connection works."))
        return HttpResponseRedirect(reverse("admin:tickets_mailbox_change", args=[pk]))
