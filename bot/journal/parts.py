"""Close a journal's file when it is long and go on in a new one: nothing is deleted, and a start reads only the newest.

`alvh-paper-DU1.sqlite3` is the file being written. The closed ones beside it end in `.0001`, `.0002` and so on, are
never written again, and are listed in the newest with their last `seq`, the digest of their lines and their last
seal. Closing is two renames; a crash between them is finished at the next start.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, inspect, select

from bot.errors import UsageProblem
from bot.journal.file import prepare, writing_engine
from bot.journal.schema import identity, knowledge, parts, upgrade

COPYING = ".copying"  # the ending of a copy that is not whole yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Hold one closed file: its entries end with `last`; `digest` is over its own lines."""

    number: int
    last: int
    digest: str
    seal: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Hold what the folds knew after entry `through`, as the program whose fingerprint is `program` wrote it."""

    through: int
    program: str
    digest: str
    body: str


def closed_path(path: Path, number: int) -> Path:
    """Return where a closed part lies."""
    return path.with_name(f"{path.name}.{number:04d}")


def current_path(path: Path) -> Path:
    """Return the file being written, of which this may be a closed part."""
    return path.with_suffix("") if path.suffix[1:].isdigit() or path.suffix == COPYING else path


def read_parts(connection: Connection) -> tuple[Part, ...]:
    """Return the closed parts that this file lists; a file of an older version lists none."""
    if not inspect(connection).has_table("parts"):
        return ()
    rows = connection.execute(select(parts).order_by(parts.c.number))
    return tuple(Part(number=row.number, last=row.last, digest=row.digest, seal=row.seal) for row in rows)


def read_known(connection: Connection) -> Known | None:
    """Return what the folds knew when this file was begun."""
    row = connection.execute(select(knowledge).order_by(knowledge.c.through.desc())).first()
    return None if row is None else Known(through=row.through, program=row.program, digest=row.digest, body=row.body)


def resume(path: Path) -> None:
    """Finish a closing that was cut short, or clear away one that had not begun to rename.

    Raises `UsageProblem` when the file being written is missing while closed ones are there.
    """
    coming = _coming(path)
    if path.exists():
        _remove(coming)
    elif closed_path(path, 1).exists():
        if not coming.exists():
            raise UsageProblem(
                f"{path} is missing while closed parts of this journal are there: put it back, or move "
                f"{path.name}.0001 and the others away to begin a new journal"
            )
        coming.rename(path)
        write_folder(path.parent)


def begin(path: Path, *, mode: str, account: str, closed: Sequence[Part], known: Known, durable: bool) -> None:
    """Write the next part, empty of entries, beside the one that is about to be closed."""
    coming = _coming(path)
    _remove(coming)
    prepare(coming)
    engine = writing_engine(f"sqlite:///{coming}", durable=durable)
    try:
        with engine.begin() as connection:
            upgrade(connection)
            connection.execute(insert(identity).values(mode=mode, account=account))
            connection.execute(
                insert(parts),
                [{"number": p.number, "last": p.last, "digest": p.digest, "seal": p.seal} for p in closed],
            )
            connection.execute(insert(knowledge).values(**asdict(known)))
        let_go(engine)
    finally:
        engine.dispose()


def let_go(engine: Engine) -> bool:
    """Bring the whole write-ahead log into the file and do without one; return whether nobody else held it open."""
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        if raw is None:
            return False
        raw.rollback()
        raw.execute("PRAGMA busy_timeout=0")  # a reader may stay for minutes, and the bot has other work
        if raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            return False
        return bool(raw.execute("PRAGMA journal_mode=DELETE").fetchone()[0] == "delete")


def rename(path: Path, number: int) -> None:
    """Close the current file under its number and let the next one take its name."""
    path.rename(closed_path(path, number))
    _coming(path).rename(path)
    write_folder(path.parent)


def discard(path: Path) -> None:
    """Clear away a next part that is not wanted after all."""
    _remove(_coming(path))


def _coming(path: Path) -> Path:
    return path.with_name(f"{path.name}.next")


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{ending}").unlink(missing_ok=True)


def write_folder(folder: Path) -> None:
    """Wait until the folder's names are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
