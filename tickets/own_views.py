"""Views that colleagues make for themselves: save, rename, delete."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from helpdesk.lib import text
from tickets.errors import Refused
from tickets.models import DeskVersion, SavedView, User

MOST = 30  # views a person keeps; the rail has no room for more
OWN = "my-"  # their keys begin with it, so that none hides a shared view


@transaction.atomic
def save_view(*, name: str, filters: Mapping[str, Any], by: User) -> SavedView:
    """A new view of one's own, last in the rail. Raises Refused without a name, or past MOST."""
    name = _name(name)
    mine = SavedView.objects.filter(owner=by)
    taken = set(mine.values_list("slug", flat=True))
    if len(taken) >= MOST:
        raise Refused(_("You have %(most)d views; delete one first.") % {"most": MOST})
    view = SavedView.objects.create(name=name, slug=_free(name, taken), owner=by, filters=dict(filters), position=500)
    DeskVersion.bump()
    return view


@transaction.atomic
def rename_view(view: SavedView, *, name: str) -> SavedView:
    """Its address stays, so that bookmarks go on working."""
    view.name = _name(name)
    view.save(update_fields=["name"])
    DeskVersion.bump()
    return view


@transaction.atomic
def delete_view(view: SavedView) -> None:
    view.delete()
    DeskVersion.bump()


def _name(name: str) -> str:
    name = " ".join(text.plain(name, 1000).split())[:60]
    if not name:
        raise Refused(_("Give the view a name."), missing=["name"])
    return name


def _free(name: str, taken: set[str]) -> str:
    slug = OWN + (slugify(name)[:50] or "view")
    return next(key for key in (slug, *(f"{slug}-{number}" for number in range(2, MOST + 2))) if key not in taken)
