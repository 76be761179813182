"""Trade on the account past the bot, as people do in TWS."""

from __future__ import annotations

from itertools import count

from bot.drill.setup import Does, Hand
from bot.gateway.records import ContractPattern, Exchange, Market, OrderRequest, Report

OTHER_HANDS = 99  # their client id
FAR_BELOW = 0.8  # of the bid: where an order rests that nobody fills


class OtherHands:
    """Place orders of another client on the account; they go past all faults, straight to the exchange."""

    def __init__(self, market: Market, exchange: Exchange, account: str) -> None:
        self._market = market
        self._exchange = exchange
        self._account = account
        self._ids = count(1000)

    def trade(self, hand: Hand) -> list[Report]:
        """Do what the hand does, and return what clients are told of it."""
        if hand.does is Does.CLOSE_CONDORS:
            return self._close_condors()
        con_id = nearest_mini(self._market)
        bid = self._market.quote(con_id).bid
        limit = round(bid * FAR_BELOW, 1) if hand.does is Does.REST and bid is not None else None
        return self._place(con_id, hand.quantity, limit)

    def _close_condors(self) -> list[Report]:
        reports: list[Report] = []
        for position in self._exchange.positions(self._account):
            contract = self._market.contract(position.con_id)
            if contract is not None and contract.sec_type == "OPT" and position.quantity:
                reports += self._place(position.con_id, -round(position.quantity), None)
        return reports

    def _place(self, con_id: int, quantity: int, limit: float | None) -> list[Report]:
        request = OrderRequest(
            client_id=OTHER_HANDS,
            order_id=next(self._ids),
            con_id=con_id,
            legs=(),
            action="BUY" if quantity > 0 else "SELL",
            quantity=float(abs(quantity)),
            order_type="MKT" if limit is None else "LMT",
            limit=limit,
            stop=None,
            tif="DAY",
            good_till=None,
            account=self._account,
            order_ref="",
            outside_rth=False,
            what_if=False,
        )
        return list(self._exchange.place(request))


def nearest_mini(market: Market) -> int:
    """Return the con_id of the mini future that settles next."""
    found = market.find(ContractPattern(symbol="VXM", sec_type="FUT", trading_class="VXM"))
    return min(found, key=lambda contract: contract.expiry).con_id
