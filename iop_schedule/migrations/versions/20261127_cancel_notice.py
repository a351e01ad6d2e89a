"""How long before a session it can be called off in time, as each program says.

Revision ID: 20261127_cancel_notice
Revises: 20261127_first_contact
"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_cancel_notice"
down_revision = "20261127_first_contact"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("program") as batch:
        batch.add_column(sa.Column("cancel_notice_hours", sa.Integer(), server_default="0", nullable=False))
        batch.create_check_constraint(
            op.f("ck_program_cancel_notice_in_a_week"), "cancel_notice_hours BETWEEN 0 AND 168"
        )


def downgrade():
    with op.batch_alter_table("program") as batch:
        batch.drop_constraint(op.f("ck_program_cancel_notice_in_a_week"), type_="check")
        batch.drop_column("cancel_notice_hours")
