"""Lay out every answer the gateway sends, except those that carry an order."""

from __future__ import annotations

from bot.gateway.messages.contract import CONTRACT
from bot.gateway.messages.schema import Each, Fixed, Message, Part, flag, number, text, whole
from bot.gateway.messages.values import UNSET_DOUBLE

_REQ = whole("reqId")
_V1 = Fixed("1")

TICK_PRICE = Message(
    1, "tickPrice", (Fixed("6"), *_REQ, *whole("tickType"), *number("price", "size"), *whole("attributes"))
)
TICK_SIZE = Message(2, "tickSize", (Fixed("6"), *_REQ, *whole("tickType"), *number("size")))
ORDER_STATUS = Message(
    3,
    "orderStatus",
    (
        *whole("orderId"),
        *text("status"),
        *number("filled", "remaining", "avgPrice"),
        *whole("permId", "parentId"),
        *number("lastPrice"),
        *whole("clientId"),
        *text("whyHeld"),
        *number("mktCapPrice"),
    ),
)
ERROR = Message(4, "error", (Fixed("2"), *whole("id", "code"), *text("text"), *text("advancedReject", since=166)))
ACCOUNT_VALUE = Message(6, "updateAccountValue", (Fixed("2"), *text("tag", "value", "currency", "account")))
PORTFOLIO_VALUE = Message(
    7,
    "updatePortfolio",
    (
        Fixed("8"),
        *whole("conId"),
        *text("symbol", "secType", "expiry"),
        *number("strike"),
        *text("right", "multiplier", "primaryExchange", "currency", "localSymbol", "tradingClass"),
        *number("position", "marketPrice", "marketValue", "avgCost", "unrealizedPnl", "realizedPnl"),
        *text("account"),
    ),
)
ACCOUNT_TIME = Message(8, "updateAccountTime", (_V1, *text("time")))
NEXT_VALID_ID = Message(9, "nextValidId", (_V1, *whole("orderId")))

