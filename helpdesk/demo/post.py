"""The demo's post: requests as real e-mail through the desk's mailbox, and one of each kind that is not plain."""

from email.message import EmailMessage
from email.utils import format_datetime, formataddr

from django.utils import timezone

from helpdesk.demo import people
from helpdesk.lib.mail import desk_address
from tickets import mail_store
from tickets.models import Channel, DeskVersion, Mailbox, OutboxMail, Road, Ticket
from tickets.own_addresses import of as addresses_of
from tickets.reply_address import address_for

PASSED_BY = "customers.example"
TOO_DEEP = 400  # parts within parts: more than reading goes along with


def open_mailbox() -> Mailbox:
    """The mailbox that the demo's mail comes through; made once."""
    box, is_new = Mailbox.objects.get_or_create(
        address=desk_address().lower(),
        defaults={"name": "Support", "road": Road.PIPE, "team": None, "silent_after": 24},
    )
    if is_new:
        DeskVersion.bump()
    return box


def mail_id(key: str) -> str:
    """The Message-ID, without brackets, of what the demo writes under a key."""
    return f"{key}@{PASSED_BY}"


def write(
    name: str, email: str, subject: str, body: str, *, key: str, to: str = "", html: str = "", **headers: str
) -> None:
    """One mail of a customer, handed to the desk as a mail server would; the same key again changes nothing."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = formataddr((name, email)), to or desk_address(), subject
    mail["Date"], mail["Message-ID"] = format_datetime(timezone.localtime()), f"<{mail_id(key)}>"
    for header, value in headers.items():
        mail[header.replace("_", "-")] = value
    mail.set_content(body)
    if html:
        mail.add_alternative(html, subtype="html")
    mail_store.keep(mail.as_bytes(), road=Road.PIPE, mailbox=open_mailbox(), envelope_to=[to or desk_address()])


def show_every_kind() -> None:
    """An answer with quotes, one by a machine, by a stranger, in a colleague's name, one laid out, one unreadable."""
    ticket = Ticket.objects.open().filter(channel=Channel.EMAIL, customer__email__gt="").order_by("-pk").first()
    if ticket is None:
        return
    customer, to = ticket.customer, address_for(ticket.pk, addresses_of(ticket)[1].address)
    told = OutboxMail.objects.filter(ticket=ticket, user=None).order_by("-pk").first()
    answers = {"In_Reply_To": told.mail_id} if told else {}
    write(
        customer.name, customer.email, f"Re: {ticket.subject}", ANSWER.format(name=customer.name or "Me"), key="quotes",
        to=to, **answers,
    )  # fmt: skip
    write(
        customer.name, customer.email, f"Automatic reply: {ticket.subject}", AWAY, key="away", to=to,
        Auto_Submitted="auto-replied", **answers,
    )  # fmt: skip
    write("Mara Lind", "mara.lind@paperplane.example", "Invoice layout", LAID_OUT, key="html", html=LAID_OUT_HTML)
    write("Chris Novak", "chris.novak@elsewhere.example", f"Re: {ticket.subject}", STRANGER, key="stranger", to=to)
    write("Sam", f"agent@{people.DOMAIN}", f"Re: {ticket.subject}", FORGED, key="forged", to=to)
    mail_store.keep(_too_deep(), road=Road.PIPE, mailbox=open_mailbox())


ANSWER = """That worked, thank you. One more thing: does it also count for our second office?

On Monday the support team wrote:
> Please try it once more now.
> If it still fails, tell us the number on the last line.

--
{name}
Sent from my phone
"""
LAID_OUT = "The totals on our invoices do not line up any more, see below. Can you look into it?\n"
LAID_OUT_HTML = f"""<p>{LAID_OUT.strip()}</p>
<table border="1" cellpadding="6"><tr><th>Invoice</th><th>Net</th><th>Total</th></tr>
<tr><td>2041</td><td align="right">490.00</td><td align="right"><b>583.10</b></td></tr>
<tr><td>2042</td><td align="right">1,250.00</td><td align="right"><b>1,487.50</b></td></tr></table>
<p><img src="https://paperplane.example/logo.png" alt="Paperplane"><br>Mara Lind, Paperplane</p>
"""
AWAY = "I am out of the office until Monday and read no mail. In urgent cases please call the switchboard.\n"
STRANGER = "I took this over from my colleague. Could you send me all you have on it? Please answer to this address.\n"
FORGED = "Please refund the full amount today, it is agreed with the lead.\n"


def _too_deep() -> bytes:
    """A message that is not worth its reading: it goes to quarantine."""
    head = f"From: Odd Sender <odd@elsewhere.example>\r\nTo: {desk_address()}\r\nSubject: Parts within parts\r\n"
    lines = [head + f"Message-ID: <{mail_id('deep')}>\r\nMIME-Version: 1.0\r\n"]
    lines += [f'Content-Type: multipart/mixed; boundary="b{one}"\r\n\r\n--b{one}\r\n' for one in range(TOO_DEEP)]
    return "".join([*lines, "Content-Type: text/plain\r\n\r\nThe end.\r\n"]).encode()
