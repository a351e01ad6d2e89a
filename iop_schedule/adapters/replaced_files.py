"""Output files that appear whole or not at all."""

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO


class ReplacedFile:
    """A text file written beside its target and renamed over it by `keep`; without that, nothing stays.

    The file is readable by its owner only, because it is about people. A target that is no ordinary file
    (a pipe, the terminal) receives a copy at the end. With no target there is no `file`.
    """

    def __init__(self, target: Path | None) -> None:
        self._target = target.resolve() if target is not None else None
        self._written: Path | None = None
        self.file: TextIO | None = None

    def __enter__(self) -> Self:
        """Open the file beside its target."""
        if self._target is not None:
            plain = self._target.is_file() or not self._target.exists()
            handle, name = tempfile.mkstemp(
                dir=self._target.parent if plain else None, prefix=f".{self._target.name}."
            )
            self._written = Path(name)
            self.file = os.fdopen(handle, "w", encoding="utf-8", newline="", buffering=1 << 20)
        return self

    def restart(self) -> None:
        """Forget what was written so far."""
        if self.file is not None:
            self.file.seek(0)
            self.file.truncate()

    def keep(self) -> None:
        """Put the file in its target's place."""
        if self.file is None or self._target is None or self._written is None:
            return
        self.file.close()
        if self._target.is_file() or not self._target.exists():
            self._written.replace(self._target)
        else:
            with self._written.open("rb") as source, self._target.open("wb") as sink:
                shutil.copyfileobj(source, sink)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what was not kept."""
        if self.file is not None:
            self.file.close()
        if self._written is not None:
            self._written.unlink(missing_ok=True)
