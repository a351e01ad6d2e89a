"""Who may come with a client to one session, under which consent, and the links made under it.

Revision ID: 20261127_support_people
Revises: 20261127_word_from_staff
"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_support_people"
down_revision = "20261127_word_from_staff"
branch_labels = None
depends_on = None

_EVIDENCE = ("online", "paper", "spoken", "records", "code", "reply", "link", "provider")


def upgrade():
    op.create_table(
        "support_person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("relation", sa.String(length=60), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by_id", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("name <> ''", name=op.f("ck_support_person_has_a_name")),
        sa.CheckConstraint("language IN ('en', 'es')", name=op.f("ck_support_person_language_known")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_support_person_client_id_client")),
        sa.ForeignKeyConstraint(["added_by_id"], ["user.id"], name=op.f("fk_support_person_added_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_person")),
        sa.UniqueConstraint("id", "client_id", name=op.f("uq_support_person_id_client_id")),
    )
    op.create_index("ix_support_person_client", "support_person", ["client_id", "ended_at"])
    op.create_table(
        "support_consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("occurrence_id", sa.Integer(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("evidence", sa.String(length=40), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "evidence IN (" + ", ".join(f"'{word}'" for word in _EVIDENCE) + ")",
            name=op.f("ck_support_consent_evidence_known"),
        ),
        sa.CheckConstraint(
            "expires_on >= given_on", name=op.f("ck_support_consent_expires_after_it_was_given")
        ),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by_id IS NULL)",
            name=op.f("ck_support_consent_revoked_by_someone"),
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_support_consent_client_id_client")),
        sa.ForeignKeyConstraint(
            ["occurrence_id"], ["occurrence.id"], name=op.f("fk_support_consent_occurrence_id_occurrence")
        ),
        sa.ForeignKeyConstraint(
            ["person_id", "client_id"],
            ["support_person.id", "support_person.client_id"],
            name="fk_support_consent_person",
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["user.id"], name=op.f("fk_support_consent_recorded_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["revoked_by_id"], ["user.id"], name=op.f("fk_support_consent_revoked_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_consent")),
    )
    standing = sa.text("revoked_at IS NULL")
    op.create_index(
        "uq_support_consent_standing", "support_consent", ["person_id", "occurrence_id"], unique=True,
        sqlite_where=standing, postgresql_where=standing,
    )  # fmt: skip
    op.create_index("ix_support_consent_session", "support_consent", ["occurrence_id", "client_id"])
    op.create_index("ix_support_consent_client", "support_consent", ["client_id"])
    op.create_table(
        "support_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("consent_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("told_start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["consent_id"], ["support_consent.id"], name=op.f("fk_support_link_consent_id_support_consent")
        ),
        sa.ForeignKeyConstraint(["made_by_id"], ["user.id"], name=op.f("fk_support_link_made_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_support_link_token_hash")),
    )
    is_open = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_support_link_open", "support_link", ["consent_id"], unique=True,
        sqlite_where=is_open, postgresql_where=is_open,
    )  # fmt: skip


def downgrade():
    op.drop_table("support_link")
    op.drop_table("support_consent")
    op.drop_table("support_person")
