"""What clients want time for."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from iop_schedule.models.base import Base, Id, Instant


class ClientGoal(Base):
    """Something a client wants time for, in their own words. Ended, never deleted."""

    __tablename__ = "client_goal"
    __table_args__ = (
        CheckConstraint("words <> ''", name="says_something"),
        Index("ix_client_goal_client", "client_id", "ended_at"),
    )

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    words: Mapped[str] = mapped_column(String(120))
    #: The name of the times in their week that are kept for it; may be empty. A name and not a row,
    #: because a commitment that changes is a new row.
    time_name: Mapped[str] = mapped_column(String(120), default="")
    added_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
