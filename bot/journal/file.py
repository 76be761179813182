"""Open the SQLite file of a journal so that what it acknowledges is on the disk, and notice when it is not that file.

A file that is damaged, belongs to another program or was written by a newer version is refused before anything is read
from it or written to it.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from bot.errors import UsageProblem
from bot.private import PRIVATE_FILE, tighten

RESERVE = 10_000  # pages of the write-ahead log after which SQLite settles by itself, in the middle of an append
SMALLEST = 512  # bytes of a database of one page
LOG = "-wal"  # what SQLite calls the write-ahead log beside a file
BESIDE = ("", LOG, "-shm")


def writing_engine(url: str, *, durable: bool) -> Engine:
    """Return the engine of the one writer: write-ahead log, every commit on the disk, every change a transaction.

    Python's driver would commit before each statement that changes tables, so an upgrade that is killed would leave
    half of them; here the transaction is begun by hand.
    """
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url)
    engine = create_engine(url, poolclass=StaticPool)

    def tune(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'OFF'}")
        connection.execute(f"PRAGMA wal_autocheckpoint={RESERVE}")
        connection.execute("PRAGMA busy_timeout=5000")

    event.listen(engine, "connect", tune)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def reading_engine(path_or_url: Path | str) -> Engine:
    """Return the engine of a reader beside the bot; raise `UsageProblem` when there is no such file."""
    if isinstance(path_or_url, str) and "://" in path_or_url:
        return create_engine(path_or_url)
    path = Path(path_or_url)
    if not path.is_file():
        raise UsageProblem(f"there is no journal at {path}: start the bot first or name another file")
    return create_engine(f"sqlite:///file:{path}?mode=ro&uri=true", poolclass=StaticPool)


def prepare(path: Path) -> None:
    """Make an empty file that only its owner may read, or close one to others; SQLite gives its log the same rights.

    Raises `UsageProblem` when the one that exists is too short for a database: SQLite would take it for an empty one.
    """
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, PRIVATE_FILE))
    for ending in BESIDE:
        tighten(Path(f"{path}{ending}"))
    size = path.stat().st_size
    if 0 < size < SMALLEST:
        raise UsageProblem(damaged(str(path), f"it has {size} bytes"))


def require_sound(connection: Connection, name: str) -> None:
    """Raise `UsageProblem` unless this database is empty or a journal whose pages fit together."""
    tables = set(inspect(connection).get_table_names())
    if tables and not {"entries", "identity"} <= tables:
        raise UsageProblem(
            f"{name} is a database of another program (it holds {', '.join(sorted(tables)[:3])}): name another file"
        )
    if connection.dialect.name == "sqlite":
        fault = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        if fault != "ok":
            raise UsageProblem(damaged(name, " ".join(str(fault).split())))


def cannot_be_opened(name: str, what: str) -> str:
    """Say why a journal cannot be opened, and what to do."""
    if "malformed" in what:
        return damaged(name, what)
    return f"the journal {name} cannot be opened ({what}): check path, rights and disk"


def damaged(name: str, what: str) -> str:
    """Say that a journal cannot be believed, and what to do."""
    return (
        f"the journal {name} is damaged ({what}): nothing is opened on it; keep the file, put a backup in its place "
        "and compare orders and positions in TWS"
    )


def first_line(error: Exception) -> str:
    """Return the first line of what the database said."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__


class Presence:
    """Notice when the file that is written is no longer the one under its name.

    A system lets a program write on into a file that was deleted, moved or whose folder is gone; what is written there
    is lost with the process, and SQLite says nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._seen = {} if path is None else {place: _identity(place) for place in (path, Path(f"{path}{LOG}"))}

    def fault(self) -> str:
        """Return which file is gone or replaced; empty while all are in place."""
        for place, seen in self._seen.items():
            found = _identity(place)
            if found != seen:
                return f"{place.name} was {'replaced' if found else 'deleted or moved'} while the bot ran"
        return ""


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
