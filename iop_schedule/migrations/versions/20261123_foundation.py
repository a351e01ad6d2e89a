"""The foundation: every table of the first version, and the append-only triggers.

Revision ID: 20261123a
Revises:
"""

import sqlalchemy as sa
from alembic import op


revision = "20261123a"
down_revision = None
branch_labels = None
depends_on = None


APPEND_ONLY = ("audit_event", "attendance_revision")


def _make_append_only(table):
    refuse = f"{table} is append-only"
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{refuse}'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{refuse}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION {table}_refuse()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()"
    )


def _drop_functions():
    if op.get_bind().dialect.name == "postgresql":
        for table in APPEND_ONLY:
            op.execute(f"DROP FUNCTION {table}_refuse()")


def upgrade():
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor_role", sa.String(length=40), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=True),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(length=60), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.create_index("ix_audit_event_actor", ["actor_id", "at"], unique=False)
        batch_op.create_index("ix_audit_event_at", ["at"], unique=False)
        batch_op.create_index("ix_audit_event_client", ["client_id", "at"], unique=False)

    op.create_table(
        "heartbeat",
        sa.Column("tick", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("every_seconds", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tick", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role")),
        sa.UniqueConstraint("name", name=op.f("uq_role_name")),
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_hash", sa.String(length=64), nullable=False),
        sa.Column("source_hash", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempt")),
    )
    with op.batch_alter_table("sign_in_attempt", schema=None) as batch_op:
        batch_op.create_index("ix_sign_in_attempt_account_at", ["account_hash", "at"], unique=False)
        batch_op.create_index("ix_sign_in_attempt_source_at", ["source_hash", "at"], unique=False)

    op.create_table(
        "site",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("code", name=op.f("uq_site_code")),
    )
    op.create_table(
        "user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("password", sa.String(length=255), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fs_uniquifier", sa.String(length=64), nullable=False),
        sa.Column("given_name", sa.String(length=200), nullable=False),
        sa.Column("family_name", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("code", name=op.f("uq_user_code")),
        sa.UniqueConstraint("email", name=op.f("uq_user_email")),
        sa.UniqueConstraint("fs_uniquifier", name=op.f("uq_user_fs_uniquifier")),
    )
    op.create_table(
        "calendar_pause",
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_calendar_pause_site_id_site")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_calendar_pause")),
    )
    op.create_table(
        "client",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("given_name", sa.String(length=200), nullable=False),
        sa.Column("family_name", sa.String(length=200), nullable=False),
        sa.Column("preferred_name", sa.String(length=200), nullable=False),
        sa.Column("languages", sa.Text(), nullable=False),
        sa.Column("gender", sa.String(length=40), nullable=False),
        sa.Column("modality", sa.String(length=40), nullable=False),
        sa.Column("travel_minutes", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("email_consent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "gender IN ('female', 'male', 'nonbinary', 'unspecified')", name=op.f("ck_client_gender_known")
        ),
        sa.CheckConstraint(
            "modality IN ('in_person', 'telehealth', 'either')", name=op.f("ck_client_modality_known")
        ),
        sa.CheckConstraint("travel_minutes BETWEEN 0 AND 240", name=op.f("ck_client_travel_is_a_trip")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_client_site_id_site")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_client_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
        sa.UniqueConstraint("code", name=op.f("uq_client_code")),
        sa.UniqueConstraint("user_id", name=op.f("uq_client_user_id")),
    )
    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_client_site_id"), ["site_id"], unique=False)

    op.create_table(
        "import_run",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'applied') = (applied_at IS NOT NULL)", name=op.f("ck_import_run_applied_has_a_time")
        ),
        sa.CheckConstraint(
            "state IN ('to_check', 'refused', 'ready', 'to_apply', 'applied', 'discarded')",
            name=op.f("ck_import_run_state_known"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_import_run_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    with op.batch_alter_table("import_run", schema=None) as batch_op:
        batch_op.create_index("ix_import_run_state", ["state", "created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_import_run_user_id"), ["user_id"], unique=False)

    op.create_table(
        "program",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("level_of_care", sa.String(length=40), nullable=False),
        sa.Column("minimum_minutes", sa.Integer(), nullable=False),
        sa.Column("minimum_days", sa.Integer(), nullable=False),
        sa.Column("minimum_source", sa.String(length=300), nullable=False),
        sa.Column("horizon_weeks", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "level_of_care IN ('iop_adult', 'iop_adolescent', 'partial_hospitalization', 'outpatient', 'aftercare')",
            name=op.f("ck_program_level_of_care_known"),
        ),
        sa.CheckConstraint("horizon_weeks BETWEEN 1 AND 52", name=op.f("ck_program_horizon_in_a_year")),
        sa.CheckConstraint("minimum_days BETWEEN 0 AND 5", name=op.f("ck_program_minimum_days_in_week")),
        sa.CheckConstraint("minimum_minutes >= 0", name=op.f("ck_program_minimum_minutes_not_negative")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_program_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_program")),
        sa.UniqueConstraint("code", name=op.f("uq_program_code")),
    )
    with op.batch_alter_table("program", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_program_site_id"), ["site_id"], unique=False)

    op.create_table(
        "room",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.CheckConstraint("seats > 0", name=op.f("ck_room_seats_positive")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_room_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room")),
        sa.UniqueConstraint("site_id", "code", name=op.f("uq_room_site_id_code")),
    )
    with op.batch_alter_table("room", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_room_site_id"), ["site_id"], unique=False)

    op.create_table(
        "sign_in_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_sign_in_session_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_in_session_token_hash")),
    )
    with op.batch_alter_table("sign_in_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_session_user_id"), ["user_id"], unique=False)

    op.create_table(
        "user_role",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["role_id"], ["role.id"], name=op.f("fk_user_role_role_id_role")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_user_role_user_id_user")),
        sa.PrimaryKeyConstraint("user_id", "role_id", name=op.f("pk_user_role")),
    )
    op.create_table(
        "user_site",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_user_site_site_id_site")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_user_site_user_id_user")),
        sa.PrimaryKeyConstraint("user_id", "site_id", name=op.f("pk_user_site")),
    )
    op.create_table(
        "assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=True),
        sa.CheckConstraint("role IN ('counselor', 'case_manager')", name=op.f("ck_assignment_role_known")),
        sa.CheckConstraint(
            "until_day IS NULL OR until_day >= from_day", name=op.f("ck_assignment_ends_after_it_starts")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_assignment_client_id_client")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_assignment_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
    )
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.create_index("ix_assignment_client_role", ["client_id", "role"], unique=False)
        batch_op.create_index(batch_op.f("ix_assignment_user_id"), ["user_id"], unique=False)

    op.create_table(
        "calendar_feed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("room_id", sa.Integer(), nullable=True),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("detail", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("place", sa.String(length=60), nullable=False),
        sa.Column("alarm_minutes", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "detail IN ('neutral', 'place', 'own_words')", name=op.f("ck_calendar_feed_detail_known")
        ),
        sa.CheckConstraint(
            "(CASE WHEN client_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN user_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN room_id IS NULL THEN 0 ELSE 1 END) = 1",
            name=op.f("ck_calendar_feed_one_owner"),
        ),
        sa.CheckConstraint(
            "alarm_minutes IS NULL OR alarm_minutes BETWEEN 5 AND 1440",
            name=op.f("ck_calendar_feed_alarm_sensible"),
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_calendar_feed_client_id_client")),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_calendar_feed_room_id_room")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_calendar_feed_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("room_id", name=op.f("uq_calendar_feed_room_id")),
        sa.UniqueConstraint("user_id", name=op.f("uq_calendar_feed_user_id")),
    )
    with op.batch_alter_table("calendar_feed", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_calendar_feed_client_id"), ["client_id"], unique=False)

    op.create_table(
        "care_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("program_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("public_name", sa.String(length=120), nullable=False),
        sa.Column("service_type", sa.String(length=40), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("modality", sa.String(length=40), nullable=False),
        sa.Column("gender", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("attend", sa.String(length=40), nullable=False),
        sa.CheckConstraint("attend IN ('any', 'all')", name=op.f("ck_care_group_attend_known")),
        sa.CheckConstraint(
            "gender IN ('any', 'female', 'male', 'nonbinary')", name=op.f("ck_care_group_gender_known")
        ),
        sa.CheckConstraint(
            "modality IN ('in_person', 'telehealth')", name=op.f("ck_care_group_modality_known")
        ),
        sa.CheckConstraint(
            "service_type IN ('group', 'psychoeducation', 'individual', 'family', 'case_management', 'medication', 'holistic', 'aftercare', 'alumni')",
            name=op.f("ck_care_group_service_type_known"),
        ),
        sa.CheckConstraint("seats BETWEEN 1 AND 200", name=op.f("ck_care_group_seats_sensible")),
        sa.ForeignKeyConstraint(
            ["program_id"], ["program.id"], name=op.f("fk_care_group_program_id_program")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_group")),
        sa.UniqueConstraint("code", name=op.f("uq_care_group_code")),
    )
    with op.batch_alter_table("care_group", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_care_group_program_id"), ["program_id"], unique=False)

    op.create_table(
        "client_constraint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("local_start", sa.Time(), nullable=False),
        sa.Column("local_end", sa.Time(), nullable=False),
        sa.Column("ends_next_day", sa.Boolean(), nullable=False),
        sa.Column("week", sa.String(length=40), nullable=False),
        sa.Column("anchor_day", sa.Date(), nullable=True),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=True),
        sa.Column("hard", sa.Boolean(), nullable=False),
        sa.Column("travel_before", sa.Integer(), nullable=False),
        sa.Column("travel_after", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('work', 'caregiving', 'school', 'health', 'legal', 'transport', 'other')",
            name=op.f("ck_client_constraint_kind_known"),
        ),
        sa.CheckConstraint(
            "week = 'every' OR anchor_day IS NOT NULL",
            name=op.f("ck_client_constraint_alternate_weeks_have_an_anchor"),
        ),
        sa.CheckConstraint("week IN ('every', 'A', 'B')", name=op.f("ck_client_constraint_week_known")),
        sa.CheckConstraint(
            "(weekday IS NULL) <> (day IS NULL)", name=op.f("ck_client_constraint_weekly_or_dated")
        ),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by_id IS NULL)",
            name=op.f("ck_client_constraint_withdrawn_by_someone"),
        ),
        sa.CheckConstraint(
            "NOT ends_next_day OR local_end <= local_start",
            name=op.f("ck_client_constraint_overnight_is_under_a_day"),
        ),
        sa.CheckConstraint(
            "ends_next_day OR local_end > local_start", name=op.f("ck_client_constraint_ends_after_it_starts")
        ),
        sa.CheckConstraint(
            "travel_after BETWEEN 0 AND 240", name=op.f("ck_client_constraint_travel_after_is_a_trip")
        ),
        sa.CheckConstraint(
            "travel_before BETWEEN 0 AND 240", name=op.f("ck_client_constraint_travel_before_is_a_trip")
        ),
        sa.CheckConstraint(
            "until_day IS NULL OR until_day >= from_day", name=op.f("ck_client_constraint_until_after_from")
        ),
        sa.CheckConstraint(
            "weekday IS NULL OR weekday BETWEEN 0 AND 6", name=op.f("ck_client_constraint_weekday_known")
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_client_constraint_client_id_client")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user.id"], name=op.f("fk_client_constraint_created_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by_id"], ["user.id"], name=op.f("fk_client_constraint_withdrawn_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_constraint")),
    )
    with op.batch_alter_table("client_constraint", schema=None) as batch_op:
        batch_op.create_index("ix_client_constraint_client", ["client_id", "withdrawn_at"], unique=False)

    op.create_table(
        "closure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("program_id", sa.Integer(), nullable=True),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.CheckConstraint("until_day >= from_day", name=op.f("ck_closure_ends_after_it_starts")),
        sa.ForeignKeyConstraint(["program_id"], ["program.id"], name=op.f("fk_closure_program_id_program")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_closure_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closure")),
        sa.UniqueConstraint(
            "site_id",
            "program_id",
            "from_day",
            "until_day",
            name=op.f("uq_closure_site_id_program_id_from_day_until_day"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    with op.batch_alter_table("closure", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_closure_site_id"), ["site_id"], unique=False)

    op.create_table(
        "enrollment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("program_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "status IN ('planned', 'waitlisted', 'active', 'on_hold', 'finished', 'cancelled')",
            name=op.f("ck_enrollment_status_known"),
        ),
        sa.CheckConstraint(
            "until_day IS NULL OR until_day >= from_day", name=op.f("ck_enrollment_ends_after_it_starts")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_enrollment_client_id_client")),
        sa.ForeignKeyConstraint(
            ["program_id"], ["program.id"], name=op.f("fk_enrollment_program_id_program")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrollment")),
        sa.UniqueConstraint("code", name=op.f("uq_enrollment_code")),
    )
    with op.batch_alter_table("enrollment", schema=None) as batch_op:
        batch_op.create_index("ix_enrollment_client", ["client_id", "from_day"], unique=False)
        batch_op.create_index("ix_enrollment_program_status", ["program_id", "status"], unique=False)

    op.create_table(
        "calendar_body",
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=False),
        sa.Column("etag", sa.String(length=64), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feed_id"], ["calendar_feed.id"], name=op.f("fk_calendar_body_feed_id_calendar_feed")
        ),
        sa.PrimaryKeyConstraint("feed_id", name=op.f("pk_calendar_body")),
    )
    op.create_table(
        "calendar_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=40), nullable=True),
        sa.Column("last_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_reader", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "end_reason IN ('replaced', 'turned_off', 'care_ended', 'account_off', 'idle')",
            name=op.f("ck_calendar_link_end_reason_known"),
        ),
        sa.CheckConstraint(
            "last_reader IN ('iphone', 'mac', 'google', 'outlook', 'thunderbird', 'other')",
            name=op.f("ck_calendar_link_last_reader_known"),
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (end_reason IS NULL)", name=op.f("ck_calendar_link_ended_with_reason")
        ),
        sa.ForeignKeyConstraint(
            ["feed_id"], ["calendar_feed.id"], name=op.f("fk_calendar_link_feed_id_calendar_feed")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_calendar_link_token_hash")),
    )
    with op.batch_alter_table("calendar_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_calendar_link_feed_id"), ["feed_id"], unique=False)
        batch_op.create_index(
            "uq_calendar_link_open",
            ["feed_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "client_constraint_exception",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("constraint_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["constraint_id"],
            ["client_constraint.id"],
            name=op.f("fk_client_constraint_exception_constraint_id_client_constraint"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_constraint_exception")),
        sa.UniqueConstraint(
            "constraint_id", "day", name=op.f("uq_client_constraint_exception_constraint_id_day")
        ),
    )
    op.create_table(
        "enrollment_pause",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("enrollment_id", sa.Integer(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.CheckConstraint(
            "reason IN ('hospital', 'residential', 'leave', 'jail', 'other')",
            name=op.f("ck_enrollment_pause_reason_known"),
        ),
        sa.CheckConstraint(
            "until_day IS NULL OR until_day >= from_day",
            name=op.f("ck_enrollment_pause_ends_after_it_starts"),
        ),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollment.id"], name=op.f("fk_enrollment_pause_enrollment_id_enrollment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrollment_pause")),
    )
    with op.batch_alter_table("enrollment_pause", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_enrollment_pause_enrollment_id"), ["enrollment_id"], unique=False
        )

    op.create_table(
        "prescribed_dose",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("enrollment_id", sa.Integer(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("over_minutes", sa.Integer(), nullable=False),
        sa.Column("minimum_days", sa.Integer(), nullable=False),
        sa.Column("most_minutes_a_day", sa.Integer(), nullable=False),
        sa.Column("required_services", sa.Text(), nullable=False),
        sa.Column("ordered_by", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "minimum_days BETWEEN 0 AND 5", name=op.f("ck_prescribed_dose_minimum_days_in_week")
        ),
        sa.CheckConstraint("minutes BETWEEN 0 AND 3000", name=op.f("ck_prescribed_dose_minutes_in_a_week")),
        sa.CheckConstraint(
            "most_minutes_a_day BETWEEN 30 AND 720", name=op.f("ck_prescribed_dose_minutes_in_a_day")
        ),
        sa.CheckConstraint(
            "over_minutes BETWEEN 0 AND 600", name=op.f("ck_prescribed_dose_over_minutes_sensible")
        ),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollment.id"], name=op.f("fk_prescribed_dose_enrollment_id_enrollment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prescribed_dose")),
        sa.UniqueConstraint(
            "enrollment_id", "from_day", name=op.f("uq_prescribed_dose_enrollment_id_from_day")
        ),
    )
    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("program_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("service_type", sa.String(length=40), nullable=False),
        sa.Column("modality", sa.String(length=40), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("local_start", sa.Time(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("break_minutes", sa.Integer(), nullable=False),
        sa.Column("every_weeks", sa.Integer(), nullable=False),
        sa.Column("leader_id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=True),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=True),
        sa.Column("predecessor_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind = 'group' AND group_id IS NOT NULL AND client_id IS NULL) OR (kind = 'individual' AND group_id IS NULL AND client_id IS NOT NULL)",
            name=op.f("ck_series_group_or_client"),
        ),
        sa.CheckConstraint("kind IN ('group', 'individual')", name=op.f("ck_series_kind_known")),
        sa.CheckConstraint("modality IN ('in_person', 'telehealth')", name=op.f("ck_series_modality_known")),
        sa.CheckConstraint(
            "service_type IN ('group', 'psychoeducation', 'individual', 'family', 'case_management', 'medication', 'holistic', 'aftercare', 'alumni')",
            name=op.f("ck_series_service_type_known"),
        ),
        sa.CheckConstraint(
            "break_minutes >= 0 AND break_minutes < duration_minutes", name=op.f("ck_series_break_fits")
        ),
        sa.CheckConstraint("duration_minutes BETWEEN 5 AND 720", name=op.f("ck_series_duration_sensible")),
        sa.CheckConstraint("every_weeks IN (1, 2)", name=op.f("ck_series_weekly_or_alternate")),
        sa.CheckConstraint(
            "until_day IS NULL OR until_day >= from_day", name=op.f("ck_series_ends_after_it_starts")
        ),
        sa.CheckConstraint("weekday BETWEEN 0 AND 4", name=op.f("ck_series_weekday_is_treatment_day")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_series_client_id_client")),
        sa.ForeignKeyConstraint(["group_id"], ["care_group.id"], name=op.f("fk_series_group_id_care_group")),
        sa.ForeignKeyConstraint(["leader_id"], ["user.id"], name=op.f("fk_series_leader_id_user")),
        sa.ForeignKeyConstraint(
            ["predecessor_id"], ["series.id"], name=op.f("fk_series_predecessor_id_series")
        ),
        sa.ForeignKeyConstraint(["program_id"], ["program.id"], name=op.f("fk_series_program_id_program")),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_series_room_id_room")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_series_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("code", name=op.f("uq_series_code")),
    )
    with op.batch_alter_table("series", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_series_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_series_group_id"), ["group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_series_leader_id"), ["leader_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_series_program_id"), ["program_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_series_room_id"), ["room_id"], unique=False)
        batch_op.create_index("ix_series_site_dates", ["site_id", "from_day", "until_day"], unique=False)

    op.create_table(
        "occurrence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("original_day", sa.Date(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("local_day", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("break_minutes", sa.Integer(), nullable=False),
        sa.Column("leader_id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("status_reason", sa.String(length=300), nullable=False),
        sa.Column("cancel_cause", sa.String(length=40), nullable=True),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "cancel_cause IN ('by_hand', 'closure', 'ended')", name=op.f("ck_occurrence_cancel_cause_known")
        ),
        sa.CheckConstraint(
            "cancel_cause IS NULL OR status = 'cancelled'",
            name=op.f("ck_occurrence_cause_only_when_cancelled"),
        ),
        sa.CheckConstraint(
            "status IN ('planned', 'cancelled', 'not_held')", name=op.f("ck_occurrence_status_known")
        ),
        sa.CheckConstraint(
            "strftime('%w', local_day) NOT IN ('0', '6')", name=op.f("ck_occurrence_local_day_is_weekday")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "EXTRACT(ISODOW FROM local_day) < 6", name=op.f("ck_occurrence_local_day_is_weekday")
        ).ddl_if(dialect="postgresql"),
        sa.CheckConstraint("break_minutes >= 0", name=op.f("ck_occurrence_break_not_negative")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_occurrence_ends_after_it_starts")),
        sa.ForeignKeyConstraint(["leader_id"], ["user.id"], name=op.f("fk_occurrence_leader_id_user")),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_occurrence_room_id_room")),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_occurrence_series_id_series")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_occurrence_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occurrence")),
        sa.UniqueConstraint("series_id", "original_day", name=op.f("uq_occurrence_series_id_original_day")),
    )
    with op.batch_alter_table("occurrence", schema=None) as batch_op:
        batch_op.create_index("ix_occurrence_leader_starts", ["leader_id", "starts_at"], unique=False)
        batch_op.create_index("ix_occurrence_room_starts", ["room_id", "starts_at"], unique=False)
        batch_op.create_index("ix_occurrence_site_day", ["site_id", "local_day"], unique=False)
        batch_op.create_index("ix_occurrence_starts", ["starts_at"], unique=False)

    op.create_table(
        "series_member",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "until_day IS NULL OR until_day >= from_day", name=op.f("ck_series_member_ends_after_it_starts")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_series_member_client_id_client")),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_series_member_series_id_series")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series_member")),
    )
    with op.batch_alter_table("series_member", schema=None) as batch_op:
        batch_op.create_index("ix_series_member_client", ["client_id", "from_day"], unique=False)
        batch_op.create_index(
            "ix_series_member_series_dates", ["series_id", "from_day", "until_day"], unique=False
        )

    op.create_table(
        "reminder_delivery",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("dedup_key", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("occurrence_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("planned_start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token", sa.String(length=36), nullable=True),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'attempting') = (token IS NOT NULL)",
            name=op.f("ck_reminder_delivery_attempting_has_a_holder"),
        ),
        sa.CheckConstraint(
            "channel IN ('email', 'sms', 'in_app')", name=op.f("ck_reminder_delivery_channel_known")
        ),
        sa.CheckConstraint(
            "purpose IN ('reminder', 'changed', 'cancelled')", name=op.f("ck_reminder_delivery_purpose_known")
        ),
        sa.CheckConstraint(
            "state <> 'sent' OR tried_at IS NOT NULL", name=op.f("ck_reminder_delivery_sent_has_a_time")
        ),
        sa.CheckConstraint(
            "state IN ('planned', 'attempting', 'sent', 'suppressed', 'cancelled', 'unknown', 'dead')",
            name=op.f("ck_reminder_delivery_state_known"),
        ),
        sa.CheckConstraint(
            "(token IS NULL) = (lease_until IS NULL)", name=op.f("ck_reminder_delivery_holder_has_a_lease")
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_reminder_delivery_attempts_not_negative")),
        sa.CheckConstraint("expires_at > due_at", name=op.f("ck_reminder_delivery_expires_after_due")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_reminder_delivery_client_id_client")
        ),
        sa.ForeignKeyConstraint(
            ["occurrence_id"], ["occurrence.id"], name=op.f("fk_reminder_delivery_occurrence_id_occurrence")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_delivery")),
        sa.UniqueConstraint("dedup_key", name=op.f("uq_reminder_delivery_dedup_key")),
    )
    with op.batch_alter_table("reminder_delivery", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reminder_delivery_client_id"), ["client_id"], unique=False)
        batch_op.create_index("ix_reminder_delivery_day", ["day", "client_id"], unique=False)
        batch_op.create_index("ix_reminder_delivery_next", ["state", "next_try_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_reminder_delivery_occurrence_id"), ["occurrence_id"], unique=False
        )

    op.create_table(
        "roster_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("occurrence_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "source IN ('member', 'individual', 'make_up', 'walk_in')",
            name=op.f("ck_roster_entry_source_known"),
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_roster_entry_client_id_client")),
        sa.ForeignKeyConstraint(
            ["occurrence_id"], ["occurrence.id"], name=op.f("fk_roster_entry_occurrence_id_occurrence")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_entry")),
        sa.UniqueConstraint(
            "occurrence_id", "client_id", name=op.f("uq_roster_entry_occurrence_id_client_id")
        ),
    )
    with op.batch_alter_table("roster_entry", schema=None) as batch_op:
        batch_op.create_index("ix_roster_entry_client", ["client_id", "occurrence_id"], unique=False)

    op.create_table(
        "attendance_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("roster_entry_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("marked_by_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('attended', 'attended_in_part') OR minutes = 0",
            name=op.f("ck_attendance_record_minutes_only_when_there"),
        ),
        sa.CheckConstraint(
            "status IN ('attended', 'attended_in_part', 'excused', 'no_show', 'late_cancellation', 'cancelled_by_program', 'entered_in_error')",
            name=op.f("ck_attendance_record_status_known"),
        ),
        sa.CheckConstraint("minutes >= 0", name=op.f("ck_attendance_record_minutes_not_negative")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_attendance_record_version_counts_from_one")),
        sa.ForeignKeyConstraint(
            ["marked_by_id"], ["user.id"], name=op.f("fk_attendance_record_marked_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["roster_entry_id"],
            ["roster_entry.id"],
            name=op.f("fk_attendance_record_roster_entry_id_roster_entry"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_record")),
        sa.UniqueConstraint("roster_entry_id", name=op.f("uq_attendance_record_roster_entry_id")),
    )
    op.create_table(
        "attendance_revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("roster_entry_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("marked_by_id", sa.Integer(), nullable=False),
        sa.Column("change_key", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["marked_by_id"], ["user.id"], name=op.f("fk_attendance_revision_marked_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["roster_entry_id"],
            ["roster_entry.id"],
            name=op.f("fk_attendance_revision_roster_entry_id_roster_entry"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_revision")),
        sa.UniqueConstraint("change_key", name=op.f("uq_attendance_revision_change_key")),
        sa.UniqueConstraint(
            "roster_entry_id", "version", name=op.f("uq_attendance_revision_roster_entry_id_version")
        ),
    )
    with op.batch_alter_table("attendance_revision", schema=None) as batch_op:
        batch_op.create_index("ix_attendance_revision_marked_at", ["marked_at"], unique=False)

    op.create_table(
        "reminder_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("error", sa.String(length=60), nullable=False),
        sa.CheckConstraint(
            "(outcome = 'started') = (ended_at IS NULL)",
            name=op.f("ck_reminder_attempt_ended_with_an_outcome"),
        ),
        sa.CheckConstraint(
            "outcome IN ('started', 'sent', 'refused', 'delayed', 'unreachable', 'unknown')",
            name=op.f("ck_reminder_attempt_outcome_known"),
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["reminder_delivery.id"],
            name=op.f("fk_reminder_attempt_delivery_id_reminder_delivery"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_attempt")),
        sa.UniqueConstraint("delivery_id", "number", name=op.f("uq_reminder_attempt_delivery_id_number")),
    )
    with op.batch_alter_table("reminder_attempt", schema=None) as batch_op:
        batch_op.create_index("ix_reminder_attempt_outcome", ["outcome", "started_at"], unique=False)

    for table in APPEND_ONLY:
        _make_append_only(table)


def downgrade():
    with op.batch_alter_table("reminder_attempt", schema=None) as batch_op:
        batch_op.drop_index("ix_reminder_attempt_outcome")

    op.drop_table("reminder_attempt")
    with op.batch_alter_table("attendance_revision", schema=None) as batch_op:
        batch_op.drop_index("ix_attendance_revision_marked_at")

    op.drop_table("attendance_revision")
    op.drop_table("attendance_record")
    with op.batch_alter_table("roster_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_roster_entry_client")

    op.drop_table("roster_entry")
    with op.batch_alter_table("reminder_delivery", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reminder_delivery_occurrence_id"))
        batch_op.drop_index("ix_reminder_delivery_next")
        batch_op.drop_index("ix_reminder_delivery_day")
        batch_op.drop_index(batch_op.f("ix_reminder_delivery_client_id"))

    op.drop_table("reminder_delivery")
    with op.batch_alter_table("series_member", schema=None) as batch_op:
        batch_op.drop_index("ix_series_member_series_dates")
        batch_op.drop_index("ix_series_member_client")

    op.drop_table("series_member")
    with op.batch_alter_table("occurrence", schema=None) as batch_op:
        batch_op.drop_index("ix_occurrence_starts")
        batch_op.drop_index("ix_occurrence_site_day")
        batch_op.drop_index("ix_occurrence_room_starts")
        batch_op.drop_index("ix_occurrence_leader_starts")

    op.drop_table("occurrence")
    with op.batch_alter_table("series", schema=None) as batch_op:
        batch_op.drop_index("ix_series_site_dates")
        batch_op.drop_index(batch_op.f("ix_series_room_id"))
        batch_op.drop_index(batch_op.f("ix_series_program_id"))
        batch_op.drop_index(batch_op.f("ix_series_leader_id"))
        batch_op.drop_index(batch_op.f("ix_series_group_id"))
        batch_op.drop_index(batch_op.f("ix_series_client_id"))

    op.drop_table("series")
    op.drop_table("prescribed_dose")
    with op.batch_alter_table("enrollment_pause", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_enrollment_pause_enrollment_id"))

    op.drop_table("enrollment_pause")
    op.drop_table("client_constraint_exception")
    with op.batch_alter_table("calendar_link", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_calendar_link_open",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_calendar_link_feed_id"))

    op.drop_table("calendar_link")
    op.drop_table("calendar_body")
    with op.batch_alter_table("enrollment", schema=None) as batch_op:
        batch_op.drop_index("ix_enrollment_program_status")
        batch_op.drop_index("ix_enrollment_client")

    op.drop_table("enrollment")
    with op.batch_alter_table("closure", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_closure_site_id"))

    op.drop_table("closure")
    with op.batch_alter_table("client_constraint", schema=None) as batch_op:
        batch_op.drop_index("ix_client_constraint_client")

    op.drop_table("client_constraint")
    with op.batch_alter_table("care_group", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_care_group_program_id"))

    op.drop_table("care_group")
    with op.batch_alter_table("calendar_feed", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_calendar_feed_client_id"))

    op.drop_table("calendar_feed")
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_assignment_user_id"))
        batch_op.drop_index("ix_assignment_client_role")

    op.drop_table("assignment")
    op.drop_table("user_site")
    op.drop_table("user_role")
    with op.batch_alter_table("sign_in_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_in_session_user_id"))

    op.drop_table("sign_in_session")
    with op.batch_alter_table("room", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_room_site_id"))

    op.drop_table("room")
    with op.batch_alter_table("program", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_program_site_id"))

    op.drop_table("program")
    with op.batch_alter_table("import_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_import_run_user_id"))
        batch_op.drop_index("ix_import_run_state")

    op.drop_table("import_run")
    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_client_site_id"))

    op.drop_table("client")
    op.drop_table("calendar_pause")
    op.drop_table("user")
    op.drop_table("site")
    with op.batch_alter_table("sign_in_attempt", schema=None) as batch_op:
        batch_op.drop_index("ix_sign_in_attempt_source_at")
        batch_op.drop_index("ix_sign_in_attempt_account_at")

    op.drop_table("sign_in_attempt")
    op.drop_table("role")
    op.drop_table("heartbeat")
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_event_client")
        batch_op.drop_index("ix_audit_event_at")
        batch_op.drop_index("ix_audit_event_actor")

    op.drop_table("audit_event")
    _drop_functions()
