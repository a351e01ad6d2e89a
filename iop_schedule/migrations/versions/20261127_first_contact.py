"""When somebody first asked for a program, kept when their waiting ends.

Revision ID: 20261127_first_contact
Revises: 20261127_audit_people
"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_first_contact"
down_revision = "20261127_audit_people"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("enrollment", sa.Column("first_contact_on", sa.Date(), nullable=True))
    # Of those who wait, the first day is still the one on which their waiting began.
    op.execute("UPDATE enrollment SET first_contact_on = from_day WHERE status = 'waitlisted'")


def downgrade():
    op.drop_column("enrollment", "first_contact_on")
