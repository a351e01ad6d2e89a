"""Sessions that a repair ended can go on again; proposals that only take sessions away.

Revision ID: 20261127_repairs_taken_back
Revises: 20261127_case_numbers
"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_repairs_taken_back"
down_revision = "20261127_case_numbers"
branch_labels = None
depends_on = None

NAME = "ck_placement_proposal_kind_known"
BEFORE = ("place", "complete", "move", "one_to_one")


def _know(kinds):
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("placement_proposal") as batch:
        batch.drop_constraint(op.f(NAME), type_="check")
        batch.create_check_constraint(op.f(NAME), f"kind IN ({listed})")


def upgrade():
    with op.batch_alter_table("placement_run") as batch:
        batch.add_column(sa.Column("undo", sa.Text(), server_default="{}", nullable=False))
    _know((*BEFORE, "ends"))


def downgrade():
    op.execute("UPDATE placement_proposal SET kind = 'move' WHERE kind = 'ends'")
    _know(BEFORE)
    with op.batch_alter_table("placement_run") as batch:
        batch.drop_column("undo")
