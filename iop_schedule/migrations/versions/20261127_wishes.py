"""What would suit clients best.

Revision ID: 20261127_wishes
Revises: 20261127_repairs_taken_back
"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_wishes"
down_revision = "20261127_repairs_taken_back"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "client_wishes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("time", sa.String(length=40), nullable=False),
        sa.Column("liked_days", sa.Text(), nullable=False),
        sa.Column("disliked_days", sa.Text(), nullable=False),
        sa.Column("counselor_id", sa.Integer(), nullable=True),
        sa.Column("modality", sa.String(length=40), nullable=True),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said_by_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "time IN ('any', 'morning', 'midday', 'evening')", name=op.f("ck_client_wishes_time_known")
        ),
        sa.CheckConstraint(
            "modality IN ('in_person', 'telehealth')", name=op.f("ck_client_wishes_modality_known")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_client_wishes_client_id_client")),
        sa.ForeignKeyConstraint(
            ["counselor_id"], ["user.id"], name=op.f("fk_client_wishes_counselor_id_user")
        ),
        sa.ForeignKeyConstraint(["said_by_id"], ["user.id"], name=op.f("fk_client_wishes_said_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_wishes")),
        sa.UniqueConstraint("client_id", name=op.f("uq_client_wishes_client_id")),
    )


def downgrade():
    op.drop_table("client_wishes")
