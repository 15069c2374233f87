"""Messages that came back: recognised in every form, whom they did not reach and why; never where a person writes."""

import pytest

from helpdesk.lib.mailparse import bounce_reasons
from helpdesk.lib.mailparse.parse import parse

DAEMON = "From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\nReturn-Path: <>\nTo: support@desk.example\n"
ORIGINAL = (
    "Received: from desk.example\nMessage-ID: <t1@desk.example>\nFrom: support@desk.example\nTo: "
    "dana@example.com\nSubject: Your lamp\n\nHello"
)


def report(fields: str, *, said: str = "Sorry.", kind: str = "delivery-status", original: str = ORIGINAL) -> bytes:
    return (
        f"{DAEMON}Subject: Undelivered Mail Returned to Sender\n"
        f"Content-Type: multipart/report; report-type={kind}; boundary=cut\n\n"
        f"--cut\n\n{said}\n--cut\nContent-Type: message/{kind}\n\n{fields}\n--cut\nContent-Type: message/rfc822\n"
        f"\n{original}\n--cut--\n"
    ).encode()


def test_a_delivery_report_is_read():
    parsed = parse(report(
        "Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; dana@example.com\nAction: failed\nStatus: "
        "5.0.0\n"
        "Diagnostic-Code: smtp; 550 5.1.1 <dana@example.com>:\n  Recipient address rejected: User unknown\n"
    ))  # fmt: skip
    [gone] = parsed.undelivered
    assert (gone.recipient, gone.status, gone.reply_code) == ("dana@example.com", "5.1.1", "550")
    assert (gone.reason, gone.is_hard) == ("userunknown", True)
    assert gone.words == "550 5.1.1 <dana@example.com>: Recipient address rejected: User unknown"
    assert (parsed.is_bounce, parsed.is_auto_reply, parsed.is_delivery_notice) == (True, False, False)
    assert parsed.original_message_id == "t1@desk.example"
    assert parsed.automatic_because == "delivery status report (RFC 3464)"


def test_several_recipients_are_told_apart():
    parsed = parse(report(
        "Final-Recipient: rfc822; dana@example.com\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 "
        "5.2.2 Mailbox full\n\n"
        "Final-Recipient: rfc822; lee@example.com\nAction: delivered\nStatus: 2.0.0\n\n"
        "Final-Recipient: rfc822; ann@example.org\nAction: failed\nStatus: 5.1.2\nDiagnostic-Code: smtp; 550 Host "
        "unknown\n"
    ))  # fmt: skip
    assert [(one.recipient, one.reason, one.is_hard) for one in parsed.undelivered] == [
        ("dana@example.com", "mailboxfull", False), ("ann@example.org", "hostunknown", True)]  # fmt: skip


def test_a_warning_of_delay_is_soft_and_nothing_to_do():
    parsed = parse(report("Final-Recipient: rfc822; dana@example.com\nAction: delayed\nStatus: 4.4.1\n"))
    assert (parsed.is_bounce, parsed.is_delivery_notice) == (True, True)
    assert [one.is_hard for one in parsed.undelivered] == [False]


def test_a_notice_of_delivery_is_no_bounce():
    parsed = parse(report("Final-Recipient: rfc822; dana@example.com\nAction: delivered\nStatus: 2.0.0\n"))
    assert (parsed.is_bounce, parsed.is_delivery_notice) == (False, True)
    assert [one.reason for one in parsed.undelivered] == ["delivered"]


def test_a_read_receipt_is_a_notice():
    raw = report("Final-Recipient: rfc822; dana@example.com\nOriginal-Message-ID: <t1@desk.example>\nDisposition: "
        "manual-action/MDN-sent-manually; displayed\n",
                 kind="disposition-notification")  # fmt: skip
    parsed = parse(raw)
    assert (parsed.is_bounce, parsed.is_delivery_notice, parsed.original_message_id) == (False, True, "t1@desk.example")


def test_a_complaint_is_a_feedback_report():
    raw = report("Feedback-Type: abuse\nVersion: 1\nOriginal-Rcpt-To: <dana@example.com>\n", kind="feedback-report")
    parsed = parse(raw)
    assert (parsed.is_feedback_report, parsed.is_bounce) == (True, False)
    assert [(one.recipient, one.reason) for one in parsed.undelivered] == [("dana@example.com", "feedback")]
    assert parsed.automatic_because == "feedback report: complaint of type abuse"


