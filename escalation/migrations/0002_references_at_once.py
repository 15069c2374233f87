"""References of this room's tables are checked with the statement that writes them, as those of tickets."""

from functools import partial

from django.db import migrations

from helpdesk.lib.postgresql import references


class Migration(migrations.Migration):
    dependencies = [("escalation", "0001_initial")]
    operations = [
        migrations.RunPython(
            partial(references.at_once, tables=r"escalation\_%"), migrations.RunPython.noop, elidable=False
        )
    ]
