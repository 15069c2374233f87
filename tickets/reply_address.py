"""The address an answer by mail goes to: a mailbox of ours with the ticket's number behind a plus, and a signature.

“support+1z4k3m9q7w5x2y6v8b0@firstline.test”: whoever has it got a mail of that ticket, or saw one. It is short (a local
part has room for 64 characters), all in digits and small letters, and holds nothing a mail server would fold, escape or
cut. Who wrote to it is judged apart (tickets/threads.py).
"""

import re
from collections.abc import Iterator
from email.utils import parseaddr

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import base36_to_int, int_to_base36

# 80 bits in letters that cannot be mistaken for one another, whatever happens to their case.
SIGNATURE_BYTES, SIGNATURE_CHARACTERS = 10, 16
LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
LONGEST_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1
# Some servers put the tag behind another sign, some wrap the address in one of their own; the tag stands last in all.
TAG = re.compile(r"(?:^|[^0-9a-z])([0-9a-z]{1,13})([0-9a-z]{16})$")


def address_for(ticket_id: int, base: str) -> str:
    """`base` (a bare address of ours) with the ticket's signed number; `base` itself where there is no room for it."""
    local, _at, domain = base.rpartition("@")
    tagged = f"{local}+{int_to_base36(ticket_id)}{next(_signatures(ticket_id))}"
    return f"{tagged}@{domain}" if len(tagged) <= LONGEST_LOCAL_PART else base


def read(address: str) -> int | None:
    """The ticket's number in an address as it came back (with a name, quoted, upper-cased, rewritten); None if not ours.

    Addresses signed with a secret of SECRET_KEY_FALLBACKS are still good.
    """
    bare = parseaddr(address)[1] if "<" in address or '"' in address else address
    local = bare.strip().lower().rpartition("@")[0].strip('"').replace("%2b", "+")
    found = TAG.search(local[-80:])
    if found is None:
        return None
    ticket_id = base36_to_int(found[1])
    matches = [constant_time_compare(found[2], good) for good in _signatures(ticket_id)]
    return ticket_id if 0 < ticket_id < 2**63 and any(matches) else None


def _signatures(ticket_id: int) -> Iterator[str]:
    """The signature by the present secret key, then by those it replaced."""
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        mac = salted_hmac("reply-address", str(ticket_id), secret=secret, algorithm="sha256").digest()
        number = int.from_bytes(mac[:SIGNATURE_BYTES], "big")
        yield "".join(LETTERS[number >> 5 * place & 31] for place in range(SIGNATURE_CHARACTERS))
