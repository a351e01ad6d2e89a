"""Dated sessions and who is expected at each."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Id, Instant, Word, one_of, treatment_day
from iop_schedule.models.people import Client, User
from iop_schedule.models.programs import Room, Site
from iop_schedule.models.series import Series
from iop_schedule.vocabulary import CancelCause, OccurrenceStatus, RosterSource


class Occurrence(Base):
    """One dated session. Its identity is series and original day, so it survives a move."""

    __tablename__ = "occurrence"
    __table_args__ = (
        one_of("status", OccurrenceStatus),
        one_of("cancel_cause", CancelCause),
        CheckConstraint("cancel_cause IS NULL OR status = 'cancelled'", name="cause_only_when_cancelled"),
        UniqueConstraint("series_id", "original_day"),
        CheckConstraint("ends_at > starts_at", name="ends_after_it_starts"),
        CheckConstraint("break_minutes >= 0", name="break_not_negative"),
        *treatment_day("local_day"),
        Index("ix_occurrence_site_day", "site_id", "local_day"),
        Index("ix_occurrence_leader_starts", "leader_id", "starts_at"),
        Index("ix_occurrence_room_starts", "room_id", "starts_at"),
        Index("ix_occurrence_starts", "starts_at"),
    )

    id: Mapped[Id]
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"))
    #: The day the weekly rule gave it; never changes.
    original_day: Mapped[date]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    #: The day it is held on, on the site's calendar; the database refuses weekends.
    local_day: Mapped[date]
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    break_minutes: Mapped[int]
    leader_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    room_id: Mapped[int | None] = mapped_column(ForeignKey("room.id"))
    status: Mapped[Word] = mapped_column(default=OccurrenceStatus.PLANNED)
    #: Why it was cancelled or moved, in words clients may read.
    status_reason: Mapped[str] = mapped_column(String(300), default="")
    #: What cancelled it: a person, a closure or the end of its series; decides what may bring it back.
    cancel_cause: Mapped[str | None] = mapped_column(String(40))
    #: Someone changed this one on its own; a change of the series leaves it alone.
    edited: Mapped[bool] = mapped_column(default=False)
    #: Known to share its counselor or room with another session at the time; the database refuses all others.
    double_booked: Mapped[bool] = mapped_column(default=False)
    #: Counts changes, for calendars.
    revision: Mapped[int] = mapped_column(default=0)
    updated_at: Mapped[Instant]

    series: Mapped[Series] = relationship()
    site: Mapped[Site] = relationship()
    leader: Mapped[User] = relationship()
    room: Mapped[Room | None] = relationship()
    roster: Mapped[list["RosterEntry"]] = relationship(back_populates="occurrence", order_by="RosterEntry.id")

    @property
    def scheduled_minutes(self) -> int:
        """Return the minutes that count: from start to end without the break."""
        return int((self.ends_at - self.starts_at).total_seconds()) // 60 - self.break_minutes


class RosterEntry(Base):
    """One client expected at one dated session. Released, never deleted, once it has been told."""

    __tablename__ = "roster_entry"
    __table_args__ = (
        one_of("source", RosterSource),
        UniqueConstraint("occurrence_id", "client_id"),
        Index("ix_roster_entry_client", "client_id", "occurrence_id"),
    )

    id: Mapped[Id]
    occurrence_id: Mapped[int] = mapped_column(ForeignKey("occurrence.id"))
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    source: Mapped[Word]
    #: No longer expected since then: the membership ended or changed.
    released_at: Mapped[Instant | None]
    #: Known to be expected elsewhere at the time; the database refuses all others.
    double_booked: Mapped[bool] = mapped_column(default=False)
    #: Why this person was let in although every seat was taken; empty for everyone else.
    over_seats: Mapped[str] = mapped_column(String(200), default="")

    occurrence: Mapped[Occurrence] = relationship(back_populates="roster")
    client: Mapped[Client] = relationship()
