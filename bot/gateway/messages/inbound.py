"""Lay out every request a client may send, except placeOrder."""

from __future__ import annotations

from bot.gateway.messages.contract import COMBO, DELTA_NEUTRAL, REQUESTED_CONTRACT
from bot.gateway.messages.order import PLACE_ORDER
from bot.gateway.messages.schema import Fixed, Message, flag, text, whole

_REQ = whole("reqId")
_V1 = Fixed("1")


def _plain(message_id: int, name: str) -> Message:
    return Message(message_id, name, (_V1,))


def _by_id(message_id: int, name: str, *, versioned: bool = True) -> Message:
    return Message(message_id, name, (_V1, *_REQ) if versioned else _REQ)


REQ_MARKET_DATA = Message(
    1,
    "reqMktData",
    (
        Fixed("11"),
        *_REQ,
        *REQUESTED_CONTRACT,
        COMBO,
        *DELTA_NEUTRAL,
        *text("genericTicks"),
        *flag("snapshot", "regulatorySnapshot"),
        *text("options"),
    ),
)
CANCEL_MARKET_DATA = _by_id(2, "cancelMktData")
CANCEL_ORDER = Message(4, "cancelOrder", (_V1, *whole("orderId"), *text("manualCancelTime", since=169)))
REQ_OPEN_ORDERS = _plain(5, "reqOpenOrders")
REQ_ACCOUNT_UPDATES = Message(6, "reqAccountUpdates", (Fixed("2"), *flag("subscribe"), *text("account")))
REQ_EXECUTIONS = Message(
    7,
    "reqExecutions",
    (
        Fixed("3"),
        *_REQ,
        *whole("clientId"),
        *text("account", "time", "symbol", "secType", "exchange", "side"),
    ),
)
REQ_IDS = Message(8, "reqIds", (_V1, *whole("count")))
REQ_CONTRACT_DETAILS = Message(
    9,
    "reqContractDetails",
    (
        Fixed("8"),
        *_REQ,
        *REQUESTED_CONTRACT,
        *flag("includeExpired"),
        *text("secIdType", "secId"),
        *text("issuerId", since=176),
    ),
)
SET_LOG_LEVEL = Message(14, "setServerLogLevel", (_V1, *whole("level")))
REQ_AUTO_OPEN_ORDERS = Message(15, "reqAutoOpenOrders", (_V1, *flag("bind")))
REQ_ALL_OPEN_ORDERS = _plain(16, "reqAllOpenOrders")
REQ_MANAGED_ACCOUNTS = _plain(17, "reqManagedAccts")
REQ_HISTORY = Message(
    20,
    "reqHistoricalData",
    (
        *_REQ,
        *REQUESTED_CONTRACT,
        *flag("includeExpired"),
        *text("end", "barSize", "duration"),
        *flag("useRth"),
        *text("what"),
        *whole("formatDate"),
        COMBO,
        *flag("keepUpToDate"),
        *text("options"),
    ),
)
CANCEL_HISTORY = _by_id(25, "cancelHistoricalData")
REQ_CURRENT_TIME = _plain(49, "reqCurrentTime")
GLOBAL_CANCEL = Message(58, "reqGlobalCancel", (_V1,))
REQ_MARKET_DATA_TYPE = Message(59, "reqMarketDataType", (_V1, *whole("type")))
REQ_POSITIONS = _plain(61, "reqPositions")
REQ_ACCOUNT_SUMMARY = Message(62, "reqAccountSummary", (_V1, *_REQ, *text("group", "tags")))
CANCEL_ACCOUNT_SUMMARY = _by_id(63, "cancelAccountSummary")
CANCEL_POSITIONS = _plain(64, "cancelPositions")
START_API = Message(71, "startApi", (Fixed("2"), *whole("clientId"), *text("capabilities")))
REQ_POSITIONS_MULTI = Message(74, "reqPositionsMulti", (_V1, *_REQ, *text("account", "model")))
CANCEL_POSITIONS_MULTI = _by_id(75, "cancelPositionsMulti")
REQ_UPDATES_MULTI = Message(
    76, "reqAccountUpdatesMulti", (_V1, *_REQ, *text("account", "model"), *flag("ledgerAndNlv"))
)
CANCEL_UPDATES_MULTI = _by_id(77, "cancelAccountUpdatesMulti")
REQ_OPTION_CHAINS = Message(
    78,
    "reqSecDefOptParams",
    (*_REQ, *text("symbol", "futFopExchange", "secType"), *whole("conId")),
)
REQ_MATCHING_SYMBOLS = Message(81, "reqMatchingSymbols", (*_REQ, *text("pattern")))
REQ_HEAD_TIMESTAMP = Message(
    87,
    "reqHeadTimeStamp",
    (*_REQ, *REQUESTED_CONTRACT, *flag("includeExpired", "useRth"), *text("what"), *whole("formatDate")),
)
CANCEL_HEAD_TIMESTAMP = _by_id(90, "cancelHeadTimeStamp", versioned=False)
REQ_MARKET_RULE = Message(91, "reqMarketRule", whole("ruleId"))
REQ_PNL = Message(92, "reqPnL", (*_REQ, *text("account", "model")))
CANCEL_PNL = _by_id(93, "cancelPnL", versioned=False)
REQ_PNL_SINGLE = Message(94, "reqPnLSingle", (*_REQ, *text("account", "model"), *whole("conId")))
CANCEL_PNL_SINGLE = _by_id(95, "cancelPnLSingle", versioned=False)
REQ_COMPLETED_ORDERS = Message(99, "reqCompletedOrders", flag("apiOnly"))

