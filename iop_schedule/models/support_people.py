"""Who may come with a client, what the client agreed to, and the links made under it."""

from datetime import date

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Id, Instant, Word, one_of
from iop_schedule.models.occurrences import Occurrence
from iop_schedule.models.people import Client, User
from iop_schedule.vocabulary import Evidence


class SupportPerson(Base):
    """Someone a client may bring along, named as the client names them. Ended, never deleted."""

    __tablename__ = "support_person"
    __table_args__ = (
        CheckConstraint("name <> ''", name="has_a_name"),
        CheckConstraint("language IN ('en', 'es')", name="language_known"),
        UniqueConstraint("id", "client_id"),
        Index("ix_support_person_client", "client_id", "ended_at"),
    )

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    name: Mapped[str] = mapped_column(String(60))
    #: Who they are to the client, in the client's words; may be empty.
    relation: Mapped[str] = mapped_column(String(60), default="")
    #: For staff to reach them about a session they are invited to; nothing is sent by itself.
    email: Mapped[str] = mapped_column(String(254), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    #: In which their page speaks.
    language: Mapped[str] = mapped_column(String(12), default="en")
    added_at: Mapped[Instant]
    added_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    ended_at: Mapped[Instant | None]

    client: Mapped[Client] = relationship()


class SupportConsent(Base):
    """A client's consent that one person is told date, time and place of one dated session, and no more.

    Source: docs/sources.md#support-people
    """

    __tablename__ = "support_consent"
    __table_args__ = (
        one_of("evidence", Evidence),
        CheckConstraint("expires_on >= given_on", name="expires_after_it_was_given"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_by_id IS NULL)", name="revoked_by_someone"),
        ForeignKeyConstraint(
            ["person_id", "client_id"],
            ["support_person.id", "support_person.client_id"],
            name="fk_support_consent_person",
        ),
        Index(
            "uq_support_consent_standing",
            "person_id",
            "occurrence_id",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
        Index("ix_support_consent_session", "occurrence_id", "client_id"),
        Index("ix_support_consent_client", "client_id"),
    )

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    person_id: Mapped[int]
    occurrence_id: Mapped[int] = mapped_column(ForeignKey("occurrence.id"))
    given_on: Mapped[date]
    #: Spoken, on paper, or by the client in the application.
    evidence: Mapped[Word]
    #: Last day it holds, included, on the site's calendar.
    expires_on: Mapped[date]
    recorded_at: Mapped[Instant]
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    revoked_at: Mapped[Instant | None]
    revoked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    person: Mapped[SupportPerson] = relationship()
    occurrence: Mapped[Occurrence] = relationship()
    recorded_by: Mapped[User] = relationship(foreign_keys=[recorded_by_id])
    links: Mapped[list["SupportLink"]] = relationship(back_populates="consent", order_by="SupportLink.id")


class SupportLink(Base):
    """One secret address that tells what a consent allows. A new one ends the one before."""

    __tablename__ = "support_link"
    __table_args__ = (
        Index(
            "uq_support_link_open",
            "consent_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    consent_id: Mapped[int] = mapped_column(ForeignKey("support_consent.id"))
    #: Keyed hash of the random part of the address, which is shown once and kept nowhere.
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    #: When the session was to begin as the link was made, so that the page can say that it was moved.
    told_start_at: Mapped[Instant]
    made_at: Mapped[Instant]
    made_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    ended_at: Mapped[Instant | None]

    consent: Mapped[SupportConsent] = relationship(back_populates="links")
