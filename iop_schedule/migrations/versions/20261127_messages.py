"""Messages over several channels: addresses, consent, wishes, wording, answers; staff as readers.

What clients had agreed to stays agreed: reminders by e-mail to the address in their record.

Revision ID: 20261127_messages
Revises: 20261127_repairs
"""

import sqlalchemy as sa
from alembic import op


revision = "20261127_messages"
down_revision = "20261127_repairs"
branch_labels = None
depends_on = None

CHANNELS = "('email', 'sms', 'in_app')"
EVIDENCE = "('online', 'paper', 'spoken', 'records', 'code', 'reply', 'link', 'provider')"
BEFORE = "('reminder', 'changed', 'cancelled')"
PURPOSES = "('reminder', 'changed', 'cancelled', 'digest', 'missed', 'code', 'sheets', 'outreach')"


def upgrade():
    op.add_column("user", sa.Column("wants_digests", sa.Boolean(), nullable=False, server_default=sa.true()))
    _create_contacts()
    _create_wording()
    _widen_outbox()
    _create_answers()
    op.execute(
        "INSERT INTO contact_point (client_id, channel, address, added_at, confirmed_at, confirmed_by, code_salt,"
        " code_tries) SELECT id, 'email', lower(email), email_consent_at, email_consent_at, 'records', '', 0"
        " FROM client WHERE email_consent_at IS NOT NULL AND email <> ''"
    )
    op.execute(
        "INSERT INTO contact_consent (client_id, channel, purpose, given_at, evidence)"
        " SELECT id, 'email', 'reminders', email_consent_at, 'records' FROM client"
        " WHERE email_consent_at IS NOT NULL"
    )
    op.execute("ALTER TABLE client DROP COLUMN email_consent_at")


def _create_contacts():
    op.create_table(
        "contact_point",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.String(length=40), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stop_reason", sa.String(length=40), nullable=True),
        sa.Column("code_salt", sa.String(length=32), nullable=False),
        sa.Column("code_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code_tries", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"channel IN {CHANNELS}", name=op.f("ck_contact_point_channel_known")),
        sa.CheckConstraint(f"confirmed_by IN {EVIDENCE}", name=op.f("ck_contact_point_confirmed_by_known")),
        sa.CheckConstraint(
            "stop_reason IN ('bounced', 'opted_out', 'changed')",
            name=op.f("ck_contact_point_stop_reason_known"),
        ),
        sa.CheckConstraint(
            "(confirmed_at IS NULL) = (confirmed_by IS NULL)",
            name=op.f("ck_contact_point_confirmed_somehow"),
        ),
        sa.CheckConstraint(
            "(stopped_at IS NULL) = (stop_reason IS NULL)", name=op.f("ck_contact_point_stopped_with_reason")
        ),
        sa.CheckConstraint(
            "(code_salt = '') = (code_until IS NULL)", name=op.f("ck_contact_point_code_has_an_end")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_contact_point_client_id_client")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_point")),
        sa.UniqueConstraint("client_id", "channel", name=op.f("uq_contact_point_client_id_channel")),
    )
    op.create_index("ix_contact_point_address", "contact_point", ["channel", "address"])
    op.create_table(
        "contact_consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("evidence", sa.String(length=40), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_evidence", sa.String(length=40), nullable=True),
        sa.Column("ended_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(f"channel IN {CHANNELS}", name=op.f("ck_contact_consent_channel_known")),
        sa.CheckConstraint(
            "purpose IN ('reminders', 'weekly', 'missed')", name=op.f("ck_contact_consent_purpose_known")
        ),
        sa.CheckConstraint(f"evidence IN {EVIDENCE}", name=op.f("ck_contact_consent_evidence_known")),
        sa.CheckConstraint(f"end_evidence IN {EVIDENCE}", name=op.f("ck_contact_consent_end_evidence_known")),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (end_evidence IS NULL)", name=op.f("ck_contact_consent_ended_somehow")
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_contact_consent_client_id_client")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["user.id"], name=op.f("fk_contact_consent_recorded_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["ended_by_id"], ["user.id"], name=op.f("fk_contact_consent_ended_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_consent")),
    )
    op.create_index("ix_contact_consent_client", "contact_consent", ["client_id", "given_at"])
    op.create_index(
        "uq_contact_consent_open",
        "contact_consent",
        ["client_id", "channel", "purpose"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "contact_wish",
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_until", sa.Time(), nullable=True),
        sa.Column("days_before", sa.Integer(), nullable=True),
        sa.Column("remind_at", sa.Time(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "days_before IS NULL OR days_before BETWEEN 0 AND 2", name=op.f("ck_contact_wish_lead_sensible")
        ),
        sa.CheckConstraint(
            "(quiet_from IS NULL) = (quiet_until IS NULL)", name=op.f("ck_contact_wish_quiet_hours_whole")
        ),
        sa.CheckConstraint(
            "(days_before IS NULL) = (remind_at IS NULL)", name=op.f("ck_contact_wish_lead_whole")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_contact_wish_client_id_client")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_contact_wish")),
    )


def _create_wording():
    op.create_table(
        "message_wording",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"channel IN {CHANNELS}", name=op.f("ck_message_wording_channel_known")),
        sa.CheckConstraint(f"purpose IN {PURPOSES}", name=op.f("ck_message_wording_purpose_known")),
        sa.CheckConstraint("version > 0", name=op.f("ck_message_wording_version_counts")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user.id"], name=op.f("fk_message_wording_created_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_wording")),
        sa.UniqueConstraint(
            "purpose",
            "channel",
            "language",
            "version",
            name=op.f("uq_message_wording_purpose_channel_language_version"),
        ),
    )
    op.create_table(
        "reminder_allowance",
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"channel IN {CHANNELS}", name=op.f("ck_reminder_allowance_channel_known")),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_reminder_allowance")),
    )
    op.create_table(
        "inbound_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("provider_ref", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("meaning", sa.String(length=40), nullable=False),
        sa.CheckConstraint(f"channel IN {CHANNELS}", name=op.f("ck_inbound_message_channel_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_message")),
        sa.UniqueConstraint(
            "channel", "provider_ref", name=op.f("uq_inbound_message_channel_provider_ref")
        ),
    )


