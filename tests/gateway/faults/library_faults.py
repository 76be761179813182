"""The installed client library as a barrier sees it, and as somebody who asks for many things at once."""

from __future__ import annotations

from bot.broker.client import load
from tests.gateway.fakes_gateway import VX_MARCH

CLIENT_ID = 7


class Library:
    """Speak through the installed client library, and count its bytes."""

    def __init__(self) -> None:
        self.ib = load().IB()
        self.ib.client.MaxRequests = 0

    def wire_bytes(self) -> tuple[int, int]:
        if not self.ib.isConnected():
            return (0, 0)
        stats = self.ib.client.connectionStats()
        return (stats.numBytesRecv, stats.numBytesSent)

    def chatter(self, step: int) -> None:
        """Ask for all sorts of things without waiting for any answer."""
        if not self.ib.isConnected():
            return
        library = load()
        contract = library.Contract(conId=VX_MARCH.con_id, secType="FUT", exchange="CFE")
        client = self.ib.client
        client.reqCurrentTime()
        client.reqPositions()
        client.reqAllOpenOrders()
        client.reqMktData(100 + step, contract, "", step % 2 == 1, False, [])
        client.reqContractDetails(200 + step, contract)
        order = library.Order(action="BUY", totalQuantity=3, orderType="LMT", lmtPrice=14.5, tif="DAY")
        client.placeOrder(300 + step, contract, order)
        if step % 3 == 2:
            client.cancelOrder(299 + step, "")
