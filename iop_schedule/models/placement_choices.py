"""Placement between the question and the decision: seats held, choices offered, what a seat is worth."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Id, Instant, Word, one_of
from iop_schedule.models.people import Client, User
from iop_schedule.models.series import Series
from iop_schedule.vocabulary import OfferState, WeekParity


class SeatHold(Base):
    """A seat of one weekly session kept for one client for a while. It ends by itself."""

    __tablename__ = "seat_hold"
    __table_args__ = (
        one_of("week", WeekParity),
        CheckConstraint("expires_at > held_at", name="expires_after_it_began"),
        Index("ix_seat_hold_series", "series_id", "expires_at"),
        Index("ix_seat_hold_client", "client_id", "expires_at"),
    )

    id: Mapped[Id]
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"))
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    #: First day of the place the seat is held for.
    from_day: Mapped[date]
    #: In which weeks it is held, as of a place.
    week: Mapped[Word] = mapped_column(default=WeekParity.EVERY, server_default=WeekParity.EVERY)
    held_at: Mapped[Instant]
    held_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    #: From then on the seat is free again, whether or not anything runs.
    expires_at: Mapped[Instant]
    #: Given back before that: by hand, or because the client has the place now.
    released_at: Mapped[Instant | None]

    series: Mapped[Series] = relationship()
    client: Mapped[Client] = relationship()


class PlacementOffer(Base):
    """Up to three weeks offered to one client, who picks one or says that none works."""

    __tablename__ = "placement_offer"
    __table_args__ = (
        one_of("state", OfferState),
        CheckConstraint("expires_at > made_at", name="expires_after_it_was_made"),
        CheckConstraint("(state = 'open') = (closed_at IS NULL)", name="closed_with_a_state"),
        CheckConstraint("(state = 'chosen') = (chosen IS NOT NULL)", name="chosen_names_the_option"),
        Index(
            "uq_placement_offer_open",
            "client_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_placement_offer_client", "client_id", "made_at"),
    )

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    #: First day of the new week; the day after the answer when that is later.
    from_day: Mapped[date]
    made_at: Mapped[Instant]
    made_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    #: No answer is taken from then on.
    expires_at: Mapped[Instant]
    state: Mapped[Word] = mapped_column(default=OfferState.OPEN)
    closed_at: Mapped[Instant | None]
    #: The option picked, counted from 1.
    chosen: Mapped[int | None]
    #: What the client wrote when none worked.
    note: Mapped[str] = mapped_column(String(300), default="")

    client: Mapped[Client] = relationship()
    made_by: Mapped[User] = relationship()
    meetings: Mapped[list["PlacementOfferMeeting"]] = relationship(
        back_populates="offer", order_by="PlacementOfferMeeting.option, PlacementOfferMeeting.series_id"
    )


class PlacementOfferMeeting(Base):
    """One weekly session of one option of an offer."""

    __tablename__ = "placement_offer_meeting"
    __table_args__ = (
        CheckConstraint("option BETWEEN 1 AND 3", name="option_known"),
        one_of("week", WeekParity),
    )

    offer_id: Mapped[int] = mapped_column(ForeignKey("placement_offer.id"), primary_key=True)
    option: Mapped[int] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"), primary_key=True, index=True)
    #: In which weeks, as of a place.
    week: Mapped[Word] = mapped_column(default=WeekParity.EVERY, server_default=WeekParity.EVERY)

    offer: Mapped[PlacementOffer] = relationship(back_populates="meetings")
    series: Mapped[Series] = relationship()


class SeatPrice(Base):
    """What one seat more in a weekly session would be worth to people still to come, as last learnt."""

    __tablename__ = "seat_price"
    __table_args__ = (CheckConstraint("hundredths >= 0", name="price_not_negative"),)

    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"), primary_key=True)
    #: Hundredths of a point of the placement objective.
    hundredths: Mapped[int]
    learnt_at: Mapped[Instant]

    series: Mapped[Series] = relationship()
