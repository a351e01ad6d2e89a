"""A word when staff would like to hear from a client: a purpose of its own, agreed to by itself.

Revision ID: 20261127_word_from_staff
Revises: 20261127_goals
"""

from alembic import op


revision = "20261127_word_from_staff"
down_revision = "20261127_goals"
branch_labels = None
depends_on = None

PURPOSES = ("reminder", "changed", "cancelled", "digest", "missed", "code", "sheets", "outreach", "caseload")
CONSENTS = ("reminders", "weekly", "missed")
CHANNELS = ("call", "text", "in_person", "other")
#: Table, column, the words before, the word that is added.
KNOWN = (
    ("reminder_delivery", "purpose", PURPOSES, "contact"),
    ("message_wording", "purpose", PURPOSES, "contact"),
    ("contact_consent", "purpose", CONSENTS, "contact"),
    ("outreach_attempt", "channel", CHANNELS, "email"),
)


def _know(table, column, words):
    name = f"ck_{table}_{column}_known"
    listed = ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(batch_op.f(name), type_="check")
        batch_op.create_check_constraint(batch_op.f(name), f"{column} IN ({listed})")


def upgrade():
    for table, column, words, added in KNOWN:
        _know(table, column, (*words, added))


def downgrade():
    op.execute("DELETE FROM reminder_attempt WHERE delivery_id IN"
               " (SELECT id FROM reminder_delivery WHERE purpose = 'contact')")
    op.execute("DELETE FROM reminder_delivery WHERE purpose = 'contact'")
    op.execute("DELETE FROM message_wording WHERE purpose = 'contact'")
    op.execute("DELETE FROM contact_consent WHERE purpose = 'contact'")
    op.execute("UPDATE outreach_attempt SET channel = 'other' WHERE channel = 'email'")
    for table, column, words, _ in KNOWN:
        _know(table, column, words)
