"""Notes that counselors leave for case managers.

Revision ID: 20261127_handover
Revises: 20261127_standstill
"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_handover"
down_revision = "20261127_standstill"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "handover_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("occurrence_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(length=300), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_by_id", sa.Integer(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("words <> ''", name=op.f("ck_handover_note_says_something")),
        sa.CheckConstraint(
            "(settled_at IS NULL) = (settled_by_id IS NULL)", name=op.f("ck_handover_note_settled_by_someone")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_handover_note_client_id_client")),
        sa.ForeignKeyConstraint(
            ["occurrence_id"], ["occurrence.id"], name=op.f("fk_handover_note_occurrence_id_occurrence")
        ),
        sa.ForeignKeyConstraint(["left_by_id"], ["user.id"], name=op.f("fk_handover_note_left_by_id_user")),
        sa.ForeignKeyConstraint(
            ["settled_by_id"], ["user.id"], name=op.f("fk_handover_note_settled_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover_note")),
    )
    op.create_index("ix_handover_note_client", "handover_note", ["client_id", "settled_at"])


def downgrade():
    op.drop_table("handover_note")
