"""What every view of the API does around its few lines: scopes, limits, parameters, sparse fields, ETags, one write."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, cast

from django.conf import settings
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from tickets import desk as desk_settings
from tickets import files as kept_files
from tickets.api import etags, idempotency, paging, parameters
from tickets.api.authentication import BearerToken, Grant
from tickets.api.parameters import Parameter
from tickets.api.problems import Problem, handle, wrong_field
from tickets.api.reading import MOST_BYTES, Form, Json, StrictJson
from tickets.desk import Desk
from tickets.errors import Refused
from tickets.models import Ticket, User
from tickets.permissions import visible_tickets

Shown = dict[str, Any]
API = "/api/v1"
# For views whose POST may carry files: JSON without, multipart/form-data with them.
FORMS_TOO = (StrictJson, Form)


class ApiView(APIView):
    """A resource. `scopes`: what each method asks of the token; `is_public`: customers' tokens may come in as well."""

    authentication_classes: Sequence[Any] = (BearerToken,)
    permission_classes = ()
    throttle_classes = ()
    renderer_classes = (Json,)
    metadata_class = None
    parser_classes: Sequence[Any] = (StrictJson,)
    scopes: ClassVar[Mapping[str, str]] = {}
    is_public: ClassVar[bool] = False
    # Parameters by method; LIMIT and CURSOR where it pages.
    parameters: ClassVar[Mapping[str, Sequence[Parameter]]] = {}
    query: dict[str, Any]
    format_kwarg = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Doors check, in this order: can we talk, who is it, how often, may they, what do they ask."""
        negotiated = self.perform_content_negotiation(request)
        request.accepted_renderer, request.accepted_media_type = negotiated
        request.version = request.versioning_scheme = None
        if not request.user.is_authenticated:
            raise NotAuthenticated
        grant = self.grant
        grant.count()
        if not self.is_public and not self.user.is_desk_staff:
            raise Problem("forbidden", _("This is for people of the desk."))
        method = "GET" if request.method == "HEAD" else request.method or ""
        if method in self.scopes:
            grant.require(self.scopes[method])
        length = request.headers.get("Content-Length") or "0"
        if length.isdecimal() and int(length) > MOST_BYTES and not _is_form(request):
            raise Problem("too-large", _("A JSON body may have up to 1 MB."))
        known = [one for one in self.parameters.get(method, ()) if one.is_public or self.user.is_desk_staff]
        self.query = parameters.read(request, known)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answered = super().finalize_response(request, response, *args, **kwargs)
        grant = getattr(request, "auth", None) if hasattr(request, "_user") else None
        if isinstance(grant, Grant):
            for name, value in grant.headers.items():
                answered[name] = value
        answered["Vary"] = "Accept, Authorization, Accept-Language"
        return answered

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return handle

    @property
    def user(self) -> User:
        return cast(User, self.request.user)

    @property
    def grant(self) -> Grant:
        return cast(Grant, self.request.auth)

    @property
    def desk(self) -> Desk:
        return desk_settings.current(self.user.desk_version)

    def ticket(self, number: int, *related: str) -> Ticket:
        """The ticket of that number, if the token's user may see it; 404 if not."""
        return find(visible_tickets(self.user).select_related(*related), number)

    def one(self, shown: Shown, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """A single resource: its ETag, 304 where the program has it, only the fields it asked for."""
        tag = {"ETag": etags.etag(shown), **(headers or {})}
        if self.request.method in ("GET", "HEAD") and etags.is_known(self.request, shown):
            return Response(None, status=304, headers=tag)
        return Response(sparse(shown, self.query), status=status, headers=tag)

    def listed(self, rows: Any, order: paging.Order, show: Callable[[Any], list[Shown]]) -> Response:
        def shortened(found: Sequence[Any]) -> list[Shown]:
            return [sparse(shown, self.query) for shown in show(found)]

        return paging.page(self.request, rows, order, shortened, query=self.query)

    def given(self, serializer: type[BaseSerializer]) -> dict[str, Any]:
        """What was sent, checked; a problem names every field that is wrong."""
        data = self.request.data
        checked = serializer(data=data, context={"view": self})
        checked.is_valid(raise_exception=True)
        return dict(checked.validated_data)

    def once(self, work: Callable[[str], Response], files: Sequence[kept_files.StoredFile] = ()) -> Response:
        """Do a write once; `work` gets the dedupe key for intake or conversation."""
        sent: Any = self.request.data
        if _is_form(self.request):
            sent = {name: sent.getlist(name) for name in sent if name != "files"}
        write = idempotency.write_of(self.request, self.grant.token_id, sent, list(files))
        return idempotency.once(write, lambda: work(write.dedupe_key))

    def files(self) -> list[kept_files.StoredFile]:
        """The files of a form, checked and on disk before anything points at them."""
        uploads = self.request.FILES.getlist("files") if _is_form(self.request) else []
        if len(uploads) > settings.MAX_FILES_PER_MESSAGE:
            most = settings.MAX_FILES_PER_MESSAGE
            raise wrong_field("/files", _("At most %(count)d files at once.") % {"count": most})
        kept = []
        for number, upload in enumerate(uploads):
            try:
                kept.append(kept_files.keep(upload))
            except kept_files.NoRoom:
                raise
            except Refused as refusal:
                raise wrong_field(f"/files/{number}", refusal.message) from refusal
        return kept


def find(rows: Any, pk: int) -> Any:
    """The row of that id, 404 if there is none."""
    row = rows.filter(pk=pk).first() if pk < 2**63 else None
    if row is None:
        raise Http404
    return row


def sparse(shown: Shown, query: Mapping[str, Any]) -> Shown:
    wanted = query.get("fields")
    return {name: shown[name] for name in shown if name in wanted} if wanted else shown


def _is_form(request: Request) -> bool:
    return (request.content_type or "").lower().startswith("multipart/form-data")


__all__ = ["API", "FORMS_TOO", "ApiView", "Shown", "find", "sparse"]
