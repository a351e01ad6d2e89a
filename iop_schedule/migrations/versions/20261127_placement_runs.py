"""Placement runs: priorities, runs, proposals, and the hours of counselors.

Revision ID: 20261127_placement_runs
Revises: 20261127_make_ups
"""

import sqlalchemy as sa
from alembic import op


revision = "20261127_placement_runs"
down_revision = "20261127_make_ups"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "counselor_hours",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("start_minute", sa.Integer(), nullable=False),
        sa.Column("end_minute", sa.Integer(), nullable=False),
        sa.CheckConstraint("end_minute > start_minute", name=op.f("ck_counselor_hours_ends_after_it_starts")),
        sa.CheckConstraint(
            "start_minute >= 0 AND end_minute <= 1440", name=op.f("ck_counselor_hours_within_a_day")
        ),
        sa.CheckConstraint(
            "weekday BETWEEN 0 AND 4", name=op.f("ck_counselor_hours_weekday_is_treatment_day")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_counselor_hours_site_id_site")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_counselor_hours_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counselor_hours")),
        sa.UniqueConstraint(
            "user_id",
            "site_id",
            "weekday",
            "start_minute",
            name=op.f("uq_counselor_hours_user_id_site_id_weekday_start_minute"),
        ),
    )
    with op.batch_alter_table("counselor_hours", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_counselor_hours_site_id"), ["site_id"], unique=False)

    op.create_table(
        "counselor_limit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("most_clients", sa.Integer(), nullable=False),
        sa.Column("most_in_a_row", sa.Integer(), nullable=False),
        sa.Column("languages", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "most_clients BETWEEN 0 AND 60", name=op.f("ck_counselor_limit_caseload_sensible")
        ),
        sa.CheckConstraint(
            "most_in_a_row BETWEEN 1 AND 12", name=op.f("ck_counselor_limit_in_a_row_sensible")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_counselor_limit_site_id_site")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_counselor_limit_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counselor_limit")),
        sa.UniqueConstraint("user_id", "site_id", name=op.f("uq_counselor_limit_user_id_site_id")),
    )
    with op.batch_alter_table("counselor_limit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_counselor_limit_site_id"), ["site_id"], unique=False)

    op.create_table(
        "placement_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("program_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("aim", sa.String(length=40), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("requested_by_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stop_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("progress", sa.Text(), nullable=False),
        sa.Column("problem_words", sa.String(length=300), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(state = 'finished') = (plan IS NOT NULL)", name=op.f("ck_placement_run_finished_has_a_plan")
        ),
        sa.CheckConstraint("aim IN ('stay', 'reach', 'balance')", name=op.f("ck_placement_run_aim_known")),
        sa.CheckConstraint("kind IN ('groups', 'one_to_one')", name=op.f("ck_placement_run_kind_known")),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'finished', 'stopped', 'failed')",
            name=op.f("ck_placement_run_state_known"),
        ),
        sa.CheckConstraint("seconds BETWEEN 5 AND 3600", name=op.f("ck_placement_run_seconds_sensible")),
        sa.ForeignKeyConstraint(
            ["program_id"], ["program.id"], name=op.f("fk_placement_run_program_id_program")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["user.id"], name=op.f("fk_placement_run_requested_by_id_user")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_placement_run_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placement_run")),
    )
    with op.batch_alter_table("placement_run", schema=None) as batch_op:
        batch_op.create_index("ix_placement_run_program", ["program_id", "created_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_placement_run_requested_by_id"), ["requested_by_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_placement_run_site_id"), ["site_id"], unique=False)
        batch_op.create_index("ix_placement_run_state", ["state", "created_at"], unique=False)

    op.create_table(
        "priority_class",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("program_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.CheckConstraint(
            "weight BETWEEN 2 AND 9", name=op.f("ck_priority_class_weight_above_everyone_else")
        ),
        sa.ForeignKeyConstraint(
            ["program_id"], ["program.id"], name=op.f("fk_priority_class_program_id_program")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_priority_class")),
        sa.UniqueConstraint("program_id", "name", name=op.f("uq_priority_class_program_id_name")),
    )
    with op.batch_alter_table("priority_class", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_priority_class_program_id"), ["program_id"], unique=False)

    op.create_table(
        "placement_proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("minutes_before", sa.Integer(), nullable=False),
        sa.Column("minutes_after", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("undo", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(state = 'open') = (decided_at IS NULL)", name=op.f("ck_placement_proposal_open_is_undecided")
        ),
        sa.CheckConstraint(
            "kind IN ('place', 'complete', 'move', 'one_to_one')",
            name=op.f("ck_placement_proposal_kind_known"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'applied', 'stale', 'declined', 'undone')",
            name=op.f("ck_placement_proposal_state_known"),
        ),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (decided_by_id IS NULL)",
            name=op.f("ck_placement_proposal_decided_by_someone"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_placement_proposal_client_id_client")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["user.id"], name=op.f("fk_placement_proposal_decided_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["placement_run.id"], name=op.f("fk_placement_proposal_run_id_placement_run")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placement_proposal")),
        sa.UniqueConstraint("run_id", "client_id", name=op.f("uq_placement_proposal_run_id_client_id")),
    )
    with op.batch_alter_table("placement_proposal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_placement_proposal_client_id"), ["client_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_placement_proposal_decided_by_id"), ["decided_by_id"], unique=False
        )

    op.create_table(
        "priority_mark",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("enrollment_id", sa.Integer(), nullable=False),
        sa.Column("priority_class_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollment.id"], name=op.f("fk_priority_mark_enrollment_id_enrollment")
        ),
        sa.ForeignKeyConstraint(
            ["priority_class_id"],
            ["priority_class.id"],
            name=op.f("fk_priority_mark_priority_class_id_priority_class"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_priority_mark")),
        sa.UniqueConstraint("enrollment_id", name=op.f("uq_priority_mark_enrollment_id")),
    )
    with op.batch_alter_table("priority_mark", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_priority_mark_priority_class_id"), ["priority_class_id"], unique=False
        )


def downgrade():
    with op.batch_alter_table("priority_mark", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_priority_mark_priority_class_id"))

    op.drop_table("priority_mark")
    with op.batch_alter_table("placement_proposal", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_placement_proposal_decided_by_id"))
        batch_op.drop_index(batch_op.f("ix_placement_proposal_client_id"))

    op.drop_table("placement_proposal")
    with op.batch_alter_table("priority_class", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_priority_class_program_id"))

    op.drop_table("priority_class")
    with op.batch_alter_table("placement_run", schema=None) as batch_op:
        batch_op.drop_index("ix_placement_run_state")
        batch_op.drop_index(batch_op.f("ix_placement_run_site_id"))
        batch_op.drop_index(batch_op.f("ix_placement_run_requested_by_id"))
        batch_op.drop_index("ix_placement_run_program")

    op.drop_table("placement_run")
    with op.batch_alter_table("counselor_limit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_counselor_limit_site_id"))

    op.drop_table("counselor_limit")
    with op.batch_alter_table("counselor_hours", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_counselor_hours_site_id"))

    op.drop_table("counselor_hours")
