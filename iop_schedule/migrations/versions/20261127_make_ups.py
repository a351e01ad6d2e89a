"""Notices about sessions, make-ups, and the program's settings for both.

Revision ID: 20261127_make_ups
Revises: 20261123a
"""

import sqlalchemy as sa
from alembic import op

import iop_schedule.models.base

revision = "20261127_make_ups"
down_revision = "20261123a"
branch_labels = None
depends_on = None

INSTANT = iop_schedule.models.base.UtcDateTime()
SETTINGS = (
    ("make_up_days", sa.Integer(), sa.text("7")),
    ("self_check_in", sa.Boolean(), sa.true()),
    ("check_in_before_minutes", sa.Integer(), sa.text("15")),
    ("check_in_after_minutes", sa.Integer(), sa.text("30")),
)
LIMITS = (
    ("make_up_days_in_a_month", "make_up_days BETWEEN 0 AND 31"),
    ("check_in_opens_near", "check_in_before_minutes BETWEEN 0 AND 120"),
    ("check_in_closes_near", "check_in_after_minutes BETWEEN 0 AND 120"),
)


def upgrade():
    with op.batch_alter_table("program") as batch_op:
        for name, kind, value in SETTINGS:
            batch_op.add_column(sa.Column(name, kind, nullable=False, server_default=value))
    with op.batch_alter_table("program") as batch_op:
        for name, kind, _ in SETTINGS:
            batch_op.alter_column(name, existing_type=kind, server_default=None)
        for name, condition in LIMITS:
            batch_op.create_check_constraint(op.f(f"ck_program_{name}"), condition)

    op.create_table(
        "session_notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("roster_entry_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("late_minutes", sa.Integer(), nullable=True),
        sa.Column("wants_call", sa.Boolean(), nullable=False),
        sa.Column("told_at", INSTANT, nullable=False),
        sa.Column("told_by_id", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", INSTANT, nullable=True),
        sa.Column("withdrawn_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind IN ('absent', 'late', 'here')", name=op.f("ck_session_notice_kind_known")),
        sa.CheckConstraint(
            "reason IN ('work', 'caregiving', 'transport', 'unwell', 'other', 'not_said')",
            name=op.f("ck_session_notice_reason_known"),
        ),
        sa.CheckConstraint(
            "(kind = 'absent') = (reason IS NOT NULL)", name=op.f("ck_session_notice_absence_has_a_reason")
        ),
        sa.CheckConstraint(
            "(kind = 'late') = (late_minutes IS NOT NULL)", name=op.f("ck_session_notice_delay_has_minutes")
        ),
        sa.CheckConstraint("late_minutes BETWEEN 1 AND 240", name=op.f("ck_session_notice_delay_sensible")),
        sa.CheckConstraint(
            "kind = 'absent' OR NOT wants_call", name=op.f("ck_session_notice_call_about_an_absence")
        ),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by_id IS NULL)",
            name=op.f("ck_session_notice_withdrawn_by_someone"),
        ),
        sa.ForeignKeyConstraint(
            ["roster_entry_id"],
            ["roster_entry.id"],
            name=op.f("fk_session_notice_roster_entry_id_roster_entry"),
        ),
        sa.ForeignKeyConstraint(
            ["told_by_id"], ["user.id"], name=op.f("fk_session_notice_told_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by_id"], ["user.id"], name=op.f("fk_session_notice_withdrawn_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_notice")),
    )
    _standing("uq_session_notice_standing", "session_notice", ["roster_entry_id", "kind"], "withdrawn_at")

    op.create_table(
        "make_up",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("missed_entry_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("booked_at", INSTANT, nullable=False),
        sa.Column("booked_by_id", sa.Integer(), nullable=False),
        sa.Column("released_at", INSTANT, nullable=True),
        sa.Column("released_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("entry_id <> missed_entry_id", name=op.f("ck_make_up_another_session")),
        sa.CheckConstraint(
            "(released_at IS NULL) = (released_by_id IS NULL)", name=op.f("ck_make_up_released_by_someone")
        ),
        sa.ForeignKeyConstraint(
            ["missed_entry_id"], ["roster_entry.id"], name=op.f("fk_make_up_missed_entry_id_roster_entry")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["roster_entry.id"], name=op.f("fk_make_up_entry_id_roster_entry")
        ),
        sa.ForeignKeyConstraint(["booked_by_id"], ["user.id"], name=op.f("fk_make_up_booked_by_id_user")),
        sa.ForeignKeyConstraint(["released_by_id"], ["user.id"], name=op.f("fk_make_up_released_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_make_up")),
    )
    _standing("uq_make_up_missed_entry", "make_up", ["missed_entry_id"], "released_at")
    _standing("uq_make_up_entry", "make_up", ["entry_id"], "released_at")


def _standing(name, table, columns, ended):
    where = sa.text(f"{ended} IS NULL")
    op.create_index(name, table, columns, unique=True, sqlite_where=where, postgresql_where=where)


def downgrade():
    op.drop_table("make_up")
    op.drop_table("session_notice")
    with op.batch_alter_table("program") as batch_op:
        for name, _ in LIMITS:
            batch_op.drop_constraint(op.f(f"ck_program_{name}"), type_="check")
        for name, _, _ in SETTINGS:
            batch_op.drop_column(name)
