"""Sites, programs, rooms and closures."""

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Code, Id, JsonText, Name, Word, one_of
from iop_schedule.vocabulary import LevelOfCare


class Site(Base):
    """A place with one time zone, its own rooms, programs and people."""

    __tablename__ = "site"

    id: Mapped[Id]
    #: How the clinic's files name this site.
    code: Mapped[Code] = mapped_column(unique=True)
    #: As staff say it.
    name: Mapped[Name]
    #: IANA time zone; every wall-clock time at this site is meant in it.
    zone: Mapped[str] = mapped_column(String(64))
    #: Street address for the client's page; leave empty where it would give the program away.
    address: Mapped[str] = mapped_column(String(300), default="")
    #: Office number shown under Help.
    phone: Mapped[str] = mapped_column(String(40), default="")


class Program(Base):
    """A treatment program that a site runs, with the numbers its payer and state ask for."""

    __tablename__ = "program"
    __table_args__ = (
        one_of("level_of_care", LevelOfCare),
        CheckConstraint("minimum_minutes >= 0", name="minimum_minutes_not_negative"),
        CheckConstraint("minimum_days BETWEEN 0 AND 5", name="minimum_days_in_week"),
        CheckConstraint("horizon_weeks BETWEEN 1 AND 52", name="horizon_in_a_year"),
        CheckConstraint("make_up_days BETWEEN 0 AND 31", name="make_up_days_in_a_month"),
        CheckConstraint("late_entry_hours BETWEEN 1 AND 168", name="late_entry_in_a_week"),
        CheckConstraint("cancel_notice_hours BETWEEN 0 AND 168", name="cancel_notice_in_a_week"),
        CheckConstraint("check_in_before_minutes BETWEEN 0 AND 120", name="check_in_opens_near"),
        CheckConstraint("check_in_after_minutes BETWEEN 0 AND 120", name="check_in_closes_near"),
    )

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    level_of_care: Mapped[Word]
    #: Structured minutes a week below which the level of care is not met. Source: docs/sources.md#weekly-dose
    minimum_minutes: Mapped[int] = mapped_column(default=540)
    #: Distinct weekdays a week. Source: docs/sources.md#days-a-week
    minimum_days: Mapped[int] = mapped_column(default=3)
    #: Where the two numbers above come from: the payer's or state's document.
    minimum_source: Mapped[str] = mapped_column(String(300), default="")
    #: How far ahead weekly series are written out as dated sessions.
    horizon_weeks: Mapped[int] = mapped_column(default=12)
    #: Days from a miss to its make-up; the week of the miss always counts. Source: docs/sources.md#make-ups
    make_up_days: Mapped[int] = mapped_column(default=7)
    #: An entry made more than so long after its session is called late. Source: docs/sources.md#late-entries
    late_entry_hours: Mapped[int] = mapped_column(default=24, server_default="24")
    #: Who says later than so long before a session that they cannot come has canceled late.
    cancel_notice_hours: Mapped[int] = mapped_column(default=0, server_default="0")
    #: Clients may say that they are here; a suggestion that the counselor confirms.
    self_check_in: Mapped[bool] = mapped_column(default=True)
    #: From so long before the start until so long after it.
    check_in_before_minutes: Mapped[int] = mapped_column(default=15)
    check_in_after_minutes: Mapped[int] = mapped_column(default=30)
    #: Proposals charge scarce seats what they are worth to people who have no other; see `SeatPrice`.
    spares_scarce_seats: Mapped[bool] = mapped_column(default=True, server_default=true())
    #: People whose weeks alternate may have one plan for each; two may share a seat in opposite weeks.
    alternating_weeks: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: What it values in a week and what changes cost, where that differs from the defaults: points by name.
    placement_numbers: Mapped[Any] = mapped_column(JsonText, default=dict, server_default="{}")
    #: Through this day tiers are computed and compared, but only administrators see them.
    silent_until: Mapped[date | None]

    site: Mapped[Site] = relationship()


class Room(Base):
    """A room at a site."""

    __tablename__ = "room"
    __table_args__ = (
        UniqueConstraint("site_id", "code"),
        CheckConstraint("seats > 0", name="seats_positive"),
    )

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    code: Mapped[Code]
    name: Mapped[Name]
    seats: Mapped[int]

    site: Mapped[Site] = relationship()


class Closure(Base):
    """Days on which a site, or one program of it, holds no sessions."""

    __tablename__ = "closure"
    __table_args__ = (
        CheckConstraint("until_day >= from_day", name="ends_after_it_starts"),
        UniqueConstraint(
            "site_id", "program_id", "from_day", "until_day", postgresql_nulls_not_distinct=True
        ),
    )

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    #: Only this program, or the whole site when empty.
    program_id: Mapped[int | None] = mapped_column(ForeignKey("program.id"))
    from_day: Mapped[date]
    #: Last closed day, included.
    until_day: Mapped[date]
    #: Why, in words clients may read: “Thanksgiving”, “Snow”.
    name: Mapped[Name]

    site: Mapped[Site] = relationship()
    program: Mapped[Program | None] = relationship()
