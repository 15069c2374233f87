"""What the demo's colleagues answer, by category, and what customers say in return."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Solution:
    """An answer that solves it, with the two sentences that stay on the ticket."""

    answer: str
    cause: str
    fix: str


ASKS = {
    "account": (
        "I can help you get back in. Which address did you sign up with, and do you still receive mail there?",
        "Could you tell me what the page says after you press “Sign in”? The exact words help me most.",
        "To be sure that the account is yours, please answer from the address you signed up with.",
    ),
    "billing": (
        "I am looking at your payments now. Could you tell me the date and the amount as your bank shows them?",
        "Which invoice number is it about? You find it at the top right of the PDF.",
        "Could you send a picture of the statement? Please cover everything but our line.",
    ),
    "technical": (
        "I could not see it here yet. Which browser or app version do you use, and what did you press just before?",
        "Could you try once more in a private window and tell me whether it still happens?",
        "Please send a picture of the page with the time visible, so that I find your try in our logs.",
    ),
    "feature": (
        "Happy to help with that. What would you like to reach in the end? There are two ways, and one may suit you better.",
        "Which plan are you on? The menu looks a little different between them.",
    ),
    "general": (
        "Thank you for telling us. Could you give me a little more detail: when was it, and what did you expect instead?",
        "I want to get this to the right people. Do you have a reference or order number for it?",
    ),
}  # fmt: skip
SOLUTIONS = {
    "account": (
        Solution("I have sent you a new link. It works once and for an hour; choose a new password and you are back in.",
                 "The reset link had expired before it was opened.", "New link sent; customer signed in."),
        Solution("Your account was locked after several tries with an old password. I have unlocked it; nobody else got in.",
                 "Locked after six wrong passwords from a saved login.", "Unlocked and all old sessions ended."),
        Solution("I have changed the address as you asked and sent a confirmation to both mailboxes.",
                 "The old mailbox is no longer in use.", "Address changed after the owner was checked."),
    ),
    "billing": (
        Solution("You are right, the second payment should not have happened. It is on its way back and arrives within five working days.",
                 "The card was charged again after a timeout at the payment provider.", "Second payment returned, invoice corrected."),
        Solution("The amount is higher because two seats were added in the middle of the month. I have attached the days to the invoice.",
                 "Seats added mid-month are billed by the day.", "Explained line by line; no correction needed."),
        Solution("Your bank had declined the old card. With the new one the payment went through, and nothing was interrupted.",
                 "The stored card had expired.", "New card added, payment taken."),
    ),
    "technical": (
        Solution("Thank you for your patience: the fault was on our side and is mended since this morning. Please reload the page once.",
                 "A fault in the last release, in the way long names were saved.", "Mended in release 4.2.1; checked on the customer’s page."),
        Solution("The file was larger than the upload allows and the page did not say so. I have loaded it for you, and the message is better now.",
                 "Upload over the limit failed without a message.", "File loaded by hand; message added."),
        Solution("An add-on in the browser held the page back. With it switched off for our address everything loads.",
                 "A browser add-on blocked our scripts.", "Exception for our address set together with the customer."),
    ),
    "feature": (
        Solution("You find it under Settings, then Team, then “Invite”. A new colleague can start as soon as they open the mail.",
                 "The page was hard to find.", "Explained where it is and sent the guide."),
        Solution("That is not possible yet. I have added your voice to the wish, and you will hear from us when it comes.",
                 "The feature does not exist yet.", "Wish recorded with the customer’s reasons."),
        Solution("Yes: open the report, choose “Schedule” at the top right, and pick the weekday. I have set up the first one for you.",
                 "Scheduling was not known.", "First schedule set up together."),
    ),
    "general": (
        Solution("I have passed this on to the team and made sure they have everything you wrote. You will hear from them directly.",
                 "The matter belongs to another team.", "Handed over with all details."),
        Solution("I am sorry that this went wrong. I have looked into it, put it right, and noted it so that it does not happen again.",
                 "A step was left out on our side.", "Put right and told the team."),
        Solution("Here is what applies in your case: it can be changed free of charge until the day before. I have done it for you.",
                 "The terms were not clear to the customer.", "Explained and changed as wished."),
    ),
}  # fmt: skip
WAITS = (
    "I have asked our specialists to look at it and will write to you again today.",
    "Our payments team checks this with the bank. I keep an eye on it and come back to you.",
    "The engineers have what you sent. You need not do anything; I write as soon as there is news.",
)
SAYS = (
    "Thank you for the quick answer. It is still the same for me, I tried it twice just now.",
    "Sure, here is what you asked for. It started on Monday as far as I can tell.",
    "I use the newest Firefox. My colleague sees the same on her computer.",
    "It is the address I write from. Yes, I still get mail there.",
    "Is there any news? We would need this before the end of the week.",
    "Done, and now it says something else: “Please try again later”.",
)
AGAIN = (
    "It worked for an hour, and now it is back. Could you look again?",
    "Sorry, I spoke too soon: it happened again this morning.",
)
NOTES = (
    "Seen the same twice this week, may be worth a look at the cause.",
    "Called as well and was friendly about it.",
    "Checked the log: two captures, 48 h apart. The second one is ours.",
    "Has been with us for years; a small credit would be fine here.",
    "Same wording as last month, see the earlier ticket.",
)
COMMENTS = {
    5: ("Quick and friendly.", "Solved in ten minutes, thank you!", "Mira was great.", ""),
    4: ("Good help, took a while.", "", ""),
    3: ("Had to explain it twice.", ""),
    2: ("Too slow for us.", ""),
    1: ("Still does not work.", "Nobody called back."),
}


def of_category(table: dict[str, tuple], slug: str, chance: random.Random):  # type: ignore[no-untyped-def, type-arg]
    """One entry of ASKS or SOLUTIONS for that category."""
    return chance.choice(table.get(slug) or table["general"])
