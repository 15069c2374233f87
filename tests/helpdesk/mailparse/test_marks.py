"""The lines above quotes, as mail programs write them in many languages."""

import pytest

from helpdesk.lib.mailparse import quotes, reply_marker

WROTE = {
    "Gmail": "On Tue, May 3, 2022 at 9:05 AM Jane Doe <jane@example.com> wrote:",
    "Gmail without a name": "On Tue, May 3, 2022 at 9:05 AM <jane@example.com> wrote:",
    "Apple Mail": "On 3 May 2022, at 09:05, Jane Doe <jane@example.com> wrote:",
    "Apple Mail, no address": "On 3. May 2022, at 09:05, Jane Doe wrote:",
    "Thunderbird": "On 03.05.22 09:05, Jane Doe wrote:",
    "Thunderbird, day first": "On 03/05/2022 09:05 AM, Jane Doe via Shop wrote:",
    "Yahoo": "On Tuesday, May 3, 2022, 09:05:11 AM GMT+2, Jane Doe <jane@example.com> wrote:",
    "Zoho": "---- On Tue, 03 May 2022 09:05:11 +0200 Jane Doe <jane@example.com> wrote ----",
    "Notes": "Jane Doe/Sales/ACME wrote on 03/05/2022 09:05:11 AM:",
    "name and address": "Jane Doe <jane@example.com> wrote:",
    "Outlook for Mac": "Jane Doe <jane@example.com> wrote on Tue, 3 May 2022 at 9:05 am:",
    "you": "On May 3, 2022 you wrote:",
    "Gmail, now": "2022-05-03 9:05 GMT+02:00 Jane Doe <jane@example.com>:",
    "mail.ru, English": "Tuesday, 3 May 2022, 9:05 AM +0300 from Jane Doe <jane@example.com>:",
    "Yandex": '03.05.2022, 09:05, "Jane Doe" <jane@example.com>:',
    "ar": "في الثلاثاء، 3 مايو 2022 في 9:05 ص كتب Jane Doe <jane@example.com>:",
    "bg": "На вт, 3.05.2022 г. в 9:05 Jane Doe <jane@example.com> написа:",
    "ca": "Missatge de Jane Doe <jane@example.com> del dia dt., 3 de maig 2022 a les 9:05:",
    "cs": "út 3. 5. 2022 v 9:05 odesílatel Jane Doe <jane@example.com> napsal:",
    "cs, Apple": "3. 5. 2022 v 9:05, Jane Doe <jane@example.com>:",
    "da": "Den tir. 3. maj 2022 kl. 09.05 skrev Jane Doe <jane@example.com>:",
    "de": "Am Di., 3. Mai 2022 um 09:05 Uhr schrieb Jane Doe <jane@example.com>:",
    "de, Thunderbird": "Am 03.05.2022 um 09:05 schrieb Jane Doe:",
    "de, Apple": "Am 03.05.2022 um 09:05 schrieb Jane Doe <jane@example.com>:",
    "de, name first": "Jane Doe <jane@example.com> schrieb am Di., 3. Mai 2022, 09:05:",
    "de, hat geschrieben": "Jane Doe <jane@example.com> hat am 03.05.2022 09:05 CEST geschrieben:",
    "el": "Στις Τρί, 3 Μαΐ 2022 στις 9:05 π.μ., ο χρήστης Jane Doe <jane@example.com> έγραψε:",
    "es": "El mar, 3 may 2022 a las 9:05, Jane Doe (<jane@example.com>) escribió:",
    "es, Apple": "El 3 may 2022, a las 09:05, Jane Doe <jane@example.com> escribió:",
    "et": "Kuupäev T, 3. mai 2022 kell 09:05 kirjutas Jane Doe <jane@example.com>:",
    "fa": "در تاریخ سه‌شنبه 3 مهٔ 2022 ساعت 9:05 Jane Doe <jane@example.com> نوشت:",
    "fi": "ti 3. toukok. 2022 klo 9.05 Jane Doe (jane@example.com) kirjoitti:",
    "fr": "Le mar. 3 mai 2022 à 09:05, Jane Doe <jane@example.com> a écrit :",
    "fr, Thunderbird": "Le 03/05/2022 à 09:05, Jane Doe a écrit\xa0:",
    "he": "בתאריך יום ג׳, 3 במאי 2022 ב-9:05 מאת \u202aJane Doe\u202c\u200f <\u202ajane@example.com\u202c\u200f>:",
    "hr": "uto, 3. svi 2022. u 09:05 Jane Doe <jane@example.com> napisao je:",
    "hu": "Jane Doe <jane@example.com> ezt írta (időpont: 2022. máj. 3., K, 9:05):",
    "id": "Pada tanggal Sel, 3 Mei 2022 pukul 09.05 Jane Doe <jane@example.com> menulis:",
    "it": "Il giorno mar 3 mag 2022 alle ore 09:05 Jane Doe <jane@example.com> ha scritto:",
    "it, Apple": "Il giorno 3 mag 2022, alle ore 09:05, Jane Doe <jane@example.com> ha scritto:",
    "ja": "2022年5月3日(火) 9:05 Jane Doe <jane@example.com>:",
    "ko": "2022년 5월 3일 (화) 오전 9:05, Jane Doe <jane@example.com>님이 작성:",
    "lt": "2022-05-03, an, 09:05 Jane Doe <jane@example.com> rašė:",
    "lv": "otrd., 2022. g. 3. maijs, plkst. 09:05 — lietotājs Jane Doe (<jane@example.com>) rakstīja:",
    "nb": "tir. 3. mai 2022 kl. 09:05 skrev Jane Doe <jane@example.com>:",
    "nl": "Op di 3 mei 2022 om 09:05 schreef Jane Doe <jane@example.com>:",
    "nl, Apple": "Op 3 mei 2022 om 09:05 heeft Jane Doe <jane@example.com> het volgende geschreven:",
    "nl, Thunderbird": "Op 03-05-2022 om 09:05 schreef Jane Doe:",
    "pl": "wt., 3 maj 2022 o 09:05 Jane Doe <jane@example.com> napisał(a):",
    "pl, Thunderbird": "W dniu 03.05.2022 o 09:05, Jane Doe pisze:",
    "pt": "Em ter., 3 de mai. de 2022 às 09:05, Jane Doe <jane@example.com> escreveu:",
    "ro": "În mar., 3 mai 2022 la 09:05, Jane Doe <jane@example.com> a scris:",
    "ru": "вт, 3 мая 2022 г. в 09:05, Jane Doe <jane@example.com>:",
    "ru, Thunderbird": "03.05.2022 09:05, Jane Doe пишет:",
    "ru, mail.ru": "Вторник, 3 мая 2022, 9:05 +03:00 от Jane Doe <jane@example.com>:",
    "sk": "ut 3. 5. 2022 o 9:05 Jane Doe <jane@example.com> napísal(a):",
    "sl": "V V tor., 3. maj 2022 ob 09:05 je oseba Jane Doe <jane@example.com> napisala:",
    "sr": "уто, 3. мај 2022. у 09:05 Jane Doe <jane@example.com> је написао/ла:",
    "sv": "Den tis 3 maj 2022 kl 09:05 skrev Jane Doe <jane@example.com>:",
    "sv, Apple": "3 maj 2022 kl. 09:05 skrev Jane Doe <jane@example.com>:",
    "th": "เมื่อ อ. 3 พ.ค. 2022 เวลา 09:05 Jane Doe <jane@example.com> เขียนว่า:",
    "tr": "Jane Doe <jane@example.com>, 3 May 2022 Sal, 09:05 tarihinde şunu yazdı:",
    "uk": "вт, 3 трав. 2022 р. о 09:05 Jane Doe <jane@example.com> пише:",
    "vi": "Vào Th 3, 3 thg 5, 2022 vào lúc 09:05 Jane Doe <jane@example.com> đã viết:",
    "zh": "Jane Doe <jane@example.com> 于2022年5月3日周二 09:05写道：",
    "zh, Apple": "在 2022年5月3日，09:05，Jane Doe <jane@example.com> 写道：",
    "zh-tw": "Jane Doe <jane@example.com> 於 2022年5月3日 週二 上午9:05寫道：",
}

