"""Open, append to and read the journal: the only module that talks to its database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Engine, Row, create_engine, event, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from bot.errors import Halt, UsageProblem
from bot.journal.codec import canonical, instant
from bot.journal.entry import Entry, Kind
from bot.journal.schema import entries, identity, upgrade

INSERT = insert(entries)
KINDS = frozenset(Kind)
UNSETTLED = 1_000_000  # characters of bodies after which `settle` has work
RESERVE = 10_000  # pages of the write-ahead log after which SQLite settles by itself, in the middle of an append
PAGE = 500  # rows read at a time, so that no read transaction stays open while the caller works


def journal_path(folder: Path, mode: str, account: str) -> Path:
    """Return where the journal of a mode and an account lies; its name says both."""
    return folder / f"alvh-{mode}-{account}.sqlite3"


class _Reading:
    """Read entries from an engine; shared by the bot's own journal and by the readers beside it."""

    _engine: Engine

    def entries(
        self, *, kinds: Collection[Kind] | None = None, after: int = 0, limit: int | None = None
    ) -> Iterator[Entry]:
        """Yield entries in order of `seq`, after `after`, at most `limit`, only of these kinds."""
        for row in self._rows(kinds, after, limit):
            yield Entry(
                seq=row.seq,
                at=datetime.fromisoformat(row.at),
                kind=_kind(row),
                body=json.loads(row.body),
                wall=None if row.wall is None else json.loads(row.wall),
            )

    def lines(self) -> Iterator[str]:
        """Yield the canonical line of every entry: everything but `wall`."""
        for row in self._rows(None, 0, None):
            yield f'{{"at":"{row.at}","body":{row.body},"kind":"{row.kind}","seq":{row.seq}}}'

    def digest(self) -> str:
        """Return the SHA-256 over the canonical lines, each ended by a line feed."""
        total = sha256()
        for line in self.lines():
            total.update(line.encode())
            total.update(b"\n")
        return total.hexdigest()

    def export(self, path: Path) -> int:
        """Write the canonical lines to a file and return how many there were."""
        count = 0
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for line in self.lines():
                file.write(line + "\n")
                count += 1
        return count

    def _rows(self, kinds: Collection[Kind] | None, after: int, limit: int | None) -> Iterator[Row[Any]]:
        left = limit
        while left is None or left > 0:
            query = select(entries).where(entries.c.seq > after).order_by(entries.c.seq)
            if kinds is not None:
                query = query.where(entries.c.kind.in_(sorted(kinds)))
            with self._engine.connect() as connection:
                page = connection.execute(query.limit(PAGE if left is None else min(PAGE, left))).all()
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1].seq
            left = None if left is None else left - len(page)


