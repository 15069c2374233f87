"""How the web server runs: threads for waiting, processes for work, one memory image shared by all of them."""

import gc
import os
from typing import Any

from django.db import connections
from django.urls import get_resolver

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


def when_ready(server: Any) -> None:
    """Load every address and its views before the processes part, and keep what is loaded out of their collectors, so
    that its pages stay shared."""
    _ = get_resolver().url_patterns
    connections.close_all()
    gc.collect()
    gc.freeze()


def post_fork(server: Any, worker: Any) -> None:
    connections.close_all()