BLOCKS = {
    "en": ("From", "Sent", "To", "Subject"),
    "cs": ("Od", "Odesláno", "Komu", "Předmět"),
    "da": ("Fra", "Sendt", "Til", "Emne"),
    "de": ("Von", "Gesendet", "An", "Betreff"),
    "el": ("Από", "Στάλθηκε", "Προς", "Θέμα"),
    "es": ("De", "Enviado", "Para", "Asunto"),
    "fi": ("Lähettäjä", "Lähetetty", "Vastaanottaja", "Aihe"),
    "fr": ("De", "Envoyé", "À", "Objet"),
    "he": ("מאת", "נשלח", "אל", "נושא"),
    "hu": ("Feladó", "Elküldve", "Címzett", "Tárgy"),
    "it": ("Da", "Inviato", "A", "Oggetto"),
    "ja": ("差出人", "送信日時", "宛先", "件名"),
    "ko": ("보낸 사람", "보낸 날짜", "받는 사람", "제목"),
    "nb": ("Fra", "Sendt", "Til", "Emne"),
    "nl": ("Van", "Verzonden", "Aan", "Onderwerp"),
    "pl": ("Od", "Wysłano", "Do", "Temat"),
    "pt": ("De", "Enviada em", "Para", "Assunto"),
    "ro": ("De la", "Trimis", "Către", "Subiect"),
    "ru": ("От", "Отправлено", "Кому", "Тема"),
    "sk": ("Od", "Odoslané", "Komu", "Predmet"),
    "sv": ("Från", "Skickat", "Till", "Ämne"),
    "tr": ("Kimden", "Gönderildi", "Kime", "Konu"),
    "uk": ("Від", "Надіслано", "Кому", "Тема"),
    "zh": ("发件人", "发送时间", "收件人", "主题"),
    "zh-tw": ("寄件者", "寄件日期", "收件者", "主旨"),
}

