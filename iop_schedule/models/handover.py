"""Notes that counselors leave for case managers."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Id, Instant
from iop_schedule.models.occurrences import Occurrence
from iop_schedule.models.people import Client, User


class HandoverNote(Base):
    """One note about one client at one session, until somebody has dealt with it. Never deleted."""

    __tablename__ = "handover_note"
    __table_args__ = (
        CheckConstraint("words <> ''", name="says_something"),
        CheckConstraint("(settled_at IS NULL) = (settled_by_id IS NULL)", name="settled_by_someone"),
        Index("ix_handover_note_client", "client_id", "settled_at"),
    )

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    occurrence_id: Mapped[int] = mapped_column(ForeignKey("occurrence.id"))
    words: Mapped[str] = mapped_column(String(300))
    left_at: Mapped[Instant]
    left_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    settled_at: Mapped[Instant | None]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    client: Mapped[Client] = relationship()
    occurrence: Mapped[Occurrence] = relationship()
    left_by: Mapped[User] = relationship(foreign_keys=[left_by_id])
