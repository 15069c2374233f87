"""Why a message came back, as one word, and whether trying again is of any use.

The words are those people who work with bounces use (userunknown, mailboxfull, filtered, …); the codes are read after RFC 3463,
RFC 5321 and RFC 7372.
"""

import re

from helpdesk.lib.mailparse import wording

# The address or its host takes no mail and will not: the only reasons to stop writing to it.
_HARD = frozenset({"userunknown", "hostunknown", "hasmoved", "notaccept"})
_BY_STATUS = {
    "1.1": "userunknown", "1.0": "userunknown", "1.2": "hostunknown", "1.3": "userunknown", "1.4": "userunknown",
    "1.6": "hasmoved", "1.7": "rejected", "1.8": "rejected", "1.9": "hostunknown", "1.10": "userunknown",
    "2.0": "filtered", "2.1": "suspend", "2.2": "mailboxfull", "2.3": "emailtoolarge", "2.4": "filtered",
    "3.0": "systemerror", "3.1": "systemfull", "3.2": "notaccept", "3.3": "systemerror", "3.4": "emailtoolarge",
    "3.5": "systemerror", "4.0": "networkerror", "4.1": "expired", "4.2": "expired", "4.3": "systemerror",
    "4.4": "hostunknown", "4.5": "toomanyconn", "4.6": "networkerror", "4.7": "expired", "4.8": "networkerror",
    "5.0": "mailererror", "5.1": "syntaxerror", "5.2": "syntaxerror", "5.3": "toomanyconn", "5.4": "syntaxerror",
    "5.6": "syntaxerror", "6.0": "contenterror", "6.1": "contenterror", "6.2": "contenterror", "6.3": "contenterror",
    "6.5": "contenterror", "6.6": "contenterror", "6.7": "contenterror", "6.9": "contenterror",
    "7.0": "securityerror", "7.1": "securityerror", "7.2": "rejected", "7.3": "securityerror", "7.4": "securityerror",
    "7.7": "contenterror", "7.8": "securityerror", "7.9": "securityerror", "7.13": "suspend", "7.20": "authfailure",
    "7.21": "authfailure", "7.22": "authfailure", "7.23": "authfailure", "7.24": "authfailure", "7.25": "requireptr",
    "7.26": "authfailure", "7.27": "notaccept",
}  # fmt: skip
# A status that leaves no doubt, whatever else the server writes.
_DECISIVE = frozenset({"1.2", "1.6", "1.7", "1.8", "2.2", "4.7", "7.13", "7.20", "7.25", "7.26", "3.4", "2.3"})
_BY_CODE = {
    "552": "mailboxfull", "452": "systemfull", "553": "userunknown", "551": "userunknown", "521": "notaccept",
    "556": "notaccept", "530": "securityerror", "535": "securityerror", "421": "expired", "550": "userunknown",
    "450": "expired", "451": "systemerror", "501": "syntaxerror", "500": "syntaxerror", "571": "rejected",
}  # fmt: skip
_ADDRESS = re.compile(r"<?[^\s<>@]{1,100}@[^\s<>@,;:]{1,200}>?")
_ANSWER = re.compile(r"(?<![\d.])[45][0-5]\d[ -]")
_LINK = re.compile(r"https?://\S{1,500}")


def reason(words: str, *, status: str = "", reply_code: str = "", is_delayed: bool = False) -> str:
    """The reason; "" where neither words nor codes tell one. `words`: the server's answer."""
    # addresses and links hold words of their own (blocked@…, /spam-help) that say nothing about this message
    text = wording.flat(_ADDRESS.sub("@", _LINK.sub(" ", words.replace("\n", " "))))
    kind = status[2:] if status[1:2] == "." else ""
    if kind in _DECISIVE and status[0] in "45":
        decided = _BY_STATUS[kind]
        return decided
    named = _named(text)
    answer = _ANSWER.search(text)
    if named in _HARD and answer:  # the other server's own words, without what ours wrote before them
        named = _named(text[answer.start() :]) or named
    if named == "userunknown" and kind.startswith("2."):
        return "filtered"  # the mailbox is there, it is the message that was refused
    if named:
        return named
    return _BY_STATUS.get(kind, "") or ("expired" if is_delayed else "") or _BY_CODE.get(reply_code, "")


def _named(text: str) -> str:
    """By phrases; a section's name may carry a note after a dot that says why it stands where it stands."""
    sections = wording.of("bounce_reasons").items()
    return next((name for name, known in sections if wording.found(text, known)), "").partition(".")[0]


def is_hard(reason_word: str, status: str = "", *, is_delayed: bool = False) -> bool:
    """Whether trying again is no use: never where the server says that it is only for now."""
    return reason_word in _HARD and not status.startswith("4.") and not is_delayed
