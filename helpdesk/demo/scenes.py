"""What stands in the demo's queue when it opens: requests of the last days, as a support floor knows them."""

from django.db import transaction

from helpdesk.demo.people import DOMAIN
from helpdesk.demo.stage import (
    Scene,
    Stage,
    confirmed,
    draft,
    handed_over,
    linked,
    merged,
    notes,
    play,
    replies,
    says,
    snoozed,
    spam,
    tagged,
)  # fmt: skip
from tickets.models import Channel, Customer, CustomerTier, DeskVersion, SavedView, State

HOUR, DAY = 60, 24 * 60
DANA = f"customer@{DOMAIN}"
ASKED, WORKING, INTERNAL, SOLVED = State.PENDING_CUSTOMER, State.IN_PROGRESS, State.PENDING_INTERNAL, State.RESOLVED


def play_all(stage: Stage) -> int:
    """Play every scene in the order in which they came in; returns how many there are."""
    people = _people()
    with transaction.atomic():
        for scene in sorted(_scenes(people), key=lambda scene: -scene.ago):
            play(scene, stage)
    mira = stage.staff["agent"]
    SavedView.objects.get_or_create(
        owner=mira, slug="refunds", defaults={"name": "My refunds", "filters": {"tag": ["refund"], "assignee": "me"}}
    )
    DeskVersion.bump()
    return len(stage.tickets)


def _people() -> dict[str, str]:
    """Mail addresses of the customers who play a part, by what they are."""
    standard = Customer.objects.filter(own_tier="").exclude(email=DANA).order_by("pk")
    plain = list(standard.filter(organisation=None).values_list("email", flat=True)[:14])
    firms = list(standard.filter(organisation__tier=CustomerTier.STANDARD).values_list("email", flat=True)[:8])
    big = list(standard.filter(organisation__tier=CustomerTier.ENTERPRISE).values_list("email", flat=True)[:4])
    return {f"p{n}": email for n, email in enumerate(plain)} | {f"f{n}": email for n, email in enumerate(firms)} | {
        f"e{n}": email for n, email in enumerate(big)
    }  # fmt: skip


def _scenes(who: dict[str, str]) -> list[Scene]:
    return [*_of_dana(), *_of_mira(who), *_of_others(who), *_of_nobody(who), *_put_aside(who)]


def _of_dana() -> list[Scene]:
    """The customer who can sign in: one request in each state that her page shows."""
    return [
        Scene(
            19 * DAY, DANA, "How do I add a second seat?", "We hired someone and I can’t find where to invite them.",
            (
                replies(35, "Welcome to your new colleague! Open Settings, then Team, then “Invite”. They can start as soon as "
                        "they open the mail.", SOLVED, cause="The page was hard to find.", fix="Explained where it is."),
                confirmed(3 * HOUR, 5, "Quick and clear, thank you!"),
            ),
            by="agent", team="tier-1", category="feature",
        ),
        Scene(
            1.3 * DAY, DANA, "Can you resend the receipt for March?", "The mail must have gone lost, and our books close on Friday.",
            (
                replies(12, "Of course, here it is again, and you find all of them under Billing, Invoices from now on.", SOLVED,
                        cause="The mail with the receipt had bounced.", fix="Receipt sent again, address checked."),
            ),
            by="agent", team="tier-1", category="billing",
        ),
        Scene(
            9 * HOUR, DANA, "Export of our orders stops at 80%",
            "I tried it in Chrome and in Firefox. The bar goes to 80% and then nothing happens any more.",
            (
                replies(14, "Thank you for trying both. Could you tell me how many orders the export has, and attach a picture of "
                        "the page when it stops?", ASKED, by="agent"),
            ),
            by="agent", team="tier-1", category="technical", attached=("export-stuck.png",),
        ),
        Scene(
            74, DANA, "Charged twice for October invoice",
            "I was billed on the 3rd and again on the 5th. I need one of these back before our books close on Friday.",
            (
                replies(9, "I can see both payments of 49 €, and the second one should not be there. I am checking with our "
                        "payments team how it came about.", WORKING),
                notes(21, "Two captures, 48 h apart, same card. @viktor could you look whether the provider retried?", by="agent"),
                says(58, "Thank you. Here is my statement, both lines are marked. When will the money be back?", "statement.pdf"),
                tagged(60, "refund"),
                draft("Hello Dana,\n\nthe second payment is on its way back to you. Your bank shows it within", by="agent"),
            ),
            by="agent", team="tier-1", category="billing", key="dana-charged", reference="INV-20481",
        ),
    ]  # fmt: skip