_SIZES: tuple[Part, ...] = number("minSize", "sizeIncrement", "suggestedSizeIncrement", since=164)
CONTRACT_DETAILS = Message(
    10,
    "contractDetails",
    (
        Fixed("8", until=163),
        *_REQ,
        *text("symbol", "secType", "lastTradeTime"),
        *number("strike"),
        *text("right", "exchange", "currency", "localSymbol", "marketName", "tradingClass"),
        *whole("conId"),
        *number("minTick"),
        Fixed("100", until=163),  # mdSizeMultiplier, dropped later
        *text("multiplier", "orderTypes", "validExchanges"),
        *whole("priceMagnifier", "underConId"),
        *text("longName", "primaryExchange", "contractMonth", "industry", "category", "subcategory"),
        *text("timeZone", "tradingHours", "liquidHours", "evRule"),
        *number("evMultiplier"),
        Each("secIds", text("tag", "value")),
        *whole("aggGroup"),
        *text("underSymbol", "underSecType", "marketRuleIds", "realExpiry", "stockType"),
        *_SIZES,
    ),
)
EXECUTION = Message(
    11,
    "execDetails",
    (
        *_REQ,
        *whole("orderId"),
        *CONTRACT,
        *text("execId", "time", "account", "execExchange", "side"),
        *number("shares", "price"),
        *whole("permId", "clientId", "liquidation"),
        *number("cumQty", "avgPrice"),
        *text("orderRef", "evRule"),
        *number("evMultiplier"),
        *text("modelCode"),
        *whole("lastLiquidity"),
        *flag("pendingPriceRevision", since=178),
    ),
)
DEPTH = Message(
    12,
    "updateMktDepth",
    (_V1, *_REQ, *whole("row", "operation", "side"), *number("price", "size")),
)
DEPTH_BY_MAKER = Message(
    13,
    "updateMktDepthL2",
    (
        _V1,
        *_REQ,
        *whole("row"),
        *text("maker"),
        *whole("operation", "side"),
        *number("price", "size"),
        *flag("isSmartDepth"),
    ),
)
MANAGED_ACCOUNTS = Message(15, "managedAccounts", (_V1, *text("accounts")))
_BAR_PRICES = number("open", "high", "low", "close", "volume", "wap")
HISTORY = Message(
    17,
    "historicalData",
    (*_REQ, *text("start", "end"), Each("bars", (*text("date"), *_BAR_PRICES, *whole("count")))),
)
SCANNER_PARAMETERS = Message(19, "scannerParameters", (_V1, *text("xml")))
OPTION_COMPUTATION = Message(
    21,
    "tickOptionComputation",
    (
        *_REQ,
        *whole("tickType", "attribute"),
        *number("iv", "delta", "price", "dividend", "gamma", "vega", "theta", "underlying"),
    ),
)
TICK_GENERIC = Message(45, "tickGeneric", (Fixed("6"), *_REQ, *whole("tickType"), *number("value")))
TICK_STRING = Message(46, "tickString", (Fixed("6"), *_REQ, *whole("tickType"), *text("value")))
CURRENT_TIME = Message(49, "currentTime", (_V1, *whole("epoch")))
REAL_TIME_BAR = Message(50, "realtimeBar", (Fixed("3"), *_REQ, *whole("epoch"), *_BAR_PRICES, *whole("count")))
CONTRACT_DETAILS_END = Message(52, "contractDetailsEnd", (_V1, *_REQ))
OPEN_ORDERS_END = Message(53, "openOrderEnd", (_V1,))
ACCOUNT_DOWNLOAD_END = Message(54, "accountDownloadEnd", (_V1, *text("account")))
EXECUTIONS_END = Message(55, "execDetailsEnd", (_V1, *_REQ))
SNAPSHOT_END = Message(57, "tickSnapshotEnd", (_V1, *_REQ))
MARKET_DATA_TYPE = Message(58, "marketDataType", (_V1, *_REQ, *whole("type")))
COMMISSION = Message(
    59,
    "commissionReport",
    (
        _V1,
        *text("execId"),
        *number("commission"),
        *text("currency"),
        *number("realizedPnl", "yield", unset=UNSET_DOUBLE),
        *whole("yieldDate"),
    ),
)
_HELD = (*CONTRACT, *number("position", "avgCost"))
POSITION = Message(61, "position", (Fixed("3"), *text("account"), *_HELD))
POSITIONS_END = Message(62, "positionEnd", (_V1,))
SUMMARY_VALUE = Message(63, "accountSummary", (_V1, *_REQ, *text("account", "tag", "value", "currency")))
SUMMARY_END = Message(64, "accountSummaryEnd", (_V1, *_REQ))
POSITION_MULTI = Message(71, "positionMulti", (_V1, *_REQ, *text("account"), *_HELD, *text("model")))
POSITIONS_MULTI_END = Message(72, "positionMultiEnd", (_V1, *_REQ))
UPDATE_MULTI = Message(73, "accountUpdateMulti", (_V1, *_REQ, *text("account", "model", "tag", "value", "currency")))
UPDATES_MULTI_END = Message(74, "accountUpdateMultiEnd", (_V1, *_REQ))
OPTION_CHAIN = Message(
    75,
    "securityDefinitionOptionParameter",
    (
        *_REQ,
        *text("exchange"),
        *whole("underConId"),
        *text("tradingClass", "multiplier"),
        Each("expiries", text("expiry")),
        Each("strikes", number("strike")),
    ),
)
OPTION_CHAINS_END = Message(76, "securityDefinitionOptionParameterEnd", _REQ)
SOFT_DOLLAR_TIERS = Message(77, "softDollarTiers", (*_REQ, Each("tiers", text("name", "value", "displayName"))))
FAMILY_CODES = Message(78, "familyCodes", (Each("families", text("account", "code")),))
SYMBOL_SAMPLES = Message(
    79,
    "symbolSamples",
    (
        *_REQ,
        Each(
            "symbols",
            (
                *whole("conId"),
                *text("symbol", "secType", "primaryExchange", "currency"),
                Each("derivatives", text("secType")),
                *text("description", "issuerId", since=176),
            ),
        ),
    ),
)
DEPTH_EXCHANGES = Message(
    80,
    "mktDepthExchanges",
    (Each("exchanges", (*text("exchange", "secType", "listedOn", "service"), *whole("aggGroup"))),),
)
TICK_REQUEST_PARAMETERS = Message(
    81, "tickReqParams", (*_REQ, *number("minTick"), *text("bboExchange"), *whole("snapshotPermissions"))
)
SMART_COMPONENTS = Message(
    82, "smartComponents", (*_REQ, Each("components", (*whole("bit"), *text("exchange", "letter"))))
)
NEWS_PROVIDERS = Message(85, "newsProviders", (Each("providers", text("code", "name")),))
HEAD_TIMESTAMP = Message(88, "headTimestamp", (*_REQ, *text("time")))
HISTOGRAM = Message(89, "histogramData", (*_REQ, Each("points", number("price", "size"))))
HISTORY_UPDATE = Message(
    90,
    "historicalDataUpdate",
    (*_REQ, *whole("count"), *text("date"), *number("open", "close", "high", "low", "wap", "volume")),
)
MARKET_RULE = Message(93, "marketRule", (*whole("ruleId"), Each("increments", number("lowEdge", "increment"))))
PNL = Message(94, "pnl", (*_REQ, *number("daily", "unrealized", "realized")))
PNL_SINGLE = Message(95, "pnlSingle", (*_REQ, *number("position", "daily", "unrealized", "realized", "value")))
_TRADE = (*number("price", "size"), *whole("mask"), *text("exchange", "conditions"))
_QUOTE = number("bid", "ask", "bidSize", "askSize")
PAST_MIDPOINTS = Message(
    96,
    "historicalTicks",
    (*_REQ, Each("ticks", (*whole("epoch"), Fixed("0"), *number("price", "size"))), *flag("done")),
)
PAST_QUOTES = Message(
    97,
    "historicalTicksBidAsk",
    (*_REQ, Each("ticks", (*whole("epoch", "mask"), *_QUOTE)), *flag("done")),
)
PAST_TRADES = Message(
    98,
    "historicalTicksLast",
    (
        *_REQ,
        Each("ticks", (*whole("epoch", "mask"), *number("price", "size"), *text("exchange", "conditions"))),
        *flag("done"),
    ),
)
TICK_TRADE = Message(99, "tickByTick", (*_REQ, *whole("kind", "epoch"), *_TRADE))
TICK_QUOTE = Message(99, "tickByTick", (*_REQ, *whole("kind", "epoch"), *_QUOTE, *whole("mask")))
TICK_MIDPOINT = Message(99, "tickByTick", (*_REQ, *whole("kind", "epoch"), *number("price")))
COMPLETED_ORDERS_END = Message(102, "completedOrdersEnd", ())
HISTORICAL_SCHEDULE = Message(
    106,
    "historicalSchedule",
    (*_REQ, *text("start", "end", "timeZone"), Each("sessions", text("start", "end", "refDate"))),
)
USER_INFO = Message(107, "userInfo", (*_REQ, *text("whiteBrandingId")))
