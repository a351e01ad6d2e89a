"""What clients ask to have changed in their care, and the answers.

Revision ID: 20261127_care_requests
Revises: 20261127_booked_once
"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_care_requests"
down_revision = "20261127_booked_once"
branch_labels = None
depends_on = None

KINDS = (
    "'more_sessions', 'fewer_sessions', 'other_times', 'other_counselor', 'level_of_care', 'something_else'"
)


def upgrade():
    op.create_table(
        "care_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=40), nullable=True),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_care_request_kind_known")),
        sa.CheckConstraint(
            "ended_by IN ('agreed', 'not_now', 'taken_back')", name=op.f("ck_care_request_ended_by_known")
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_care_request_ended_somehow")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_care_request_client_id_client")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["user.id"], name=op.f("fk_care_request_asked_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_request")),
    )
    is_open = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_care_request_open",
        "care_request",
        ["client_id", "kind"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index("ix_care_request_client", "care_request", ["client_id", "asked_at"])
    op.create_table(
        "care_reply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(length=40), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("answer IN ('agreed', 'talk', 'not_now')", name=op.f("ck_care_reply_answer_known")),
        sa.CheckConstraint(
            "(answer = 'not_now') = (day IS NULL)", name=op.f("ck_care_reply_agreed_for_a_day")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["care_request.id"], name=op.f("fk_care_reply_request_id_care_request")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name=op.f("fk_care_reply_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_reply")),
    )
    op.create_index(op.f("ix_care_reply_request_id"), "care_reply", ["request_id"])


def downgrade():
    op.drop_table("care_reply")
    op.drop_table("care_request")
