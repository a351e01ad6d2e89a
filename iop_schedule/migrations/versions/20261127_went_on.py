"""What became of the places in sessions that a repair ended and that went on again.

Revision ID: 20261127_went_on
Revises: 20261127_placement_numbers
"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_went_on"
down_revision = "20261127_placement_numbers"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("placement_run") as batch:
        batch.add_column(sa.Column("went_on", sa.Text(), server_default="{}", nullable=False))


def downgrade():
    with op.batch_alter_table("placement_run") as batch:
        batch.drop_column("went_on")
