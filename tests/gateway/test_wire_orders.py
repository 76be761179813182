"""Orders: what a client library encodes is read without a field left over, and comes back to its decoder unchanged."""

from __future__ import annotations

import dataclasses
import importlib.util
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.gateway.messages.order import OPEN_ORDER, PLACE_ORDER
from bot.gateway.messages.schema import Message
from bot.gateway.requests.orders import OrderDesk
from tests.gateway.fakes_gateway import PUT, VX_APRIL, VX_MARCH, FakeExchange, FakeMarket
from tests.gateway.raw_gateway import cut

if importlib.util.find_spec("ib_insync"):
    import ib_insync as ib
    from ib_insync.client import Client
    from ib_insync.decoder import Decoder

    HIGHEST = 176
else:
    import ib_async as ib
    from ib_async.client import Client
    from ib_async.decoder import Decoder

    HIGHEST = 178

VERSIONS = [version for version in (157, 160, 165, 170, 176, 178) if version <= HIGHEST]

# Carried by placeOrder, but by no openOrder.
NEVER_ECHOED = {
    "transmit", "activeStartTime", "activeStopTime", "overridePercentageConstraints", "scaleTable", "algoId",
    "orderMiscOptions", "extOperator", "mifid2DecisionMaker", "mifid2DecisionAlgo", "mifid2ExecutionTrader",
    "mifid2ExecutionAlgo", "advancedErrorOverride", "manualOrderTime",
}  # fmt: skip
# Only in openOrder or completedOrder.
NEVER_SENT = {
    "clientId", "permId", "basisPoints", "basisPointsType", "autoCancelDate", "filledQuantity", "refFuturesConId",
    "shareholder", "imbalanceOnly", "routeMarketableToBbo", "parentPermId",
}  # fmt: skip
SINCE = {"duration": 159, "postToAts": 160, "autoCancelParent": 162}
PEGGED = {"minTradeQty", "minCompeteSize", "competeAgainstBestOffset", "midOffsetAtWhole", "midOffsetAtHalf"}
FREE = {
    "ocaGroup", "orderRef", "goodAfterTime", "rule80A", "faGroup", "faMethod", "faPercentage", "designatedLocation",
    "openClose", "settlingFirm", "clearingAccount", "clearingIntent", "modelCode", "adjustedOrderType",
    "extOperator", "account",
}  # fmt: skip
NUMBERS = {
    "lmtPrice", "auxPrice", "percentOffset", "trailStopPrice", "trailingPercent", "discretionaryAmt", "nbboPriceCap",
    "startingPrice", "stockRefPrice", "delta", "stockRangeLower", "stockRangeUpper", "triggerPrice",
    "adjustedStopPrice", "adjustedStopLimitPrice", "adjustedTrailingAmount", "lmtPriceOffset", "cashQty",
}  # fmt: skip
WHOLES = {
    "parentId", "displaySize", "triggerMethod", "ocaType", "minQty", "origin", "shortSaleSlot", "exemptCode",
    "auctionStrategy", "referencePriceType", "adjustableTrailingUnit", "duration", "postToAts",
}  # fmt: skip
FLAGS = {
    "transmit", "blockOrder", "sweepToFill", "outsideRth", "hidden", "allOrNone", "eTradeOnly", "firmQuoteOnly",
    "optOutSmartRouting", "randomizePrice", "randomizeSize", "continuousUpdate", "notHeld", "solicited",
    "dontUseAutoPriceForHedge", "isOmsContainer", "discretionaryUpToLimitPrice", "usePriceMgmtAlgo",
    "autoCancelParent",
}  # fmt: skip

word = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)
price = st.floats(0.01, 1e6).map(lambda value: round(value, 4))
count = st.integers(0, 1000)
tags = st.lists(st.builds(ib.TagValue, tag=word, value=word), max_size=3)

