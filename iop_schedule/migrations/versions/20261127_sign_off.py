"""Signed attendance sheets, amendments, people let in beyond the seats, co-leaders.

Revision ID: 20261127_sign_off
Revises: 20261127_calendar_uploads
"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_sign_off"
down_revision = "20261127_calendar_uploads"
branch_labels = None
depends_on = None

TABLE = "attendance_sign_off"
REFUSE = f"{TABLE} is append-only"


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


def upgrade():
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("occurrence_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("change_key", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "kind IN ('signed', 'not_held', 'imported', 'reopened')", name=op.f(f"ck_{TABLE}_kind_known")
        ),
        sa.CheckConstraint("version >= 1", name=op.f(f"ck_{TABLE}_version_counts_from_one")),
        sa.CheckConstraint("minutes >= 0", name=op.f(f"ck_{TABLE}_minutes_not_negative")),
        sa.ForeignKeyConstraint(
            ["occurrence_id"], ["occurrence.id"], name=op.f(f"fk_{TABLE}_occurrence_id_occurrence")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name=op.f(f"fk_{TABLE}_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint("change_key", name=op.f(f"uq_{TABLE}_change_key")),
        sa.UniqueConstraint("occurrence_id", "version", name=op.f(f"uq_{TABLE}_occurrence_id_version")),
    )
    _make_append_only()
    op.create_table(
        "group_co_leader",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "until_day IS NULL OR until_day >= from_day", name=op.f("ck_group_co_leader_ends_after_it_starts")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["care_group.id"], name=op.f("fk_group_co_leader_group_id_care_group")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_group_co_leader_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_co_leader")),
    )
    op.create_index("ix_group_co_leader_group", "group_co_leader", ["group_id", "user_id"])
    op.create_index(op.f("ix_group_co_leader_user_id"), "group_co_leader", ["user_id"])
    # Plain ALTERs: a rebuilt table would lose the triggers that keep it append-only.
    op.add_column(
        "attendance_revision",
        sa.Column("amendment", sa.String(length=200), nullable=False, server_default=""),
    )
    op.add_column("attendance_revision", sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "roster_entry", sa.Column("over_seats", sa.String(length=200), nullable=False, server_default="")
    )


def downgrade():
    op.drop_column("roster_entry", "over_seats")
    op.drop_column("attendance_revision", "claimed_at")
    op.drop_column("attendance_revision", "amendment")
    op.drop_table("group_co_leader")
    op.drop_table(TABLE)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP FUNCTION {TABLE}_refuse()")
