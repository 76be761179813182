"""Keep what does not change about an option once, so that a wake-up's record holds only what moves.

Strike, class, expiry and settlement of each leg are the same minute after minute. They are written when an option is
first seen and get a number; from then on a leg is a row: that number, then quantity, quote and greeks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, get_type_hints

from bot.errors import Bug
from bot.journal.codec import from_json_all, read_cells, to_json, to_values
from bot.journal.rows import Rows, getter
from strategies.alvh.records import ChainQuote, OptionLeg

LISTED = ("con_id", "trading_class", "right", "strike", "expires_on", "settles_at")
KEPT = timedelta(days=7)  # after its settlement an option is forgotten; one that returns is written again


class Listing:
    """Hold the options of one record type: what is constant about each, by number.

    `write` gives numbers at once and `news` says which are new; if that is then not journalled, the journal is broken
    and this listing is never used again.
    """

    def __init__(self, record_type: type, constant: Collection[str]) -> None:
        self._record_type = record_type
        self._names = tuple(constant)
        self._constant = getter(self._names)
        self._rows = Rows(record_type, elsewhere=constant)
        self._types = get_type_hints(record_type)
        self._moving = {item.name for item in fields(record_type)} - set(constant)
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._held: dict[int, dict[str, Any]] = {}
        self._last = 0
        self._new: dict[str, dict[str, Any]] = {}
        self._named: set[int] = set()
        self._columns_now = self._rows.columns
        self._columns: Sequence[Any] | None = None
        self._reader: Callable[[Any], Any] | None = None

    def write(self, records: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return the rows of these options, each begun by its number."""
        known, keys = self._numbers, map(self._constant, records)
        numbers = [known.get(key) or self._list(record) for key, record in zip(keys, records, strict=True)]
        self._named.update(numbers)
        return [(number, *row) for number, row in zip(numbers, self._rows.rows(records), strict=True)]

    def news(self, at: datetime) -> dict[str, Any]:
        """Return what must be journalled before the rows that were written since the last call; empty when nothing."""
        found: dict[str, Any] = {}
        if self._columns != self._columns_now:
            found["columns"] = self._columns_now
        if self._new:
            found["contracts"], self._new = self._new, {}
            found["forgotten"] = self._settled(at - KEPT)
        self._named.clear()
        return found

    def apply(self, news: Mapping[str, Any]) -> None:
        """Take in what `news` gave, as the journal holds it."""
        if "columns" in news:
            self._columns = news["columns"]
            self._reader = self._rows.reader(news["columns"])
        unheld = {key: values for key, values in news.get("contracts", {}).items() if int(key) not in self._held}
        if unheld:
            self._hold(unheld)
        if news.get("forgotten"):
            self._forget(set(news["forgotten"]))

    def tell(self) -> dict[str, Any]:
        """Return every option by number, the last number given, and the columns of the rows."""
        contracts = {
            str(number): {name: to_values(self._types[name], cell) for name, cell in held.items()}
            for number, held in self._held.items()
        }
        return {"contracts": contracts, "last": self._last, "columns": self._columns}

    def know(self, told: Mapping[str, Any]) -> None:
        """Take over what another one told."""
        for number, values in told["contracts"].items():
            self._hold({number: values})  # one by one: different versions may have written them
        self._last = told["last"]
        if told["columns"] is not None:
            self.apply({"columns": told["columns"]})

    def read(self, rows: Sequence[Any]) -> tuple[Any, ...]:
        """Return the options of these rows; those that carry all their names are read by them."""
        if not rows or isinstance(rows[0], Mapping):
            return from_json_all(self._record_type, rows)
        unknown = {row[0] for row in rows} - self._held.keys()
        if unknown or self._reader is None:
            raise Bug(f"no earlier entry holds the contracts {sorted(unknown)}: feed the shelf every entry before it")
        held, read = self._held, self._reader
        return from_json_all(self._record_type, [held[row[0]] | read(row[1:]) for row in rows])

    def con_ids(self, rows: Sequence[Any]) -> tuple[int, ...]:
        """Return the con_ids that these rows name; one contract has a new number whenever its price paid changes."""
        if rows and isinstance(rows[0], dict):
            return tuple([row["con_id"] for row in rows])
        held = self._held
        return tuple([held[row[0]]["con_id"] for row in rows])

    def _list(self, record: Any) -> int:
        self._last += 1
        key = self._constant(record)
        self._numbers[key] = self._last
        self._held[self._last] = dict(zip(self._names, key, strict=True))
        self._new[str(self._last)] = to_json(record, leave_out=self._moving)
        return self._last

    def _hold(self, contracts: Mapping[str, Mapping[str, Any]]) -> None:
        names = [name for name in next(iter(contracts.values())) if name in self._types]  # one version wrote them all
        rows = [[values.get(name) for name in names] for values in contracts.values()]
        types = tuple(self._types[name] for name in names)
        for number, cells in zip(map(int, contracts), read_cells(self._record_type, types, rows), strict=True):
            held = self._held[number] = dict(zip(names, cells, strict=True))
            self._last = max(self._last, number)
            if len(held) == len(self._names):
                self._numbers[tuple([held[name] for name in self._names])] = number

    def _settled(self, before: datetime) -> list[int]:
        """Return the options that settled before an instant and that no row of now names."""
        return [n for n, held in self._held.items() if held["settles_at"] < before and n not in self._named]

    def _forget(self, gone: Collection[int]) -> None:
        self._held = {number: held for number, held in self._held.items() if number not in gone}
        self._numbers = {key: number for key, number in self._numbers.items() if number not in gone}


class Contracts:
    """Hold the options of the book and of the chain."""

    def __init__(self) -> None:
        self.legs = Listing(OptionLeg, (*LISTED, "symbol", "multiplier", "avg_price"))
        self.chain = Listing(ChainQuote, LISTED)

    def news(self, at: datetime) -> dict[str, Any]:
        """Return the body of the entry that must precede the rows written last; empty when none must."""
        found = {"legs": self.legs.news(at), "chain": self.chain.news(at)}
        return {name: news for name, news in found.items() if news}

    def tell(self) -> dict[str, Any]:
        """Return what both listings hold."""
        return {"legs": self.legs.tell(), "chain": self.chain.tell()}

    def know(self, told: Mapping[str, Any]) -> None:
        """Take over what another one told."""
        self.legs.know(told["legs"])
        self.chain.know(told["chain"])

    def apply(self, body: Mapping[str, Any]) -> None:
        """Take in such an entry."""
        for name, listing in (("legs", self.legs), ("chain", self.chain)):
            listing.apply(body.get(name, {}))
