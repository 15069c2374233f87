"""Addresses whose views are loaded when one of them is first asked for, and not with the program."""

from typing import Any

from django.urls import URLResolver
from django.urls.resolvers import RoutePattern
from django.utils.datastructures import MultiValueDict
from django.utils.translation import get_language


class LazyResolver(URLResolver):
    """As `path(route, include(module))`, but `module` is imported by the first request or `reverse` below it.

    Looking up any other name asks every resolver for its names; this one has none to give until it is loaded, and what
    stands below it is found by `namespace:name`, which loads it.
    """

    def _populate(self) -> None:
        if "urlconf_module" in self.__dict__:
            super()._populate()
            return
        for names in ("_namespace_dict", "_app_dict", "_reverse_dict"):
            getattr(self, names)[get_language()] = MultiValueDict()


def lazy_path(route: str, module: str, namespace: str) -> Any:
    """`module`: the dotted name of a module with `urlpatterns`."""
    return LazyResolver(RoutePattern(route, is_endpoint=False), module, app_name=namespace, namespace=namespace)
