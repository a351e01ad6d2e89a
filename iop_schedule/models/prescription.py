"""Episodes of care, pauses in them, and the prescribed dose."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Code, Id, Json, Word, one_of
from iop_schedule.models.people import Client
from iop_schedule.models.programs import Program
from iop_schedule.vocabulary import EnrollmentStatus, PauseReason


class Enrollment(Base):
    """One client's time in one program, from admission to discharge."""

    __tablename__ = "enrollment"
    __table_args__ = (
        one_of("status", EnrollmentStatus),
        CheckConstraint("until_day IS NULL OR until_day >= from_day", name="ends_after_it_starts"),
        Index("ix_enrollment_client", "client_id", "from_day"),
        Index("ix_enrollment_program_status", "program_id", "status"),
    )

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    program_id: Mapped[int] = mapped_column(ForeignKey("program.id"))
    status: Mapped[Word]
    #: The day they first asked for the program, where it is known; waiting is counted from it.
    first_contact_on: Mapped[date | None]
    #: Admission day.
    from_day: Mapped[date]
    #: Discharge day, included; open while empty.
    until_day: Mapped[date | None]

    client: Mapped[Client] = relationship()
    program: Mapped[Program] = relationship()
    doses: Mapped[list["PrescribedDose"]] = relationship(
        back_populates="enrollment", order_by="PrescribedDose.from_day", lazy="selectin"
    )
    pauses: Mapped[list["EnrollmentPause"]] = relationship(
        back_populates="enrollment", order_by="EnrollmentPause.from_day", lazy="selectin"
    )


class EnrollmentPause(Base):
    """Days that do not count: hospital, leave, residential care."""

    __tablename__ = "enrollment_pause"
    __table_args__ = (
        one_of("reason", PauseReason),
        CheckConstraint("until_day IS NULL OR until_day >= from_day", name="ends_after_it_starts"),
    )

    id: Mapped[Id]
    enrollment_id: Mapped[int] = mapped_column(ForeignKey("enrollment.id"), index=True)
    from_day: Mapped[date]
    #: Last day, included; open while empty.
    until_day: Mapped[date | None]
    reason: Mapped[Word]

    enrollment: Mapped[Enrollment] = relationship(back_populates="pauses")


class PrescribedDose(Base):
    """Minutes and days a program week, from a day until the next dose of the enrollment begins."""

    __tablename__ = "prescribed_dose"
    __table_args__ = (
        UniqueConstraint("enrollment_id", "from_day"),
        CheckConstraint("minutes BETWEEN 0 AND 3000", name="minutes_in_a_week"),
        CheckConstraint("over_minutes BETWEEN 0 AND 600", name="over_minutes_sensible"),
        CheckConstraint("minimum_days BETWEEN 0 AND 5", name="minimum_days_in_week"),
        CheckConstraint("most_minutes_a_day BETWEEN 30 AND 720", name="minutes_in_a_day"),
    )

    id: Mapped[Id]
    enrollment_id: Mapped[int] = mapped_column(ForeignKey("enrollment.id"))
    from_day: Mapped[date]
    #: Treatment minutes a program week.
    minutes: Mapped[int]
    #: How far a weekly plan may go beyond that.
    over_minutes: Mapped[int] = mapped_column(default=90)
    #: Distinct weekdays.
    minimum_days: Mapped[int] = mapped_column(default=3)
    most_minutes_a_day: Mapped[int] = mapped_column(default=360)
    #: Service types of which at least one meeting a week is needed.
    required_services: Mapped[Json]
    #: A recorded step-down: the level of care is not judged in the first two weeks of this dose.
    step_down: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: Who ordered it, as the plan of care names them.
    ordered_by: Mapped[str] = mapped_column(String(200), default="")

    enrollment: Mapped[Enrollment] = relationship(back_populates="doses")
