"""Uploads on their way in: single files or one zip archive, kept in a folder of their own."""

import os
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Protocol

from iop_schedule.adapters.clinic_files.tables import BY_NAME, TABLES
from iop_schedule.domain.engagement.client_report import REDISCLOSURE_NOTICE

#: Files that an export adds for people; an import passes over them.
NOTICE_FILE = "NOTICE.txt"
FOREIGN_FILES = frozenset({NOTICE_FILE})
NOTICE = f"{REDISCLOSURE_NOTICE}\r\n"

_PIECE = 1024 * 1024
_MOST_FILES = 40
#: Honest tables shrink to a twentieth; a bomb shrinks to a thousandth.
_MOST_RATIO = 200


class Refused(Exception):
    """An upload cannot be taken in; the message says what to do."""


class Upload(Protocol):
    """What a web server hands over for one file."""

    filename: str | None
    stream: IO[bytes]


def stage(uploads: Iterable[Upload], folder: Path, *, most_bytes: int) -> list[str]:
    """Store the uploaded tables in `folder`, made for its owner only; return their file names.

    Takes tables by their known names, or one zip archive of them. Archives are inflated with the sizes
    counted on the way; what their directory claims is not believed.

    Raises:
        Refused: an unknown or repeated name, a path, a broken archive, or too much.
    """
    folder.mkdir(mode=0o700, parents=True)
    stored: list[str] = []
    left = most_bytes
    for upload in uploads:
        name = (upload.filename or "").replace("\\", "/").rpartition("/")[2]
        if name.casefold().endswith(".zip"):
            left = _unpack(upload.stream, folder, stored, left)
        else:
            left = _store(upload.stream, folder, _known(name, stored), left)
    if not stored:
        message = "Choose at least one file."
        raise Refused(message)
    return stored


def _known(name: str, stored: list[str]) -> str:
    table = BY_NAME.get(name.casefold().removesuffix(".csv"))
    if table is None or not name.casefold().endswith(".csv"):
        shown = name if len(name) <= 80 else name[:79] + "…"  # noqa: PLR2004 - fits a line
        files = ", ".join(table.file for table in TABLES)
        message = f"“{shown}” is not one of the files. Their names are: {files}."
        raise Refused(message)
    if table.file in stored:
        message = f"{table.file} is there twice. Choose it once."
        raise Refused(message)
    stored.append(table.file)
    return table.file


def _store(stream: IO[bytes], folder: Path, name: str, left: int, *, most: int | None = None) -> int:
    """Copy a stream into the folder, at most `left` bytes; return how many are left after it."""
    limit = left if most is None else min(left, most)
    taken = 0
    new = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(new, "wb") as out:
        while piece := stream.read(_PIECE):
            taken += len(piece)
            if taken > limit:
                message = f"{name} is too large. Split it, or ask whoever runs the server to import it there."
                raise Refused(message)
            out.write(piece)
    return left - taken


def _unpack(stream: IO[bytes], folder: Path, stored: list[str], left: int) -> int:
    try:
        with zipfile.ZipFile(stream) as archive:
            members = [member for member in archive.infolist() if member.filename not in FOREIGN_FILES]
            if len(members) > _MOST_FILES:
                message = "This archive holds too many files. Put only the tables into it."
                raise Refused(message)
            for member in members:
                left = _member(archive, member, folder, stored, left)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        message = "This archive cannot be opened. Make it again, as plain zip without a password."
        raise Refused(message) from error
    return left


def _member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, stored: list[str], left: int
) -> int:
    if "/" in member.filename or "\\" in member.filename or member.is_dir():
        message = "Put the files into the archive directly, without folders."
        raise Refused(message)
    name = _known(member.filename, stored)
    # An entry may claim any size; what comes out is counted against what lies in the archive.
    most = max(member.compress_size, 1) * _MOST_RATIO + _PIECE
    with archive.open(member) as stream:
        return _store(stream, folder, name, left, most=most)


def discard(folder: Path) -> None:
    """Remove a folder of uploads; one that is gone already is fine."""
    shutil.rmtree(folder, ignore_errors=True)
