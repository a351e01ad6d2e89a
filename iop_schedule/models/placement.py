"""Runs that place a whole program: what was asked, what was found, what was done about it."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Id, Instant, Json, Name, Word, one_of
from iop_schedule.models.people import Client, User
from iop_schedule.models.prescription import Enrollment
from iop_schedule.models.programs import Program, Site
from iop_schedule.vocabulary import PlacementAim, ProposalKind, ProposalState, RunKind, RunState


class PriorityClass(Base):
    """One line of a program's written policy on who is placed first."""

    __tablename__ = "priority_class"
    __table_args__ = (
        UniqueConstraint("program_id", "name"),
        CheckConstraint("weight BETWEEN 2 AND 9", name="weight_above_everyone_else"),
    )

    id: Mapped[Id]
    program_id: Mapped[int] = mapped_column(ForeignKey("program.id"), index=True)
    #: As the policy says it.
    name: Mapped[Name]
    #: Placing one of these counts as much as placing so many others; everyone else counts 1.
    weight: Mapped[int]
    #: The document this line is from.
    source: Mapped[str] = mapped_column(String(300), default="")

    program: Mapped[Program] = relationship()


class PriorityMark(Base):
    """That one episode of care falls under a line of the policy."""

    __tablename__ = "priority_mark"

    id: Mapped[Id]
    enrollment_id: Mapped[int] = mapped_column(ForeignKey("enrollment.id"), unique=True)
    priority_class_id: Mapped[int] = mapped_column(ForeignKey("priority_class.id"), index=True)

    enrollment: Mapped[Enrollment] = relationship()
    priority_class: Mapped[PriorityClass] = relationship()


class PlacementRun(Base):
    """One question about everyone in a program, worked on in a process of its own."""

    __tablename__ = "placement_run"
    __table_args__ = (
        one_of("kind", RunKind),
        one_of("aim", PlacementAim),
        one_of("state", RunState),
        CheckConstraint("seconds BETWEEN 5 AND 3600", name="seconds_sensible"),
        CheckConstraint("(state = 'finished') = (plan IS NOT NULL)", name="finished_has_a_plan"),
        Index("ix_placement_run_state", "state", "created_at"),
        Index("ix_placement_run_program", "program_id", "created_at"),
    )

    id: Mapped[Id]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    program_id: Mapped[int] = mapped_column(ForeignKey("program.id"))
    kind: Mapped[Word]
    aim: Mapped[Word]
    #: What else was asked; of one-to-ones: minutes, how often, and by whom.
    options: Mapped[Json]
    #: First day of the new weeks.
    from_day: Mapped[date]
    #: Time limit of the planning.
    seconds: Mapped[int]
    #: The program's policy on who comes first, as it stood: name, weight, source, number of people.
    policy: Mapped[Json]
    state: Mapped[Word]
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    created_at: Mapped[Instant]
    #: When a worker took it up, and when that last said that it is alive.
    started_at: Mapped[Instant | None]
    beat_at: Mapped[Instant | None]
    finished_at: Mapped[Instant | None]
    #: Somebody asked for the best plan so far instead of waiting.
    stop_asked_at: Mapped[Instant | None]
    #: While it runs: step, seconds, objective, bound.
    progress: Mapped[Json]
    #: Why there is no result.
    problem_words: Mapped[str] = mapped_column(String(300), default="")
    #: The problem as it was solved and its plan, in the format of `docs/placement.md`.
    problem: Mapped[str | None] = mapped_column(Text)
    plan: Mapped[str | None] = mapped_column(Text)
    #: Figures before and after, shares served, and with what it was computed.
    summary: Mapped[Json]
    #: What letting the weekly sessions go on that it ended needs to know: by series its days and places,
    #: as they were; {} while none has ended.
    undo: Mapped[Json] = mapped_column(default=dict, server_default="{}")
    #: What became of the places in them once they went on again: when, who has them back and had heard of
    #: the end, and as in `undo` those that could not be given back, with why; {} before, and while ended.
    went_on: Mapped[Json] = mapped_column(default=dict, server_default="{}")

    site: Mapped[Site] = relationship()
    program: Mapped[Program] = relationship()
    requested_by: Mapped[User] = relationship()


class PlacementProposal(Base):
    """What one run proposes for one person; nothing happens until somebody accepts it."""

    __tablename__ = "placement_proposal"
    __table_args__ = (
        one_of("kind", ProposalKind),
        one_of("state", ProposalState),
        UniqueConstraint("run_id", "client_id"),
        CheckConstraint("(decided_at IS NULL) = (decided_by_id IS NULL)", name="decided_by_someone"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="open_is_undecided"),
    )

    id: Mapped[Id]
    run_id: Mapped[int] = mapped_column(ForeignKey("placement_run.id"))
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    kind: Mapped[Word]
    #: Series in which the person has a place when the run was made, and those proposed.
    before: Mapped[Json]
    after: Mapped[Json]
    #: Of a one-to-one: counselor, weekday, start and minutes, every how many weeks, first week.
    session: Mapped[Json]
    minutes_before: Mapped[int]
    minutes_after: Mapped[int]
    state: Mapped[Word]
    decided_at: Mapped[Instant | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    #: Why it could not be applied, or could not be undone.
    note: Mapped[str] = mapped_column(String(300), default="")
    #: What undoing needs to know: the enrollment as it was, the session that was made. Once it is undone:
    #: whether the person had heard of it, and that session.
    undo: Mapped[Json]

    run: Mapped[PlacementRun] = relationship()
    client: Mapped[Client] = relationship()


class CounselorHours(Base):
    """Time of one weekday in which a counselor sees people one to one; breaks are the gaps between."""

    __tablename__ = "counselor_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 4", name="weekday_is_treatment_day"),
        CheckConstraint("start_minute >= 0 AND end_minute <= 1440", name="within_a_day"),
        CheckConstraint("end_minute > start_minute", name="ends_after_it_starts"),
        UniqueConstraint("user_id", "site_id", "weekday", "start_minute"),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    weekday: Mapped[int]
    #: Minutes after midnight on the site's wall clock.
    start_minute: Mapped[int]
    end_minute: Mapped[int]


class CounselorLimit(Base):
    """How many people one counselor sees, and how many of them without a break."""

    __tablename__ = "counselor_limit"
    __table_args__ = (
        UniqueConstraint("user_id", "site_id"),
        CheckConstraint("most_clients BETWEEN 0 AND 60", name="caseload_sensible"),
        CheckConstraint("most_in_a_row BETWEEN 1 AND 12", name="in_a_row_sensible"),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    most_clients: Mapped[int] = mapped_column(default=24)
    most_in_a_row: Mapped[int] = mapped_column(default=3)
    #: Languages they hold sessions in, such as ["en", "es"].
    languages: Mapped[Json]
