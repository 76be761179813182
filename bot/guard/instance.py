"""Let only one bot trade an account of this machine; the operating system frees the locks when a process dies."""

from __future__ import annotations

import fcntl
import os
import pwd
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from bot.errors import Refuse

VARIABLE = "ALVH_STATE"


def state_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Return the folder in which this user's bots find each other, whatever folders and settings they run with.

    It does not follow variables such as HOME or XDG_STATE_HOME, which differ between a shell and a service.
    """
    named = (os.environ if environment is None else environment).get(VARIABLE, "")
    return Path(named) if named else Path(pwd.getpwuid(os.getuid()).pw_dir) / ".local" / "state" / "alvh"


class InstanceLock:
    """Hold exclusive locks on files named after the account: in the bot's folder, and in `state` where one is given."""

    def __init__(self, folder: Path, account: str, state: Path | None = None) -> None:
        name = f"alvh-{account}.lock"
        self.path = folder / name
        folders = (folder,) if state is None else (folder, state)
        self._paths = tuple(dict.fromkeys(each.resolve() / name for each in folders))  # which may be the same
        self._files: list[IO[str]] = []

    def acquire(self) -> None:
        """Take the locks; raise `Refuse` naming the process that holds one, or saying which file cannot be made."""
        try:
            for path in self._paths:
                self._take(path)
        except Refuse:
            self.release()
            raise

    def release(self) -> None:
        """Give the locks back."""
        while self._files:
            self._files.pop().close()

    def _take(self, path: Path) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+", encoding="utf-8")
        except OSError as error:
            raise Refuse(
                f"the lock {path} cannot be made ({error.strerror}): without it two bots could trade one account; "
                f"mend its rights, or name a folder for it with {VARIABLE}"
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = file.read(200).strip() or "unknown"
            file.close()
            raise Refuse(
                f"another bot (process {holder}) holds {path}: one account has one bot; stop that one first"
            ) from error
        os.fchmod(file.fileno(), 0o600)
        file.truncate(0)
        file.write(f"{os.getpid()} in {Path.cwd()}")
        file.flush()
        self._files.append(file)
