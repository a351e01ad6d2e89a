"""Whether a client is assigned to somebody is found at once, however many are.

Revision ID: 20261127_assignments_of_staff
Revises: 20261127_went_on
"""

from alembic import op

revision = "20261127_assignments_of_staff"
down_revision = "20261127_went_on"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_assignment_user_client", "assignment", ["user_id", "client_id"])
    op.drop_index("ix_assignment_user_id", "assignment")


def downgrade():
    op.create_index("ix_assignment_user_id", "assignment", ["user_id"])
    op.drop_index("ix_assignment_user_client", "assignment")
