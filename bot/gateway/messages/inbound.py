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
REQ_DEPTH = Message(
    10,
    "reqMktDepth",
    (Fixed("5"), *_REQ, *REQUESTED_CONTRACT, *whole("rows"), *flag("isSmartDepth"), *text("options")),
)
CANCEL_DEPTH = Message(11, "cancelMktDepth", (_V1, *_REQ, *flag("isSmartDepth")))
REQ_NEWS_BULLETINS = Message(12, "reqNewsBulletins", (_V1, *flag("all")))
CANCEL_NEWS_BULLETINS = _plain(13, "cancelNewsBulletins")
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
REQ_SCANNER_PARAMETERS = _plain(24, "reqScannerParameters")
CANCEL_HISTORY = _by_id(25, "cancelHistoricalData")
REQ_CURRENT_TIME = _plain(49, "reqCurrentTime")
REQ_REAL_TIME_BARS = Message(
    50,
    "reqRealTimeBars",
    (
        Fixed("3"),
        *_REQ,
        *REQUESTED_CONTRACT,
        *whole("barSize"),
        *text("what"),
        *flag("useRth"),
        *text("options"),
    ),
)
CANCEL_REAL_TIME_BARS = _by_id(51, "cancelRealTimeBars")
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
REQ_SOFT_DOLLAR_TIERS = _by_id(79, "reqSoftDollarTiers", versioned=False)
REQ_FAMILY_CODES = Message(80, "reqFamilyCodes", ())
REQ_MATCHING_SYMBOLS = Message(81, "reqMatchingSymbols", (*_REQ, *text("pattern")))
REQ_DEPTH_EXCHANGES = Message(82, "reqMktDepthExchanges", ())
REQ_SMART_COMPONENTS = Message(83, "reqSmartComponents", (*_REQ, *text("bboExchange")))
REQ_NEWS_PROVIDERS = Message(85, "reqNewsProviders", ())
REQ_HEAD_TIMESTAMP = Message(
    87,
    "reqHeadTimeStamp",
    (*_REQ, *REQUESTED_CONTRACT, *flag("includeExpired", "useRth"), *text("what"), *whole("formatDate")),
)
REQ_HISTOGRAM = Message(
    88, "reqHistogramData", (*_REQ, *REQUESTED_CONTRACT, *flag("includeExpired", "useRth"), *text("duration"))
)
CANCEL_HISTOGRAM = _by_id(89, "cancelHistogramData", versioned=False)
CANCEL_HEAD_TIMESTAMP = _by_id(90, "cancelHeadTimeStamp", versioned=False)
REQ_MARKET_RULE = Message(91, "reqMarketRule", whole("ruleId"))
REQ_PNL = Message(92, "reqPnL", (*_REQ, *text("account", "model")))
CANCEL_PNL = _by_id(93, "cancelPnL", versioned=False)
REQ_PNL_SINGLE = Message(94, "reqPnLSingle", (*_REQ, *text("account", "model"), *whole("conId")))
CANCEL_PNL_SINGLE = _by_id(95, "cancelPnLSingle", versioned=False)
REQ_HISTORICAL_TICKS = Message(
    96,
    "reqHistoricalTicks",
    (
        *_REQ,
        *REQUESTED_CONTRACT,
        *flag("includeExpired"),
        *text("begin", "end"),
        *whole("count"),
        *text("what"),
        *flag("useRth", "ignoreSize"),
        *text("options"),
    ),
)
REQ_TICK_BY_TICK = Message(
    97, "reqTickByTickData", (*_REQ, *REQUESTED_CONTRACT, *text("kind"), *whole("count"), *flag("ignoreSize"))
)
CANCEL_TICK_BY_TICK = _by_id(98, "cancelTickByTickData", versioned=False)
REQ_COMPLETED_ORDERS = Message(99, "reqCompletedOrders", flag("apiOnly"))
REQ_USER_INFO = _by_id(104, "reqUserInfo", versioned=False)

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
        REQ_DEPTH,
        CANCEL_DEPTH,
        REQ_NEWS_BULLETINS,
        CANCEL_NEWS_BULLETINS,
        SET_LOG_LEVEL,
        REQ_AUTO_OPEN_ORDERS,
        REQ_ALL_OPEN_ORDERS,
        REQ_MANAGED_ACCOUNTS,
        REQ_HISTORY,
        REQ_SCANNER_PARAMETERS,
        CANCEL_HISTORY,
        REQ_CURRENT_TIME,
        REQ_REAL_TIME_BARS,
        CANCEL_REAL_TIME_BARS,
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
        REQ_SOFT_DOLLAR_TIERS,
        REQ_FAMILY_CODES,
        REQ_MATCHING_SYMBOLS,
        REQ_DEPTH_EXCHANGES,
        REQ_SMART_COMPONENTS,
        REQ_NEWS_PROVIDERS,
        REQ_HEAD_TIMESTAMP,
        REQ_HISTOGRAM,
        CANCEL_HISTOGRAM,
        CANCEL_HEAD_TIMESTAMP,
        REQ_MARKET_RULE,
        REQ_PNL,
        CANCEL_PNL,
        REQ_PNL_SINGLE,
        CANCEL_PNL_SINGLE,
        REQ_HISTORICAL_TICKS,
        REQ_TICK_BY_TICK,
        CANCEL_TICK_BY_TICK,
        REQ_COMPLETED_ORDERS,
        REQ_USER_INFO,
    )
}
