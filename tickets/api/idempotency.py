"""A write is done once: its Idempotency-Key and its answer are kept in the transaction that does it."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from tickets.api.problems import Problem
from tickets.api.tokens import KEPT
from tickets.files import StoredFile
from tickets.models import IdempotencyKey

LONGEST_KEY = 255
REPLAYED = "Idempotency-Replayed"
# The same key at the same moment waits here for the first one's commit, then finds its answer.
CLAIM = """
INSERT INTO tickets_idempotencykey (token_id, key, fingerprint, status, answer, headers, created_at)
VALUES (%s, %s, %s, 0, '', '{}', %s) ON CONFLICT (token_id, key) DO NOTHING RETURNING id
"""


@dataclass(frozen=True)
class Write:
    """What makes two writes the same. `dedupe_key` is empty where the program gave no key."""

    token_id: int
    key: str
    fingerprint: str

    @property
    def dedupe_key(self) -> str:
        """For intake and conversation: even when the kept answer is lost, the same write makes no second message."""
        return f"api:{_sha256(f'{self.token_id} {self.key} {self.fingerprint}')[:56]}" if self.key else ""


def write_of(request: Request, token_id: int, given: Mapping[str, Any], files: list[StoredFile]) -> Write:
    """Read the header; `given`: the fields as they were sent."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise Problem("bad-request", _("An Idempotency-Key has at most 255 printable characters."))
    sent = [request.method, request.path, given, [(file.name, file.sha256) for file in files]]
    return Write(token_id, key and _sha256(key), _sha256(json.dumps(sent, sort_keys=True, default=str)))


def once(write: Write, work: Callable[[], Response]) -> Response:
    """Do the work and keep its answer, or give the answer kept. What is refused is not kept and may be tried again."""
    with transaction.atomic():
        if not write.key:
            return work()
        claim = _claim(write)
        if claim is None:
            return _kept(write)
        response = work()
        IdempotencyKey.objects.filter(pk=claim).update(
            status=response.status_code, answer=json.dumps(response.data), headers=dict(response.headers)
        )
    return response


def _claim(write: Write) -> int | None:
    now = timezone.now()
    adapt = connection.ops.adapt_datetimefield_value
    for _attempt in range(2):
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, [write.token_id, write.key, write.fingerprint, adapt(now)])
            row = cursor.fetchone()
        if row:
            return int(row[0])
        over = IdempotencyKey.objects.filter(token=write.token_id, key=write.key, created_at__lt=now - KEPT)
        if not over.delete()[0]:
            break
    return None


def _kept(write: Write) -> Response:
    kept = IdempotencyKey.objects.filter(token=write.token_id, key=write.key).first()
    if kept is None:  # the first one was refused just now: nothing was done
        raise Problem("conflict", _("The same write is being done right now."), headers={"Retry-After": "1"})
    if kept.fingerprint != write.fingerprint:
        raise Problem("key-reused")
    return Response(json.loads(kept.answer), status=kept.status, headers={**kept.headers, REPLAYED: "true"})


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
