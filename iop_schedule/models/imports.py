"""Uploads of the clinic's files: checked and applied in the background, shown to whoever sent them."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Instant, Json, Word, one_of
from iop_schedule.models.people import User
from iop_schedule.vocabulary import ImportState


class ImportRun(Base):
    """One upload. Its files lie in a folder named after `id` until it is done, a day at most."""

    __tablename__ = "import_run"
    __table_args__ = (
        one_of("state", ImportState),
        CheckConstraint("(state = 'applied') = (applied_at IS NOT NULL)", name="applied_has_a_time"),
        Index("ix_import_run_state", "state", "created_at"),
    )

    #: Random; also the name of the folder.
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    state: Mapped[Word]
    #: File names as they were recognized.
    files: Mapped[Json]
    #: By file: rows, new, already there.
    counts: Mapped[Json]
    #: What is wrong: the first thousand, how many more, and notes. Emptied with the files.
    problems: Mapped[Json]
    created_at: Mapped[Instant]
    #: When a worker last took it up; one that died is taken up again.
    claimed_at: Mapped[Instant | None]
    applied_at: Mapped[Instant | None]

    user: Mapped[User] = relationship()
