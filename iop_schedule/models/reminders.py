"""The outbox: every message planned, tried, sent or held back. Holds no message text."""

from datetime import date

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Id, Instant, Json, Word, one_of
from iop_schedule.models.occurrences import Occurrence
from iop_schedule.models.people import Client, User
from iop_schedule.vocabulary import Answer, AttemptOutcome, Channel, DeliveryPurpose, DeliveryState


class ReminderDelivery(Base):
    """One message to one client or staff member over one channel; the only truth about reminders."""

    __tablename__ = "reminder_delivery"
    __table_args__ = (
        one_of("channel", Channel),
        one_of("purpose", DeliveryPurpose),
        one_of("state", DeliveryState),
        CheckConstraint("(client_id IS NULL) <> (user_id IS NULL)", name="one_reader"),
        CheckConstraint("expires_at > due_at", name="expires_after_due"),
        CheckConstraint("state <> 'sent' OR tried_at IS NOT NULL", name="sent_has_a_time"),
        CheckConstraint("(state = 'attempting') = (token IS NOT NULL)", name="attempting_has_a_holder"),
        CheckConstraint("(token IS NULL) = (lease_until IS NULL)", name="holder_has_a_lease"),
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        UniqueConstraint("channel", "provider_ref"),
        Index("ix_reminder_delivery_next", "state", "next_try_at"),
        Index("ix_reminder_delivery_day", "day", "client_id"),
    )

    #: Also the message's own id, so that the same message can be recognized.
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    #: Hash of what makes it unique: the second plan of the same message is impossible.
    dedup_key: Mapped[str] = mapped_column(String(64), unique=True)
    #: Whom it is for: a client, or a staff member.
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    #: The day it is about, on the site's calendar; of a week its Monday.
    day: Mapped[date]
    #: The client's first session of that day when this was planned; none for what is about no session.
    occurrence_id: Mapped[int | None] = mapped_column(ForeignKey("occurrence.id"), index=True)
    channel: Mapped[Word]
    purpose: Mapped[Word]
    #: The first session's start when this was planned; a moved session gets a new message.
    planned_start_at: Mapped[Instant]
    #: Every session it tells of, as instants in ISO form; times and nothing else.
    tells: Mapped[Json] = mapped_column(default=list)
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
    #: The wording it was rendered from; none before, and for the built-in one.
    wording_id: Mapped[int | None] = mapped_column(ForeignKey("message_wording.id"))
    language: Mapped[str] = mapped_column(String(12), default="")
    #: The provider's own name for it, once known.
    provider_ref: Mapped[str | None] = mapped_column(String(80))
    #: When a person looked at one that did not go well, and decided.
    settled_at: Mapped[Instant | None]

    occurrence: Mapped[Occurrence | None] = relationship()
    client: Mapped[Client | None] = relationship()
    user: Mapped[User | None] = relationship()


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
    #: Where it was sent, and a keyed hash of its text: what the provider is asked about in doubt.
    address: Mapped[str] = mapped_column(String(254), default="")
    text_hash: Mapped[str] = mapped_column(String(64), default="")

    delivery: Mapped[ReminderDelivery] = relationship()


class ReminderReply(Base):
    """What a client answered to a message about a day; the latest one counts."""

    __tablename__ = "reminder_reply"
    __table_args__ = (
        one_of("answer", Answer),
        one_of("channel", Channel),
        Index("ix_reminder_reply_day", "client_id", "day"),
    )

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    day: Mapped[date]
    answer: Mapped[Word]
    channel: Mapped[Word]
    at: Mapped[Instant]
    delivery_id: Mapped[str | None] = mapped_column(ForeignKey("reminder_delivery.id"))

    client: Mapped[Client] = relationship()


class InboundMessage(Base):
    """One message a provider handed to us: taken once, however often it is delivered. Holds no text."""

    __tablename__ = "inbound_message"
    __table_args__ = (one_of("channel", Channel), UniqueConstraint("channel", "provider_ref"))

    id: Mapped[Id]
    channel: Mapped[Word]
    provider_ref: Mapped[str] = mapped_column(String(80))
    at: Mapped[Instant]
    #: What it was understood as.
    meaning: Mapped[Word]


class MessageWording(Base):
    """One version of the words of a message; the newest is used, older ones stay for what was sent."""

    __tablename__ = "message_wording"
    __table_args__ = (
        one_of("purpose", DeliveryPurpose),
        one_of("channel", Channel),
        UniqueConstraint("purpose", "channel", "language", "version"),
        CheckConstraint("version > 0", name="version_counts"),
    )

    id: Mapped[Id]
    purpose: Mapped[Word]
    channel: Mapped[Word]
    language: Mapped[str] = mapped_column(String(12))
    version: Mapped[int]
    subject: Mapped[str] = mapped_column(String(120), default="")
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Instant]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))

    created_by: Mapped[User] = relationship()


class ReminderAllowance(Base):
    """How many messages may go to one provider right now; refilled by the clock, shared by all workers."""

    __tablename__ = "reminder_allowance"
    __table_args__ = (one_of("channel", Channel),)

    channel: Mapped[Word] = mapped_column(primary_key=True)
    tokens: Mapped[float] = mapped_column(Float)
    at: Mapped[Instant]


class Heartbeat(Base):
    """When each tick of the scheduler last finished; readiness looks here."""

    __tablename__ = "heartbeat"

    tick: Mapped[Word] = mapped_column(primary_key=True)
    at: Mapped[Instant]
    #: How often it is meant to finish.
    every_seconds: Mapped[int]


class Standstill(Base):
    """A time in which no scheduler ran, so that nothing was sent; people are told when it is over."""

    __tablename__ = "standstill"
    __table_args__ = (CheckConstraint("ended_at > began_at", name="ends_after_it_began"),)

    id: Mapped[Id]
    #: The last sign of life before it, and the first one after it.
    began_at: Mapped[Instant]
    ended_at: Mapped[Instant] = mapped_column(index=True)
