"""Full-text search: what PostgreSQL and SQLite each need for it, beside the models."""

from django.db import migrations

from tickets import search_tables

# The words of a message stand in its row. A ticket's stand in a table of their own, written only when its subject, name
# or reference changes: a ticket's row changes with every move, and each time its index entries would be written anew.
POSTGRESQL = """
ALTER TABLE tickets_message
    ADD COLUMN words tsvector GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, body)) STORED;
CREATE INDEX message_words ON tickets_message USING gin (words);

CREATE TABLE tickets_ticketwords (
    ticket_id bigint PRIMARY KEY,
    line text NOT NULL,
    words tsvector GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, line)) STORED
);
CREATE INDEX ticketwords_words ON tickets_ticketwords USING gin (words);

CREATE FUNCTION tickets_keep_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        TRUNCATE tickets_ticketwords;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM tickets_ticketwords WHERE ticket_id = OLD.id;
    ELSE
        INSERT INTO tickets_ticketwords (ticket_id, line)
        VALUES (NEW.id, concat_ws(' ', NEW.subject, NEW.customer_name, NEW.reference))
        ON CONFLICT (ticket_id) DO UPDATE SET line = excluded.line;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER ticketwords_kept AFTER INSERT OR DELETE OR UPDATE OF subject, customer_name, reference
    ON tickets_ticket FOR EACH ROW EXECUTE FUNCTION tickets_keep_words();
CREATE TRIGGER ticketwords_emptied AFTER TRUNCATE
    ON tickets_ticket FOR EACH STATEMENT EXECUTE FUNCTION tickets_keep_words();
INSERT INTO tickets_ticketwords (ticket_id, line)
    SELECT id, concat_ws(' ', subject, customer_name, reference) FROM tickets_ticket;
"""

# Forgiving of typing errors where the extension may be used; search works without it.
TRIGRAMS = """
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX ticketwords_trigrams ON tickets_ticketwords USING gin (line gin_trgm_ops);
    CREATE INDEX customer_name_trigrams ON tickets_customer USING gin (UPPER(name) gin_trgm_ops);
    CREATE INDEX customer_email_trigrams ON tickets_customer USING gin (UPPER(email) gin_trgm_ops);
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'pg_trgm cannot be used here (%); search goes on without tolerance for typing errors.', SQLERRM;
END
$$;
"""

POSTGRESQL_BACK = """
DROP INDEX IF EXISTS customer_email_trigrams;
DROP INDEX IF EXISTS customer_name_trigrams;
DROP TRIGGER ticketwords_emptied ON tickets_ticket;
DROP TRIGGER ticketwords_kept ON tickets_ticket;
DROP FUNCTION tickets_keep_words();
DROP TABLE tickets_ticketwords;
ALTER TABLE tickets_message DROP COLUMN words;
"""


def forwards(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL, params=None)
        schema_editor.execute(TRIGRAMS, params=None)
    elif schema_editor.connection.vendor == "sqlite":
        with schema_editor.connection.cursor() as cursor:
            search_tables.stand(cursor)


def backwards(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL_BACK, params=None)
    elif schema_editor.connection.vendor == "sqlite":
        with schema_editor.connection.cursor() as cursor:
            search_tables.fall(cursor)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_initial")]

    operations = [migrations.RunPython(forwards, backwards)]