def _of_mira(who: dict[str, str]) -> list[Scene]:
    """On agent@’s own list besides Dana’s."""
    return [
        Scene(
            4.3 * HOUR, who["p0"], "Can’t sign in after password change",
            "The reset link says it has expired, third time today. I only want to read my invoices.",
            by="agent", team="tier-1", category="account", priority=3,
        ),
        Scene(
            52, who["p1"], "Locked out of my account", "My account is locked and I have a meeting in half an hour. Please help.",
            (replies(6, "I am on it. Which address did you sign up with?", WORKING), says(11, "The one I write from, always the same.")),
            by="agent", team="tier-1", category="account",
        ),
        Scene(
            3.4 * HOUR, who["f0"], "Invoice needs our VAT number", "Our accountant asks for the number on every invoice from July on.",
            (
                replies(40, "I have passed your number to accounting; they make the invoices anew since July. I write as soon as "
                        "they are there.", INTERNAL),
                notes(44, "Accounting knows. @lead they ask whether we may reissue after the quarter has closed.", by="agent"),
                tagged(45, "invoice"),
            ),
            by="agent", team="tier-1", category="billing",
        ),
        Scene(
            5.5 * HOUR, who["p2"], "Return label for the blue jacket", "Wrong size, still in the bag with tags on.",
            (replies(20, "Which size would you like instead? Then I send the label and the new one together.", ASKED),),
            by="agent", team="tier-1", category="general", reference="88213",
        ),
        Scene(
            7 * HOUR, who["f1"], "Two-factor code never arrives", "Neither by mail nor as a text message. My phone number has not changed.",
            (
                replies(25, "Let us try the third way: in your profile there are backup codes. Do you still have them?", ASKED),
                says(190, "Found them, and I am in. But I would like the messages to work again."),
                replies(215, "I have asked our provider why messages to your network fail, and look at it again this afternoon.", INTERNAL),
                snoozed(216, hours=3),
            ),
            by="agent", team="tier-1", category="account",
        ),
        Scene(
            2.2 * HOUR, who["p3"], "Refund for order 48109", "It came broken, pictures attached. I want my money back, not a voucher.",
            (
                replies(18, "I am sorry, that must not happen. The refund is approved; I only need the last four digits of the card.", ASKED),
                says(95, "4242. Thanks for being so quick."),
                tagged(96, "refund"),
            ),
            by="agent", team="tier-1", category="billing", attached=("box.png", "cup.png"), reference="48109",
        ),
        Scene(
            31 * HOUR, who["f2"], "Please change my email address", "From the old company’s mailbox to this one, the old one closes tomorrow.",
            (replies(30, "Gladly. Please answer once from the old address so that I know it is you.", ASKED),),
            by="agent", team="tier-1", category="account", channel=Channel.EMAIL,
        ),
        Scene(
            26, who["p4"], "Payment failed, card is fine", "Your page says payment declined, my bank says they never saw it. I have to renew today!",
            by="agent", team="tier-1", category="billing",
        ),
    ]  # fmt: skip


