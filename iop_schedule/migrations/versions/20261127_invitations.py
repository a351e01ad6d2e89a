"""Invitations by e-mail: who wants them, and the last message about each session.

Revision ID: 20261127_invitations
Revises: 20261127_placement_choices
"""

import sqlalchemy as sa
from alembic import op


revision = "20261127_invitations"
down_revision = "20261127_placement_choices"
branch_labels = None
depends_on = None

STATES = "'planned', 'attempting', 'sent', 'suppressed', 'cancelled', 'unknown', 'dead'"


def upgrade():
    op.create_table(
        "invitation_wish",
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("on", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_invitation_wish_client_id")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_invitation_wish")),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("occurrence_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("cancels", sa.Boolean(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_invitation_state_known")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_invitation_ends_after_it_starts")),
        sa.CheckConstraint("sequence >= 0", name=op.f("ck_invitation_sequence_not_negative")),
        sa.CheckConstraint(
            "(state = 'attempting') = (lease_until IS NOT NULL)",
            name=op.f("ck_invitation_attempting_has_a_lease"),
        ),
        sa.CheckConstraint(
            "state <> 'sent' OR told_at IS NOT NULL", name=op.f("ck_invitation_sent_has_a_time")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_invitation_client_id")),
        sa.ForeignKeyConstraint(
            ["occurrence_id"], ["occurrence.id"], name=op.f("fk_invitation_occurrence_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("client_id", "occurrence_id", name=op.f("uq_invitation_client_id_occurrence_id")),
    )
    op.create_index(op.f("ix_invitation_occurrence_id"), "invitation", ["occurrence_id"])
    op.create_index("ix_invitation_next", "invitation", ["state", "next_try_at"])


def downgrade():
    op.drop_table("invitation")
    op.drop_table("invitation_wish")