CONDITION = st.one_of(
    st.builds(ib.PriceCondition, isMore=st.booleans(), price=price, conId=count, exch=word, triggerMethod=count),
    st.builds(ib.TimeCondition, isMore=st.booleans(), time=word),
    st.builds(ib.MarginCondition, isMore=st.booleans(), percent=count),
    st.builds(ib.ExecutionCondition, secType=word, exch=word, symbol=word),
    st.builds(ib.VolumeCondition, isMore=st.booleans(), volume=count, conId=count, exch=word),
    st.builds(ib.PercentChangeCondition, isMore=st.booleans(), changePercent=price, conId=count, exch=word),
)
GROUPS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "scale": st.fixed_dictionaries(
        {
            "scaleInitLevelSize": count,
            "scaleSubsLevelSize": count,
            "scalePriceIncrement": price,
            "scalePriceAdjustValue": price,
            "scalePriceAdjustInterval": count,
            "scaleProfitOffset": price,
            "scaleAutoReset": st.booleans(),
            "scaleInitPosition": count,
            "scaleInitFillQty": count,
            "scaleRandomPercent": st.booleans(),
            "scaleTable": word,
        }
    ),
    "hedge": st.fixed_dictionaries({"hedgeType": st.sampled_from("DBFP"), "hedgeParam": word}),
    "algo": st.fixed_dictionaries({"algoStrategy": word, "algoParams": tags, "algoId": word}),
    "volatility": st.fixed_dictionaries(
        {
            "orderType": st.just("VOL"),
            "volatility": price,
            "volatilityType": st.integers(1, 2),
            "deltaNeutralOrderType": word,
            "deltaNeutralAuxPrice": price,
            "deltaNeutralConId": count,
            "deltaNeutralSettlingFirm": word,
            "deltaNeutralClearingAccount": word,
            "deltaNeutralClearingIntent": word,
            "deltaNeutralOpenClose": word,
            "deltaNeutralShortSale": st.booleans(),
            "deltaNeutralShortSaleSlot": count,
            "deltaNeutralDesignatedLocation": word,
        }
    ),
    "bench": st.fixed_dictionaries(
        {
            "orderType": st.just("PEG BENCH"),
            "referenceContractId": count,
            "isPeggedChangeAmountDecrease": st.booleans(),
            "peggedChangeAmount": price,
            "referenceChangeAmount": price,
            "referenceExchangeId": word,
        }
    ),
    "mid": st.fixed_dictionaries(
        {"orderType": st.just("PEG MID"), "midOffsetAtWhole": price, "midOffsetAtHalf": price}
    ),
    "best": st.fixed_dictionaries(
        {
            "orderType": st.just("PEG BEST"),
            "minCompeteSize": count,
            "competeAgainstBestOffset": price | st.just(math.inf),
            "midOffsetAtWhole": price,
            "midOffsetAtHalf": price,
        }
    ),
    "conditions": st.fixed_dictionaries(
        {
            "conditions": st.lists(CONDITION, min_size=1, max_size=4),
            "conditionsIgnoreRth": st.booleans(),
            "conditionsCancelOrder": st.booleans(),
        }
    ),
    "soft": st.fixed_dictionaries({"softDollarTier": st.builds(ib.SoftDollarTier, name=word, val=word)}),
    "profile": st.fixed_dictionaries({"faProfile": word}),
    "good till": st.fixed_dictionaries(
        {"tif": st.just("GTD"), "goodTillDate": st.sampled_from(["20180206 10:00:00 US/Eastern", "20180206-15:00:00"])}
    ),
}


