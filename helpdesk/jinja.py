"""The Jinja2 environment of every product page: translation, URLs, dates in the reader's zone."""

from collections.abc import Callable, MutableMapping
from functools import cache, lru_cache
from types import FunctionType
from typing import Any

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.functional import SimpleLazyObject
from jinja2 import Environment, StrictUndefined, Template
from jinja2.environment import TemplateModule
from jinja2.runtime import Context, Macro
from markupsafe import Markup, escape

from helpdesk.lib import text
from helpdesk.lib.http import path
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
    env.context_class = Names
    env.template_class = Page
    env.globals.update(
        _=gettext,
        gettext=gettext,
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


PLAIN = frozenset({FunctionType, type(cache(len))})


def as_html(value: Any) -> Markup:
    """`markupsafe.escape`, which also makes a copy of what is HTML already: most of what a page prints."""
    return value if type(value) is Markup else escape(value)


class Page(Template):
    """A template whose macros are made once: no template of ours has globals of its own that could change them."""

    @classmethod
    def _from_namespace(
        cls, environment: Environment, namespace: MutableMapping[str, Any], globals: MutableMapping[str, Any]
    ) -> Template:
        namespace["escape"] = as_html  # the name by which compiled templates call it
        return super()._from_namespace(environment, namespace, globals)

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        return super()._get_default_module()


class Names(Context):
    """A template's names. Macros and plain functions, nearly all that is called, are called without asking further."""

    def call(self, called: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        kind = called.__class__
        if kind is Macro or (kind in PLAIN and "jinja_pass_arg" not in called.__dict__):
            kwargs.pop("_block_vars", None)
            kwargs.pop("_loop_vars", None)
            return called(self.eval_ctx, *args, **kwargs) if kind is Macro else called(*args, **kwargs)
        return super().call(called, *args, **kwargs)


def gettext(message: str, /, **values: Any) -> Markup:
    """`message` in the reader's language, `values` escaped into it; `%%` is a percent sign, with values or without.

    Looked up once a language: a page asks some two hundred times.
    """
    language = translation.get_language()
    return _translated(language, message) % values if values else _whole(language, message)


@lru_cache(maxsize=8192)
def _translated(language: str | None, message: str) -> Markup:
    return Markup(translation.gettext(message))  # noqa: S704 - our own words, as Jinja's extension takes them


@lru_cache(maxsize=8192)
def _whole(language: str | None, message: str) -> Markup:
    return _translated(language, message) % {}


def csrf(request: HttpRequest) -> dict[str, Any]:
    """Django's `csrf_token` and `csrf_input`, masked once a page instead of at each of its forms."""
    token = SimpleLazyObject(lambda: get_token(request))
    field = Markup('<input type="hidden" name="csrfmiddlewaretoken" value="{}">')
    return {"csrf_token": token, "csrf_input": SimpleLazyObject(lambda: field.format(token))}


def url(name: str, *args: Any, **kwargs: Any) -> str:
    """The path of a named page, for templates."""
    return reverse(name, args=args, kwargs=kwargs) if args or kwargs else path(name)
