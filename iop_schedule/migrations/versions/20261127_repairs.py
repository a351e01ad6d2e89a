"""Placement runs that repair, and those that look for groups to open.

Revision ID: 20261127_repairs
Revises: 20261127_engagement
"""

from alembic import op

revision = "20261127_repairs"
down_revision = "20261127_engagement"
branch_labels = None
depends_on = None

NAME = "ck_placement_run_kind_known"


def upgrade():
    with op.batch_alter_table("placement_run") as batch:
        batch.drop_constraint(op.f(NAME), type_="check")
        batch.create_check_constraint(
            op.f(NAME), "kind IN ('groups', 'one_to_one', 'repair', 'openings')"
        )


def downgrade():
    op.execute(
        "DELETE FROM placement_proposal WHERE run_id IN"
        " (SELECT id FROM placement_run WHERE kind IN ('repair', 'openings'))"
    )
    op.execute("DELETE FROM placement_run WHERE kind IN ('repair', 'openings')")
    with op.batch_alter_table("placement_run") as batch:
        batch.drop_constraint(op.f(NAME), type_="check")
        batch.create_check_constraint(op.f(NAME), "kind IN ('groups', 'one_to_one')")
