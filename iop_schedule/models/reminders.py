"""The outbox: every message planned, tried, sent or held back. Holds no message text."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Instant, Word, one_of
from iop_schedule.models.occurrences import Occurrence
from iop_schedule.models.people import Client
from iop_schedule.vocabulary import Channel, DeliveryPurpose, DeliveryState


class ReminderDelivery(Base):
    """One message about one session to one client over one channel."""

    __tablename__ = "reminder_delivery"
    __table_args__ = (
        one_of("channel", Channel),
        one_of("purpose", DeliveryPurpose),
        one_of("state", DeliveryState),
        CheckConstraint("expires_at > due_at", name="expires_after_due"),
        CheckConstraint("state <> 'sent' OR sent_at IS NOT NULL", name="sent_has_a_time"),
        Index("ix_reminder_delivery_due", "state", "due_at"),
    )

    #: Also the message's own id, so that the same message can be recognized.
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    #: Hash of what makes it unique: the second plan of the same message is impossible.
    dedup_key: Mapped[str] = mapped_column(String(64), unique=True)
    occurrence_id: Mapped[int] = mapped_column(ForeignKey("occurrence.id"), index=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    channel: Mapped[Word]
    purpose: Mapped[Word]
    #: The session's start when this was planned; a moved session gets a new message.
    planned_start_at: Mapped[Instant]
    due_at: Mapped[Instant]
    #: Useless afterwards: never sent late.
    expires_at: Mapped[Instant]
    state: Mapped[Word]
    #: Why it was held back, as a category.
    reason: Mapped[str] = mapped_column(String(60), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[Instant | None]
    #: Names the holder of the lease; a stale worker cannot overwrite a newer one.
    token: Mapped[str | None] = mapped_column(String(36))
    sent_at: Mapped[Instant | None]

    occurrence: Mapped[Occurrence] = relationship()
    client: Mapped[Client] = relationship()


class Heartbeat(Base):
    """When each tick of the scheduler last finished; readiness looks here."""

    __tablename__ = "heartbeat"

    tick: Mapped[Word] = mapped_column(primary_key=True)
    at: Mapped[Instant]
