"""Stored cases hold the numbers behind a tier: those of before are thrown away and derived again.

Revision ID: 20261127_case_numbers
Revises: 20261127_news
"""

from alembic import op


revision = "20261127_case_numbers"
down_revision = "20261127_news"
branch_labels = None
depends_on = None


def upgrade():
    op.execute("DELETE FROM case_snapshot")


def downgrade():
    op.execute("DELETE FROM case_snapshot")
