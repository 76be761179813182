"""Let only one bot run on an account of this machine; the operating system frees the lock when a process dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from bot.errors import Refuse


class InstanceLock:
    """Hold an exclusive lock on a file named after the account."""

    def __init__(self, folder: Path, account: str) -> None:
        self.path = folder / f"alvh-{account}.lock"
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock; raise `Refuse` naming the process that holds it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise Refuse(
                f"another bot (process {holder}) holds {self.path}: one account has one bot; stop that one first"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give the lock back."""
        if self._file is not None:
            self._file.close()
            self._file = None
