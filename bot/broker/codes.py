"""State once what each of IB's error codes means for this bot.

Sources: the TWS API message-code pages and the threads of users who met them; a code that is not listed is UNKNOWN when
it names an order, and a failed request otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Meaning(StrEnum):
    """Say what an error frame proves."""

    NOTICE = "notice"  # nothing happened to anything
    LINK = "link"  # the line to the exchange or a data farm changed
    REJECTED = "rejected"  # a new order is dead; an order that was working keeps its old terms
    CANCELLED = "cancelled"  # the order is cancelled
    UNKNOWN = "unknown"  # the order may live: read about it, never resend
    SUBSCRIPTION = "subscription"  # a market-data line is missing or delayed
    PACING = "pacing"  # too many requests: wait
    REQUEST = "request"  # this request failed
    CLIENT_ID = "client-id"  # our client id is taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Hold one code, what it means, and the words for the operator."""

    number: int
    meaning: Meaning
    words: str


CONNECTION_LOST = 1100
RESTORED_DATA_LOST = 1101
RESTORED_DATA_KEPT = 1102
PORT_RESET = 1300
FARM_BROKEN = frozenset({2103, 2105, 2157})
FARM_GOOD = frozenset({2104, 2106, 2158, 2107, 2108, 2119})
COMPETING_SESSION = 10197
DELAYED_BY_NOTICE = 10167
CLIENT_ID_IN_USE = 326
NO_DEFINITION = 200
PERHAPS_OVER = frozenset({135, 161, 10147, 10148, 10149})  # not found, or past changing: it may have filled or ended


def _rows(meaning: Meaning, words: dict[int, str]) -> list[Code]:
    return [Code(number=number, meaning=meaning, words=text) for number, text in words.items()]


_ALL = (
    _rows(
        Meaning.LINK,
        {
            CONNECTION_LOST: "IB lost its line to the exchange: nothing is opened until it is back",
            RESTORED_DATA_LOST: "line restored, data lost: subscriptions are renewed",
            RESTORED_DATA_KEPT: "line restored, data kept: subscriptions are renewed all the same",
            PORT_RESET: "the gateway's socket port was reset",
            2103: "a market data farm is broken",
            2104: "a market data farm is good",
            2105: "a historical data farm is broken",
            2106: "a historical data farm is good",
            2107: "a historical data farm is inactive and wakes on demand",
            2108: "a market data farm is inactive and wakes on demand",
            2110: "the gateway's line to IB's server is broken",
            2119: "a market data farm is connecting",
            2157: "the security definition farm is broken",
            2158: "the security definition farm is good",
            COMPETING_SESSION: "another session of this user takes the market data: log it off",
        },
    ),
    _rows(
        Meaning.NOTICE,
        {
            399: "a remark about the order, which lives",
            404: "shares are being located, the order is held",
            2100: "account updates were replaced",
            2109: "the outside-hours flag was ignored, the order lives",
            2137: "the order closes a position only in part",
            2148: "a remark about the order",
            2161: "a remark about the order's price, the order lives",
            2168: "a remark about fractional sizes",
            2169: "a remark about the price cap",
            165: "a historical-data service message",
            492: "a remark",
        },
    ),
    _rows(
        Meaning.REJECTED,
        {
            103: "the order id was used before",
            104: "a filled order cannot be changed",
            105: "the changed order does not match the original",
            106: "the order cannot be sent",
            107: "the order is incomplete",
            109: "the price is outside the allowed range",
            110: "the price does not sit on the contract's tick",
            113: "time in force does not fit the order type",
            114: "the order type is not allowed here",
            116: "the order cannot be sent to this exchange",
            131: "the client's order precautions stopped it",
            132: "the order has expired",
            133: "the order was refused",
            134: "a changed order was refused",
            136: "the order cannot be cancelled in this state",
            201: "the broker rejected the order",
            203: "the account may not trade this contract",
            321: "the request is not valid",
            322: "the request could not be processed",
            325: "discretionary amount refused",
            328: "trailing stop refused",
            329: "the order type cannot be changed",
            382: "a price condition was refused",
            383: "the size limit of the client's precautions stopped it",
            387: "the order type is not allowed for this contract",
            388: "the size is below the smallest allowed",
            391: "good-till date is wrong",
            434: "the order size cannot be zero",
            435: "the account code is wrong",
            436: "an allocation must be named",
            451: "the value limit of the client's precautions stopped it",
            461: "the contract is not tradable here",
            10006: "a parent order is missing",
            10052: "an invalid time in force was given",
            10311: "direct routing is not allowed by the client's precautions",
        },
    ),
    _rows(Meaning.CANCELLED, {202: "the order is cancelled"}),
    _rows(
        Meaning.UNKNOWN,
        {
            135: "the gateway does not find the order id",
            161: "the order is not in a state that can be cancelled",
            462: "the order's time in force was questioned, the order may live",
            10147: "the order to cancel was not found",
            10148: "the order cannot be cancelled in its present state, it may have filled",
            10149: "the order id to cancel is not valid",
            10268: "an old order attribute is not supported, the order may live",
            10349: "time in force was set by an order preset, the order lives",
        },
    ),
    _rows(
        Meaning.SUBSCRIPTION,
        {
            101: "no market-data line is free: unsubscribe something",
            300: "there is no such market-data request",
            309: "no market-depth line is free",
            310: "there is no such market-depth request",
            354: "this market data is not subscribed",
            10089: "this market data needs a further subscription",
            10090: "part of this market data is not subscribed",
            10167: "this market data is not subscribed: delayed data is shown, nothing is opened on it",
            10168: "this market data is not subscribed and delayed data is off",
            10186: "this market data is not subscribed and delayed data is off",
            10189: "tick data cannot be had",
        },
    ),
    _rows(
        Meaning.PACING,
        {
            100: "too many messages in a second",
            162: "historical data was refused",
            366: "there is no such historical request",
            420: "too many real-time requests",
        },
    ),
    _rows(
        Meaning.REQUEST,
        {
            NO_DEFINITION: "no contract fits the description",
            320: "the gateway could not read the request",
            502: "the gateway cannot be reached",
            503: "the gateway is too old",
            504: "not connected",
            505: "unknown message",
            507: "bad message length, the socket is broken",
            2129: "this data is only indicative",
        },
    ),
    _rows(Meaning.CLIENT_ID, {CLIENT_ID_IN_USE: "the client id is in use by another program"}),
)
CODES: dict[int, Code] = {code.number: code for rows in _ALL for code in rows}


def of_order(number: int) -> Code:
    """Return what a code says about the order that it names; an unlisted one proves nothing."""
    known = CODES.get(number)
    if known is not None and known.meaning in _ORDER_MEANINGS:
        return known
    if 2100 <= number < 2200:
        return Code(number=number, meaning=Meaning.NOTICE, words="a remark about the order, which lives")
    return Code(number=number, meaning=Meaning.UNKNOWN, words="an error that proves nothing about the order")


def of_system(number: int) -> Code:
    """Return what a code says when it names no order."""
    known = CODES.get(number)
    if known is not None:
        return known
    meaning = Meaning.NOTICE if 2100 <= number < 2200 else Meaning.REQUEST
    return Code(number=number, meaning=meaning, words="a message of the gateway")


_ORDER_MEANINGS = frozenset({Meaning.NOTICE, Meaning.REJECTED, Meaning.CANCELLED, Meaning.UNKNOWN})
