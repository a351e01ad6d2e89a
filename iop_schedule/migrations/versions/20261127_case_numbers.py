"""Stored cases hold the numbers behind a tier: those of before are thrown away and derived again.

Going down, minutes from which a kind of service counts leave the settings of monitors, which cannot hold them then.

Revision ID: 20261127_case_numbers
Revises: 20261127_news
"""

import json

import sqlalchemy as sa
from alembic import op


revision = "20261127_case_numbers"
down_revision = "20261127_news"
branch_labels = None
depends_on = None


def upgrade():
    op.execute("DELETE FROM case_snapshot")


def downgrade():
    op.execute("DELETE FROM case_snapshot")
    version = sa.table("monitor_version", sa.column("id"), sa.column("numbers"))
    connection = op.get_bind()
    for row in connection.execute(sa.select(version)).all():
        numbers = json.loads(row.numbers)
        if numbers.pop("service_minimums", None) is not None:
            kept = version.update().where(version.c.id == row.id).values(numbers=json.dumps(numbers))
            connection.execute(kept)
