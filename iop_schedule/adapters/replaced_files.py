"""Output files that appear whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self


class ReplacedFile:
    """A text file written beside its target and renamed over it by `keep`; without that, nothing stays.

    The file is readable by its owner only, because it is about people. A target that is no ordinary file
    (a pipe, the terminal) receives a copy at the end. With no target nothing is written.
    """

    def __init__(self, target: Path | None) -> None:
        self._target = target.resolve() if target is not None else None
        self._written: Path | None = None
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        """Open the file beside its target."""
        if self._target is not None:
            self._written, self._file = _beside(self._target)
        return self

    @property
    def is_wanted(self) -> bool:
        """Return False with no target."""
        return self._file is not None

    def write(self, text: str) -> int:
        """Write `text` as UTF-8 and return how many bytes that took."""
        return self._file.write(text.encode()) if self._file is not None else 0

    def rearrange(self, stretches: Iterable[tuple[int, int]]) -> None:
        """Keep these stretches of what was written, each by its first byte and its length, in this order."""
        if self._file is None or self._target is None or self._written is None:
            return
        with self._file as before:
            passed, (self._written, self._file) = self._written, _beside(self._target)
            passed.unlink()
            for start, length in stretches:
                before.seek(start)
                self._file.write(before.read(length))

    def restart(self) -> None:
        """Forget what was written so far."""
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()

    def keep(self) -> None:
        """Put the file in its target's place."""
        if self._file is None or self._target is None or self._written is None:
            return
        self._file.close()
        if self._target.is_file() or not self._target.exists():
            self._written.replace(self._target)
        else:
            with self._written.open("rb") as source, self._target.open("wb") as sink:
                shutil.copyfileobj(source, sink)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what was not kept."""
        if self._file is not None:
            self._file.close()
        if self._written is not None:
            self._written.unlink(missing_ok=True)


def _beside(target: Path) -> tuple[Path, BinaryIO]:
    """Return an empty file in the target's folder, or among temporary ones where that is no ordinary file."""
    plain = target.is_file() or not target.exists()
    handle, name = tempfile.mkstemp(dir=target.parent if plain else None, prefix=f".{target.name}.")
    return Path(name), os.fdopen(handle, "w+b", buffering=1 << 20)
