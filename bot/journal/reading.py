"""Read the entries of a journal, over its closed parts and the file being written."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Engine, Row, Select, func, select
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from bot.errors import UsageProblem
from bot.journal import knowing
from bot.journal.entry import Entry, Kind
from bot.journal.file import damaged, first_line, reading_engine
from bot.journal.knowing import Fold
from bot.journal.parts import Known, Part, closed_path, current_path, read_known, read_parts
from bot.journal.place import place_name, without_secrets
from bot.journal.schema import entries, identity
from bot.journal.seal import FIRST, line, seal

PLAIN = (entries.c.seq, entries.c.at, entries.c.kind, entries.c.body, entries.c.wall)  # what every version has
KINDS = frozenset(Kind)
PAGE = 500  # rows read at a time, so that no read transaction stays open while the caller works


class Reading:
    """Read entries; shared by the bot's own journal and by the readers beside it."""

    _engine: Engine
    _name: str
    _path: Path | None  # of the file being written; `None` for another kind of database
    parts: tuple[Part, ...]

    def entries(
        self, *, kinds: Collection[Kind] | None = None, after: int = 0, limit: int | None = None
    ) -> Iterator[Entry]:
        """Yield entries in order of `seq`, after `after`, at most `limit`, only of these kinds."""
        for row in self._rows(kinds, after, limit):
            yield _entry(row)

    def latest(self, kind: Kind, most: int = 1) -> tuple[Entry, ...]:
        """Return the last entries of a kind, at most so many, oldest first; no older part is opened than it takes."""
        query = select(*PLAIN).where(entries.c.kind == str(kind)).order_by(entries.c.seq.desc()).limit(most)
        found: list[Row[Any]] = []
        for engine in self._newest_first():
            found += self._fetched(engine, query)
            if len(found) >= most:
                break
        return tuple(_entry(row) for row in reversed(found[:most]))

    def count(self, kind: Kind) -> int:
        """Return how many entries of a kind there are."""
        query = select(func.count()).where(entries.c.kind == str(kind))
        return sum(int(self._fetched(engine, query)[0][0]) for engine in self._newest_first())

    def recollect(self, fold: Fold, through: int | None = None) -> None:
        """Feed a fold with everything up to the entry `through`, or up to the last.

        It begins with what it knew when the file that holds that entry was begun, so that no older one is read; but
        what this very program did not write itself is not believed, and then it is fed from the first entry on.
        """
        known = self._known(through)
        if known is not None:
            fold.know(json.loads(known.body))
        for entry in self.entries(after=known.through if known else 0):
            if through is not None and entry.seq > through:
                break
            fold.apply(entry)

    def lines(self) -> Iterator[str]:
        """Yield the canonical line of every entry: everything but `wall`."""
        for row in self._rows(None, 0, None):
            yield line(row.seq, row.at, row.kind, row.body)

    def digest(self, through: int | None = None) -> str:
        """Return the SHA-256 over the canonical lines, each ended by a line feed, up to the entry `through`."""
        total = sha256()
        for row in self._rows(None, 0, None):
            if through is not None and row.seq > through:
                break
            total.update(f"{line(row.seq, row.at, row.kind, row.body)}\n".encode())
        return total.hexdigest()

    def export(self, path: Path) -> int:
        """Write the canonical lines to a file and return how many there were."""
        count = 0
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for canonical in self.lines():
                file.write(canonical + "\n")
                count += 1
        return count

    def last_seq(self) -> int:
        """Return the number of the last entry; 0 in an empty journal."""
        with self._engine.connect() as connection:
            own = connection.scalar(select(func.max(entries.c.seq)))
        return own or (self.parts[-1].last if self.parts else 0)

    def part_paths(self) -> tuple[Path, ...]:
        """Return where the closed parts lie, the oldest first."""
        return tuple(closed_path(self._path, part.number) for part in self.parts) if self._path else ()

    def _rows(self, kinds: Collection[Kind] | None, after: int, limit: int | None) -> Iterator[Row[Any]]:
        query = select(*PLAIN).order_by(entries.c.seq)
        if kinds is not None:
            query = query.where(entries.c.kind.in_(sorted(kinds)))
        left = limit
        for row in self._stretches(query, after):
            if left is not None:
                if left <= 0:
                    return
                left -= 1
            yield row

    def _stretches(self, query: Select[Any], after: int) -> Iterator[Row[Any]]:
        """Yield the rows of a query over all closed parts that reach past `after`, then over the newest."""
        for part, path in zip(self.parts, self.part_paths(), strict=True):
            if part.last > after:
                with self._closed(path) as engine:
                    yield from self._pages(engine, query, after)
        yield from self._pages(self._engine, query, after)

    def _newest_first(self) -> Iterator[Engine]:
        yield self._engine
        for path in reversed(self.part_paths()):
            with self._closed(path) as engine:
                yield engine

    @contextmanager
    def _closed(self, path: Path) -> Iterator[Engine]:
        """Open a closed part for as long as it is read; raise `UsageProblem` when it is missing."""
        if not path.is_file():
            raise UsageProblem(f"the closed part {path} of the journal {self._name} is missing: put it back")
        engine = reading_engine(path)
        try:
            yield engine
        finally:
            engine.dispose()

    def _known(self, through: int | None) -> Known | None:
        """Return what is known at the beginning of the file that holds an entry, if it is to be believed."""
        paths = zip(self.parts, self.part_paths(), strict=True)
        inside = next((path for part, path in paths if through is not None and through <= part.last), None)
        with nullcontext(self._engine) if inside is None else self._closed(inside) as engine:
            try:
                with engine.connect() as connection:
                    known = read_known(connection)
            except DBAPIError as error:
                raise UsageProblem(damaged(self._name, first_line(error))) from error
        if known is None or known.program != knowing.program() or known.digest != knowing.digest(known.body):
            return None
        return known

    def _pages(self, engine: Engine, query: Select[Any], after: int) -> Iterator[Row[Any]]:
        while True:
            page = self._fetched(engine, query.where(entries.c.seq > after).limit(PAGE))
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1].seq

    def _fetched(self, engine: Engine, query: Select[Any]) -> Sequence[Row[Any]]:
        try:
            with engine.connect() as connection:
                return connection.execute(query).all()
        except DBAPIError as error:
            raise UsageProblem(damaged(self._name, first_line(error))) from error

    def _own_rows(self) -> Iterator[Row[Any]]:
        """Yield the rows of the newest file alone, with their seals."""
        yield from self._pages(self._engine, select(*PLAIN, entries.c.seal).order_by(entries.c.seq), 0)

    def _verified(self) -> tuple[int, str, str]:
        """Return the last `seq` and seal of the newest file and the digest of its lines.

        Raises `UsageProblem` when an entry is missing or is not what was sealed.
        """
        last, before = (self.parts[-1].last, self.parts[-1].seal or FIRST) if self.parts else (0, FIRST)
        total = sha256()
        for row in self._own_rows():
            if row.seq != last + 1 and (before or self.parts):
                raise UsageProblem(damaged(self._name, f"entry {last + 1} is missing"))
            canonical = line(row.seq, row.at, row.kind, row.body)
            if (row.seal is not None or before) and row.seal != seal(before, canonical):
                raise UsageProblem(damaged(self._name, f"entry {row.seq} is not as it was written"))
            last, before = row.seq, row.seal or FIRST
            total.update(f"{canonical}\n".encode())
        return last, before, total.hexdigest()


