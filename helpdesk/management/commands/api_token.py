"""`manage.py api_token USER --scopes tickets:read …`: makes a token for a program and prints it, this once only."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from tickets.api import tokens
from tickets.errors import Refused
from tickets.models import STAFF_ROLES, Role, Team, User


class Command(BaseCommand):
    help = "Make an API token for somebody, or with --service for a program in its own name, and print it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="the person's address, or with --service the program's name")
        parser.add_argument(
            "--scopes",
            nargs="+",
            required=True,
            metavar="SCOPE",
            help=f"apart by spaces or commas: {', '.join(tokens.SCOPES)}; or all",
        )
        parser.add_argument("--name", default="", help="what it is for")
        parser.add_argument("--expires-days", type=int, help="days until it opens nothing; for ever unless told")
        parser.add_argument("--service", action="store_true", help="for a program, made if it is new")
        parser.add_argument(
            "--role", default=Role.AGENT, choices=[str(role) for role in STAFF_ROLES], help="of a new service"
        )
        parser.add_argument("--team", default="", help="key of a new service's team")

    def handle(self, *, user: str, scopes: list[str], **options: Any) -> None:
        days = options["expires_days"]
        try:
            acts_as = self._who(user, options)
            wanted = [scope for given in scopes for scope in given.split(",") if scope]
            _token, secret = tokens.make(
                acts_as, name=options["name"] or "manage.py", by=None,
                scopes=tokens.scopes_for(acts_as) if wanted == ["all"] else wanted,
                expires_at=timezone.now() + timedelta(days=days) if days is not None else None,
            )  # fmt: skip
        except (Refused, OverflowError) as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(secret)

    def _who(self, given: str, options: dict[str, Any]) -> User:
        if options["service"]:
            team = Team.objects.filter(slug=options["team"]).first()
            if options["team"] and team is None:
                raise CommandError(f"There is no team “{options['team']}”.")
            return tokens.make_service(given, role=options["role"], team=team)
        user = User.objects.filter(email=given.lower(), is_active=True).first()
        if user is None:
            raise CommandError(f"Nobody signs in as “{given}”. For a program of its own add --service.")
        return user
