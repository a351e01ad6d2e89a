"""From when on an entry is late, as each program says.

Revision ID: 20261127_late_entries
Revises: 20261127_keep_apart
"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_late_entries"
down_revision = "20261127_keep_apart"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("program") as batch:
        batch.add_column(sa.Column("late_entry_hours", sa.Integer(), server_default="24", nullable=False))
        batch.create_check_constraint(
            op.f("ck_program_late_entry_in_a_week"), "late_entry_hours BETWEEN 1 AND 168"
        )


def downgrade():
    with op.batch_alter_table("program") as batch:
        batch.drop_constraint(op.f("ck_program_late_entry_in_a_week"), type_="check")
        batch.drop_column("late_entry_hours")
