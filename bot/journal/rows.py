"""Write records as rows of cells without names, and give the cells their names back by the journalled columns.

A book of 400 legs is 400 times the same names. A row holds the values alone, in the order of `columns`; a record
inside a record is a row inside the row. Columns are journalled beside the rows, so a field that is added later changes
nothing about what was written before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import fields, is_dataclass
from operator import attrgetter
from typing import Any, get_args, get_type_hints

from bot.errors import UsageProblem
from bot.journal.codec import misfit

Columns = Sequence[Any]  # names of cells, then of the rows inside the row, each as {name: columns}


class Rows:
    """Lay records of one type out as rows; `elsewhere` are fields that are kept in another place."""

    def __init__(self, record_type: type, elsewhere: Collection[str] = ()) -> None:
        self.record_type = record_type
        hints = get_type_hints(record_type)
        types = {item.name: hints[item.name] for item in fields(record_type) if item.name not in elsewhere}
        inner = {name: found for name, hint in types.items() if (found := _record_in(hint)) is not None}
        self._plain = [name for name in types if name not in inner]
        self._cells = getter(self._plain)
        self._inner = [(name, attrgetter(name), Rows(found)) for name, found in inner.items()]

    @property
    def columns(self) -> list[Any]:
        """Return the names of a row's cells: its own values first, then each row inside it as {name: columns}."""
        return [*self._plain, *({name: rows.columns} for name, _, rows in self._inner)]

    def rows(self, records: Sequence[Any]) -> list[Any]:
        """Return the rows of records; where a record is missing (`None`), so is its row."""
        if None in records:
            present = iter(self.rows([record for record in records if record is not None]))
            return [None if record is None else next(present) for record in records]
        cells = map(self._cells, records)
        if not self._inner:
            return list(cells)
        parts = zip(*(rows.rows([*map(get, records)]) for _, get, rows in self._inner), strict=True)
        return [own + inner for own, inner in zip(cells, parts, strict=True)]

    def reader(self, columns: Columns) -> Callable[[Any], Any]:
        """Return what gives a row with these columns its names, as `from_json` reads them; `None` stays `None`.

        It raises `UsageProblem` on a row of another length. Rows inside that this version does not know are left out.
        """
        plain, width, record_type = [name for name in columns if isinstance(name, str)], len(columns), self.record_type
        known = {name: rows for name, _, rows in self._inner}
        parts = [
            (at, name, known[name].reader(inner))
            for at, part in enumerate(columns[len(plain) :], len(plain))
            for name, inner in part.items()
            if name in known
        ]

        def read(row: Any) -> Any:
            if row is None:
                return None
            if len(row) != width:
                raise UsageProblem(misfit(record_type, f"a row of {len(row)} cells where {width} are named"))
            values = dict(zip(plain, row, strict=False))
            for at, name, inner in parts:
                values[name] = inner(row[at])
            return values

        return read


def getter(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what reads these attributes of an object as a tuple, however many they are."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda record: tuple([getattr(record, name) for name in names])


def _record_in(hint: Any) -> type | None:
    """Return the record type that a type hint names, alone or beside `None`."""
    for found in (hint, *get_args(hint)):
        if isinstance(found, type) and is_dataclass(found):
            return found
    return None
