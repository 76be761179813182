"""Give the orders that the account's owner enters in TWS itself."""

from __future__ import annotations

from datetime import datetime

from bot.gateway.records import HandTrade, OpeningAccount, OrderRequest

_CLIENT = -1  # none: TWS itself


class Hands:
    """Turn the trades by hand of an account into market orders, each once its time has come."""

    def __init__(self, opening: OpeningAccount) -> None:
        self._account = opening.account
        self._waiting = list(enumerate(opening.by_hand, start=1))

    def due(self, now: datetime) -> list[OrderRequest]:
        """Return the orders that are given by `now` and were not given before."""
        found = []
        while self._waiting and self._waiting[0][1].at <= now:
            number, trade = self._waiting.pop(0)
            found.append(self._order(number, trade))
        return found

    def _order(self, number: int, trade: HandTrade) -> OrderRequest:
        return OrderRequest(
            client_id=_CLIENT,
            order_id=number,
            con_id=trade.con_id,
            legs=(),
            action="BUY" if trade.quantity > 0 else "SELL",
            quantity=float(abs(trade.quantity)),
            order_type="MKT",
            limit=None,
            stop=None,
            tif="DAY",
            good_till=None,
            account=self._account,
            order_ref="",
            outside_rth=False,
            what_if=False,
        )
