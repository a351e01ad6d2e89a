"""Times in which no scheduler ran.

Revision ID: 20261127_standstill
Revises: 20261127_late_entries
"""

import sqlalchemy as sa
from alembic import op

from iop_schedule.models.base import UtcDateTime

revision = "20261127_standstill"
down_revision = "20261127_late_entries"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "standstill",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("ended_at > began_at", name=op.f("ck_standstill_ends_after_it_began")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standstill")),
    )
    op.create_index(op.f("ix_standstill_ended_at"), "standstill", ["ended_at"])


def downgrade():
    op.drop_table("standstill")
