"""What the desk is set up with, to read: categories, macros, tags; and who a token is."""

from django.db.models import Exists, OuterRef
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from tickets import macros
from tickets.api import paging
from tickets.api.fields import moment
from tickets.api.operations import operation
from tickets.api.parameters import PAGING, Parameter, number, shown
from tickets.api.serializers.people import CategoryShape, MacroShape, MeShape, TagShape, show_macros
from tickets.api.views.base import ApiView, Shown
from tickets.models import Category, Macro, Tag, Ticket
from tickets.permissions import closed_teams

BY_ID, BY_NAME = paging.orders(id="pk"), paging.orders(name="name")
FOR_TICKET = number("ticket", "Only what may be used on this ticket, with its placeholders filled in.")


class Categories(ApiView):
    scopes = {"GET": "settings:read"}
    is_public = True
    parameters = {"GET": (*PAGING, shown(CategoryShape._declared_fields))}

    @operation("categories_list", "Desk", "List categories", answer=CategoryShape, is_list=True)
    def get(self, request: Request) -> Response:
        """Those in use; a customer's token gets those of the form."""
        rows = Category.objects.filter(is_active=True)
        if not self.user.is_desk_staff:
            rows = rows.filter(is_public=True)
        return self.listed(rows, BY_ID["id"], _categories)


class Macros(ApiView):
    scopes = {"GET": "settings:read"}
    parameters = {"GET": (FOR_TICKET, *PAGING, shown(MacroShape._declared_fields))}

    @operation("macros_list", "Desk", "List macros", answer=MacroShape, is_list=True)
    def get(self, request: Request) -> Response:
        """Prepared answers. Reading one sends nothing: its text goes into a reply of yours."""
        rows = Macro.objects.filter(is_active=True).exclude(team__in=closed_teams(self.user))
        if "ticket" not in self.query:
            return self.listed(rows, BY_ID["id"], lambda found: show_macros(found, self.desk.teams))
        self.grant.require("tickets:read")
        ticket = self.ticket(self.query["ticket"], "customer")
        usable = rows.filter(pk__in=[macro.pk for macro in macros.usable(self.desk, ticket)])

        def filled(found: list[Macro]) -> list[Shown]:
            texts = [{"body": macros.fill_text(macro.body, ticket, self.user)} for macro in found]
            return [{**shown, **text} for shown, text in zip(show_macros(found, self.desk.teams), texts, strict=True)]

        return self.listed(usable, BY_ID["id"], filled)


class Tags(ApiView):
    scopes = {"GET": "settings:read"}
    parameters = {"GET": (Parameter("q", "How it begins."), *PAGING)}

    @operation("tags_list", "Desk", "List tags", answer=TagShape, is_list=True)
    def get(self, request: Request) -> Response:
        """By name; only tags that are on a ticket you may see."""
        rows = Tag.objects.all()
        if closed := closed_teams(self.user):
            # A tag that only a closed team uses tells what they work on.
            seen = Ticket.tags.through.objects.filter(tag=OuterRef("pk")).exclude(ticket__team__in=closed)
            rows = rows.filter(Exists(seen))
        if begins := self.query.get("q"):
            rows = rows.filter(name__istartswith=begins)
        return self.listed(rows, BY_NAME["name"], lambda found: [{"name": tag.name} for tag in found])


class Me(ApiView):
    is_public = True

    @operation("me_read", "Token", "Who am I", answer=MeShape)
    def get(self, request: Request) -> Response:
        """Whom this token acts as, what it may do, and until when."""
        user, grant = self.user, self.grant
        team = self.desk.teams.get(user.team_id or 0)
        return self.one({
            "id": user.pk, "name": user.name, "email": user.email, "role": user.role,
            "team": team.slug if team else None, "language": user.language, "time_zone": user.time_zone,
            "token_name": grant.name, "scopes": grant.scopes, "requests_per_minute": grant.limit,
            "expires_at": moment(grant.expires_at),
        })  # fmt: skip


class Nothing(ApiView):
    """Every other address below: a problem instead of a page."""

    schema = None
    is_public = True
    authentication_classes = ()

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        negotiated = self.perform_content_negotiation(request, force=True)
        request.accepted_renderer, request.accepted_media_type = negotiated
        raise Http404


def _categories(found: list[Category]) -> list[Shown]:
    return [{"slug": row.slug, "name": row.name, "is_public": row.is_public} for row in found]