class Journal(_Reading):
    """Append to the journal of one mode and account; the bot holds exactly one."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._connection = engine.connect()
        self._name = name
        self._broken = ""
        self._unsettled = 0
        self._followers: list[Callable[[Entry], None]] = []

    @classmethod
    def open(cls, path_or_url: Path | str, *, mode: str, account: str, durable: bool = True) -> Self:
        """Open or create the journal of this mode and account.

        A file's name must say both. `durable` waits for the disk at every append (SQLite: synchronous=FULL). Raises
        `UsageProblem` when the place cannot be used or belongs to another mode or account.
        """
        url = _url(path_or_url, mode, account)
        try:
            engine = _engine(url, durable=durable)
            with engine.begin() as connection:
                upgrade(connection)
                owner = connection.execute(select(identity)).first()
                if owner is None:
                    connection.execute(insert(identity).values(mode=str(mode), account=account))
        except (ArgumentError, SQLAlchemyError, ImportError) as error:
            raise UsageProblem(
                f"the journal {path_or_url} cannot be opened ({_first_line(error)}): check path, rights and disk"
            ) from error
        if owner is not None and (owner.mode, owner.account) != (str(mode), account):
            engine.dispose()
            raise UsageProblem(
                f"the journal {path_or_url} belongs to {owner.mode} {owner.account}, not to {mode} {account}: "
                "each mode and account has its own; name another file"
            )
        return cls(engine, str(path_or_url))

    def append(
        self, kind: Kind, body: Mapping[str, Any], *, at: datetime, wall: Mapping[str, Any] | None = None
    ) -> int:
        """Write one entry, hand it to the followers and return its `seq`.

        Raises `Halt` when it could not be stored; from then on every append raises, because a journal with a hole
        cannot say what was sent.
        """
        return self.append_all([(kind, body)], at=at, wall=wall)

    def append_all(
        self,
        drafts: Sequence[tuple[Kind, Mapping[str, Any]]],
        *,
        at: datetime,
        wall: Mapping[str, Any] | None = None,
        record: object = None,
    ) -> int:
        """Write entries in one transaction, hand them to the followers and return the `seq` of the last.

        `wall` and `record`, what its body was made from, belong to the last. Raises as `append` does; then none of
        them is stored.
        """
        if self._broken:
            raise Halt(self._failure("failed earlier"))
        values = [
            {"at": instant(at), "kind": str(kind), "body": canonical(body), "wall": None} for kind, body in drafts
        ]
        values[-1]["wall"] = None if wall is None else canonical(wall)
        self._unsettled += sum(len(row["body"] or "") for row in values)
        written = []
        for seq, (kind, body) in zip(self._insert(values), drafts, strict=True):
            written.append(Entry(seq=seq, at=at, kind=kind, body=body))
        written[-1] = replace(written[-1], wall=wall, record=record)
        for entry in written:
            for follower in self._followers:
                follower(entry)
        return written[-1].seq

    def settle(self) -> None:
        """Bring what the write-ahead log has gathered into the file, now and then; call it when nothing is urgent.

        Left to itself, SQLite does so inside whatever append finds the log long, and an order would wait for it.
        Nothing that was appended depends on it. Raises `Halt` as `append` does.
        """
        if self._unsettled < UNSETTLED or self._engine.dialect.name != "sqlite":
            return
        self._unsettled = 0
        try:
            with self._connection.begin():
                self._connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
        except SQLAlchemyError as error:
            self._broken = _first_line(error)
            raise Halt(self._failure("cannot be written")) from error

    def _insert(self, rows: Sequence[Mapping[str, Any]]) -> list[int]:
        try:
            with self._connection.begin():
                keys = [self._connection.execute(INSERT, row).inserted_primary_key for row in rows]
        except SQLAlchemyError as error:
            self._broken = _first_line(error)
            raise Halt(self._failure("cannot be written")) from error
        seqs = [int(key[0]) for key in keys if key is not None]
        if len(seqs) < len(rows):
            raise Halt(f"the journal {self._name} gave no sequence number: use a database that returns keys")
        return seqs

    def follow(self, apply: Callable[[Entry], None]) -> None:
        """Feed a fold with everything written so far, then with each new entry: starting up is recovering."""
        for entry in self.entries():
            apply(entry)
        self._followers.append(apply)

    def _failure(self, how: str) -> str:
        return f"the journal {self._name} {how} ({self._broken}): nothing may be sent; mend the disk and restart"

    def close(self) -> None:
        """Close the database; appending afterwards raises `Halt`."""
        self._broken = self._broken or "it was closed"
        self._connection.close()
        self._engine.dispose()


class JournalReader(_Reading):
    """Read a journal while the bot writes it; cannot append."""

    def __init__(self, engine: Engine, mode: str, account: str) -> None:
        self._engine = engine
        self.mode = mode
        self.account = account

    @classmethod
    def open(cls, path_or_url: Path | str) -> Self:
        """Open an existing journal read-only; raise `UsageProblem` when there is none."""
        try:
            engine = _reading_engine(path_or_url)
            with engine.connect() as connection:
                owner = connection.execute(select(identity)).first()
        except (ArgumentError, SQLAlchemyError, ImportError) as error:
            raise UsageProblem(
                f"{path_or_url} is not a readable journal ({_first_line(error)}): name one that the bot wrote"
            ) from error
        if owner is None:
            raise UsageProblem(f"the journal {path_or_url} has no owner: it was never opened by the bot")
        return cls(engine, owner.mode, owner.account)

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()


def _kind(row: Row[Any]) -> Kind:
    if row.kind not in KINDS:
        raise UsageProblem(
            f"entry {row.seq} of the journal is of kind '{row.kind}', which this version does not know: "
            "open it with the version that wrote it"
        )
    return Kind(row.kind)


def _url(path_or_url: Path | str, mode: str, account: str) -> str:
    if isinstance(path_or_url, str) and "://" in path_or_url:
        return path_or_url
    path = Path(path_or_url)
    if str(mode) not in path.name or account not in path.name:
        wanted = journal_path(path.parent, mode, account).name
        raise UsageProblem(f"the journal's file name {path.name} must say mode and account: {wanted}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageProblem(
            f"the journal's folder {path.parent} cannot be made ({error.strerror}): check the path and its rights"
        ) from error
    return f"sqlite:///{path}"


def _engine(url: str, *, durable: bool) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url)
    engine = create_engine(url, poolclass=StaticPool)

    def tune(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'OFF'}")
        connection.execute(f"PRAGMA wal_autocheckpoint={RESERVE}")
        connection.execute("PRAGMA busy_timeout=5000")

    event.listen(engine, "connect", tune)
    return engine


def _reading_engine(path_or_url: Path | str) -> Engine:
    if isinstance(path_or_url, str) and "://" in path_or_url:
        return create_engine(path_or_url)
    path = Path(path_or_url)
    if not path.is_file():
        raise UsageProblem(f"there is no journal at {path}: start the bot first or name another file")
    return create_engine(f"sqlite:///file:{path}?mode=ro&uri=true", poolclass=StaticPool)


def _first_line(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
