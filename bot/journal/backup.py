"""Copy a journal while the bot writes it, and believe the copy only when it holds the same lines."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bot.errors import Halt, UsageProblem
from bot.journal.parts import COPYING, write_folder
from bot.journal.reading import JournalReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """Say what was copied: where to, how many files are new, the last entry, and the digest of all lines up to it."""

    path: Path
    copied: int
    kept: int
    last: int
    digest: str


def back_up(path: Path, folder: Path) -> Backup:
    """Copy a journal's file and the closed parts that the folder lacks; each appears whole or not at all.

    SQLite's own backup reads one state of the file while others write. Raises `UsageProblem` when the place cannot be
    used, and `Halt` when the copy is not the journal; then an earlier copy is left as it was.
    """
    reader = JournalReader.open(path)
    try:
        if folder.resolve() == path.parent.resolve():
            raise UsageProblem(f"{folder} is where the journal itself lies: name another folder")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        parts = reader.part_paths()
        lacking = [part for part in parts if not (folder / part.name).exists()]
        for part in lacking:
            _replace(_copy(part, folder), folder / part.name)
        coming = _copy(path, folder)
        last, digest = _compare(reader, coming)
        _replace(coming, folder / path.name)
    except (OSError, sqlite3.Error) as error:
        raise UsageProblem(f"the backup in {folder} cannot be written ({error}): check rights and disk") from error
    finally:
        reader.close()
    kept = len(parts) - len(lacking)
    return Backup(path=folder / path.name, copied=len(lacking) + 1, kept=kept, last=last, digest=digest)


def _copy(path: Path, folder: Path) -> Path:
    """Copy one file under a passing name, and wait until it is on the disk."""
    coming = folder / f"{path.name}{COPYING}"
    for ending in ("", "-journal"):
        Path(f"{coming}{ending}").unlink(missing_ok=True)
    os.close(os.open(coming, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with (
        closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(coming)) as target,
    ):
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
        found = target.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise Halt(f"the copy {coming} of the journal is not sound ({found}): the last backup was left as it was")
    with coming.open("rb") as file:
        os.fsync(file.fileno())
    return coming


def _compare(source: JournalReader, coming: Path) -> tuple[int, str]:
    """Return last entry and digest of a copy, its closed parts beside it; raise `Halt` unless they are the source's."""
    copy = JournalReader.open(coming)
    try:
        last, ours = copy.last_seq(), copy.digest()
    finally:
        copy.close()
    if ours != source.digest(through=last):
        raise Halt(f"the copy {coming} holds other lines than the journal: the last backup was left as it was")
    return last, ours


def _replace(coming: Path, to: Path) -> None:
    coming.replace(to)
    write_folder(to.parent)
