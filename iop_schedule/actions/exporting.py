"""Handing out the clinic's files: audited first, then written row by row."""

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from iop_schedule.actions import audit
from iop_schedule.adapters.clinic_files.rows import file_lines
from iop_schedule.adapters.clinic_files.staging import NOTICE, NOTICE_FILE
from iop_schedule.adapters.clinic_files.tables import TABLES, Table
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import db
from iop_schedule.models.base import write_intent
from iop_schedule.queries.access import Actor
from iop_schedule.queries.clinic_rows import rows_of
from iop_schedule.queries.exporting import Scope
from iop_schedule.vocabulary import AuditKind

_PIECE = 64 * 1024
#: Zip entries carry a date; a fixed one gives the same clinic the same bytes.
_DATE = (2000, 1, 1, 0, 0, 0)


def export_folder(*, folder: Path, now: datetime) -> dict[str, int]:
    """Write all files of all sites into `folder`, readable by its owner only; return rows by file."""
    audit.record_alone(AuditKind.EXPORT_MADE, actor=None, now=now, details={"sites": "all"})
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    counts = {}
    with _reading():
        for table in TABLES:
            counts[table.name] = _write_file(folder / table.file, table, now)
    with _open_private(folder / NOTICE_FILE) as notice:
        notice.write(NOTICE.encode())
    return counts


def _write_file(path: Path, table: Table, now: datetime) -> int:
    rows = -1  # the header is a line, not a row
    with _open_private(path) as out:
        for line in file_lines(rows_of(table.name, None, now=now), table):
            out.write(line.encode())
            rows += 1
    return rows


def _open_private(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def export_zip(*, actor: Actor, now: datetime) -> Iterator[bytes]:
    """Return the files of `actor`'s own sites as a zip archive, a piece at a time.

    The audit row is written before the first piece. The archive also holds the notice that 42 CFR 2.32
    asks for; it is complete only when its last piece has arrived.

    Raises:
        NotAllowed: this person may not export.
    """
    actor.require(Permission.EXPORT_RUN)
    for site_id in sorted(actor.site_ids):
        audit.record_alone(AuditKind.EXPORT_MADE, actor=actor, now=now, site_id=site_id)
    return _zip(actor.site_ids, now)


def _zip(scope: Scope, now: datetime) -> Iterator[bytes]:
    out = _Outgoing()
    with _reading(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open(_entry(NOTICE_FILE), "w") as file:
            file.write(NOTICE.encode())
        for table in TABLES:
            with archive.open(_entry(table.file), "w", force_zip64=True) as file:
                for line in file_lines(rows_of(table.name, scope, now=now), table):
                    file.write(line.encode())
                    if out.size > _PIECE:
                        yield out.take()
    yield out.take()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


class _Outgoing:
    """A file that cannot seek: keeps what was written until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        self.size += len(piece)
        return len(piece)

    def flush(self) -> None:
        """Do nothing; zip archives ask for it."""

    def close(self) -> None:
        """Do nothing; what was written can still be taken."""

    def take(self) -> bytes:
        """Return what was written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        self.size = 0
        return taken


@contextmanager
def _reading() -> Iterator[None]:
    """Run the block in one read transaction that sees the clinic at one moment."""
    db.session.rollback()
    before = write_intent.get()
    write_intent.set(False)
    try:
        if db.engine.dialect.name == "postgresql":
            db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield
    finally:
        db.session.rollback()
        write_intent.set(before)
