"""The back office of the tickets room: people, settings, customers, and records to look at."""

from tickets.admin import customers, mail, people, records, settings, texts, tickets

__all__ = ["customers", "mail", "people", "records", "settings", "texts", "tickets"]
