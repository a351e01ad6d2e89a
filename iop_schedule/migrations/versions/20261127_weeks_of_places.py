"""In which weeks a place is attended: every week, or every other one; and which programs plan so.

Revision ID: 20261127_weeks_of_places
Revises: 20261127_wishes
"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_weeks_of_places"
down_revision = "20261127_wishes"
branch_labels = None
depends_on = None

TABLES = ("series_member", "seat_hold", "placement_offer_meeting")


def upgrade():
    with op.batch_alter_table("program") as batch:
        batch.add_column(
            sa.Column("alternating_weeks", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("week", sa.String(40), server_default="every", nullable=False))
            batch.create_check_constraint(op.f(f"ck_{table}_week_known"), "week IN ('every', 'A', 'B')")


def downgrade():
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"ck_{table}_week_known"), type_="check")
            batch.drop_column("week")
    with op.batch_alter_table("program") as batch:
        batch.drop_column("alternating_weeks")
