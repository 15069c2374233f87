"""A read mail as the front door takes it: who wrote, what, with which files; what could not be taken is said in it."""

from collections.abc import Iterable
from dataclasses import replace

from django.conf import settings
from django.core.files.base import ContentFile
from django.utils import translation
from django.utils.translation import gettext as _

from helpdesk.lib.mailparse.parsed import Address, Attached, Parsed
from tickets import files
from tickets.channels.base import Inbound, Sender
from tickets.errors import Refused
from tickets.files import NoRoom, StoredFile
from tickets.models import Channel, IdentityKind, InboundMail


def inbound(
    parsed: Parsed,
    mail: InboundMail,
    *,
    kept: tuple[StoredFile, ...] = (),
    left_out: tuple[str, ...] = (),
    team_id: int | None = None,
    is_quiet: bool = False,
    trust: str = "",
) -> Inbound:
    """The mail as a message from its sender. `kept`, `left_out`: what `keep_files` made of its attachments."""
    return Inbound(
        channel=Channel.EMAIL,
        sender=Sender(IdentityKind.EMAIL, parsed.sender.email, parsed.sender.name),
        body=with_words(parsed.reply.strip("\n") or parsed.text, kept, left_out),
        subject=parsed.subject,
        quoted=parsed.quoted if parsed.reply.strip() else "",
        signature=parsed.signature if parsed.reply.strip() else "",
        html=parsed.html,
        files=kept,
        dedupe_key=dedupe_key(mail),
        team_id=team_id,
        is_quiet=is_quiet,
        trust=trust,
    )


def from_original(parsed: Parsed, mail: InboundMail, sender: Address, *, base: Inbound, trust: str) -> Inbound:
    """A mail that a colleague passed on, as a message from the one who wrote it first."""
    original = parsed.forwarded
    if original is None:
        return base
    return Inbound(
        channel=Channel.EMAIL,
        sender=Sender(IdentityKind.EMAIL, sender.email, sender.name),
        body=original.body or base.body,
        subject=original.subject or parsed.subject,
        files=base.files,
        dedupe_key=dedupe_key(mail),
        team_id=base.team_id,
        trust=trust,
    )


def dedupe_key(mail: InboundMail) -> str:
    """Equal for copies of one message that came on two roads or to two of our mailboxes."""
    return f"mail:{mail.fingerprint}"


def keep_files(attached: Iterable[Attached]) -> tuple[tuple[StoredFile, ...], tuple[str, ...]]:
    """Put the attachments on disk as the form does; what it would refuse is left out, with the reason in words.

    Raises NoRoom when the disk is full: the mail is then taken in later.
    """
    kept: list[StoredFile] = []
    left_out: list[str] = []
    for one in attached:
        if len(kept) == settings.MAX_FILES_PER_MESSAGE:
            left_out.append(_("“%(name)s” is one file too many.") % {"name": files.clean_name(one.name)})
            continue
        try:
            stored = files.keep(ContentFile(one.content, name=one.name or _("file")))
            kept.append(replace(stored, content_id=one.content_id))
        except NoRoom:
            raise
        except Refused as refusal:
            left_out.append(str(refusal))
    return tuple(kept), tuple(left_out)


def with_words(body: str, kept: tuple[StoredFile, ...], left_out: tuple[str, ...]) -> str:
    """The text as it is kept: never empty, and with a word on what was left out, in the desk's language."""
    with translation.override(settings.LANGUAGE_CODE):
        parts = [body if body.strip() else "" if kept else _("(This mail has no text.)")]
        if left_out:
            parts.append("\n".join([_("Left out of this mail:"), *(f"– {reason}" for reason in left_out)]))
        return "\n\n".join(part for part in parts if part)
