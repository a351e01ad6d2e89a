"""What clients told about their sessions, and which session makes up for which."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Id, Instant, Word, one_of
from iop_schedule.models.occurrences import RosterEntry
from iop_schedule.models.people import User
from iop_schedule.vocabulary import AbsenceReason, NoticeKind

_STANDING = text("withdrawn_at IS NULL")
_BOOKED = text("released_at IS NULL")


class SessionNotice(Base):
    """One thing somebody told about one client at one session; taken back, never deleted.

    Not a mark: attendance stays *to mark* until staff say what happened.
    """

    __tablename__ = "session_notice"
    __table_args__ = (
        one_of("kind", NoticeKind),
        one_of("reason", AbsenceReason),
        CheckConstraint("(kind = 'absent') = (reason IS NOT NULL)", name="absence_has_a_reason"),
        CheckConstraint("(kind = 'late') = (late_minutes IS NOT NULL)", name="delay_has_minutes"),
        CheckConstraint("late_minutes BETWEEN 1 AND 240", name="delay_sensible"),
        CheckConstraint("kind = 'absent' OR NOT wants_call", name="call_about_an_absence"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by_id IS NULL)", name="withdrawn_by_someone"),
        Index(
            "uq_session_notice_standing",
            "roster_entry_id",
            "kind",
            unique=True,
            sqlite_where=_STANDING,
            postgresql_where=_STANDING,
        ),
    )

    id: Mapped[Id]
    roster_entry_id: Mapped[int] = mapped_column(ForeignKey("roster_entry.id"))
    kind: Mapped[Word]
    #: Why they cannot come, as the category they chose; only for an absence.
    reason: Mapped[str | None] = mapped_column(String(40))
    #: How late they will be; only for a delay.
    late_minutes: Mapped[int | None]
    #: No make-up suited: they would like to be called.
    wants_call: Mapped[bool] = mapped_column(default=False)
    told_at: Mapped[Instant]
    told_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    withdrawn_at: Mapped[Instant | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    entry: Mapped[RosterEntry] = relationship()
    told_by: Mapped[User] = relationship(foreign_keys=[told_by_id])


class MakeUp(Base):
    """One session that makes up for another of the same client; each counts once, on either side."""

    __tablename__ = "make_up"
    __table_args__ = (
        CheckConstraint("entry_id <> missed_entry_id", name="another_session"),
        CheckConstraint("(released_at IS NULL) = (released_by_id IS NULL)", name="released_by_someone"),
        Index(
            "uq_make_up_missed_entry",
            "missed_entry_id",
            unique=True,
            sqlite_where=_BOOKED,
            postgresql_where=_BOOKED,
        ),
        Index("uq_make_up_entry", "entry_id", unique=True, sqlite_where=_BOOKED, postgresql_where=_BOOKED),
    )

    id: Mapped[Id]
    #: The session that is missed.
    missed_entry_id: Mapped[int] = mapped_column(ForeignKey("roster_entry.id"))
    #: The session that makes up for it.
    entry_id: Mapped[int] = mapped_column(ForeignKey("roster_entry.id"))
    booked_at: Mapped[Instant]
    booked_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    #: Given back since then: undone, or not attended and booked anew.
    released_at: Mapped[Instant | None]
    released_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    missed: Mapped[RosterEntry] = relationship(foreign_keys=[missed_entry_id])
    entry: Mapped[RosterEntry] = relationship(foreign_keys=[entry_id])
