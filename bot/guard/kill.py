"""Keep the kill switch: a file on disk that survives restarts and is read at the last line before every send."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from bot.errors import Refuse
from bot.private import make_folder, private

VARIABLE = "ALVH_KILL"


class KillSwitch:
    """Stop everything but cancellations while the file exists, cannot be read, or the environment says so."""

    def __init__(self, folder: Path, mode: str, account: str, *, environment: Mapping[str, str] | None = None) -> None:
        self.path = folder / f"kill-switch-{mode}-{account}"
        self._file, self._folder = str(self.path), str(folder)  # looked at every few seconds: plain text opens faster
        self._environment = os.environ if environment is None else environment

    def engaged(self) -> str:
        """Return why nothing may be sent, or an empty text; whatever cannot be read counts as engaged."""
        if self._environment.get(VARIABLE, "").strip().lower() not in ("", "0", "false", "no"):
            return f"the environment variable {VARIABLE} is set"
        try:
            with open(self._file, encoding="utf-8") as file:
                return file.read().strip() or "engaged without a reason"
        except FileNotFoundError:
            return self._folder_fault()
        except (OSError, UnicodeDecodeError) as error:
            return f"the kill switch {self.path} cannot be read ({error})"

    def require(self) -> None:
        """Raise `Refuse` while engaged."""
        why = self.engaged()
        if why:
            raise Refuse(f"the kill switch is engaged ({why}): only cancellations are sent; `alvh rearm` lifts it")

    def engage(self, why: str) -> None:
        """Engage; the first reason stays. The write is on the disk before this returns."""
        if self.path.exists():
            return
        make_folder(self.path.parent)
        with open(self.path, "w", encoding="utf-8", errors="backslashreplace", opener=private) as file:
            file.write(why.strip() or "engaged without a reason")
            file.flush()
            os.fsync(file.fileno())

    def rearm(self) -> None:
        """Lift the switch; only a human's explicit word may lead here. The environment variable stays in force."""
        self.path.unlink(missing_ok=True)

    def _folder_fault(self) -> str:
        if os.path.isdir(self._folder):
            return ""
        return f"the folder of the kill switch {self.path.parent} is missing"
