"""What clients ask to have changed in their care, and what they hear back."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Id, Instant, Note, Word, one_of
from iop_schedule.models.people import Client, User
from iop_schedule.vocabulary import RequestAnswer, RequestEnd, RequestKind


class CareRequest(Base):
    """One thing a client asks for. Taken back, never deleted; of each kind at most one is open."""

    __tablename__ = "care_request"
    __table_args__ = (
        one_of("kind", RequestKind),
        one_of("ended_by", RequestEnd),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_somehow"),
        Index(
            "uq_care_request_open",
            "client_id",
            "kind",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_care_request_client", "client_id", "asked_at"),
    )

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    kind: Mapped[Word]
    #: What would help, in the client's own words.
    words: Mapped[Note]
    asked_at: Mapped[Instant]
    #: The client, or whoever wrote down what they said.
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    ended_at: Mapped[Instant | None]
    ended_by: Mapped[str | None] = mapped_column(String(40))

    client: Mapped[Client] = relationship()
    asked_by: Mapped[User] = relationship()
    replies: Mapped[list["CareReply"]] = relationship(
        back_populates="request", order_by="CareReply.at, CareReply.id"
    )


class CareReply(Base):
    """One answer to a request. A talk may come before the answer that ends it."""

    __tablename__ = "care_reply"
    __table_args__ = (
        one_of("answer", RequestAnswer),
        CheckConstraint("(answer = 'not_now') = (day IS NULL)", name="agreed_for_a_day"),
    )

    id: Mapped[Id]
    request_id: Mapped[int] = mapped_column(ForeignKey("care_request.id"), index=True)
    answer: Mapped[Word]
    words: Mapped[Note]
    #: From when it holds, or when they talk about it.
    day: Mapped[date | None]
    at: Mapped[Instant]
    by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))

    request: Mapped[CareRequest] = relationship(back_populates="replies")
    by: Mapped[User] = relationship()
