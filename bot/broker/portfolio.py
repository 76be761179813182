"""Read what the stream of account updates says is held: a second witness beside the list of positions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.broker.sense import signed_count

PORTFOLIO_VALUE, DOWNLOAD_END = 7, 54
_CON_ID, _POSITION, _ACCOUNT = 2, 13, -1  # fields of a portfolio value
_END_ACCOUNT = 2  # field of the end

Decode = Callable[[Sequence[str]], None]


class Portfolio:
    """Take quantities from portfolio values, and nothing else of them: what is held the bot values itself.

    IB sends the whole list when it is subscribed to, which connecting does, then each change, and everything again
    every three minutes. A closed line forgets it.
    """

    def __init__(self, ib: Any) -> None:
        self._held: dict[str, dict[int, int]] = {}
        self._whole: set[str] = set()
        handlers = ib.client.decoder.handlers
        handlers[PORTFOLIO_VALUE] = self._value
        handlers[DOWNLOAD_END] = self._ended(handlers[DOWNLOAD_END])
        ib.disconnectedEvent += self._forget

    def held(self, account: str) -> Mapping[int, int] | None:
        """Return the quantities by con_id; `None` before the list was sent to its end."""
        return dict(self._held.get(account, {})) if account in self._whole else None

    def _value(self, fields: Sequence[str]) -> None:
        quantity = signed_count(float(fields[_POSITION]))
        self._held.setdefault(fields[_ACCOUNT], {})[int(fields[_CON_ID])] = quantity
        if not quantity:
            del self._held[fields[_ACCOUNT]][int(fields[_CON_ID])]

    def _ended(self, decode: Decode) -> Decode:
        def decode_end(fields: Sequence[str]) -> None:
            self._whole.add(fields[_END_ACCOUNT])
            decode(fields)

        return decode_end

    def _forget(self) -> None:
        self._held.clear()
        self._whole.clear()
