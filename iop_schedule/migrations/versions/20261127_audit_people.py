"""Who stands on each list in the audit trail, so that everyone who saw one person is found.

Revision ID: 20261127_audit_people
Revises: 20261127_handover
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "20261127_audit_people"
down_revision = "20261127_handover"
branch_labels = None
depends_on = None

TABLE = "audit_event_client"
REFUSE = f"{TABLE} is append-only"
#: Rows read at once.
BATCH = 1000


def _make_append_only():
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {TABLE}_no_{verb.lower()} BEFORE {verb} ON {TABLE}"
                f" BEGIN SELECT RAISE(ABORT, '{REFUSE}'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{REFUSE}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {TABLE}_no_change BEFORE UPDATE OR DELETE ON {TABLE}"
        f" FOR EACH ROW EXECUTE FUNCTION {TABLE}_refuse()"
    )
    op.execute(
        f"CREATE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_refuse()"
    )


def _fill(people):
    """Write down whom the rows so far were about, and who stood on their lists."""
    connection = op.get_bind()
    lists = sa.text(
        "SELECT id, client_id, details FROM audit_event WHERE id > :after"
        f" AND (client_id IS NOT NULL OR details LIKE '%\"clients\":%') ORDER BY id LIMIT {BATCH}"
    )
    after = 0
    while rows := connection.execute(lists, {"after": after}).all():
        after = rows[-1].id
        seen = {(row.id, one) for row in rows for one in _shown(row)}
        if seen:
            connection.execute(
                people.insert(), [{"event_id": event, "client_id": one} for event, one in sorted(seen)]
            )


def _shown(row):
    details = json.loads(row.details or "{}")
    listed = details.get("clients") if isinstance(details, dict) else None
    return {one for one in (row.client_id, *(listed if isinstance(listed, list) else ())) if isinstance(one, int)}


def upgrade():
    people = op.create_table(
        TABLE,
        sa.Column("event_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("client_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("event_id", "client_id", name=op.f(f"pk_{TABLE}")),
    )
    op.create_index("ix_audit_event_client_client", TABLE, ["client_id", "event_id"])
    _fill(people)
    _make_append_only()


def downgrade():
    op.drop_table(TABLE)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP FUNCTION {TABLE}_refuse()")
