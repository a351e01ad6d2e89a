"""What happened for one client at one dated session. No row means: not recorded."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Id, Instant, Json, Word, one_of
from iop_schedule.models.occurrences import RosterEntry
from iop_schedule.models.people import User
from iop_schedule.vocabulary import AttendanceStatus, SignOffKind


class AttendanceRecord(Base):
    """The current mark of one roster entry; every earlier one is in `AttendanceRevision`."""

    __tablename__ = "attendance_record"
    __table_args__ = (
        one_of("status", AttendanceStatus),
        CheckConstraint("minutes >= 0", name="minutes_not_negative"),
        CheckConstraint("version >= 1", name="version_counts_from_one"),
        CheckConstraint(
            "status IN ('attended', 'attended_in_part') OR minutes = 0", name="minutes_only_when_there"
        ),
    )

    id: Mapped[Id]
    roster_entry_id: Mapped[int] = mapped_column(ForeignKey("roster_entry.id"), unique=True)
    status: Mapped[Word]
    #: Minutes credited, breaks excluded.
    minutes: Mapped[int]
    arrived_at: Mapped[Instant | None]
    left_at: Mapped[Instant | None]
    #: Why, as a category staff chose; may come later.
    reason: Mapped[str] = mapped_column(String(200), default="")
    #: Counts marks, so that two people changing one mark are noticed.
    version: Mapped[int]
    marked_at: Mapped[Instant]
    marked_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))

    entry: Mapped[RosterEntry] = relationship()
    marked_by: Mapped[User] = relationship()


class AttendanceRevision(Base):
    """One mark as it was set, in order; append-only."""

    __tablename__ = "attendance_revision"
    __table_args__ = (
        UniqueConstraint("roster_entry_id", "version"),
        Index("ix_attendance_revision_marked_at", "marked_at"),
    )

    id: Mapped[Id]
    roster_entry_id: Mapped[int] = mapped_column(ForeignKey("roster_entry.id"))
    version: Mapped[int]
    #: Empty when the mark was taken back to “to mark”.
    status: Mapped[str | None] = mapped_column(String(40))
    minutes: Mapped[int]
    arrived_at: Mapped[Instant | None]
    left_at: Mapped[Instant | None]
    reason: Mapped[str] = mapped_column(String(200), default="")
    marked_at: Mapped[Instant]
    marked_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    #: The change's own key: the same change sent twice is stored once.
    change_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    #: Why a mark on a signed sheet was changed; empty for marks made before it was signed.
    amendment: Mapped[str] = mapped_column(String(200), default="")
    #: When the device says the mark was made, for one that waited for a connection; never trusted alone.
    claimed_at: Mapped[Instant | None]

    marked_by: Mapped[User] = relationship()


class SignOff(Base):
    """One thing said about a sheet as a whole, in order; append-only. The last one stands."""

    __tablename__ = "attendance_sign_off"
    __table_args__ = (
        one_of("kind", SignOffKind),
        UniqueConstraint("occurrence_id", "version"),
        CheckConstraint("version >= 1", name="version_counts_from_one"),
        CheckConstraint("minutes >= 0", name="minutes_not_negative"),
    )

    id: Mapped[Id]
    occurrence_id: Mapped[int] = mapped_column(ForeignKey("occurrence.id"))
    version: Mapped[int]
    kind: Mapped[Word]
    at: Mapped[Instant]
    by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    #: Why it did not meet, or was opened again.
    reason: Mapped[str] = mapped_column(String(200), default="")
    #: How many were present, there in part, excused and not here when it was signed.
    counts: Mapped[Json]
    #: Minutes credited to all of them together.
    minutes: Mapped[int]
    change_key: Mapped[str | None] = mapped_column(String(64), unique=True)

    by: Mapped[User] = relationship()
