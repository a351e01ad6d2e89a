"""What a client's week already holds."""

from datetime import date, time

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Id, Instant, Word, one_of
from iop_schedule.models.people import Client
from iop_schedule.vocabulary import ConstraintKind, UploadSource, WeekParity


class ClientConstraint(Base):
    """A weekly or dated commitment during which a client cannot, or would rather not, attend.

    Never deleted: ending one sets `until_day`, taking back a mistake sets `withdrawn_at`.
    """

    __tablename__ = "client_constraint"
    __table_args__ = (
        one_of("kind", ConstraintKind),
        one_of("week", WeekParity),
        CheckConstraint("(weekday IS NULL) <> (day IS NULL)", name="weekly_or_dated"),
        CheckConstraint("weekday IS NULL OR weekday BETWEEN 0 AND 6", name="weekday_known"),
        CheckConstraint("ends_next_day OR local_end > local_start", name="ends_after_it_starts"),
        CheckConstraint("NOT ends_next_day OR local_end <= local_start", name="overnight_is_under_a_day"),
        CheckConstraint("week = 'every' OR anchor_day IS NOT NULL", name="alternate_weeks_have_an_anchor"),
        CheckConstraint("hard OR negotiable", name="what_can_move_is_negotiable"),
        CheckConstraint("travel_before BETWEEN 0 AND 240", name="travel_before_is_a_trip"),
        CheckConstraint("travel_after BETWEEN 0 AND 240", name="travel_after_is_a_trip"),
        CheckConstraint("until_day IS NULL OR until_day >= from_day", name="until_after_from"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by_id IS NULL)", name="withdrawn_by_someone"),
        Index("ix_client_constraint_client", "client_id", "withdrawn_at"),
    )

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    kind: Mapped[Word]
    #: The client's own word for it, such as “pharmacy shift”; may be empty.
    label: Mapped[str] = mapped_column(String(120), default="")
    #: 0 is Monday; empty for a single date.
    weekday: Mapped[int | None]
    #: The single date; empty for a weekly one.
    day: Mapped[date | None]
    local_start: Mapped[time]
    local_end: Mapped[time]
    #: The end is on the next day, as in a night shift from 22:00 to 06:00.
    ends_next_day: Mapped[bool] = mapped_column(default=False)
    week: Mapped[Word] = mapped_column(default=WeekParity.EVERY)
    #: Any day of a week A, when only every other week is meant.
    anchor_day: Mapped[date | None]
    from_day: Mapped[date]
    #: Last day, included; open while empty.
    until_day: Mapped[date | None]
    #: True: cannot move. False: would rather not.
    hard: Mapped[bool] = mapped_column(default=True)
    #: False: nobody is to suggest that it might change.
    negotiable: Mapped[bool] = mapped_column(default=True, server_default=true())
    #: Minutes needed to come from before, and to get to after.
    travel_before: Mapped[int] = mapped_column(default=0)
    travel_after: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Instant]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    withdrawn_at: Mapped[Instant | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    client: Mapped[Client] = relationship()
    exceptions: Mapped[list["ConstraintException"]] = relationship(
        back_populates="constraint", order_by="ConstraintException.day", lazy="selectin"
    )


class ConstraintException(Base):
    """One date on which a weekly commitment does not hold."""

    __tablename__ = "client_constraint_exception"
    __table_args__ = (UniqueConstraint("constraint_id", "day"),)

    id: Mapped[Id]
    constraint_id: Mapped[int] = mapped_column(ForeignKey("client_constraint.id"))
    day: Mapped[date]

    constraint: Mapped[ClientConstraint] = relationship(back_populates="exceptions")


class CommitmentUpload(Base):
    """A calendar or list of shifts that some of a client's commitments were read from; the file is not kept.

    A later one takes its place: `ended_at` is set, what it said ends or goes on as part of the later one.
    """

    __tablename__ = "commitment_upload"
    __table_args__ = (
        one_of("kind", ConstraintKind),
        one_of("source", UploadSource),
        CheckConstraint("(ended_at IS NULL) = (ended_by_id IS NULL)", name="ended_by_someone"),
    )

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    kind: Mapped[Word]
    source: Mapped[Word]
    #: The last day it was read for.
    until_day: Mapped[date]
    created_at: Mapped[Instant]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    ended_at: Mapped[Instant | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    client: Mapped[Client] = relationship()
    commitments: Mapped[list[ClientConstraint]] = relationship(
        secondary="commitment_upload_entry", order_by=ClientConstraint.id
    )


class CommitmentUploadEntry(Base):
    """One commitment that an upload said."""

    __tablename__ = "commitment_upload_entry"

    upload_id: Mapped[int] = mapped_column(ForeignKey("commitment_upload.id"), primary_key=True)
    constraint_id: Mapped[int] = mapped_column(
        ForeignKey("client_constraint.id"), primary_key=True, index=True
    )