class JournalReader(Reading):
    """Read a journal while the bot writes it; cannot append."""

    def __init__(self, engine: Engine, name: str, path: Path | None, owner: Row[Any], parts: tuple[Part, ...]) -> None:
        self._engine = engine
        self._name = name
        self._path = path
        self.parts = parts
        self.mode: str = owner.mode
        self.account: str = owner.account

    @classmethod
    def open(cls, path_or_url: Path | str) -> Self:
        """Open an existing journal, or one of its closed parts, read-only; raise `UsageProblem` when there is none."""
        name = place_name(path_or_url)
        try:
            engine = reading_engine(path_or_url)
            with engine.connect() as connection:
                owner = connection.execute(select(identity)).first()
                parts = read_parts(connection)
        except (ArgumentError, SQLAlchemyError, ImportError, ValueError) as error:
            said = without_secrets(first_line(error), path_or_url)
            raise UsageProblem(f"{name} is not a readable journal ({said}): name one that the bot wrote") from None
        if owner is None:
            raise UsageProblem(f"the journal {name} has no owner: it was never opened by the bot")
        is_url = isinstance(path_or_url, str) and "://" in path_or_url
        path = None if is_url else current_path(Path(path_or_url))
        return cls(engine, name, path, owner, parts)

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        seq=row.seq,
        at=datetime.fromisoformat(row.at),
        kind=_kind(row),
        body=json.loads(row.body),
        wall=None if row.wall is None else json.loads(row.wall),
    )


def _kind(row: Row[Any]) -> Kind:
    if row.kind not in KINDS:
        raise UsageProblem(
            f"entry {row.seq} of the journal is of kind '{row.kind}', which this version does not know: "
            "open it with the version that wrote it"
        )
    return Kind(row.kind)