def _of_others(who: dict[str, str]) -> list[Scene]:
    """With colleagues of every tier: breached, angry, Enterprise, handed over."""
    return [
        Scene(
            5 * HOUR, who["f3"], "Checkout page shows error 502",
            "Happens for EVERY card. Our whole team is blocked, this is unacceptable!! Second outage this month, I am furious.",
            (
                replies(12, "I am sorry for the trouble this makes you. I see the errors as well and have our engineers on it.", WORKING, by="agent"),
                handed_over(20, team="tier-3", by="agent", note="Every card fails with 502 since 06:10, see the log. Customer is angry, rightly."),
                replies(45, "Lena here, I lead the team. The cause is found, a mend is being tested, and I call you as soon as it is out.", WORKING, by="lead"),
                says(200, "It is still broken. We lose money every hour!"),
            ),
            by="agent", team="tier-1", category="technical", attached=("checkout-502.png", "network.txt"), key="outage",
        ),
        Scene(
            3.8 * HOUR, who["p5"], "Checkout: something went wrong", "I press “Pay” and get a white page with 502. Tried three times now.",
            (replies(25, "Thank you for telling us: we know the fault and are mending it. I write as soon as it works.", INTERNAL, by="lead"),
             linked(26, to="outage", by="lead"), tagged(27, "bug")),
            by="lead", team="tier-3", category="technical",
        ),
        Scene(
            56, who["e0"], "API answers 500 since the update", "All calls of our integration fail since this morning. We are on the Enterprise plan.",
            (notes(10, "@lead this is their production system. I start with the logs now.", by="sara"),),
            by="lead", team="tier-3", category="technical", channel=Channel.EMAIL,
        ),
        Scene(
            26 * HOUR, who["e1"], "Audit log for our yearly review", "Our auditors ask for every sign-in of the last twelve months as a table.",
            (replies(90, "That is possible; the table is large, so I prepare it over night. You have it tomorrow.", WORKING),),
            by="sara", category="account",
        ),
        Scene(
            2.6 * HOUR, who["f4"], "Wrong amount on invoice 30877", "We have nine seats and are charged for eleven. Since when?",
            (replies(30, "I count with you: two seats were added on the 12th by a colleague of yours. Shall I take them away again?", ASKED),
             says(110, "Nobody here added any. Please take them away, and correct the invoice.")),
            by="priya", team="tier-1", category="billing",
        ),
        Scene(
            47, who["p6"], "App crashes when I open reports", "Every time, since the last update. Phone is new, the app as well.",
            by="jonas", team="tier-1", category="technical", channel=Channel.EMAIL, attached=("crash.txt",),
        ),
        Scene(
            6 * HOUR, who["p7"], "This is the third time I ask!!",
            "NOBODY answers me. I have been charged 3 times and your chat hangs up on me. This is ridiculous, I want to speak to a manager!",
            (replies(50, "You are right to be upset, and I am sorry. I have all three payments here and am returning two of them now.", WORKING, by="priya"),),
            by="priya", team="tier-1", category="billing", channel=Channel.SOCIAL,
        ),
    ]  # fmt: skip


def _of_nobody(who: dict[str, str]) -> list[Scene]:
    """Waiting in the queue: low ones until somebody takes them, the rest until routing finds them somebody."""
    return [
        Scene(
            7.3 * HOUR, who["p8"], "Feature request: dark mode for reports", "It would be nice to have this for late shifts.",
            team="tier-1", category="feature",
        ),
        Scene(
            8.2 * HOUR, who["f5"], "Suggestion: weekly summary by mail", "One mail on Monday with what was done would be great.",
            team="tier-1", category="feature", channel=Channel.EMAIL,
        ),
        Scene(
            5.1 * HOUR, who["f6"], "Feedback on the new search", "Faster than before, thank you. Please add a filter by year.",
            team="tier-1", category="feature",
        ),
        Scene(
            2.4 * HOUR, who["p9"], "Could you add a calendar view?", "We plan our weeks on paper now, a suggestion only.",
            team="tier-1", category="feature",
        ),
        Scene(
            18, who["p10"], "Wish list: export as spreadsheet", "Copy and paste works, a button would be nice.",
            team="tier-1", category="feature",
        ),
        Scene(
            41, who["f7"], "Bill shows the wrong company name", "We were renamed in May; can it be corrected backwards?",
            team="tier-1", category="billing", channel=Channel.EMAIL,
        ),
        Scene(
            3, who["p11"], "Password reset mail does not come", "I looked in the spam folder too.",
            team="tier-1", category="account",
        ),
    ]  # fmt: skip


def _put_aside(who: dict[str, str]) -> list[Scene]:
    """Spam, a duplicate merged away, and one that was solved a moment ago."""
    return [
        Scene(
            66, DANA, "Charged twice – once more", "I wrote a minute ago and forgot the invoice, here it is.",
            (merged(5, into="dana-charged", by="agent"),),
            by="agent", team="tier-1", category="billing", channel=Channel.EMAIL, attached=("invoice-20481.pdf",),
        ),
        Scene(
            5.2 * HOUR, who["p12"], "Best offers for your web site ranking", "Dear sir, we bring you to page one in three days.",
            (spam(9, by="agent"),), by="agent", team="tier-1", category="general", channel=Channel.EMAIL,
        ),
        Scene(
            3 * HOUR, who["p13"], "Search returns nothing", "Whatever I type, the list stays empty.",
            (
                replies(22, "A filter from last week was still set. I have cleared it for you: the whole list is back.", SOLVED,
                        cause="A saved filter hid every row.", fix="Filter cleared; shown how to see it."),
                confirmed(70, 5, "Solved in ten minutes, thank you!"),
            ),
            by="agent", team="tier-1", category="feature",
        ),
    ]  # fmt: skip
