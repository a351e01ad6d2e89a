"""Invitations by e-mail: who wants them, and the last message about each session."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Id, Instant, Word, one_of
from iop_schedule.models.occurrences import Occurrence
from iop_schedule.models.people import Client
from iop_schedule.vocabulary import DeliveryState


class InvitationWish(Base):
    """A client who wants each session sent to their mailbox; without a row, or switched off, nobody does."""

    __tablename__ = "invitation_wish"

    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), primary_key=True)
    on: Mapped[bool]
    changed_at: Mapped[Instant]

    client: Mapped[Client] = relationship()


class Invitation(Base):
    """The last message to one client about one session, waiting to go out or gone out. Holds no text.

    A message that may or may not have arrived goes out again: its number is the same, so that a calendar
    takes it for what it knows.
    """

    __tablename__ = "invitation"
    __table_args__ = (
        one_of("state", DeliveryState),
        UniqueConstraint("client_id", "occurrence_id"),
        CheckConstraint("ends_at > starts_at", name="ends_after_it_starts"),
        CheckConstraint("sequence >= 0", name="sequence_not_negative"),
        CheckConstraint("(state = 'attempting') = (lease_until IS NOT NULL)", name="attempting_has_a_lease"),
        CheckConstraint("state <> 'sent' OR told_at IS NOT NULL", name="sent_has_a_time"),
        Index("ix_invitation_next", "state", "next_try_at"),
    )

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    occurrence_id: Mapped[int] = mapped_column(ForeignKey("occurrence.id"), index=True)
    #: Counts the messages about this session.
    sequence: Mapped[int]
    cancels: Mapped[bool]
    #: The time the message says.
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    state: Mapped[Word]
    #: Why it was held back, as a category.
    reason: Mapped[str] = mapped_column(String(60), default="")
    next_try_at: Mapped[Instant]
    #: How often this message was handed to the mail server.
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[Instant | None]
    #: When a request about the session was last handed to the mail server.
    told_at: Mapped[Instant | None]

    client: Mapped[Client] = relationship()
    occurrence: Mapped[Occurrence] = relationship()
