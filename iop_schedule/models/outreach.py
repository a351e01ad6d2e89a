"""Who is to contact whom, and every try to do so."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Id, Instant, Note, Word, one_of
from iop_schedule.models.people import Client, User
from iop_schedule.models.risk import RiskSignal
from iop_schedule.vocabulary import Barrier, ContactChannel, ContactResult, NextStep, TaskEnd


class OutreachTask(Base):
    """One client to be contacted by one named person, until they are back or it is decided."""

    __tablename__ = "outreach_task"
    __table_args__ = (
        one_of("ended_by", TaskEnd),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_for_a_reason"),
        Index(
            "uq_outreach_task_open",
            "client_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_outreach_task_user", "user_id", "ended_at"),
        Index("ix_outreach_task_opened_at", "opened_at"),
    )

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    #: Who is to act.
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    #: What opened it; empty for one opened by hand.
    signal_id: Mapped[int | None] = mapped_column(ForeignKey("risk_signal.id"), index=True)
    #: The highest tier since it was opened.
    tier: Mapped[Word]
    opened_at: Mapped[Instant]
    #: Start of the latest miss that led to it, where one did.
    missed_at: Mapped[Instant | None]
    #: Last day to act, on the site's calendar.
    due_day: Mapped[date]
    #: Nobody acted in time: since then an administrator sees it too.
    escalated_at: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]
    ended_by: Mapped[str | None] = mapped_column(String(40))

    client: Mapped[Client] = relationship()
    user: Mapped[User] = relationship()
    signal: Mapped[RiskSignal | None] = relationship()
    attempts: Mapped[list["OutreachAttempt"]] = relationship(
        back_populates="task", order_by="OutreachAttempt.at, OutreachAttempt.id"
    )


class OutreachAttempt(Base):
    """One try to reach a client, and what came of it. Taken back, never deleted."""

    __tablename__ = "outreach_attempt"
    __table_args__ = (
        one_of("channel", ContactChannel),
        one_of("result", ContactResult),
        one_of("barrier", Barrier),
        one_of("next_step", NextStep),
        CheckConstraint("(undone_at IS NULL) = (undone_by_id IS NULL)", name="undone_by_someone"),
        CheckConstraint("(next_step = 'nothing') = (next_day IS NULL)", name="next_step_has_a_day"),
        Index("ix_outreach_attempt_client", "client_id", "at"),
    )

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    #: The task it belongs to; empty for a contact nobody had asked for.
    task_id: Mapped[int | None] = mapped_column(ForeignKey("outreach_task.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    at: Mapped[Instant]
    channel: Mapped[Word]
    result: Mapped[Word]
    #: What keeps them from coming, where they said so.
    barrier: Mapped[str | None] = mapped_column(String(40))
    #: What they said about it in a few words; no clinical detail.
    note: Mapped[Note]
    next_step: Mapped[Word]
    #: When the next step is due.
    next_day: Mapped[date | None]
    recorded_at: Mapped[Instant]
    undone_at: Mapped[Instant | None]
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    task: Mapped[OutreachTask | None] = relationship(back_populates="attempts")
    client: Mapped[Client] = relationship()
    user: Mapped[User] = relationship(foreign_keys=[user_id])
