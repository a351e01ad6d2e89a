"""The outbox: every message planned, tried, sent or held back. Holds no message text."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Id, Instant, Word, one_of
from iop_schedule.models.occurrences import Occurrence
from iop_schedule.models.people import Client
from iop_schedule.vocabulary import AttemptOutcome, Channel, DeliveryPurpose, DeliveryState


class ReminderDelivery(Base):
    """One message to one client about one day over one channel; the only truth about reminders."""

    __tablename__ = "reminder_delivery"
    __table_args__ = (
        one_of("channel", Channel),
        one_of("purpose", DeliveryPurpose),
        one_of("state", DeliveryState),
        CheckConstraint("expires_at > due_at", name="expires_after_due"),
        CheckConstraint("state <> 'sent' OR tried_at IS NOT NULL", name="sent_has_a_time"),
        CheckConstraint("(state = 'attempting') = (token IS NOT NULL)", name="attempting_has_a_holder"),
        CheckConstraint("(token IS NULL) = (lease_until IS NULL)", name="holder_has_a_lease"),
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        Index("ix_reminder_delivery_next", "state", "next_try_at"),
        Index("ix_reminder_delivery_day", "day", "client_id"),
    )

    #: Also the message's own id, so that the same message can be recognized.
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    #: Hash of what makes it unique: the second plan of the same message is impossible.
    dedup_key: Mapped[str] = mapped_column(String(64), unique=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    #: The day it is about, on the site's calendar.
    day: Mapped[date]
    #: The client's first session of that day when this was planned.
    occurrence_id: Mapped[int] = mapped_column(ForeignKey("occurrence.id"), index=True)
    channel: Mapped[Word]
    purpose: Mapped[Word]
    #: The first session's start when this was planned; a moved session gets a new message.
    planned_start_at: Mapped[Instant]
    due_at: Mapped[Instant]
    #: Not to be tried before: the due time, then the end of quiet hours or of a wait after a refusal.
    next_try_at: Mapped[Instant]
    #: Useless afterwards: never sent late.
    expires_at: Mapped[Instant]
    state: Mapped[Word]
    #: Why it was held back, as a category.
    reason: Mapped[str] = mapped_column(String(60), default="")
    #: How often it was handed to the mail server; each has a row in `ReminderAttempt`.
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[Instant | None]
    #: Names the holder of the lease; a stale worker cannot overwrite a newer one.
    token: Mapped[str | None] = mapped_column(String(36))
    #: When it was last handed to the mail server; for a sent message, when it was sent.
    tried_at: Mapped[Instant | None]

    occurrence: Mapped[Occurrence] = relationship()
    client: Mapped[Client] = relationship()


class ReminderAttempt(Base):
    """One try to hand a message over, kept so that a doubtful one stays visible."""

    __tablename__ = "reminder_attempt"
    __table_args__ = (
        one_of("outcome", AttemptOutcome),
        UniqueConstraint("delivery_id", "number"),
        CheckConstraint("(outcome = 'started') = (ended_at IS NULL)", name="ended_with_an_outcome"),
        Index("ix_reminder_attempt_outcome", "outcome", "started_at"),
    )

    id: Mapped[Id]
    delivery_id: Mapped[str] = mapped_column(ForeignKey("reminder_delivery.id"))
    #: 1 for the first.
    number: Mapped[int]
    started_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    outcome: Mapped[Word]
    #: What the mail server or the network said, as a category; never its text.
    error: Mapped[str] = mapped_column(String(60), default="")

    delivery: Mapped[ReminderDelivery] = relationship()


class Heartbeat(Base):
    """When each tick of the scheduler last finished; readiness looks here."""

    __tablename__ = "heartbeat"

    tick: Mapped[Word] = mapped_column(primary_key=True)
    at: Mapped[Instant]
    #: How often it is meant to finish.
    every_seconds: Mapped[int]