@st.composite
def orders(draw: st.DrawFn) -> ib.Order:
    """Draw an order of any type with any of the fields a client may fill in."""
    base = {
        "orderId": draw(st.integers(1, 10**6)),
        "action": draw(st.sampled_from(["BUY", "SELL"])),
        "totalQuantity": draw(st.integers(1, 1000).map(float) | st.just(0.5)),
        "orderType": draw(st.sampled_from(["LMT", "MKT", "STP", "STP LMT", "TRAIL", "MIDPRICE"])),
        "tif": draw(st.sampled_from(["DAY", "GTC", "IOC"])),
    }
    for names, values in ((FREE, word), (NUMBERS, price), (WHOLES, count), (FLAGS, st.booleans())):
        chosen = draw(st.sets(st.sampled_from(sorted(names)), max_size=6))
        base |= {name: draw(values) for name in sorted(chosen)}
    for group in draw(st.sets(st.sampled_from(sorted(GROUPS)), max_size=3)):
        base |= draw(GROUPS[group])
    return ib.Order(**base)


def future(exchange: str = "CFE") -> ib.Contract:
    return ib.Contract(conId=VX_MARCH.con_id, symbol="VIX", secType="FUT", exchange=exchange, currency="USD")


@st.composite
def contracts(draw: st.DrawFn) -> ib.Contract:
    """Draw a future, one routed to IBKRATS, or a calendar spread."""
    kind = draw(st.sampled_from(["CFE", "IBKRATS", "BAG", "neutral"]))
    if kind == "BAG":
        details = {"openClose": draw(count), "shortSaleSlot": draw(count), "designatedLocation": draw(word)}
        legs = [
            ib.ComboLeg(conId=VX_MARCH.con_id, ratio=1, action="SELL", exchange="CFE", **details),
            ib.ComboLeg(conId=VX_APRIL.con_id, ratio=draw(st.integers(1, 9)), action="BUY", exchange="CFE"),
        ]
        return ib.Contract(symbol="VIX", secType="BAG", exchange="CFE", currency="USD", comboLegs=legs)
    contract = future("CFE" if kind == "neutral" else kind)
    if kind == "neutral":
        contract.deltaNeutralContract = ib.DeltaNeutralContract(PUT.con_id, draw(price), draw(price))
    return contract


class Wire:
    """Stand for a connected client: keep what it is sent."""

    def __init__(self, version: int) -> None:
        self.client_id = 7
        self.version = version
        self.sent: list[list[str]] = []
        self.refused: list[tuple[int, str]] = []

    def send(self, message: Message, **values: Any) -> None:
        self.sent.append(cut(message.build(values, self.version)))

    def refuse(self, request_id: int | None, code: int, text: str) -> None:
        self.refused.append((code, text))


def encoded(order: ib.Order, contract: ib.Contract, version: int) -> list[str]:
    """Return the fields that the library sends for an order."""
    client = Client(object())
    client.connState = Client.CONNECTED
    client._serverVersion = version
    sent: list[str] = []
    client.sendMsg = sent.append
    client.placeOrder(order.orderId, contract, order)
    return sent[0].split("\0")[:-1]


def echoed(order: ib.Order, contract: ib.Contract, version: int) -> tuple[ib.Order, ib.Contract, list[str]]:
    """Return the order and contract that the library reads from the gateway's openOrder frame."""
    market = FakeMarket()
    wire = Wire(version)
    desk = OrderDesk(
        market, FakeExchange(market), lambda: [wire], lambda reports: [desk.tell(each) for each in reports]
    )
    desk.place(wire, PLACE_ORDER.parse(encoded(order, contract, version), version))
    assert not wire.refused
    fields = next(fields for fields in wire.sent if fields[0] == str(OPEN_ORDER.id))
    seen: list[Any] = []

    class Wrapper:
        def openOrder(self, *arguments: Any) -> None:
            seen.extend(arguments)

    Decoder(Wrapper(), version).handlers[5](list(fields))
    _, got_contract, got_order, _ = seen
    return got_order, got_contract, fields


def expected(order: ib.Order, contract: ib.Contract, version: int) -> dict[str, Any]:
    """Return the fields of an order that an openOrder frame of this version carries."""
    skipped = NEVER_ECHOED | NEVER_SENT | {name for name, since in SINCE.items() if version < since}
    skipped |= {"faProfile"} if version >= 177 else set()
    skipped |= _dormant(order, contract, version)
    return {
        field.name: getattr(order, field.name) for field in dataclasses.fields(ib.Order) if field.name not in skipped
    }


