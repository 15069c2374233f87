"""The Jinja2 environment of every product page: translation, URLs, dates in the reader's zone."""

from functools import cache, lru_cache
from typing import Any

from django.conf import settings
from django.contrib.messages import get_messages
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from jinja2 import Environment, StrictUndefined

from helpdesk.lib import text
from tickets import wording


def environment(**options: Any) -> Environment:
    env = Environment(  # noqa: S701 - Django's backend turns autoescape on
        extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
        trim_blocks=True,
        lstrip_blocks=True,
        **{**options, "undefined": StrictUndefined},
    )
    env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, translation.ngettext, newstyle=True, pgettext=translation.pgettext
    )
    env.globals.update(
        static=static if settings.DEBUG else cache(static),
        url=url,
        get_messages=get_messages,
        get_language=translation.get_language,
        is_rtl=translation.get_language_bidi,
        wording=wording,
    )
    env.filters.update(
        ago=wording.ago,
        clock=wording.clock,
        clock_tone=wording.clock_tone,
        when=wording.when,
        date=wording.date,
        duration=wording.duration,
        initials=text.initials,
        linkify=text.linkify,
        file_size=wording.file_size,
    )
    return env


def gettext(message: str) -> str:
    """As Django's own, looked up once a language: a page asks some two hundred times."""
    return _translated(translation.get_language(), message)


@lru_cache(maxsize=8192)
def _translated(language: str | None, message: str) -> str:
    return translation.gettext(message)


def url(name: str, *args: Any, **kwargs: Any) -> str:
    """The path of a named page, for templates."""
    return reverse(name, args=args or None, kwargs=kwargs or None)
