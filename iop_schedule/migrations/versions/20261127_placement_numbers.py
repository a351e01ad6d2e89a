"""What a program values in a week; commitments nobody is to suggest changes to.

Revision ID: 20261127_placement_numbers
Revises: 20261127_weeks_of_places
"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_placement_numbers"
down_revision = "20261127_weeks_of_places"
branch_labels = None
depends_on = None

_NEGOTIABLE = "ck_client_constraint_what_can_move_is_negotiable"


def upgrade():
    with op.batch_alter_table("program") as batch:
        batch.add_column(sa.Column("placement_numbers", sa.Text(), server_default="{}", nullable=False))
    with op.batch_alter_table("client_constraint") as batch:
        batch.add_column(sa.Column("negotiable", sa.Boolean(), server_default=sa.true(), nullable=False))
        batch.create_check_constraint(op.f(_NEGOTIABLE), "hard OR negotiable")


def downgrade():
    with op.batch_alter_table("client_constraint") as batch:
        batch.drop_constraint(op.f(_NEGOTIABLE), type_="check")
        batch.drop_column("negotiable")
    with op.batch_alter_table("program") as batch:
        batch.drop_column("placement_numbers")
