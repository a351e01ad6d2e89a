"""What is kept about the engagement monitor: its settings, its signals, what people decided about them.

A tier is derived from events. Kept are the settings it was derived with, the moments it rose, and a stored
copy of what a caseload shows, which is thrown away as soon as an event it was derived from changes.
"""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Id, Instant, Json, Note, Word, one_of
from iop_schedule.models.people import Client, User
from iop_schedule.models.programs import Program
from iop_schedule.vocabulary import PolicyOrigin, SetAsideReason


class MonitorVersion(Base):
    """One set of monitor settings of a program, in force until the next one. Never changed."""

    __tablename__ = "monitor_version"
    __table_args__ = (
        one_of("origin", PolicyOrigin),
        UniqueConstraint("program_id", "number"),
        CheckConstraint("number >= 1", name="number_counts_from_one"),
    )

    id: Mapped[Id]
    program_id: Mapped[int] = mapped_column(ForeignKey("program.id"))
    #: 1 for the first that differs from the defaults.
    number: Mapped[int]
    #: Every number of the policy by its name, so that old versions mean the same when defaults change.
    numbers: Mapped[Json]
    origin: Mapped[Word]
    #: Why, as the administrator put it.
    note: Mapped[Note]
    from_at: Mapped[Instant]
    made_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))

    program: Mapped[Program] = relationship()
    made_by: Mapped[User] = relationship()


class RiskSignal(Base):
    """A tier that rose: when, to what, why, under which settings. Ends when it does not hold any more."""

    __tablename__ = "risk_signal"
    __table_args__ = (
        CheckConstraint("ended_at IS NULL OR ended_at >= raised_at", name="ends_after_it_starts"),
        Index(
            "uq_risk_signal_open",
            "client_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_risk_signal_client", "client_id", "raised_at"),
        Index("ix_risk_signal_raised_at", "raised_at"),
    )

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    program_id: Mapped[int] = mapped_column(ForeignKey("program.id"), index=True)
    #: The settings it was raised under; the defaults of the release named in `policy` while empty.
    version_id: Mapped[int | None] = mapped_column(ForeignKey("monitor_version.id"))
    #: Name of those settings, such as “2026-1” or “2026-1 v3”.
    policy: Mapped[str] = mapped_column(String(40))
    tier: Mapped[Word]
    #: Kind, tier, sentence, first day and sessions of each reason, the most urgent first.
    reasons: Mapped[Json]
    #: The day it is about, on the site's calendar.
    day: Mapped[date]
    raised_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    #: Raised in the program's silent weeks: no task, and only administrators see it.
    silent: Mapped[bool]

    client: Mapped[Client] = relationship()
    program: Mapped[Program] = relationship()
    version: Mapped[MonitorVersion | None] = relationship()


class SetAside(Base):
    """Someone decided “not now” about a client until a day; judgment outranks the tier."""

    __tablename__ = "set_aside"
    __table_args__ = (
        one_of("reason", SetAsideReason),
        CheckConstraint("until_day >= from_day", name="ends_after_it_starts"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by_id IS NULL)", name="withdrawn_by_someone"),
        Index("ix_set_aside_client", "client_id", "until_day"),
    )

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    #: The tier it was decided about.
    tier: Mapped[Word]
    reason: Mapped[Word]
    from_day: Mapped[date]
    #: Last day, included.
    until_day: Mapped[date]
    made_at: Mapped[Instant]
    made_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    withdrawn_at: Mapped[Instant | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    client: Mapped[Client] = relationship()
    made_by: Mapped[User] = relationship(foreign_keys=[made_by_id])


class SelfReportRow(Base):
    """The scores of one brief self-report; numbers only, no wording of any item."""

    __tablename__ = "self_report"
    __table_args__ = (
        CheckConstraint("use_score BETWEEN 0 AND 12", name="use_in_range"),
        CheckConstraint("risk_score BETWEEN 0 AND 24", name="risk_in_range"),
        CheckConstraint("protective_score BETWEEN 0 AND 24", name="protective_in_range"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by_id IS NULL)", name="withdrawn_by_someone"),
        Index("ix_self_report_client", "client_id", "day"),
    )

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    #: The day it was filled in.
    day: Mapped[date]
    use_score: Mapped[int | None]
    risk_score: Mapped[int | None]
    protective_score: Mapped[int | None]
    #: Scored items by their number where they were entered; empty where only subscales were.
    items: Mapped[Json]
    recorded_at: Mapped[Instant]
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    withdrawn_at: Mapped[Instant | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    client: Mapped[Client] = relationship()
    recorded_by: Mapped[User] = relationship(foreign_keys=[recorded_by_id])


class CaseSnapshot(Base):
    """What a caseload shows about one client, derived from events up to `derived_at`.

    Good until `good_until`, and while no `CaseChange` names the client; after that it is derived again.
    """

    __tablename__ = "case_snapshot"
    __table_args__ = (Index("ix_case_snapshot_good_until", "good_until"),)

    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), primary_key=True)
    #: What lists are filtered, sorted and counted by; the rest is in `shown`.
    tier: Mapped[Word]
    #: Days since the last contact, pauses left out.
    quiet_days: Mapped[int]
    #: Sessions over without their attendance.
    not_recorded: Mapped[int]
    #: Enrolled, but without a place yet.
    waiting: Mapped[bool]
    #: In the first two weeks in care.
    early: Mapped[bool]
    #: Names of the groups with a place in them, now or from a coming day on.
    groups: Mapped[Json]
    #: Through this day the tier is for administrators only.
    silent_until: Mapped[date | None]
    #: A line waits for a clinician's look.
    review: Mapped[bool]
    #: Everything else, as `queries/case_snapshots.py` writes and reads it.
    shown: Mapped[Json]
    derived_at: Mapped[Instant]
    #: First instant at which time alone may change it: a session begins or ends, or the day does.
    good_until: Mapped[Instant]

    client: Mapped[Client] = relationship()


class CaseChange(Base):
    """An event that a client's snapshot may not know yet. Written by triggers, whoever changes a table."""

    __tablename__ = "case_change"

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(index=True)
