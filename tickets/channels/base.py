"""What every channel hands to the front door: one message from somebody outside, parsed and plain."""

from dataclasses import dataclass, field

from tickets.files import StoredFile
from tickets.models import Channel, IdentityKind


@dataclass(frozen=True)
class Sender:
    """Who wrote, as the channel knows them: `kind` and a raw `value` (address, number, handle), a name if given."""

    kind: IdentityKind
    value: str
    name: str = ""
    is_verified: bool = False


@dataclass(frozen=True)
class Inbound:
    channel: Channel
    sender: Sender
    body: str
    subject: str = ""
    category_id: int | None = None
    reference: str = ""
    # Of a mail, beside its answer (`body`): what it quotes, how it is signed, and its HTML as it came.
    quoted: str = ""
    signature: str = ""
    html: str = ""
    files: tuple[StoredFile, ...] = field(default_factory=tuple)
    # The same key never makes a second message; empty: no protection asked for.
    dedupe_key: str = ""
    language: str = ""
    time_zone: str = ""
    # The team of the mailbox it came to; a routing rule may know better.
    team_id: int | None = None
    # Nobody is answered automatically: it came from a list, a machine, or somebody we cannot believe.
    is_quiet: bool = False
    # A state of tickets.models.mail.Trust; empty for what did not come by mail.
    trust: str = ""

    @property
    def has_more(self) -> bool:
        return bool(self.quoted or self.signature or self.html)
