"""A mail's text cut into reply, quote and signature: orders of answering, signatures, what must never happen."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk.lib.mailparse import forwards, quotes, reply_marker
from helpdesk.lib.mailparse.parsed import Address, Forwarded


def test_answers_between_quotes_keep_what_they_answer():
    wrote = "On 3 May 2022, at 09:05, Jane <jane@example.com> wrote:"
    found = quotes.split(f"{wrote}\n> Did it come?\n\nYes.\n\n> And the gloves?\n\nNo.\n\n> Jane")
    assert found.reply == "> Did it come?\n\nYes.\n\n> And the gloves?\n\nNo."
    assert found.quoted == f"{wrote}\n> Jane"


@pytest.mark.parametrize("greeting", ["", "Hi,\n", "Hello Jane,\n\n"])
def test_an_answer_below_the_only_quote_stands_alone(greeting):
    found = quotes.split(f"{greeting}On 3 May 2022 you wrote:\n> Did it come?\n\nYes, it did.")
    assert " ".join(found.reply.split()) == f"{greeting} Yes, it did.".strip().replace("\n", "").replace(
        ",Yes", ", Yes"
    )
    assert "> Did it come?" in found.quoted


def test_of_a_long_quote_between_answers_the_end_is_shown():
    told = "\n".join(f"> line {number}" for number in range(50))
    found = quotes.split(f"See below.\n\n{told}\n\nHere it is.")
    assert found.reply.startswith("See below.\n\n> line 42\n")
    assert found.reply.endswith("> line 49\n\nHere it is.")
    assert found.quoted.splitlines()[0] == "> line 0"
    assert found.quoted.rstrip().endswith("> line 41")


def test_lines_broken_off_a_quote_are_no_answers():
    quoted = "> " + "word " * 14 + "and then\nthe rest of it\n> more"
    assert quotes.split(f"Thanks!\n\nOn 3 May 2022 you wrote:\n{quoted}").reply == "Thanks!"


def test_a_mail_that_is_only_a_quote_has_no_reply():
    found = quotes.split("On 3 May 2022 you wrote:\n> Did it come?")
    assert (found.reply, found.quoted) == ("", "On 3 May 2022 you wrote:\n> Did it come?")


def test_a_mail_that_is_only_passed_on_is_what_is_to_be_read():
    text = "From: Jane <jane@example.com>\nSent: 3 May 2022\nTo: help@example.com\nSubject: Gloves\n\nWhere are they?"
    found = quotes.split(f"{text}\n\nOn 2 May 2022 you wrote:\n> Sent today.")
    assert found.reply == text
    assert found.messages == 2


def test_all_below_our_line_is_quoted_even_with_words_there():
    for line in reply_marker.LINES.values():
        found = quotes.split(f"It works now.\n\n{line}\n\nDear Jane,\n\nplease try again.\n-- \nShop")
        assert (found.reply, found.signature) == ("It works now.", "")


def test_the_line_is_found_in_the_language_asked_for():
    assert reply_marker.line("de-AT") == reply_marker.LINES["de"]
    assert reply_marker.line("xx") == reply_marker.LINES["en"]


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nJane Doe\nACME Ltd\n+44 20 7946 0000",
        "--\nJane",
        "—\nJane Doe\nACME",
        "__\nJane",
        "Sent from my iPhone",
        "Sent from my Verizon Wireless BlackBerry",
        "Sent from Mail for Windows 10",
        "Sent from Yahoo Mail on Android",
        "Sent from Outlook for iOS<https://aka.ms/o0ukef>",
        "Get Outlook for Android<https://aka.ms/ghei36>",
        "Sent with Proton Mail secure email.",
        "Von meinem iPhone gesendet",
        "Gesendet von Outlook für iOS",
        "Gesendet mit der GMX Mail App",
        "Envoyé de mon iPhone",
        "Enviado desde mi iPhone",
        "Enviado do meu iPhone",
        "Inviato da iPhone",
        "Verstuurd vanaf mijn iPhone",
        "Sendt fra min iPhone",
        "Skickat från min iPhone",
        "Lähetetty iPhonesta",
        "Wysłane z iPhone'a",
        "Odesláno z iPhonu",
        "Отправлено с iPhone",
        "Надіслано з iPhone",
        "iPhoneから送信",
        "发自我的iPhone",
        "나의 iPhone에서 보냄",
        "Best regards,\nJane Doe",
        "Kind regards\n\nJane Doe\nHead of Gloves\nACME Ltd",
        "Mit freundlichen Grüßen\nJana Doe",
        "Viele Grüße, Jana",
        "LG Jana",
        "Cordialement,\nJeanne",
        "Un saludo,\nJuana",
        "Cordiali saluti\nGianna",
        "Com os melhores cumprimentos,\nJoana",
        "Met vriendelijke groet,\nJanna",
        "Med venlig hilsen\nJanne",
        "Vänliga hälsningar,\nJanna",
        "Pozdrawiam,\nJanina",
        "С уважением,\nЖанна",
        "-Jane Doe",
        "/Jane",
        "This e-mail and any attachments are confidential and for the addressee only.",
        "Diese E-Mail enthält vertrauliche Informationen.\nSie ist nur für den Empfänger bestimmt.",
        "CONFIDENTIALITY NOTICE: do not read this.",
        "_______________________________________________\ngloves mailing list\ngloves@lists.example.com",
        "Best regards,\nJane\n\n-- \nJane Doe\nACME\n\nSent from my iPhone",
    ],
)
def test_a_signature_goes_apart(signature):
    assert quotes.split(f"The parcel came.\n\n{signature}") == quotes.Split("The parcel came.", "", signature)


@pytest.mark.parametrize(
    "text",
    [
        "Here is another mail.\n\nSent from my desk, which is easier than my telephone.",
        "The notification was sent from my iPhone app to all users.",
        "I write because of:\n-- the first glove\n-- the second glove\n\nThanks!",
        "We need:\n\n- Gloves\n- Boots",
        "As regards the parcel, it came.\n\nWith regards to the gloves, they did not.",
        "## Points\n----\n1. gloves\n\n----\n\nThat is all.",
        "```\nsignature: '--\n--\nJane'\n```\n\nWhat does it mean?",
        "Thanks!",
        "Best regards",
        "Sent from my iPhone",
        "-- \nJane",
        "日本語だけの本文です。",
        "",
    ],
)
def test_what_is_no_signature_stays(text):
    assert quotes.split(text) == quotes.Split(text.strip())


def test_what_stands_below_a_telephones_line_is_older():
    found = quotes.split("Yes.\n\nSent from my Wiko RIDGE\n\nHello Jane, did it come?")
    assert (found.reply, found.quoted, found.signature) == (
        "Yes.",
        "Hello Jane, did it come?",
        "Sent from my Wiko RIDGE",
    )


def test_a_gateways_warning_goes_apart():
    found = quotes.split("CAUTION: This email came from outside.\nDo not click.\n\nWhere are my gloves?")
    assert found.reply == "Where are my gloves?"
    assert found.signature == "CAUTION: This email came from outside.\nDo not click."


def test_messages_are_counted_at_any_depth():
    text = "A\n\nOn 3 May 2022, B <b@x.org> wrote:\n> B\n>\n> On 2 May 2022, C <c@x.org> wrote:\n>> C"
    assert quotes.split(text).messages == 3


def test_a_forward_is_taken_apart():
    block = '---------- Forwarded message ---------\nVon: "Jane Doe" <Jane@Example.com>\nBetreff: Gloves'
    assert forwards.find(f"See below.\n\n{block}\n\nWhere?") == Forwarded(
        Address("jane@example.com", "Jane Doe"), "Gloves", "Where?"
    )


def test_a_header_block_alone_is_a_forward_only_where_the_subject_does_not_speak_against_it():
    block = "From: Jane <jane@example.com>\nSent: 3 May 2022\nTo: help@example.com\nSubject: Gloves\n\nWhere?"
    passed_on = Forwarded(Address("jane@example.com", "Jane"), "Gloves", "Where?")
    assert forwards.find(f"See below.\n\n{block}", subject="Re: Gloves") is None
    assert forwards.find(f"See below.\n\n{block}") == passed_on
    assert forwards.find(f"See below.\n\n{block}", subject="WG: Gloves") == passed_on
    assert forwards.find(block) == passed_on


def test_an_answer_is_no_forward():
    assert forwards.find("Yes.\n\nOn 3 May 2022, Jane <jane@example.com> wrote:\n> Did it come?") is None


HOSTILE = {
    "quote signs": ">" * 1_000_000,
    "quoted lines": "> x\n" * 200_000,
    "blank lines": "\n" * 500_000,
    "one long line": "On " * 300_000,
    "attributions": "On 3 May 2022, Jane <jane@example.com> wrote:\n" * 20_000,
    "starts of attributions": "On 3 May 2022, Jane <jane@example.com\n" * 20_000,
    "headers": "From: a@b.org\n" * 50_000,
    "other headers": "".join(f"{name}: a@b.org\n" for name in ("From", "To", "Cc", "Date") * 10_000),
    "rules": "-- \n____\n====\n" * 50_000,
    "fences": "```\n" * 100_000,
    "dashes": "-" * 500_000 + "\n" + "-" * 500_000,
    "addresses": ("a@" * 190 + "\n") * 2_000,
    "colons": (":" * 390 + "\n") * 2_000,
    "brackets": ("<" * 390 + ">:\n") * 2_000,
    "digits": ("1/" * 190 + "wrote:\n") * 2_000,
    "blanks": " " * 1_000_000 + "x",
    "closings": "Regards\n" * 50_000,
    "phones": "Sent from my iPhone\n\n" * 50_000,
    "answers between": "> question\n\nanswer\n\n" * 30_000,
    "empty signs": ">\n\n" * 100_000,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_time_is_bounded(what):
    began = time.process_time()
    quotes.split(HOSTILE[what])
    forwards.find(HOSTILE[what])
    assert time.process_time() - began < 5  # about half a second on an idle machine


PIECES = st.sampled_from(
    """On 3 May 2022 at 9:05, Jane <jane@example.com> wrote:|Am 03.05.2022 schrieb|<jane@example.com>:|wrote:|> quoted|>
    |>> deeper|From: Jane <j@x.org>|Sent: 3 May|To: me|Subject: x|*Von:* Jana|-----Original Message-----|-- |--|—|Jane
    |Begin forwarded message:|________________|Sent from my iPhone|Best regards,|Thanks a lot for it.||   |```|- one
    |This e-mail and any attachments|CAUTION: This email|-Jane Doe|2022年5月3日 Jane <j@x.org>:|\u200b|\xa0> x|\ufeff|\t
    """.replace("\n    ", "").split("|")
    + list(reply_marker.LINES.values())
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=30).map("\n".join) | st.text(max_size=400))
def test_no_line_is_lost_or_doubled(text):
    found = quotes.split(text)
    together = "\n".join([found.reply, found.quoted, found.signature])
    assert sorted(filled(together)) == sorted(filled(text))
    forwards.find(text)


def filled(text: str) -> list[str]:
    return [line.strip() for line in re.split("\r?\n", text) if line.strip()]
