"""Made with this installation's secret: links that open one row for whoever holds them, and secrets sealed for keeping.

A link is a row's key and a signature; what is sealed can be opened only with the secret it was sealed with.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import base36_to_int, int_to_base36

SIGNATURE_BYTES = 18  # 144 bits, 24 characters; more than the 128 that guessing must face
LONGEST_TOKEN = 64


class Unsealable(Exception):
    """The sealed secret cannot be opened here."""


def sign_link(pk: int, key: str, purpose: str) -> str:
    """Return a token, `<row in base 36>-<24 characters>`, good for a path; changing the row's `key` makes it worthless.

    Nothing of it needs storing: `key` is the row's own secret, `purpose` keeps it from opening another page.
    """
    return f"{int_to_base36(pk)}-{next(_signatures(pk, key, purpose))}"


def read_link(token: str, purpose: str, key_of: Callable[[int], str | None]) -> int | None:
    """Return the row a token opens, or None. `key_of` gives a row's secret, None where there is no such row.

    Tokens signed with a secret of SECRET_KEY_FALLBACKS still open. A missing row costs as much as a wrong signature.
    """
    number, dash, signature = token.partition("-")
    if not dash or len(token) > LONGEST_TOKEN:
        return None
    try:
        pk = base36_to_int(number)
    except ValueError:
        return None
    if not 0 < pk < 2**63:
        return None
    key = key_of(pk)
    matches = [constant_time_compare(signature, good) for good in _signatures(pk, key or "", purpose)]
    return pk if key and any(matches) else None


def fingerprint(secret: str) -> str:
    """Return the SHA-256 of a secret in hex: what may be kept of it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def seal(secret: str) -> str:
    """Return a secret as it may rest in the database: encrypted and authenticated (Fernet) under SECRET_KEY."""
    return _fernet().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Open what `seal` made, also under a secret of SECRET_KEY_FALLBACKS; raises Unsealable."""
    try:
        return _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unsealable("It was sealed with another SECRET_KEY; enter it again.") from error


def _fernet() -> MultiFernet:
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    keys = [salted_hmac("seal", "fernet", secret=secret, algorithm="sha256").digest() for secret in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


def _signatures(pk: int, key: str, purpose: str) -> Iterator[str]:
    """The signature by the present secret key, then by those it replaced."""
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        mac = salted_hmac(f"link:{purpose}", f"{pk}:{key}", secret=secret, algorithm="sha256").digest()
        yield base64.urlsafe_b64encode(mac[:SIGNATURE_BYTES]).decode()
