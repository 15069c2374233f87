"""What a mail held besides its answer: quotes and signature, folded on the pages, and its HTML, shown made safe."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from helpdesk.lib import text
from helpdesk.lib.inserts import insert
from helpdesk.lib.mailparse import clean_html
from tickets.models import Attachment, MailBody, Message

MOST_TEXT = 500_000  # characters; what is longer is cut
MOST_HTML = 2_000_000


@dataclass(frozen=True, slots=True)
class Folded:
    quoted: str
    signature: str
    has_html: bool


NOTHING = Folded("", "", has_html=False)


def keep(message: Message, *, quoted: str, signature: str, html: str) -> None:
    """Store what came with a message; nothing is asked of the database where nothing came."""
    if not (quoted or signature or html):
        return
    body = MailBody(
        message=message, quoted=text.plain(quoted, MOST_TEXT), signature=text.plain(signature, MOST_TEXT),
        html=text.plain(html, MOST_HTML),
    )  # fmt: skip
    insert([body])


def of(messages: Sequence[Message]) -> dict[int, Folded]:
    """What is folded below each message, by its id: one statement, and none where no message has anything."""
    having = [message.pk for message in messages if message.has_more]
    if not having:
        return {}
    bodies = MailBody.objects.filter(message__in=having).without_html()
    return {body.pk: Folded(body.quoted, body.signature, body.has_html) for body in bodies}


def as_sent(body: MailBody, *, remote: bool) -> clean_html.Clean:
    """Its HTML as the desk may show it, pictures inside the mail from our own file addresses."""
    inside = Attachment.objects.filter(message=body.message_id).exclude(content_id="")
    inline = {file.content_id: reverse("desk_file", args=[file.pk]) for file in inside}
    return clean_html.clean(body.html, remote=remote, inline=inline)
