"""What a mail held besides its answer, apart from the messages that pages read; pictures inside a mail know their id."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0003_checks_at_once")]
    operations = [
        migrations.CreateModel(
            name="MailBody",
            fields=[
                (
                    "message",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="mail_body",
                        serialize=False,
                        to="tickets.message",
                    ),
                ),
                ("quoted", models.TextField(blank=True)),
                ("signature", models.TextField(blank=True)),
                ("html", models.TextField(blank=True)),
            ],
            options={"verbose_name": "rest of a mail", "verbose_name_plural": "rests of mails"},
        ),
        migrations.AddField("attachment", "content_id", models.CharField(blank=True, max_length=250)),
        migrations.AddField("message", "has_more", models.BooleanField(default=False)),
    ]
