"""How the web server runs: threads for waiting, processes for work, one memory image shared by all of them."""

import gc
import os
from typing import Any

from django.conf import settings
from django.db import connections
from django.template import engines
from django.urls import resolve, reverse
from django.utils import translation
from django.utils.module_loading import import_string

wsgi_app = "helpdesk.wsgi:application"
bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
worker_class = "gthread"
preload_app = True
timeout = 60  # seconds a process may stand still before it is replaced
graceful_timeout = 15
keepalive = 5
# Beats go to a file: in memory, so that a slow disk is not taken for a hung process.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
# Every line is ours (helpdesk.middleware.RequestLog); gunicorn itself only tells what goes wrong.
accesslog = None
loglevel = "warning"
control_socket_disable = True

# Folders of what people open all day; rarer pages are compiled by the process that is asked for one.
PAGES = ("base.html", "components/", "layouts/", "desk/", "portal/")


def when_ready(server: Any) -> None:
    """Make what every process would make for itself, once before they part, and keep it out of their collectors, so
    that its pages stay shared.
    """
    _fill_caches()
    connections.close_all()
    gc.collect()
    gc.freeze()


def _fill_caches() -> None:
    """Addresses, words of every language, compiled pages: a third of a process's own memory, and its first second."""
    resolve(reverse("queue"))
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            translation.gettext("Queue")
    pages = engines["jinja2"].env  # type: ignore[attr-defined]
    for name in pages.list_templates(filter_func=lambda name: name.startswith(PAGES)):
        pages.get_template(name)
    import_string("tickets.sentiment.mood")("fine")  # by its path: this file is read before Django knows its apps


def post_fork(server: Any, worker: Any) -> None:
    connections.close_all()
    # Requests make few rings of references, and looking for them every 700 objects took a twentieth of their time.
    gc.set_threshold(20_000, 20, 20)
