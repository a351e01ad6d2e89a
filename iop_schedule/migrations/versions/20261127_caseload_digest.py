"""The caseload in numbers as a message of its own.

Revision ID: 20261127_caseload_digest
Revises: 20261127_messages
"""

from alembic import op


revision = "20261127_caseload_digest"
down_revision = "20261127_messages"
branch_labels = None
depends_on = None

BEFORE = "('reminder', 'changed', 'cancelled', 'digest', 'missed', 'code', 'sheets', 'outreach')"
AFTER = "('reminder', 'changed', 'cancelled', 'digest', 'missed', 'code', 'sheets', 'outreach', 'caseload')"
TABLES = ("reminder_delivery", "message_wording")


def _known(purposes):
    for table in TABLES:
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_constraint(batch_op.f(f"ck_{table}_purpose_known"), type_="check")
            batch_op.create_check_constraint(
                batch_op.f(f"ck_{table}_purpose_known"), f"purpose IN {purposes}"
            )


def upgrade():
    _known(AFTER)


def downgrade():
    op.execute("DELETE FROM reminder_attempt WHERE delivery_id IN"
               " (SELECT id FROM reminder_delivery WHERE purpose = 'caseload')")
    for table in TABLES:
        op.execute(f"DELETE FROM {table} WHERE purpose = 'caseload'")
    _known(BEFORE)
