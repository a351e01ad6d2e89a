"""Where a client may be written to, what they agreed to, and when they like it."""

from datetime import time

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Id, Instant, Word, one_of
from iop_schedule.models.people import Client, User
from iop_schedule.vocabulary import Channel, ConsentPurpose, Evidence, StopReason


class ContactPoint(Base):
    """The address messages to one client go to over one channel; takes nothing until confirmed."""

    __tablename__ = "contact_point"
    __table_args__ = (
        one_of("channel", Channel),
        one_of("confirmed_by", Evidence),
        one_of("stop_reason", StopReason),
        UniqueConstraint("client_id", "channel"),
        CheckConstraint("(confirmed_at IS NULL) = (confirmed_by IS NULL)", name="confirmed_somehow"),
        CheckConstraint("(stopped_at IS NULL) = (stop_reason IS NULL)", name="stopped_with_reason"),
        CheckConstraint("(code_salt = '') = (code_until IS NULL)", name="code_has_an_end"),
        Index("ix_contact_point_address", "channel", "address"),
    )

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    channel: Mapped[Word]
    #: An e-mail address in lower case, or a telephone number in the form +12025550142.
    address: Mapped[str] = mapped_column(String(254))
    added_at: Mapped[Instant]
    #: Since when we know that it is theirs, and how.
    confirmed_at: Mapped[Instant | None]
    confirmed_by: Mapped[str | None] = mapped_column(String(40))
    stopped_at: Mapped[Instant | None]
    stop_reason: Mapped[str | None] = mapped_column(String(40))
    #: What the code being asked for is computed from; the code itself is stored nowhere.
    code_salt: Mapped[str] = mapped_column(String(32), default="")
    code_until: Mapped[Instant | None]
    #: Wrong codes typed so far.
    code_tries: Mapped[int] = mapped_column(default=0)

    client: Mapped[Client] = relationship()


class ContactConsent(Base):
    """A client's agreement to one kind of message over one channel, from a day until they take it back."""

    __tablename__ = "contact_consent"
    __table_args__ = (
        one_of("channel", Channel),
        one_of("purpose", ConsentPurpose),
        one_of("evidence", Evidence),
        one_of("end_evidence", Evidence),
        CheckConstraint("(ended_at IS NULL) = (end_evidence IS NULL)", name="ended_somehow"),
        Index(
            "uq_contact_consent_open",
            "client_id",
            "channel",
            "purpose",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
        Index("ix_contact_consent_client", "client_id", "given_at"),
    )

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    channel: Mapped[Word]
    purpose: Mapped[Word]
    given_at: Mapped[Instant]
    evidence: Mapped[Word]
    #: Who wrote it down; nobody for what the client did themself or a provider told us.
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    ended_at: Mapped[Instant | None]
    end_evidence: Mapped[str | None] = mapped_column(String(40))
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    client: Mapped[Client] = relationship()
    recorded_by: Mapped[User | None] = relationship(foreign_keys=[recorded_by_id])
    ended_by: Mapped[User | None] = relationship(foreign_keys=[ended_by_id])


class ContactWish(Base):
    """When and in which language one client likes to be written to; what is empty is the default."""

    __tablename__ = "contact_wish"
    __table_args__ = (
        CheckConstraint("days_before IS NULL OR days_before BETWEEN 0 AND 2", name="lead_sensible"),
        CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet_hours_whole"),
        CheckConstraint("(days_before IS NULL) = (remind_at IS NULL)", name="lead_whole"),
    )

    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), primary_key=True)
    language: Mapped[str] = mapped_column(String(12), default="")
    #: IANA zone the client lives in, when it is not the site's.
    zone: Mapped[str] = mapped_column(String(64), default="")
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    days_before: Mapped[int | None]
    remind_at: Mapped[time | None]
    changed_at: Mapped[Instant]

    client: Mapped[Client] = relationship()
