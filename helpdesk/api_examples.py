"""Examples of everything the API takes and answers, and the words its document opens with."""

from typing import Any

TEXT = """Open and work tickets from any program.

Every request carries a token: `Authorization: Bearer fl_…`. Make one in your preferences, or have an administrator make
one for a program of its own. A token acts as its user: it sees what the user sees, and only what its scopes allow.

- **Lists** come page by page: follow `next` (or the header `Link`) until it is null. `limit` is at most 100.
- **Fields**: `?fields=number,subject` answers only these.
- **Writes** take an `Idempotency-Key`: sent again with the same key, nothing is done twice.
- **Changes** take `If-Match` with the ETag you have read: nobody's change is overwritten unseen.
- **Errors** are `application/problem+json`; `detail` says what to do next.
- **Limits**: `RateLimit-Remaining` tells what is left of this minute; 429 comes with `Retry-After`.
- **Times** are ISO 8601 in UTC. Fields may be added to answers at any time; ignore what you do not know."""

CUSTOMER = {"id": 12, "name": "Dana Whitfield", "email": "dana@whitfield.example", "tier": "vip"}
TICKET = {
    "number": 4711, "subject": "Payment failed twice", "state": "in_progress", "priority": "high",
    "category": "billing", "reference": "R-2031", "tags": ["refund"], "channel": "api", "language": "en",
    "customer": CUSTOMER, "organisation": {"id": 3, "name": "Whitfield Studio"}, "team": "tier-1", "tier": 1,
    "assignee_id": 7, "assignee": {"id": 7, "name": "Mira Kovac"}, "mood": "negative", "is_angry": False,
    "is_spam": False, "due_at": "2026-03-02T13:00:00Z", "due_kind": "update", "first_response_due_at": None,
    "resolution_due_at": "2026-03-03T09:00:00Z", "has_breached": False, "snoozed_until": None,
    "created_at": "2026-03-02T09:00:00Z", "updated_at": "2026-03-02T09:12:00Z",
    "last_message_at": "2026-03-02T09:00:00Z", "last_message_is_customers": True, "preview": "My card was charged …",
    "first_responded_at": "2026-03-02T09:05:00Z", "waiting_since": "2026-03-02T09:00:00Z", "resolved_at": None,
    "closed_at": None, "reopen_count": 0, "cause": "", "fix": "", "merged_into": None, "follows": None,
    "split_from": None, "url": "https://desk.example.com/desk/tickets/4711/",
}  # fmt: skip
FILE = {
    "id": 31, "name": "receipt.pdf", "size": 18230, "content_type": "application/pdf",
    "url": "https://desk.example.com/api/v1/support/files/31",
}  # fmt: skip
MESSAGE = {
    "id": 902, "ticket": 4711, "kind": "reply", "author_name": "Mira Kovac", "author_id": 7, "channel": "api",
    "body": "We have refunded the second payment.", "created_at": "2026-03-02T09:12:00Z",
    "undo_until": "2026-03-02T09:12:10Z", "files": [FILE],
}  # fmt: skip
CUSTOMER_IN_FULL = {
    "id": 12, "name": "Dana Whitfield", "email": "dana@whitfield.example",
    "identities": [{"kind": "email", "value": "dana@whitfield.example", "is_verified": True}], "organisation_id": 3,
    "own_tier": "vip", "tier": "vip", "language": "en", "time_zone": "Europe/London", "notes": "",
    "created_at": "2025-11-18T10:00:00Z", "bounced_at": None,
}  # fmt: skip
EXAMPLES: dict[str, Any] = {
    "Ticket": TICKET,
    "TicketInput": {
        "email": "dana@whitfield.example", "name": "Dana Whitfield", "subject": "Payment failed twice",
        "body": "My card was charged, but the invoice says unpaid.", "category": "billing", "reference": "R-2031",
    },
    "TicketChangeInput": {"priority": "high", "tags": ["refund"], "assignee_id": 7},
    "Transitions": {
        "state": "in_progress",
        "results": [
            {"to": "pending_customer", "name": "Waiting on customer", "missing": []},
            {"to": "resolved", "name": "Resolved", "missing": ["cause", "fix"]},
        ],
    },
    "TransitionInput": {"to": "resolved", "cause": "Charged twice by the bank", "fix": "Refunded the second payment"},
    "HandoverInput": {"team": "tier-2", "note": "The invoice is open though the payment is there. Please book it."},
    "MergeInput": {"into": 4698},
    "LinkInput": {"number": 4698},
    "Links": {"results": [4698]},
    "Message": MESSAGE,
    "MessageInput": {
        "kind": "reply", "body": "We have refunded the second payment.", "next_state": "resolved",
        "cause": "Charged twice by the bank", "fix": "Refunded the second payment",
    },
    "Event": {
        "id": 5120, "kind": "changed", "at": "2026-03-02T09:10:00Z", "by_id": 7, "by_name": "Mira K.",
        "from_state": "", "to_state": "", "reason": "", "text": "Mira K. set the priority to High",
        "details": {"field": "priority", "old": 3, "new": 2},
    },
    "Customer": CUSTOMER_IN_FULL,
    "CustomerInput": {"email": "dana@whitfield.example", "name": "Dana Whitfield", "language": "en"},
    "CustomerChangeInput": {"own_tier": "vip", "notes": "Prefers to be called."},
    "Organisation": {
        "id": 3, "name": "Whitfield Studio", "domain": "whitfield.example", "tier": "enterprise", "plan": "Studio",
        "since": "2024-05-01", "notes": "",
    },
    "User": {
        "id": 7, "name": "Mira Kovac", "email": "mira@desk.example", "role": "agent", "tier": 1, "team": "tier-1",
        "is_active": True, "is_bot": False,
    },
    "Team": {
        "slug": "tier-1", "name": "Tier 1", "tier": 1, "department": "Support", "time_zone": "Europe/Berlin",
        "is_restricted": False,
    },
    "Category": {"slug": "billing", "name": "Billing", "is_public": True},
    "Macro": {
        "id": 4, "name": "Billing::Refund", "body": "Dear {{customer.name}}, …", "team": None,
        "actions": [{"do": "add_tag", "value": "refund"}],
    },
    "Tag": {"name": "refund"},
    "Article": {
        "slug": "change-your-card", "title": "Change your card", "summary": "Where to enter a new card.",
        "body": "Open *Billing* …", "html": "<p>Open <em>Billing</em> …</p>", "category": "billing",
        "language": "en", "changed_at": "2026-01-10T08:00:00Z", "url": "https://desk.example.com/help/change-your-card/",
    },
    "Me": {
        "id": 7, "name": "Mira Kovac", "email": "mira@desk.example", "role": "agent", "team": "tier-1",
        "language": "en", "time_zone": "Europe/Berlin", "token_name": "Shop", "scopes": ["tickets:read"],
        "requests_per_minute": 600, "expires_at": None,
    },
    "Problem": {
        "type": "https://desk.example.com/api/docs/#problem-invalid", "title": "Some fields are wrong", "status": 422,
        "detail": "Mend the fields that are named and send it again.",
        "errors": [{"pointer": "/body", "detail": "This field is required."}], "request_id": "9f6b2c81d0a34e57",
    },
}  # fmt: skip