FREE_FORMS = {
    "notes": "------- Failure Reasons  --------\n\nUser not listed in public Name & Address Book (5.1.1)\n"
        "dana@example.com\n\n"
    "------- Returned Message --------\n",
    "exchange 2003": "Your message\n\n  To:      Dana\n  Subject: Lamp\n\ndid not reach the following recipient(s):\n\n"
    "dana@example.com on Thu, 29 Apr 2007 16:51:51 -0500\n    The recipient name is not recognized (5.1.1)\n"
    "        MSEXCH:IMS:EXAMPLE 0 (000C05A6) Unknown Recipient\n\n",
    "mailmarshal": "Your message:\n    Subject: Lamp\n\nCould not be delivered because of\n\n550 5.1.1 User "
        "unknown\n\nThe following "
    "recipients were affected:\n    dana@example.com\n\nAdditional Information\n======================\n\n",
    "imail": "Unknown user: dana@example.com (5.1.1)\n\nOriginal message follows.\n\n",
    "old sendmail": "   ----- Transcript of session follows -----\nWhile talking to mx.example.com:\n>>> RCPT "
        "To:<dana@example.com>\n"
    "<<< 550 5.1.1 no such user\n550 <dana@example.com>... User unknown\n\n   ----- Unsent message follows -----\n",
    "qmail": "Hi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able to deliver your "
        "message to the following "
    "addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<dana@example.com>:\n"
    "Sorry, no mailbox here by that "
    "name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n",
    "exim": "This message was created automatically by mail delivery software.\n\nA message that you sent could "
        "not be delivered to one or more "
    "of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  dana@example.com\n    "
    "SMTP error from remote mail server "
    "after RCPT TO:<dana@example.com>:\n    host mx.example.com [192.0.2.1]: 550 5.1.1 no such user\n\n------ "
    "This is a copy of the message, "
    "including all the headers. ------\n\n",
    "exchange": "Your message did not reach some or all of the intended recipients.\n\n      Subject: Your lamp\n "
        "     Sent: 4/29/2009 11:34 PM\n\n"
    "The following recipient(s) could not be reached:\n\n      dana@example.com on 4/29/2009 11:34 PM\n           "
    " The e-mail account does not "
    "exist at the organization this message was sent to.\n            <mx.example.com #5.1.1>\n\n",
    "office 365": "Delivery has failed to these recipients or groups:\n\n"
        "dana@example.com<mailto:dana@example.com>\nThe email address you entered "
    "couldn't be found.\n\nRemote Server returned '550 5.1.1 RESOLVER.ADR.RecipNotFound; not found'\n\nOriginal "
    "message headers:\n\n",
    "sendmail": "The original message was received at Thu, 29 Apr 1999 23:34:45 +0900\nfrom localhost\n\n   ----- "
        "The following addresses had "
    "permanent fatal errors -----\n<dana@example.com>\n\n   ----- Transcript of session follows -----\n550 5.1.1 "
    "<dana@example.com>... User unknown\n\n"
    "   ----- Original message follows -----\n\n",
    "courier": "UNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be delivered:\n\n"
        "<dana@example.com>:\n    mx.example.com "
    "[192.0.2.1]:\n>>> RCPT TO:<dana@example.com>\n<<< 550 5.1.1 <dana@example.com>: no such user\n\n",
    "in one line": "Unable to deliver message to: <dana@example.com>\nDelivery failed for the following reason:\n"
        "550 5.1.1 unknown user\n\n",
    "in German": "Ihre Nachricht konnte nicht zugestellt werden:\n\ndana@example.com: Empfänger unbekannt (550 "
        "5.1.1)\n\n",
}  # fmt: skip


@pytest.mark.parametrize("form", FREE_FORMS)
def test_what_servers_write_to_people_is_read(form):
    parsed = parse(
        f"{DAEMON}Subject: failure notice\nContent-Type: text/plain; charset=utf-8\n\n"
        f"{FREE_FORMS[form]}{ORIGINAL}".encode()
    )
    [gone] = parsed.undelivered
    assert (gone.recipient, gone.status, gone.reason, gone.is_hard) == (
        "dana@example.com",
        "5.1.1",
        "userunknown",
        True,
    )
    assert parsed.is_bounce
    assert parsed.original_message_id == "t1@desk.example"


def test_the_recipient_is_found_in_the_message_that_came_back():
    parsed = parse(
        f"{DAEMON}Subject: failure notice\n\nYour message could not be delivered.\nMailbox full.\n\n{ORIGINAL}".encode()
    )
    assert [(one.recipient, one.reason) for one in parsed.undelivered] == [("dana@example.com", "mailboxfull")]


