"""What would suit clients best."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from iop_schedule.models.base import Base, Id, Instant, Json, Word, one_of
from iop_schedule.vocabulary import DayPart, Modality


class ClientWishes(Base):
    """What suits one client best, as it stands; the audit trail keeps what was said before."""

    __tablename__ = "client_wishes"
    __table_args__ = (one_of("time", DayPart), one_of("modality", Modality))

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), unique=True)
    time: Mapped[Word] = mapped_column(default=DayPart.ANY)
    #: Numbers of weekdays, 0 is Monday.
    liked_days: Mapped[Json]
    disliked_days: Mapped[Json]
    #: Who should lead their sessions.
    counselor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    #: For someone who can attend either way; empty when both suit.
    modality: Mapped[str | None] = mapped_column(String(40))
    said_at: Mapped[Instant]
    said_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
