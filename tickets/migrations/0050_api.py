"""Tokens for programs, answers kept for writes that are sent twice, and when a ticket was last changed.

`updated_at` is added empty and without a default, which SQLite does in place: a table made anew would lose the
triggers of the search. It is filled from each ticket's last event; the default is the program's alone.
"""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

FILL = """
    UPDATE tickets_ticket SET updated_at = COALESCE(
        (SELECT MAX(e.at) FROM tickets_ticketevent e WHERE e.ticket_id = tickets_ticket.id), last_message_at)
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0040_webhooks_out")]
    operations = [
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("scopes", models.CharField(max_length=400, verbose_name="scopes")),
                ("hashed", models.CharField(editable=False, max_length=64, unique=True)),
                ("beginning", models.CharField(editable=False, max_length=12, verbose_name="begins with")),
                ("created_at", models.DateTimeField(verbose_name="made")),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="expires")),
                ("last_used_at", models.DateTimeField(blank=True, null=True, verbose_name="last used")),
                ("revoked_at", models.DateTimeField(blank=True, null=True, verbose_name="revoked")),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+",
                        to=settings.AUTH_USER_MODEL, verbose_name="made by",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="api_tokens",
                        to=settings.AUTH_USER_MODEL, verbose_name="acts as",
                    ),
                ),
            ],
            options={"verbose_name": "API token", "verbose_name_plural": "API tokens", "ordering": ["-id"]},
        ),
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64)),
                ("fingerprint", models.CharField(max_length=64)),
                ("status", models.PositiveSmallIntegerField(default=0)),
                ("answer", models.TextField(blank=True)),
                ("headers", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(db_index=True)),
                (
                    "token",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+",
                        to="tickets.apitoken",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("token", "key"), name="one_answer_a_key")],
            },
        ),
        migrations.AddField(
            "ticket", "updated_at", models.DateTimeField(editable=False, null=True, verbose_name="changed")
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex("ticket", models.Index("updated_at", "id", name="ticket_updated")),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    "ticket",
                    "updated_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, null=True, verbose_name="changed"
                    ),
                )
            ]
        ),
    ]