def test_a_header_that_names_the_recipients_is_believed():
    parsed = parse(
        f"{DAEMON}X-Failed-Recipients: dana@example.com, lee@example.com\nSubject: x\n\n"
        "retry timeout exceeded\n".encode()
    )
    assert [(one.recipient, one.reason, one.is_hard) for one in parsed.undelivered] == [
        ("dana@example.com", "expired", False), ("lee@example.com", "expired", False)]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "status", "reason", "hard"),
    [
        ("550 5.1.1 User unknown", "5.1.1", "userunknown", True),
        ("452 4.2.2 Over quota", "4.2.2", "mailboxfull", False),
        ("554 5.7.1 Message rejected as spam", "5.7.1", "spamdetected", False),
        ("550 5.7.26 This mail is unauthenticated (DMARC)", "5.7.26", "authfailure", False),
        ("550 Client host rejected: cannot find your reverse hostname", "", "requireptr", False),
        (
            "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
            "5.7.1",
            "blocked",
            False,
        ),
        ("552 5.3.4 Message size exceeds fixed limit", "5.3.4", "emailtoolarge", False),
        ("550 5.7.1 Unable to relay for dana@example.com", "5.7.1", "norelaying", False),
        ("Host or domain name not found. Name service error for name=x.example", "5.4.4", "hostunknown", True),
        ("connect to mx.example.com[192.0.2.1]:25: Connection timed out", "4.4.1", "networkerror", False),
        ("550 <blocked-spam-list@example.com>: User unknown", "", "userunknown", True),
        ("450 4.1.1 User unknown", "4.1.1", "userunknown", False),
        ("", "5.1.1", "userunknown", True),
        ("", "", "", False),
    ],
)
def test_reasons_are_read_from_words_and_codes(words, status, reason, hard):
    assert bounce_reasons.reason(words, status=status) == reason
    assert bounce_reasons.is_hard(reason, status) is hard


BOUNCE_AS_TEXT = FREE_FORMS["exim"] + ORIGINAL


@pytest.mark.parametrize(
    ("sender", "headers", "body"),
    [
        ("Dana <dana@example.com>", "Subject: Fwd: Mail delivery failed: returning message to sender\n",
        f"What is this?\n\n{BOUNCE_AS_TEXT}"),
        ("Dana <dana@example.com>", "Subject: Undeliverable: Your lamp\n", f"I keep getting this:\n\n{BOUNCE_AS_TEXT}"),
        ("Dana <dana@example.com>", "Subject: Delivery failed\n", "Your driver could not deliver my parcel. "
            "Delivery failed twice."),
        ("Dana <dana@example.com>", "Subject: Delivery problem\nReturn-Path: <>\n", "The parcel was sent back."),
        ("Postmaster <postmaster@example.com>", "Subject: Delivery problem\n", "Our order 12345 has not come. "
            "Where is it?"),
        ("Postmaster <postmaster@example.com>", "Subject: Re: Undelivered mail\nIn-Reply-To: <1@desk.example>\n",
        f"Fixed.\n\n> {BOUNCE_AS_TEXT}"),
        ("Dana <dana@example.com>", "Subject: Delivery failed\nReturn-Path: <>\n", "The parcel could not be "
            "delivered."),
        ("postmaster@example.com", "Subject: Delivery problem\n", "Our order could not be delivered to the "
            "following address."),
        ("noreply@example.com", "Subject: Order\n", "I could not reach you by phone: 550 1234567."),
        ("Abuse Desk <abuse@example.com>", "Subject: Abuse report\n", "Somebody abuses your form."),
        ("System Administrator <admin@example.com>", "Subject: Failure of our printer\n", "It shows error 5.1 and "
            "421 pages."),
    ],
)  # fmt: skip
def test_a_person_who_writes_of_bounces_is_a_person(sender, headers, body):
    parsed = parse(f"From: {sender}\nTo: support@desk.example\n{headers}\n{body}".encode())
    assert not any((parsed.is_bounce, parsed.is_auto_reply, parsed.is_feedback_report, parsed.is_delivery_notice))


def test_a_person_who_attaches_a_bounce_is_a_person():
    inner = report("Final-Recipient: rfc822; dana@example.com\nAction: failed\nStatus: 5.1.1\n")
    raw = (
        b"From: Dana <dana@example.com>\nSubject: What is this\nContent-Type: multipart/mixed; boundary=out\n\n"
        b"--out\n\nSee file.\n" + (b"--out\nContent-Type: message/rfc822\n\n" + inner + b"\n--out--\n")
    )
    assert not parse(raw).is_bounce
