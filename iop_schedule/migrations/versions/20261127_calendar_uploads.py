"""Uploaded calendars: which commitments came from which.

Revision ID: 20261127_calendar_uploads
Revises: 20261127_placement_runs
"""

import sqlalchemy as sa
from alembic import op


revision = "20261127_calendar_uploads"
down_revision = "20261127_placement_runs"
branch_labels = None
depends_on = None

KINDS = "'work', 'caregiving', 'school', 'health', 'legal', 'transport', 'other'"


def upgrade():
    op.create_table(
        "commitment_upload",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_commitment_upload_kind_known")),
        sa.CheckConstraint(
            "source IN ('calendar', 'shifts')", name=op.f("ck_commitment_upload_source_known")
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_by_id IS NULL)", name=op.f("ck_commitment_upload_ended_by_someone")
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_commitment_upload_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user.id"], name=op.f("fk_commitment_upload_created_by_id")
        ),
        sa.ForeignKeyConstraint(["ended_by_id"], ["user.id"], name=op.f("fk_commitment_upload_ended_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commitment_upload")),
    )
    op.create_index(op.f("ix_commitment_upload_client_id"), "commitment_upload", ["client_id"])
    op.create_table(
        "commitment_upload_entry",
        sa.Column("upload_id", sa.Integer(), nullable=False),
        sa.Column("constraint_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["commitment_upload.id"], name=op.f("fk_commitment_upload_entry_upload_id")
        ),
        sa.ForeignKeyConstraint(
            ["constraint_id"],
            ["client_constraint.id"],
            name=op.f("fk_commitment_upload_entry_constraint_id"),
        ),
        sa.PrimaryKeyConstraint("upload_id", "constraint_id", name=op.f("pk_commitment_upload_entry")),
    )
    op.create_index(
        op.f("ix_commitment_upload_entry_constraint_id"), "commitment_upload_entry", ["constraint_id"]
    )


def downgrade():
    op.drop_table("commitment_upload_entry")
    op.drop_table("commitment_upload")
