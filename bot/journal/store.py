"""Append to the journal of one mode and account; the bot holds exactly one."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, Row, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from bot.errors import Halt, UsageProblem
from bot.journal import knowing, parts
from bot.journal.codec import canonical, instant
from bot.journal.entry import Entry, Kind
from bot.journal.file import Presence, cannot_be_opened, first_line, prepare, require_sound, writing_engine
from bot.journal.knowing import Fold
from bot.journal.parts import Known, Part, read_parts
from bot.journal.place import place_name, without_secrets
from bot.journal.reading import JournalReader, Reading
from bot.journal.schema import entries, identity, upgrade
from bot.journal.seal import line, seal

__all__ = ["Journal", "JournalReader", "journal_path"]

log = logging.getLogger(__name__)

INSERT = insert(entries)
UNSETTLED = 1_000_000  # characters of bodies after which `settle` has work


def journal_path(folder: Path, mode: str, account: str) -> Path:
    """Return where the journal of a mode and an account lies; its name says both."""
    return folder / f"alvh-{mode}-{account}.sqlite3"


class Journal(Reading):
    """Append entries, hand each to those who follow, and refuse everything once one could not be stored."""

    def __init__(self, engine: Engine, name: str, owner: tuple[str, str], *, durable: bool) -> None:
        self._name = name
        self._owner = owner
        self._durable = durable
        self._broken = ""
        self._followers: list[Callable[[Entry], None]] = []
        self._folds: list[Fold] = []
        self._unsettled = 0
        self._attach(engine)

    @classmethod
    def open(cls, path_or_url: Path | str, *, mode: str, account: str, durable: bool = True) -> Self:
        """Open or create the journal of this mode and account.

        A file's name must say both. `durable` waits for the disk at every append (SQLite: synchronous=FULL). Raises
        `UsageProblem` when the place cannot be used, belongs to another mode, account or program, or is damaged.
        """
        url, name = _url(path_or_url, mode, account), place_name(path_or_url)
        try:
            path = _file(url)
            if path is not None:
                parts.resume(path)
                prepare(path)
            engine = writing_engine(url, durable=durable)
            with engine.begin() as connection:
                owner = _prepared(connection, name, str(mode), account)
        except (ArgumentError, SQLAlchemyError, ImportError, OSError, ValueError) as error:
            raise UsageProblem(cannot_be_opened(name, without_secrets(first_line(error), path_or_url))) from None
        if (owner.mode, owner.account) != (str(mode), account):
            engine.dispose()
            raise UsageProblem(
                f"the journal {name} belongs to {owner.mode} {owner.account}, not to {mode} {account}: "
                "each mode and account has its own; name another file"
            )
        return cls(engine, name, (str(mode), account), durable=durable)

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
        rows = self._sealed([(str(kind), canonical(body)) for kind, body in drafts], instant(at))
        rows[-1]["wall"] = None if wall is None else canonical(wall)
        self._unsettled += sum(len(row["body"]) for row in rows)
        self._insert(rows)
        self._last, self._seal = rows[-1]["seq"], rows[-1]["seal"]
        written = [
            Entry(seq=row["seq"], at=at, kind=kind, body=body) for row, (kind, body) in zip(rows, drafts, strict=True)
        ]
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
            self._raw("PRAGMA wal_checkpoint(PASSIVE)")
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise self._halt(first_line(error)) from error

    def follow(self, apply: Callable[[Entry], None], kinds: Collection[Kind] | None = None) -> None:
        """Feed a fold with everything written so far, then with each new entry: starting up is recovering.

        With `kinds` the past is read of these kinds only; later every entry comes.
        """
        for entry in self.entries(kinds=kinds):
            apply(entry)
        self._followers.append(apply)

    def recall(self, fold: Fold) -> None:
        """Let a fold recollect everything, then follow from there."""
        self.recollect(fold)
        self._followers.append(fold.apply)
        self._folds.append(fold)

    def turn(self, least_bytes: int) -> bool:
        """Close the file once it is this long and go on in a new one; return whether that was done.

        Call it when nothing is urgent: the file is read once. While somebody reads it, or when there is no room for a
        new one, it is left for later. Raises `Halt` when an entry is not as it was written, or when the new file
        cannot be taken into use after the old one was closed.
        """
        if self._broken or self._path is None or len(self._folds) != 1 or self._size() < least_bytes:
            return False
        number = self._begin_next(self._path)
        try:
            if not number or not parts.let_go(self._engine):
                parts.discard(self._path)
                self._reattach()
                return False
            self._connection.close()
            self._engine.dispose()
            parts.rename(self._path, number)
            self._reattach()
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise self._halt(first_line(error)) from error
        log.info("the journal's part %d was closed", number)
        return True

    def close(self) -> None:
        """Close the database; appending afterwards raises `Halt`."""
        self._broken = self._broken or "it was closed"
        self._connection.close()
        self._engine.dispose()

    def _attach(self, engine: Engine) -> None:
        """Take over the newest file, after making sure that its entries are those that were written."""
        self._engine = engine
        self._path = _file(engine.url.render_as_string(hide_password=False))
        self._connection = engine.connect()
        self._unsettled = 0
        with self._connection.begin():
            self.parts = read_parts(self._connection)
        self._last, self._seal, _ = self._verified()
        self._presence = Presence(self._path)

    def _reattach(self) -> None:
        self._connection.close()
        self._engine.dispose()
        self._attach(writing_engine(self._engine.url.render_as_string(hide_password=False), durable=self._durable))

    def _sealed(self, lines: Sequence[tuple[str, str]], at: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        last, before = self._last, self._seal
        for kind, body in lines:
            last += 1
            before = seal(before, line(last, at, kind, body))
            rows.append({"seq": last, "at": at, "kind": kind, "body": body, "wall": None, "seal": before})
        return rows

    def _insert(self, rows: Sequence[Mapping[str, Any]]) -> None:
        try:
            with self._connection.begin():
                for row in rows:
                    self._connection.execute(INSERT, row)
        except SQLAlchemyError as error:
            raise self._halt(first_line(error)) from error
        gone = self._presence.fault()
        if gone:
            raise self._halt(gone)

    def _raw(self, statement: str) -> None:
        """Execute what SQLite does not do inside a transaction."""
        with self._engine.connect() as connection:
            driver = connection.connection.driver_connection
            if driver is not None:
                driver.execute(statement)

    def _size(self) -> int:
        return 0 if self._path is None else self._path.stat().st_size

    def _begin_next(self, path: Path) -> int:
        """Write the file that will follow and return the number of the one to be closed; 0 when there is no room."""
        try:
            last, before, total = self._verified()
        except UsageProblem as problem:
            raise self._halt(str(problem)) from problem
        number = len(self.parts) + 1
        body = knowing.written(self._folds[0].tell())
        mode, account = self._owner
        closed = (*self.parts, Part(number=number, last=last, digest=total, seal=before or None))
        known = Known(through=last, program=knowing.program(), digest=knowing.digest(body), body=body)
        try:
            parts.begin(path, mode=mode, account=account, closed=closed, known=known, durable=self._durable)
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            log.error("the journal cannot go on in a new file yet: %s", first_line(error))
            return 0
        return number

    def _halt(self, why: str) -> Halt:
        self._broken = why
        return Halt(self._failure("cannot be written"))

    def _failure(self, how: str) -> str:
        return (
            f"the journal {self._name} {how} ({self._broken}): nothing may be sent; orders at work and the hedge "
            "stay at the broker as they are: manage them in TWS, mend the disk and restart"
        )


def _prepared(connection: Connection, name: str, mode: str, account: str) -> Row[Any]:
    """Make sure that a database is a journal with the newest tables and an owner, and return the owner."""
    require_sound(connection, name)
    upgrade(connection, name)
    owner = connection.execute(select(identity)).first()
    if owner is None:
        connection.execute(insert(identity).values(mode=mode, account=account))
        owner = connection.execute(select(identity)).one()
    return owner


def _url(path_or_url: Path | str, mode: str, account: str) -> str:
    if isinstance(path_or_url, str) and "://" in path_or_url:
        return path_or_url
    path = Path(path_or_url)
    if str(mode) not in path.name or account not in path.name:
        wanted = journal_path(path.parent, mode, account).name
        raise UsageProblem(f"the journal's file name {path.name} must say mode and account: {wanted}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageProblem(
            f"the journal's folder {path.parent} cannot be made ({error.strerror}): check the path and its rights"
        ) from error
    return f"sqlite:///{path}"


def _file(url: str) -> Path | None:
    """Return the file that an address names; `None` for a database in memory or elsewhere."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return None
    return Path(parsed.database)
