"""The back office of the tickets room: people, settings, customers, and records to look at."""

from tickets.admin import api, customers, mail, people, records, settings, texts, tickets

__all__ = ["api", "customers", "mail", "people", "records", "settings", "texts", "tickets"]