def _widen_outbox():
    columns = [
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("tells", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("wording_id", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(length=12), nullable=False, server_default=""),
        sa.Column("provider_ref", sa.String(length=80), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
    ]
    with op.batch_alter_table("reminder_delivery") as batch_op:
        for column in columns:
            batch_op.add_column(column)
        batch_op.alter_column("client_id", existing_type=sa.Integer(), nullable=True)
        batch_op.alter_column("occurrence_id", existing_type=sa.Integer(), nullable=True)
        batch_op.create_foreign_key(
            batch_op.f("fk_reminder_delivery_user_id_user"), "user", ["user_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_reminder_delivery_wording_id_message_wording"),
            "message_wording",
            ["wording_id"],
            ["id"],
        )
        batch_op.create_unique_constraint(
            batch_op.f("uq_reminder_delivery_channel_provider_ref"), ["channel", "provider_ref"]
        )
        batch_op.create_index(batch_op.f("ix_reminder_delivery_user_id"), ["user_id"], unique=False)
        batch_op.drop_constraint(batch_op.f("ck_reminder_delivery_purpose_known"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_reminder_delivery_purpose_known"), f"purpose IN {PURPOSES}"
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_reminder_delivery_one_reader"), "(client_id IS NULL) <> (user_id IS NULL)"
        )
    for name, length in (("address", 254), ("text_hash", 64)):
        op.add_column(
            "reminder_attempt",
            sa.Column(name, sa.String(length=length), nullable=False, server_default=""),
        )


def _create_answers():
    op.create_table(
        "reminder_reply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("answer", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivery_id", sa.String(length=36), nullable=True),
        sa.CheckConstraint("answer IN ('coming', 'cannot')", name=op.f("ck_reminder_reply_answer_known")),
        sa.CheckConstraint(f"channel IN {CHANNELS}", name=op.f("ck_reminder_reply_channel_known")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_reminder_reply_client_id_client")
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["reminder_delivery.id"],
            name=op.f("fk_reminder_reply_delivery_id_reminder_delivery"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_reply")),
    )
    op.create_index("ix_reminder_reply_day", "reminder_reply", ["client_id", "day"])


def downgrade():
    op.add_column("client", sa.Column("email_consent_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE client SET email_consent_at = (SELECT given_at FROM contact_consent WHERE"
        " contact_consent.client_id = client.id AND channel = 'email' AND purpose = 'reminders'"
        " AND ended_at IS NULL)"
    )
    op.drop_table("reminder_reply")
    gone = "user_id IS NOT NULL OR occurrence_id IS NULL OR purpose NOT IN " + BEFORE
    op.execute(
        f"DELETE FROM reminder_attempt WHERE delivery_id IN (SELECT id FROM reminder_delivery WHERE {gone})"
    )
    op.execute(f"DELETE FROM reminder_delivery WHERE {gone}")
    for name in ("address", "text_hash"):
        op.execute(f"ALTER TABLE reminder_attempt DROP COLUMN {name}")
    with op.batch_alter_table("reminder_delivery") as batch_op:
        batch_op.drop_index(batch_op.f("ix_reminder_delivery_user_id"))
        batch_op.drop_constraint(batch_op.f("uq_reminder_delivery_channel_provider_ref"), type_="unique")
        for name, table in (("user_id", "user"), ("wording_id", "message_wording")):
            batch_op.drop_constraint(
                batch_op.f(f"fk_reminder_delivery_{name}_{table}"), type_="foreignkey"
            )
        batch_op.drop_constraint(batch_op.f("ck_reminder_delivery_one_reader"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_reminder_delivery_purpose_known"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_reminder_delivery_purpose_known"), f"purpose IN {BEFORE}"
        )
        for name in ("user_id", "tells", "wording_id", "language", "provider_ref", "settled_at"):
            batch_op.drop_column(name)
        batch_op.alter_column("client_id", existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column("occurrence_id", existing_type=sa.Integer(), nullable=False)
    for table in (
        "inbound_message",
        "reminder_allowance",
        "message_wording",
        "contact_wish",
        "contact_consent",
        "contact_point",
    ):
        op.drop_table(table)
    op.execute('ALTER TABLE "user" DROP COLUMN wants_digests')
