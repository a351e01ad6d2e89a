"""The audit trail: append-only (triggers made by the migrations), text instead of foreign keys."""

from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Id, Instant, JsonText


class AuditEvent(Base):
    """One access or change: who, in which role, what, to whom, when."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_at", "at"),
        Index("ix_audit_event_client", "client_id", "at"),
        Index("ix_audit_event_actor", "actor_id", "at"),
    )

    id: Mapped[Id]
    at: Mapped[Instant]
    #: `subject:verb`, such as `attendance:recorded`.
    kind: Mapped[str] = mapped_column(String(60))
    #: Empty for the scheduler and for people not signed in.
    actor_id: Mapped[int | None]
    actor_role: Mapped[str] = mapped_column(String(40), default="")
    #: The site it happened at; administrators read their own sites' rows.
    site_id: Mapped[int | None]
    #: The one client it is about, if it is about one.
    client_id: Mapped[int | None]
    subject: Mapped[str] = mapped_column(String(60), default="")
    subject_id: Mapped[str] = mapped_column(String(64), default="")
    #: What was seen or changed: ids, old and new values. Never free text about a person.
    details: Mapped[Any] = mapped_column(JsonText)
    #: Ties the row to the log line of the same request.
    reference: Mapped[str] = mapped_column(String(40), default="")
    #: Everyone it is about or shows, so that what was seen of one person can be found.
    clients: Mapped[list["AuditEventClient"]] = relationship(
        primaryjoin="AuditEvent.id == foreign(AuditEventClient.event_id)", lazy="raise"
    )


class AuditEventClient(Base):
    """One person whom a row of the trail is about or shows; lists have one for everybody on them."""

    __tablename__ = "audit_event_client"
    __table_args__ = (Index("ix_audit_event_client_client", "client_id", "event_id"),)

    event_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    client_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
