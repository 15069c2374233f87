"""Mail nobody sat down to write is recognised, and mail a person wrote never taken for it."""

import pytest

from helpdesk.lib.mailparse.parse import parse


def read(headers: str, body: str = "Hello", sender: str = "Dana <dana@example.com>"):
    return parse(f"From: {sender}\nTo: support@desk.example\n{headers}\n{body}".encode())


@pytest.mark.parametrize(
    ("headers", "because"),
    [
        ("Auto-Submitted: auto-replied\n", "Auto-Submitted: auto-replied"),
        ("Auto-Submitted: auto-generated (failure)\n", "Auto-Submitted: auto-generated (failure)"),
        ("Auto-Submitted: auto-notified; owner-email=x@y.example\n", "Auto-Submitted: auto-notified"),
        ("X-Autoreply: yes\n", "X-Autoreply: yes"),
        ("X-Autorespond: Out\n", "X-Autorespond: out"),
        ("Precedence: auto_reply\n", "Precedence: auto_reply"),
        ("X-POST-MessageClass: 9; Autoresponder\n", "X-Post-Messageclass: 9; autoresponder"),
        ("Precedence: bulk\n", "Precedence: bulk, on no list"),
        ("Subject: Automatic reply: Lamp\nReturn-Path: <>\n", "subject “automatic reply”, empty sender"),
        (
            "Subject: Out of Office: Lamp\nX-Auto-Response-Suppress: All\n",
            "subject “out of office”, marked to suppress answers",
        ),
        ("Subject: Abwesenheitsnotiz: Lampe\nReturn-Path: <>\n", "subject “abwesenheit”, empty sender"),
        ("Subject: =?utf-8?B?6Ieq5Yqo5Zue5aSNOiDnga8=?=\nReturn-Path: <>\n", "subject “自动回复”, empty sender"),
    ],
)
def test_automatic_answers_are_recognised_by_their_sign(headers, because):
    parsed = read(headers)
    assert (parsed.is_auto_reply, parsed.automatic_because) == (True, because)


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Automatic reply: Lamp", "I am out of the office until Monday."),
        ("Automatische Antwort: Lampe", "Ich bin derzeit nicht im Büro."),
        ("Réponse automatique : Lampe", "Je suis absent jusqu'au lundi."),
        ("Respuesta automática: Lámpara", "Estoy fuera de la oficina hasta el lunes."),
        ("Automatisch antwoord: Lamp", "Ik ben afwezig tot maandag."),
        ("Автоответ: Лампа", "Я в отпуске до понедельника."),
    ],
)
def test_subject_and_text_together_are_a_sign(subject, body):
    assert read(f"Subject: {subject}\nIn-Reply-To: <1@desk.example>\n", body).is_auto_reply


PEOPLE = [
    ("Subject: Re: Out of office\n", "I am out of the office too, so call me."),
    ("Subject: AW: Automatische Antwort: Lampe\nIn-Reply-To: <1@desk.example>\n", "Wann sind Sie wieder da?"),
    ("Subject: Out of office messages do not work\n", "My customers get no out of office reply. Please help."),
    ("Subject: Automatic reply: how do I set it up\n", "Where is that switch?"),
    ("Subject: On holiday next week, please hold the parcel\n", "Thanks!"),
    ("Subject: Question\nX-MS-Exchange-Inbox-Rules-Loop: dana@example.com\n", "A rule of Outlook passed this on."),
    ("Subject: Question\nX-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply\n", "Written by hand."),
    ("Subject: Question\nAuto-Submitted: no\n", "Written by hand."),
    ("Subject: Question\nX-Autoreply: no\n", "Written by hand."),
    ("Subject: Question\nX-Spam-Flag: YES\nX-Priority: 1\n", "URGENT!!!"),
    ("Subject: [users] Question\nPrecedence: bulk\nSender: owner-users@lists.example\n", "Who knows?"),
    ("Subject: [users] Question\nPrecedence: list\nList-Id: <users.lists.example>\n", "Who knows?"),
    ("Subject: Re: Question\nPrecedence: bulk\nIn-Reply-To: <1@desk.example>\n", "I do."),
]


@pytest.mark.parametrize(("headers", "body"), PEOPLE)
@pytest.mark.parametrize(
    "sender", ["Dana <dana@example.com>", "noreply@example.com", "postmaster@example.com", "info@example.com"]
)
def test_a_person_is_never_taken_for_a_machine(headers, body, sender):
    parsed = read(headers, body, sender)
    assert not any((parsed.is_bounce, parsed.is_auto_reply, parsed.is_feedback_report, parsed.is_delivery_notice))


@pytest.mark.parametrize(
    "headers",
    ["List-Id: <users.lists.example>\n", "Mailing-List: list users@lists.example\n",
    "Sender: users-bounces@lists.example\n",
     "X-BeenThere: users@lists.example\n", "List-Unsubscribe: <mailto:x@lists.example>\n",
     "Sender: owner-users@lists.example\n"],
)  # fmt: skip
def test_mailing_lists_are_told(headers):
    parsed = read(headers)
    assert (parsed.is_list, parsed.is_auto_reply) == (True, False)
    assert parsed.automatic_because.startswith("mailing list (")