def _dormant(order: ib.Order, contract: ib.Contract, version: int) -> set[str]:
    """Return what the library itself leaves out of placeOrder for this type of order."""
    pegged = set(PEGGED)
    if version >= 170 and contract.exchange == "IBKRATS":
        pegged -= {"minTradeQty"}
    if version >= 170 and order.orderType == "PEG BEST":
        pegged -= {"minCompeteSize", "competeAgainstBestOffset"}
    both = order.orderType == "PEG BEST" and order.competeAgainstBestOffset == math.inf
    if version >= 170 and (order.orderType == "PEG MID" or both):
        pegged -= {"midOffsetAtWhole", "midOffsetAtHalf"}
    bench = {"referenceContractId", "isPeggedChangeAmountDecrease", "peggedChangeAmount"}
    bench |= {"referenceChangeAmount", "referenceExchangeId"}
    return pegged | (bench if order.orderType != "PEG BENCH" else set())


def plain(name: str, value: Any) -> Any:
    """Return a value as it may be compared: TWS writes `None`, 0 or the only account where clients leave blank."""
    if name in ("deltaNeutralOrderType", "adjustedOrderType"):
        return value or "None"
    if name == "account":
        return value or "DU1234567"
    if name in ("lmtPrice", "auxPrice"):
        return 0.0 if value == ib.util.UNSET_DOUBLE else value
    if name == "volatility" and value is None:  # ib_async blanks it in every order that is not VOL
        return ib.util.UNSET_DOUBLE
    if name == "orderComboLegs":
        return [leg.price for leg in value]
    return value


@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=60, deadline=None)
@given(order=orders(), contract=contracts())
def test_an_order_comes_back_as_it_was_sent(version: int, order: ib.Order, contract: ib.Contract) -> None:
    if contract.secType == "BAG":
        order.orderComboLegs = [ib.OrderComboLeg(price=1.5), ib.OrderComboLeg()]
        order.smartComboRoutingParams = [ib.TagValue("NonGuaranteed", "1")]
    got, got_contract, _ = echoed(order, contract, version)
    for name, value in expected(order, contract, version).items():
        assert plain(name, getattr(got, name)) == plain(name, value), name
    assert got_contract.symbol == contract.symbol
    assert got_contract.exchange == contract.exchange
    assert got_contract.deltaNeutralContract == contract.deltaNeutralContract
    assert got_contract.comboLegs == (contract.comboLegs or [])


@pytest.mark.parametrize(("version", "count"), [(176, 136)])
def test_a_plain_order_is_echoed_in_as_many_fields_as_tws_sends(version: int, count: int) -> None:
    order = ib.LimitOrder("BUY", 2, 15.05, tif="DAY", orderId=4)
    assert len(echoed(order, future(), version)[2]) == count


def test_the_order_that_the_exchange_sees_is_the_one_that_was_sent() -> None:
    market = FakeMarket()
    exchange = FakeExchange(market)
    wire = Wire(176)
    desk = OrderDesk(market, exchange, lambda: [wire], lambda reports: None)
    order = ib.StopLimitOrder("SELL", 3, 14.5, 14.75, tif="GTC", orderId=9, orderRef="x-1", outsideRth=True, parentId=8)
    desk.place(wire, PLACE_ORDER.parse(encoded(order, future(), 176), 176))
    (seen,) = exchange.requests
    assert (seen.action, seen.quantity, seen.order_type, seen.limit, seen.stop) == ("SELL", 3.0, "STP LMT", 14.5, 14.75)
    assert (seen.tif, seen.order_ref, seen.outside_rth, seen.parent_id, seen.con_id) == (
        "GTC",
        "x-1",
        True,
        8,
        VX_MARCH.con_id,
    )
    assert (seen.client_id, seen.order_id, seen.account, seen.good_till) == (7, 9, "DU1234567", None)
