"""A consistent copy of a SQLite database while it is in use."""

import os
from contextlib import closing
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite


class BackupFailed(Exception):
    """The copy could not be made."""


def copy_sqlite(database: Path, target: Path) -> None:
    """Copy `database` to the new file `target`, readable by its owner only, and check the copy.

    Raises:
        BackupFailed: `target` exists, cannot be written, or the copy is damaged; the sentence says which.
    """
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        message = f"{target} cannot be written: {error.strerror}. Choose a new file name."
        raise BackupFailed(message) from None
    try:
        with closing(sqlite.connect(str(database))) as source, closing(sqlite.connect(str(target))) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
            (verdict,) = copy.execute("PRAGMA integrity_check").fetchone()
    except sqlite.Error as error:
        target.unlink()
        message = f"The database could not be copied: {error}."
        raise BackupFailed(message) from None
    if verdict != "ok":
        message = f"The copy in {target} is damaged; restore from an earlier one."
        raise BackupFailed(message)
