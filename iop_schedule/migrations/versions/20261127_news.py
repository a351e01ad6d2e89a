"""A word that something new waits for a client, such as weeks to choose among.

Revision ID: 20261127_news
Revises: 20261127_cancel_notice
"""

from alembic import op


revision = "20261127_news"
down_revision = "20261127_cancel_notice"
branch_labels = None
depends_on = None

TABLES = ("reminder_delivery", "message_wording")
BEFORE = (
    "reminder", "changed", "cancelled", "digest", "missed", "code", "sheets", "outreach", "caseload", "contact"
)


def _know(purposes):
    listed = ", ".join(f"'{purpose}'" for purpose in purposes)
    for table in TABLES:
        with op.batch_alter_table(table) as batch_op:
            name = batch_op.f(f"ck_{table}_purpose_known")
            batch_op.drop_constraint(name, type_="check")
            batch_op.create_check_constraint(name, f"purpose IN ({listed})")


def upgrade():
    _know((*BEFORE, "news"))


def downgrade():
    op.execute("DELETE FROM reminder_attempt WHERE delivery_id IN"
               " (SELECT id FROM reminder_delivery WHERE purpose = 'news')")
    for table in TABLES:
        op.execute(f"DELETE FROM {table} WHERE purpose = 'news'")
    _know(BEFORE)
