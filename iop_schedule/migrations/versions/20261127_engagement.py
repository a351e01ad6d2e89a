"""The engagement monitor: settings, signals, snapshots, self-reports, outreach, step-downs.

Revision ID: 20261127_engagement
Revises: 20261127_invitations
"""

import sqlalchemy as sa
from alembic import op


revision = "20261127_engagement"
down_revision = "20261127_invitations"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "case_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_change")),
    )
    with op.batch_alter_table("case_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_change_client_id"), ["client_id"], unique=False)

    op.create_table(
        "case_snapshot",
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("tier", sa.String(length=40), nullable=False),
        sa.Column("quiet_days", sa.Integer(), nullable=False),
        sa.Column("not_recorded", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Boolean(), nullable=False),
        sa.Column("early", sa.Boolean(), nullable=False),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("silent_until", sa.Date(), nullable=True),
        sa.Column("review", sa.Boolean(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("derived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("good_until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_case_snapshot_client_id_client")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_case_snapshot")),
    )
    with op.batch_alter_table("case_snapshot", schema=None) as batch_op:
        batch_op.create_index("ix_case_snapshot_good_until", ["good_until"], unique=False)

    op.create_table(
        "monitor_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("program_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("numbers", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "origin IN ('by_hand', 'calibrated')", name=op.f("ck_monitor_version_origin_known")
        ),
        sa.CheckConstraint("number >= 1", name=op.f("ck_monitor_version_number_counts_from_one")),
        sa.ForeignKeyConstraint(["made_by_id"], ["user.id"], name=op.f("fk_monitor_version_made_by_id_user")),
        sa.ForeignKeyConstraint(
            ["program_id"], ["program.id"], name=op.f("fk_monitor_version_program_id_program")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitor_version")),
        sa.UniqueConstraint("program_id", "number", name=op.f("uq_monitor_version_program_id_number")),
    )
    op.create_table(
        "self_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("use_score", sa.Integer(), nullable=True),
        sa.Column("risk_score", sa.Integer(), nullable=True),
        sa.Column("protective_score", sa.Integer(), nullable=True),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by_id IS NULL)",
            name=op.f("ck_self_report_withdrawn_by_someone"),
        ),
        sa.CheckConstraint(
            "protective_score BETWEEN 0 AND 24", name=op.f("ck_self_report_protective_in_range")
        ),
        sa.CheckConstraint("risk_score BETWEEN 0 AND 24", name=op.f("ck_self_report_risk_in_range")),
        sa.CheckConstraint("use_score BETWEEN 0 AND 12", name=op.f("ck_self_report_use_in_range")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_self_report_client_id_client")),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["user.id"], name=op.f("fk_self_report_recorded_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by_id"], ["user.id"], name=op.f("fk_self_report_withdrawn_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_self_report")),
    )
    with op.batch_alter_table("self_report", schema=None) as batch_op:
        batch_op.create_index("ix_self_report_client", ["client_id", "day"], unique=False)

    op.create_table(
        "set_aside",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("tier", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "reason IN ('in_contact', 'known_absence', 'asked_for_space', 'someone_else', 'other')",
            name=op.f("ck_set_aside_reason_known"),
        ),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by_id IS NULL)",
            name=op.f("ck_set_aside_withdrawn_by_someone"),
        ),
        sa.CheckConstraint("until_day >= from_day", name=op.f("ck_set_aside_ends_after_it_starts")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_set_aside_client_id_client")),
        sa.ForeignKeyConstraint(["made_by_id"], ["user.id"], name=op.f("fk_set_aside_made_by_id_user")),
        sa.ForeignKeyConstraint(
            ["withdrawn_by_id"], ["user.id"], name=op.f("fk_set_aside_withdrawn_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_set_aside")),
    )
    with op.batch_alter_table("set_aside", schema=None) as batch_op:
        batch_op.create_index("ix_set_aside_client", ["client_id", "until_day"], unique=False)

    op.create_table(
        "risk_signal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("program_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=True),
        sa.Column("policy", sa.String(length=40), nullable=False),
        sa.Column("tier", sa.String(length=40), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "ended_at IS NULL OR ended_at >= raised_at", name=op.f("ck_risk_signal_ends_after_it_starts")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_risk_signal_client_id_client")),
        sa.ForeignKeyConstraint(
            ["program_id"], ["program.id"], name=op.f("fk_risk_signal_program_id_program")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["monitor_version.id"], name=op.f("fk_risk_signal_version_id_monitor_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_risk_signal")),
    )
    with op.batch_alter_table("risk_signal", schema=None) as batch_op:
        batch_op.create_index("ix_risk_signal_client", ["client_id", "raised_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_risk_signal_program_id"), ["program_id"], unique=False)
        batch_op.create_index("ix_risk_signal_raised_at", ["raised_at"], unique=False)
        batch_op.create_index(
            "uq_risk_signal_open",
            ["client_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "outreach_task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("signal_id", sa.Integer(), nullable=True),
        sa.Column("tier", sa.String(length=40), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("missed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_day", sa.Date(), nullable=False),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "ended_by IN ('back', 'agreed', 'not_scored', 'left_care', 'not_needed')",
            name=op.f("ck_outreach_task_ended_by_known"),
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_outreach_task_ended_for_a_reason")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_outreach_task_client_id_client")),
        sa.ForeignKeyConstraint(
            ["signal_id"], ["risk_signal.id"], name=op.f("fk_outreach_task_signal_id_risk_signal")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_outreach_task_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outreach_task")),
    )
    with op.batch_alter_table("outreach_task", schema=None) as batch_op:
        batch_op.create_index("ix_outreach_task_opened_at", ["opened_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_outreach_task_signal_id"), ["signal_id"], unique=False)
        batch_op.create_index("ix_outreach_task_user", ["user_id", "ended_at"], unique=False)
        batch_op.create_index(
            "uq_outreach_task_open",
            ["client_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "outreach_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("result", sa.String(length=40), nullable=False),
        sa.Column("barrier", sa.String(length=40), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("next_step", sa.String(length=40), nullable=False),
        sa.Column("next_day", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(next_step = 'nothing') = (next_day IS NULL)",
            name=op.f("ck_outreach_attempt_next_step_has_a_day"),
        ),
        sa.CheckConstraint(
            "barrier IN ('work', 'caregiving', 'school', 'health', 'legal', 'transport', 'money_or_housing', 'the_group', 'unsure', 'other')",
            name=op.f("ck_outreach_attempt_barrier_known"),
        ),
        sa.CheckConstraint(
            "channel IN ('call', 'text', 'in_person', 'other')",
            name=op.f("ck_outreach_attempt_channel_known"),
        ),
        sa.CheckConstraint(
            "next_step IN ('try_again', 'wait_for_reply', 'find_a_time', 'meet', 'nothing')",
            name=op.f("ck_outreach_attempt_next_step_known"),
        ),
        sa.CheckConstraint(
            "result IN ('reached', 'left_message', 'no_answer', 'wrong_number')",
            name=op.f("ck_outreach_attempt_result_known"),
        ),
        sa.CheckConstraint(
            "(undone_at IS NULL) = (undone_by_id IS NULL)", name=op.f("ck_outreach_attempt_undone_by_someone")
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_outreach_attempt_client_id_client")
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["outreach_task.id"], name=op.f("fk_outreach_attempt_task_id_outreach_task")
        ),
        sa.ForeignKeyConstraint(
            ["undone_by_id"], ["user.id"], name=op.f("fk_outreach_attempt_undone_by_id_user")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_outreach_attempt_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outreach_attempt")),
    )
    with op.batch_alter_table("outreach_attempt", schema=None) as batch_op:
        batch_op.create_index("ix_outreach_attempt_client", ["client_id", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_outreach_attempt_task_id"), ["task_id"], unique=False)

    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("may_leave_message", sa.Boolean(), server_default=sa.false(), nullable=False)
        )

    with op.batch_alter_table("prescribed_dose", schema=None) as batch_op:
        batch_op.add_column(sa.Column("step_down", sa.Boolean(), server_default=sa.false(), nullable=False))

    with op.batch_alter_table("program", schema=None) as batch_op:
        batch_op.add_column(sa.Column("silent_until", sa.Date(), nullable=True))


def downgrade():
    with op.batch_alter_table("program", schema=None) as batch_op:
        batch_op.drop_column("silent_until")

    with op.batch_alter_table("prescribed_dose", schema=None) as batch_op:
        batch_op.drop_column("step_down")

    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.drop_column("may_leave_message")

    with op.batch_alter_table("outreach_attempt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outreach_attempt_task_id"))
        batch_op.drop_index("ix_outreach_attempt_client")

    op.drop_table("outreach_attempt")
    with op.batch_alter_table("outreach_task", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_outreach_task_open",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index("ix_outreach_task_user")
        batch_op.drop_index(batch_op.f("ix_outreach_task_signal_id"))
        batch_op.drop_index("ix_outreach_task_opened_at")

    op.drop_table("outreach_task")
    with op.batch_alter_table("risk_signal", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_risk_signal_open",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index("ix_risk_signal_raised_at")
        batch_op.drop_index(batch_op.f("ix_risk_signal_program_id"))
        batch_op.drop_index("ix_risk_signal_client")

    op.drop_table("risk_signal")
    with op.batch_alter_table("set_aside", schema=None) as batch_op:
        batch_op.drop_index("ix_set_aside_client")

    op.drop_table("set_aside")
    with op.batch_alter_table("self_report", schema=None) as batch_op:
        batch_op.drop_index("ix_self_report_client")

    op.drop_table("self_report")
    op.drop_table("monitor_version")
    with op.batch_alter_table("case_snapshot", schema=None) as batch_op:
        batch_op.drop_index("ix_case_snapshot_good_until")

    op.drop_table("case_snapshot")
    with op.batch_alter_table("case_change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_case_change_client_id"))

    op.drop_table("case_change")
