"""Consents to disclose, issued reports, the accounting of disclosures, and reports made in the background.

Revision ID: 20261127_reports
Revises: 20261127_sign_off
"""

import sqlalchemy as sa
from alembic import op

revision = '20261127_reports'
down_revision = "20261127_sign_off"
branch_labels = None
depends_on = None


APPEND_ONLY = ("issued_report", "disclosure")


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


def upgrade():
    op.create_table('report_run',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('asked', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=40), nullable=False),
    sa.Column('percent', sa.Integer(), nullable=False),
    sa.Column('result', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('claimed_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(state = 'ready') = (result IS NOT NULL)", name=op.f('ck_report_run_ready_has_a_result')),
    sa.CheckConstraint("kind IN ('program', 'history')", name=op.f('ck_report_run_kind_known')),
    sa.CheckConstraint("state IN ('waiting', 'ready', 'failed')", name=op.f('ck_report_run_state_known')),
    sa.CheckConstraint('percent BETWEEN 0 AND 100', name=op.f('ck_report_run_percent_in_range')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_report_run_user_id_user')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_report_run'))
    )
    with op.batch_alter_table('report_run', schema=None) as batch_op:
        batch_op.create_index('ix_report_run_state', ['state', 'created_at'], unique=False)
        batch_op.create_index('ix_report_run_user', ['user_id', 'created_at'], unique=False)

    op.create_table('disclosure_consent',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('client_id', sa.Integer(), nullable=False),
    sa.Column('recipient', sa.String(length=200), nullable=False),
    sa.Column('purpose', sa.String(length=300), nullable=False),
    sa.Column('signed_on', sa.Date(), nullable=False),
    sa.Column('expires_on', sa.Date(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by_id', sa.Integer(), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_by_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('(revoked_at IS NULL) = (revoked_by_id IS NULL)', name=op.f('ck_disclosure_consent_revoked_by_someone')),
    sa.CheckConstraint('expires_on >= signed_on', name=op.f('ck_disclosure_consent_expires_after_signing')),
    sa.ForeignKeyConstraint(['client_id'], ['client.id'], name=op.f('fk_disclosure_consent_client_id_client')),
    sa.ForeignKeyConstraint(['recorded_by_id'], ['user.id'], name=op.f('fk_disclosure_consent_recorded_by_id_user')),
    sa.ForeignKeyConstraint(['revoked_by_id'], ['user.id'], name=op.f('fk_disclosure_consent_revoked_by_id_user')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_disclosure_consent'))
    )
    with op.batch_alter_table('disclosure_consent', schema=None) as batch_op:
        batch_op.create_index('ix_disclosure_consent_client', ['client_id', 'signed_on'], unique=False)

    op.create_table('issued_report',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('client_id', sa.Integer(), nullable=False),
    sa.Column('from_day', sa.Date(), nullable=False),
    sa.Column('until_day', sa.Date(), nullable=False),
    sa.Column('document', sa.Text(), nullable=False),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('issued_by_id', sa.Integer(), nullable=False),
    sa.CheckConstraint('until_day >= from_day', name=op.f('ck_issued_report_ends_after_it_starts')),
    sa.ForeignKeyConstraint(['client_id'], ['client.id'], name=op.f('fk_issued_report_client_id_client')),
    sa.ForeignKeyConstraint(['issued_by_id'], ['user.id'], name=op.f('fk_issued_report_issued_by_id_user')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_issued_report'))
    )
    with op.batch_alter_table('issued_report', schema=None) as batch_op:
        batch_op.create_index('ix_issued_report_client', ['client_id', 'issued_at'], unique=False)

    op.create_table('disclosure',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('client_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recipient', sa.String(length=200), nullable=False),
    sa.Column('purpose', sa.String(length=300), nullable=False),
    sa.Column('what', sa.String(length=300), nullable=False),
    sa.Column('consent_id', sa.Integer(), nullable=False),
    sa.Column('report_id', sa.Integer(), nullable=False),
    sa.Column('by_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['by_id'], ['user.id'], name=op.f('fk_disclosure_by_id_user')),
    sa.ForeignKeyConstraint(['client_id'], ['client.id'], name=op.f('fk_disclosure_client_id_client')),
    sa.ForeignKeyConstraint(['consent_id'], ['disclosure_consent.id'], name=op.f('fk_disclosure_consent_id_disclosure_consent')),
    sa.ForeignKeyConstraint(['report_id'], ['issued_report.id'], name=op.f('fk_disclosure_report_id_issued_report')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_disclosure')),
    sa.UniqueConstraint('report_id', name=op.f('uq_disclosure_report_id'))
    )
    with op.batch_alter_table('disclosure', schema=None) as batch_op:
        batch_op.create_index('ix_disclosure_client', ['client_id', 'at'], unique=False)
    for table in APPEND_ONLY:
        _make_append_only(table)



def downgrade():
    with op.batch_alter_table('disclosure', schema=None) as batch_op:
        batch_op.drop_index('ix_disclosure_client')

    op.drop_table('disclosure')
    with op.batch_alter_table('issued_report', schema=None) as batch_op:
        batch_op.drop_index('ix_issued_report_client')

    op.drop_table('issued_report')
    with op.batch_alter_table('disclosure_consent', schema=None) as batch_op:
        batch_op.drop_index('ix_disclosure_consent_client')

    op.drop_table('disclosure_consent')
    with op.batch_alter_table('report_run', schema=None) as batch_op:
        batch_op.drop_index('ix_report_run_user')
        batch_op.drop_index('ix_report_run_state')

    op.drop_table('report_run')
    if op.get_bind().dialect.name == "postgresql":
        for table in APPEND_ONLY:
            op.execute(f"DROP FUNCTION {table}_refuse()")
