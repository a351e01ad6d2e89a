"""Seats held, weeks offered to clients, what a seat is worth, and whether proposals take it into account.

Revision ID: 20261127_placement_choices
Revises: 20261127_reports
"""

import sqlalchemy as sa
from alembic import op

from iop_schedule.models.base import UtcDateTime

revision = "20261127_placement_choices"
down_revision = "20261127_reports"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("program") as batch:
        batch.add_column(
            sa.Column("spares_scarce_seats", sa.Boolean(), server_default=sa.true(), nullable=False)
        )
    op.create_table(
        "seat_hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("held_at", UtcDateTime(), nullable=False),
        sa.Column("held_by_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("expires_at > held_at", name=op.f("ck_seat_hold_expires_after_it_began")),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_seat_hold_series_id_series")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_seat_hold_client_id_client")),
        sa.ForeignKeyConstraint(["held_by_id"], ["user.id"], name=op.f("fk_seat_hold_held_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_hold")),
    )
    op.create_index("ix_seat_hold_series", "seat_hold", ["series_id", "expires_at"])
    op.create_index("ix_seat_hold_client", "seat_hold", ["client_id", "expires_at"])
    op.create_table(
        "placement_offer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("chosen", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'chosen', 'none_works', 'withdrawn')",
            name=op.f("ck_placement_offer_state_known"),
        ),
        sa.CheckConstraint("expires_at > made_at", name=op.f("ck_placement_offer_expires_after_it_was_made")),
        sa.CheckConstraint(
            "(state = 'open') = (closed_at IS NULL)", name=op.f("ck_placement_offer_closed_with_a_state")
        ),
        sa.CheckConstraint(
            "(state = 'chosen') = (chosen IS NOT NULL)",
            name=op.f("ck_placement_offer_chosen_names_the_option"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_placement_offer_client_id_client")
        ),
        sa.ForeignKeyConstraint(["made_by_id"], ["user.id"], name=op.f("fk_placement_offer_made_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placement_offer")),
    )
    op.create_index(
        "uq_placement_offer_open",
        "placement_offer",
        ["client_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_placement_offer_client", "placement_offer", ["client_id", "made_at"])
    op.create_table(
        "placement_offer_meeting",
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column("option", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("option BETWEEN 1 AND 3", name=op.f("ck_placement_offer_meeting_option_known")),
        sa.ForeignKeyConstraint(
            ["offer_id"],
            ["placement_offer.id"],
            name=op.f("fk_placement_offer_meeting_offer_id_placement_offer"),
        ),
        sa.ForeignKeyConstraint(
            ["series_id"], ["series.id"], name=op.f("fk_placement_offer_meeting_series_id_series")
        ),
        sa.PrimaryKeyConstraint("offer_id", "option", "series_id", name=op.f("pk_placement_offer_meeting")),
    )
    op.create_index(
        op.f("ix_placement_offer_meeting_series_id"), "placement_offer_meeting", ["series_id"], unique=False
    )
    op.create_table(
        "seat_price",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("hundredths", sa.Integer(), nullable=False),
        sa.Column("learnt_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("hundredths >= 0", name=op.f("ck_seat_price_price_not_negative")),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_seat_price_series_id_series")),
        sa.PrimaryKeyConstraint("series_id", name=op.f("pk_seat_price")),
    )


def downgrade():
    op.drop_table("seat_price")
    op.drop_table("placement_offer_meeting")
    op.drop_table("placement_offer")
    op.drop_table("seat_hold")
    with op.batch_alter_table("program") as batch:
        batch.drop_column("spares_scarce_seats")
