"""Made-up support talk: subjects, questions and answers in many combinations, for demo and measuring data."""

import random

SUBJECTS = {
    "account": [
        "Can’t sign in after password change", "Reset link has expired", "Two-factor code never arrives",
        "Please change my email address", "Locked out of my account", "Invite for a colleague not received",
    ],
    "billing": [
        "Charged twice for {month}", "Invoice needs our VAT number", "Refund for order {order}", "Payment failed, card is fine",
        "Wrong amount on invoice {order}", "When is the next bill due?",
    ],
    "technical": [
        "Checkout page shows error 502", "Export never finishes", "App crashes when I open reports", "Sync is broken since {month}",
        "Search returns nothing", "Upload stops at 99%",
    ],
    "feature": [
        "How do I add a second seat?", "Can I schedule a report?", "Where do I find the audit log?", "How to connect the calendar",
        "Dark mode for reports, please", "Is there a keyboard shortcut for this?",
    ],
}  # fmt: skip
OPENINGS = [
    "Hello,", "Hi there,", "Good morning,", "Hi team,", "", "Dear support,", "Hey,",
]  # fmt: skip
SITUATIONS = [
    "I tried this {times} times today and it still does not work.", "Since {month} this happens every day.",
    "It worked last week and I have changed nothing.", "My colleague sees the same on a different computer.",
    "I followed the guide step by step and got stuck at step {times}.", "The page stays empty for about {order} seconds.",
    "We have a deadline on Friday and need this before then.", "I could not find anything about it in the help pages.",
    "The order number is {order}, placed in {month}.", "The confirmation mail says something else than the website.",
    "I have cleared the cache and tried another browser.", "It only happens with the larger of our two projects.",
    "Our accountant asks about it every month.", "The phone app does it as well as the website.",
]  # fmt: skip
CLOSINGS = [
    "Can you help?", "What should I do next?", "Please let me know.", "Thank you for looking into it.",
    "I would be glad about a quick answer.", "Is this a known problem?",
]  # fmt: skip
ANSWERS = [
    "Thank you for writing in. I have looked at your account and can see what happened in {month}.",
    "I am sorry about the trouble. The cause was a setting on our side, and I have corrected it.",
    "I have sent you a new link; it works once and for thirty minutes.",
    "Could you tell me which browser you use and send a picture of the page?",
    "I have asked our specialists to look at {order} and will write again today.",
    "The second payment is on its way back to you; your bank shows it within three working days.",
    "You find it under Settings, then Team. If you do not see it, your role may not allow it.",
    "This is a known problem and a fix goes out this week. Until then, the export by mail works.",
]  # fmt: skip
THANKS = [
    "Thank you, that did it.", "It works again, thanks for the quick help.", "I tried that, but it still happens.",
    "Great, I will wait for the refund then.", "Attached is what I see. It is the newest version.", "Perfect, thank you!",
]  # fmt: skip
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November"]


class Phrases:
    """Talk drawn from `chance`, so that the same seed says the same."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def subject(self, category: str) -> str:
        return self._fill(self.chance.choice(SUBJECTS.get(category) or SUBJECTS["feature"]))

    def question(self, category: str) -> str:
        """Some 300 to 450 characters: a greeting, the matter, three circumstances, a wish."""
        pieces = [self.chance.choice(OPENINGS), self.subject(category) + ".", *self.chance.sample(SITUATIONS, 4)]
        return self._fill(" ".join([*filter(None, pieces), self.chance.choice(CLOSINGS)]))

    def answer(self) -> str:
        return self._fill(" ".join(self.chance.sample(ANSWERS, 3)))

    def thanks(self) -> str:
        return self._fill(" ".join([self.chance.choice(THANKS), *self.chance.sample(SITUATIONS, 3)]))

    def _fill(self, text: str) -> str:
        return text.format(
            month=self.chance.choice(MONTHS), order=self.chance.randint(10_000, 99_999), times=self.chance.randint(2, 5)
        )
