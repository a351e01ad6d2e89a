"""A lock between processes of one machine; the operating system frees it when its holder dies."""

import fcntl
import os
from pathlib import Path


class FileLock:
    """Held by one process at a time. Not inherited: take it after forking."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def take(self) -> bool:
        """Return True when the lock is ours now, False when another process holds it."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return False
        self._fd = fd
        return True

    def release(self) -> None:
        """Give the lock back, if it is ours."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
