"""Spare the library's decoder the rows that nobody reads, or that say what the ones before them said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

COMPUTATION = 21  # number of the message that carries an option's computation; its third field is the tick type
NOT_OF_THE_MODEL = frozenset({"10", "11", "12", "80", "81", "82"})  # computed from bid, ask and last, live or delayed
POSITION = 61
_ACCOUNT, _CON_ID = 2, 3  # fields of a position

Decode = Callable[[Sequence[str]], None]


def spare(ib: Any) -> None:
    """Put lighter handlers in place of the library's: everything that is read arrives as before."""
    handlers = ib.client.decoder.handlers
    handlers[COMPUTATION] = _only_of_the_model(handlers[COMPUTATION])
    handlers[POSITION] = _only_news(ib, handlers[POSITION])


def _only_of_the_model(decode: Decode) -> Decode:
    """Drop three of an option's four computations undecoded: only the model's is ever read."""

    def decode_of_the_model(fields: Sequence[str]) -> None:
        if fields[2] not in NOT_OF_THE_MODEL:
            decode(fields)

    return decode_of_the_model


def _only_news(ib: Any, decode: Decode) -> Decode:
    """Decode a position that has changed; of one that has not, hand on the row that the library still holds.

    All positions are read at every look. A row is the same only if every field is, and if the library's own table
    still holds what the last decoding put there: after a lost connection it does not.
    """
    wrapper = ib.wrapper
    known: dict[tuple[str, str], tuple[Sequence[str], Any]] = {}

    def decode_news(fields: Sequence[str]) -> None:
        account, con_id = fields[_ACCOUNT], fields[_CON_ID]
        before, row = known.get((account, con_id), ((), None))
        if row is None or fields != before or wrapper.positions[account].get(row.contract.conId) is not row:
            decode(fields)
            known[account, con_id] = (fields, wrapper.positions[account].get(int(con_id)))
            return
        results = wrapper._results.get("positions")
        if results is not None:
            results.append(row)
        ib.positionEvent.emit(row)

    return decode_news
