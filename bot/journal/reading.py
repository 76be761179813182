"""Read the entries of a journal, over its closed parts and the file being written."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Engine, Row, Select, func, select
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from bot.errors import UsageProblem
from bot.journal.entry import Entry, Kind
from bot.journal.file import damaged, first_line, reading_engine
from bot.journal.parts import Part, closed_path, current_path, read_parts
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
                if not path.is_file():
                    raise UsageProblem(f"the closed part {path} of the journal {self._name} is missing: put it back")
                engine = reading_engine(path)
                try:
                    yield from self._pages(engine, query, after)
                finally:
                    engine.dispose()
        yield from self._pages(self._engine, query, after)

    def _pages(self, engine: Engine, query: Select[Any], after: int) -> Iterator[Row[Any]]:
        while True:
            try:
                with engine.connect() as connection:
                    page = connection.execute(query.where(entries.c.seq > after).limit(PAGE)).all()
            except DBAPIError as error:
                raise UsageProblem(damaged(self._name, first_line(error))) from error
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1].seq

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


def _kind(row: Row[Any]) -> Kind:
    if row.kind not in KINDS:
        raise UsageProblem(
            f"entry {row.seq} of the journal is of kind '{row.kind}', which this version does not know: "
            "open it with the version that wrote it"
        )
    return Kind(row.kind)