REQUESTS: dict[int, Message] = {
    message.id: message
    for message in (
        REQ_MARKET_DATA,
        CANCEL_MARKET_DATA,
        PLACE_ORDER,
        CANCEL_ORDER,
        REQ_OPEN_ORDERS,
        REQ_ACCOUNT_UPDATES,
        REQ_EXECUTIONS,
        REQ_IDS,
        REQ_CONTRACT_DETAILS,
        SET_LOG_LEVEL,
        REQ_AUTO_OPEN_ORDERS,
        REQ_ALL_OPEN_ORDERS,
        REQ_MANAGED_ACCOUNTS,
        REQ_HISTORY,
        CANCEL_HISTORY,
        REQ_CURRENT_TIME,
        GLOBAL_CANCEL,
        REQ_MARKET_DATA_TYPE,
        REQ_POSITIONS,
        REQ_ACCOUNT_SUMMARY,
        CANCEL_ACCOUNT_SUMMARY,
        CANCEL_POSITIONS,
        START_API,
        REQ_POSITIONS_MULTI,
        CANCEL_POSITIONS_MULTI,
        REQ_UPDATES_MULTI,
        CANCEL_UPDATES_MULTI,
        REQ_OPTION_CHAINS,
        REQ_MATCHING_SYMBOLS,
        REQ_HEAD_TIMESTAMP,
        CANCEL_HEAD_TIMESTAMP,
        REQ_MARKET_RULE,
        REQ_PNL,
        CANCEL_PNL,
        REQ_PNL_SINGLE,
        CANCEL_PNL_SINGLE,
        REQ_COMPLETED_ORDERS,
    )
}

# Where the request id stands in a message that is not served, so that the refusal reaches its sender.
UNSERVED_REQUEST_ID: dict[int, int] = {
    10: 2, 11: 2, 18: 2, 21: 2, 22: 1, 23: 2, 50: 2, 51: 2, 52: 2, 53: 2, 54: 2, 55: 2, 56: 2, 57: 2,
    67: 2, 68: 2, 69: 2, 70: 2, 79: 1, 83: 1, 84: 1, 86: 1, 88: 1, 89: 1, 96: 1, 97: 1, 98: 1,
    100: 1, 101: 1, 102: 1, 103: 1, 104: 1,
}  # fmt: skip
