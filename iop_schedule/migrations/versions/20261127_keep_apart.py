"""Pairs of clients who never share a session.

Revision ID: 20261127_keep_apart
Revises: 20261127_support_people
"""

import sqlalchemy as sa
from alembic import op

from iop_schedule.models.base import UtcDateTime

revision = "20261127_keep_apart"
down_revision = "20261127_support_people"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "keep_apart",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        sa.Column("lifted_at", UtcDateTime(), nullable=True),
        sa.Column("lifted_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("client_id < other_id", name=op.f("ck_keep_apart_pair_in_order")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_keep_apart_client_id_client")),
        sa.ForeignKeyConstraint(["other_id"], ["client.id"], name=op.f("fk_keep_apart_other_id_client")),
        sa.ForeignKeyConstraint(["made_by_id"], ["user.id"], name=op.f("fk_keep_apart_made_by_id_user")),
        sa.ForeignKeyConstraint(["lifted_by_id"], ["user.id"], name=op.f("fk_keep_apart_lifted_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keep_apart")),
    )
    op.create_index(
        "uq_keep_apart_pair",
        "keep_apart",
        ["client_id", "other_id"],
        unique=True,
        sqlite_where=sa.text("lifted_at IS NULL"),
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.create_index("ix_keep_apart_other", "keep_apart", ["other_id"])


def downgrade():
    op.drop_table("keep_apart")
