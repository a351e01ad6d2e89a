"""Two people who must never share a session."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Id, Instant
from iop_schedule.models.people import Client


class KeepApart(Base):
    """A pair of clients who never share a session, from when it was written down until it is lifted.

    Why is not kept: each reason says something about the other person.
    """

    __tablename__ = "keep_apart"
    __table_args__ = (
        CheckConstraint("client_id < other_id", name="pair_in_order"),
        Index(
            "uq_keep_apart_pair",
            "client_id",
            "other_id",
            unique=True,
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
        Index("ix_keep_apart_other", "other_id"),
    )

    id: Mapped[Id]
    #: The one of the two with the smaller id.
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    other_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    made_at: Mapped[Instant]
    made_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    lifted_at: Mapped[Instant | None]
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    client: Mapped[Client] = relationship(foreign_keys=client_id)
    other: Mapped[Client] = relationship(foreign_keys=other_id)
