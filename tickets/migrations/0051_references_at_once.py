"""References of the tables made since 0003 are checked with the statement that writes them, as those before."""

from django.db import migrations

from helpdesk.lib.postgresql import references


class Migration(migrations.Migration):
    dependencies = [("tickets", "0050_api")]
    operations = [migrations.RunPython(references.at_once, migrations.RunPython.noop, elidable=False)]
