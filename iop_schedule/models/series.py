"""Groups and the weekly series of sessions: wall-clock rules with members."""

from datetime import date, time

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Code, Id, Instant, Name, Word, one_of
from iop_schedule.models.people import Client, User
from iop_schedule.models.programs import Program, Room, Site
from iop_schedule.vocabulary import Attend, GroupGender, Modality, SeriesKind, ServiceType, WeekParity


class Group(Base):
    """A group that meets once or more a week, with its seats."""

    __tablename__ = "care_group"
    __table_args__ = (
        one_of("service_type", ServiceType),
        one_of("modality", Modality),
        one_of("gender", GroupGender),
        one_of("attend", Attend),
        CheckConstraint("seats BETWEEN 1 AND 200", name="seats_sensible"),
    )

    id: Mapped[Id]
    program_id: Mapped[int] = mapped_column(ForeignKey("program.id"), index=True)
    code: Mapped[Code] = mapped_column(unique=True)
    #: As staff say it.
    name: Mapped[Name]
    #: What may appear outside: in calendars and messages.
    public_name: Mapped[str] = mapped_column(String(120), default="Appointment")
    service_type: Mapped[Word]
    #: Most people at one meeting; state rules set the ceiling. Source: docs/sources.md#group-size
    seats: Mapped[int]
    modality: Mapped[Word] = mapped_column(default=Modality.IN_PERSON)
    gender: Mapped[Word] = mapped_column(default=GroupGender.ANY)
    language: Mapped[str] = mapped_column(String(12), default="en")
    #: Whether people take single meetings or the whole group.
    attend: Mapped[Word] = mapped_column(default=Attend.ANY)

    program: Mapped[Program] = relationship()
    meetings: Mapped[list["Series"]] = relationship(
        back_populates="group", order_by="Series.weekday, Series.local_start"
    )


class GroupCoLeader(Base):
    """Who leads a group together with its counselor, from a day to a day; marks and signs its sheets."""

    __tablename__ = "group_co_leader"
    __table_args__ = (
        CheckConstraint("until_day IS NULL OR until_day >= from_day", name="ends_after_it_starts"),
        Index("ix_group_co_leader_group", "group_id", "user_id"),
    )

    id: Mapped[Id]
    group_id: Mapped[int] = mapped_column(ForeignKey("care_group.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    from_day: Mapped[date]
    #: Last day, included; open while empty.
    until_day: Mapped[date | None]

    user: Mapped[User] = relationship()


class Series(Base):
    """One weekly session: weekday and wall clock at a site, from a day until a day.

    Changing a series ends it and starts a successor; what was held keeps its record.
    """

    __tablename__ = "series"
    __table_args__ = (
        one_of("kind", SeriesKind),
        one_of("service_type", ServiceType),
        one_of("modality", Modality),
        CheckConstraint("weekday BETWEEN 0 AND 4", name="weekday_is_treatment_day"),
        CheckConstraint("duration_minutes BETWEEN 5 AND 720", name="duration_sensible"),
        CheckConstraint("break_minutes >= 0 AND break_minutes < duration_minutes", name="break_fits"),
        CheckConstraint("every_weeks IN (1, 2)", name="weekly_or_alternate"),
        CheckConstraint("until_day IS NULL OR until_day >= from_day", name="ends_after_it_starts"),
        CheckConstraint(
            "(kind = 'group' AND group_id IS NOT NULL AND client_id IS NULL)"
            " OR (kind = 'individual' AND group_id IS NULL AND client_id IS NOT NULL)",
            name="group_or_client",
        ),
        Index("ix_series_site_dates", "site_id", "from_day", "until_day"),
    )

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    kind: Mapped[Word]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    program_id: Mapped[int] = mapped_column(ForeignKey("program.id"), index=True)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("care_group.id"), index=True)
    #: For an individual series: the client it is for.
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"), index=True)
    service_type: Mapped[Word]
    modality: Mapped[Word] = mapped_column(default=Modality.IN_PERSON)
    #: 0 is Monday; the database refuses Saturday and Sunday.
    weekday: Mapped[int]
    #: Wall clock at the site; stays the same when clocks change.
    local_start: Mapped[time]
    #: From start to end by the clock, breaks included.
    duration_minutes: Mapped[int]
    #: Taken off the minutes that count. Source: docs/sources.md#breaks
    break_minutes: Mapped[int] = mapped_column(default=0)
    #: 1 every week, 2 every second week counted from the week of `from_day`.
    every_weeks: Mapped[int] = mapped_column(default=1)
    leader_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    room_id: Mapped[int | None] = mapped_column(ForeignKey("room.id"), index=True)
    from_day: Mapped[date]
    #: Last possible day, included; open while empty.
    until_day: Mapped[date | None]
    #: The series this one continues after a change.
    predecessor_id: Mapped[int | None] = mapped_column(ForeignKey("series.id"))
    created_at: Mapped[Instant]

    site: Mapped[Site] = relationship()
    program: Mapped[Program] = relationship()
    group: Mapped[Group | None] = relationship(back_populates="meetings")
    client: Mapped[Client | None] = relationship()
    leader: Mapped[User] = relationship()
    room: Mapped[Room | None] = relationship()
    members: Mapped[list["SeriesMember"]] = relationship(back_populates="series", order_by="SeriesMember.id")


class SeriesMember(Base):
    """One client's place in a weekly group session, from a day until a day, every week or every other one."""

    __tablename__ = "series_member"
    __table_args__ = (
        one_of("week", WeekParity),
        CheckConstraint("until_day IS NULL OR until_day >= from_day", name="ends_after_it_starts"),
        Index("ix_series_member_series_dates", "series_id", "from_day", "until_day"),
        Index("ix_series_member_client", "client_id", "from_day"),
    )

    id: Mapped[Id]
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"))
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    from_day: Mapped[date]
    #: Last day, included; open while empty.
    until_day: Mapped[date | None]
    #: In which weeks; A and B are counted from one fixed Monday, `civil_time.letter_of`.
    week: Mapped[Word] = mapped_column(default=WeekParity.EVERY, server_default=WeekParity.EVERY)

    series: Mapped[Series] = relationship(back_populates="members")
    client: Mapped[Client] = relationship()