REPLY = "Thank you, the parcel came.\n\nOne glove is missing, though."


@pytest.mark.parametrize("program", WROTE)
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_an_attribution_above_quote_signs(program, gap):
    found = quotes.split(f"{REPLY}\n\n{WROTE[program]}{gap}> Did it come?\n>\n> Jane")
    assert found.reply == REPLY
    assert found.quoted == f"{WROTE[program]}{gap}> Did it come?\n>\n> Jane"


@pytest.mark.parametrize("program", WROTE)
def test_an_attribution_above_text_without_signs(program):
    found = quotes.split(f"{REPLY}\n\n{WROTE[program]}\n\nDid it come?\n\nJane")
    assert (found.reply, found.messages) == (REPLY, 2)


@pytest.mark.parametrize("program", [name for name in WROTE if len(WROTE[name].split()) > 5])
@pytest.mark.parametrize("at", [2, 4, -2, -1])
def test_an_attribution_broken_over_two_lines(program, at):
    words = WROTE[program].split(" ")
    wrapped = " ".join(words[:at]) + "\n" + " ".join(words[at:])
    assert quotes.split(f"{REPLY}\n\n{wrapped}\n> Did it come?").reply == REPLY


@pytest.mark.parametrize("program", WROTE)
def test_an_attribution_that_is_quoted_itself(program):
    assert quotes.split(f"{REPLY}\n\n> {WROTE[program]}\n>\n> Did it come?").reply == REPLY


@pytest.mark.parametrize("language", BLOCKS)
@pytest.mark.parametrize("line", ["{}: {}", "{} : {}", "*{}:* {}", "**{}:** {}", "{}:\t{}"])
def test_a_header_block(language, line):
    values = ("Jane Doe <jane@example.com>", "Tuesday, 3 May 2022 9:05", "Shop <help@example.com>", "Your parcel")
    block = "\n".join(line.format(name, value) for name, value in zip(BLOCKS[language], values, strict=True))
    assert quotes.split(f"{REPLY}\n\n{block}\n\nDid it come?").reply == REPLY
    assert quotes.split(f"{REPLY}\n________________________________\n{block}\n\nDid it come?").reply == REPLY


@pytest.mark.parametrize(
    "line",
    [
        "-----Original Message-----",
        "-------- Original message --------",
        "-----Ursprüngliche Nachricht-----",
        "-------- Message d'origine --------",
        "-----Mensaje original-----",
        "-----Messaggio originale-----",
        "-----Mensagem Original-----",
        "-----Oorspronkelijk bericht-----",
        "-----Oprindelig meddelelse-----",
        "-----Ursprungligt meddelande-----",
        "-----Oryginalna wiadomość-----",
        "-------- Исходное сообщение --------",
        "------------------ 原始邮件 ------------------",
        "------------------&nbsp;原始邮件&nbsp;------------------",
        "----- Forwarded by Jane Doe/ACME on 03/05/2022 09:05 -----",
        "---------- Forwarded message ---------",
        "Begin forwarded message:",
        "Anfang der weitergeleiteten Nachricht:",
        "## Please type your reply above this line ##",
        "##- Bitte geben Sie Ihre Antwort oberhalb dieser Zeile ein. -##",
        *reply_marker.LINES.values(),
    ],
)
def test_a_line_between(line):
    found = quotes.split(f"{REPLY}\n\n{line}\n\nDid it come?")
    assert (found.reply, found.quoted) == (REPLY, f"{line}\n\nDid it come?")


@pytest.mark.parametrize(
    "text",
    [
        "I travel soon.\n\nFrom: Berlin\nTo: Paris\nDate: 3 May 2022\n\nCan you book it?",
        "On the surface it works.\nOn Monday, though, it did not.",
        "The invoice of 03.05.2022 says:\n\nTotal 30 EUR",
        "Your colleague wrote:\n\nall is well",
        "I called on 3 May 2022 at 9:05. Then I did this:\n\n1. restart",
        "My order, in short\n------------------\nTwo gloves",
        "a > b\nc < d",
    ],
)
def test_what_people_write_stays(text):
    assert quotes.split(text) == quotes.Split(text)
