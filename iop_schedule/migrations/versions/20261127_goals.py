"""What clients want time for.

Revision ID: 20261127_goals
Revises: 20261127_care_requests
"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_goals"
down_revision = "20261127_care_requests"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "client_goal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(length=120), nullable=False),
        sa.Column("time_name", sa.String(length=120), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("words <> ''", name=op.f("ck_client_goal_says_something")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_client_goal_client_id_client")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_goal")),
    )
    op.create_index("ix_client_goal_client", "client_goal", ["client_id", "ended_at"])


def downgrade():
    op.drop_table("client_goal")
