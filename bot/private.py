"""Keep to the owner what only the owner may read or write: files, folders, and words that orders depend on."""

from __future__ import annotations

import os
import stat
from pathlib import Path

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
OTHERS = 0o077  # every right of the group and of everybody
OTHERS_WRITE = 0o022


def close_to_others() -> None:
    """Let everything that this process makes from now on belong to its user alone, whatever the shell says."""
    os.umask(OTHERS)


def private(name: str | Path, flags: int) -> int:
    """Open a file that, if it is made now, only its owner may read: an `opener` of `open`."""
    return os.open(name, flags, PRIVATE_FILE)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, for the owner alone; one that exists is left as it is."""
    if not path.is_dir():
        if path.parent != path:
            make_folder(path.parent)
        path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def tighten(path: Path) -> bool:
    """Take every right on a file or folder of ours from others, and return whether they had any.

    What is not there has none; what belongs to another user is left as it is, and `fault` names it.
    """
    try:
        found = path.stat()
        loose = bool(found.st_mode & OTHERS)
        if loose and found.st_uid == os.geteuid():
            path.chmod(stat.S_IMODE(found.st_mode) & ~OTHERS)
    except FileNotFoundError:
        return False
    return loose


def fault(path: Path) -> str:
    """Return why others than this user (and root) could have written what lies here, or an empty text.

    Raises `OSError` when it cannot be looked at.
    """
    found = path.stat()
    if found.st_uid not in (os.geteuid(), 0):
        return f"{path} belongs to user {found.st_uid}, expected this user or root"
    if found.st_mode & OTHERS_WRITE:
        return f"others may write {path} (mode {stat.S_IMODE(found.st_mode):04o}): chmod go-w {path}"
    return ""
