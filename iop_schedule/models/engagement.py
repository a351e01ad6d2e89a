"""What leaves the program about a client, under which consent, and reports made in the background."""

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Id, Instant, Json, JsonText, Word, one_of
from iop_schedule.models.people import Client, User
from iop_schedule.vocabulary import ReportKind, ReportState


class DisclosureConsent(Base):
    """A client's written consent to tell one recipient about their attendance.

    Source: docs/sources.md#disclosures
    """

    __tablename__ = "disclosure_consent"
    __table_args__ = (
        CheckConstraint("expires_on >= signed_on", name="expires_after_signing"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_by_id IS NULL)", name="revoked_by_someone"),
        Index("ix_disclosure_consent_client", "client_id", "signed_on"),
    )

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    #: Who may be told: a person or an office, as the signed form names it.
    recipient: Mapped[str] = mapped_column(String(200))
    purpose: Mapped[str] = mapped_column(String(300))
    signed_on: Mapped[date]
    #: Last day it holds, included.
    expires_on: Mapped[date]
    recorded_at: Mapped[Instant]
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    revoked_at: Mapped[Instant | None]
    revoked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    client: Mapped[Client] = relationship()


class IssuedReport(Base):
    """A report about one client exactly as it was handed out; append-only."""

    __tablename__ = "issued_report"
    __table_args__ = (
        CheckConstraint("until_day >= from_day", name="ends_after_it_starts"),
        Index("ix_issued_report_client", "client_id", "issued_at"),
    )

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    from_day: Mapped[date]
    until_day: Mapped[date]
    #: Names as printed, and every section with its words and numbers.
    document: Mapped[Json]
    issued_at: Mapped[Instant]
    issued_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))

    client: Mapped[Client] = relationship()
    issued_by: Mapped[User] = relationship()


class Disclosure(Base):
    """One line of the accounting of disclosures: what went to whom, why, under which consent; append-only."""

    __tablename__ = "disclosure"
    __table_args__ = (Index("ix_disclosure_client", "client_id", "at"),)

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    at: Mapped[Instant]
    recipient: Mapped[str] = mapped_column(String(200))
    purpose: Mapped[str] = mapped_column(String(300))
    #: What was disclosed, in words.
    what: Mapped[str] = mapped_column(String(300))
    consent_id: Mapped[int] = mapped_column(ForeignKey("disclosure_consent.id"))
    report_id: Mapped[int] = mapped_column(ForeignKey("issued_report.id"), unique=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))

    by: Mapped[User] = relationship()


class ReportRun(Base):
    """A report made in the background for whoever asked; forgotten after a day."""

    __tablename__ = "report_run"
    __table_args__ = (
        one_of("kind", ReportKind),
        one_of("state", ReportState),
        CheckConstraint("percent BETWEEN 0 AND 100", name="percent_in_range"),
        CheckConstraint("(state = 'ready') = (result IS NOT NULL)", name="ready_has_a_result"),
        Index("ix_report_run_state", "state", "created_at"),
        Index("ix_report_run_user", "user_id", "created_at"),
    )

    #: Random, so that an address tells nothing.
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    kind: Mapped[Word]
    #: What was asked for: ids, days and settings.
    asked: Mapped[Json]
    state: Mapped[Word] = mapped_column(default=ReportState.WAITING)
    percent: Mapped[int] = mapped_column(default=0)
    #: Numbers and words of the whole program; nothing about one client.
    result: Mapped[Any] = mapped_column(JsonText, nullable=True)
    created_at: Mapped[Instant]
    #: When a worker took it up; one that never finished is taken up again.
    claimed_at: Mapped[Instant | None]
