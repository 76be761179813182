"""List what has been seen of real gateways, by number; every kind of fault says which of it it stands for."""

from __future__ import annotations

FAILURES: dict[str, str] = {
    "F1": "line lost, 1100 again and again; restored with data kept, 1102",
    "F2": "line lost; restored with data lost, 1101: everything must be subscribed anew",
    "F3": "socket port reset: 1300, and the connection ends",
    "F4": "fills while the line is lost: told late, or only in the list of executions",
    "F5": "nightly restart: connection reset, refused meanwhile, requests of the last second unanswered",
    "F6": "weekly login that nobody answers: port closed, or connections accepted in silence",
    "F7": "data farms broken and good again (2103, 2105, 2157; 2104, 2106, 2158), ticks dead far longer",
    "F8": "another session of the user takes the market data: 10197, perhaps said only once",
    "F9": "data not subscribed or delayed: 354, 10089, 10090, 10167, 10168",
    "F10": "history refused: 162 pacing, 366, 321",
    "F11": "more than 50 messages in a second: 100, then the connection ends",
    "F12": "order refused: 201 and Inactive, in either order; what-if margins unset or unanswered",
    "F13": "order cancelled by the exchange: Cancelled, then 202",
    "F14": "errors about an order that lives and fills: 10349, 399, 2109, 2161, 404, 462",
    "F15": "partial fills; fills that race the cancel: 10148, 10147",
    "F16": "states told twice, out of order, not at all, or before the execution",
    "F17": "executions told twice, corrected (.02) or busted; commissions late, missing, or first",
    "F18": "an order of which nothing is ever said",
    "F19": "a cancel that is not answered, or pending for minutes",
    "F20": "duplicate order id (103), order ids rolled back",
    "F21": "client id in use (326), also by the ghost of a broken session",
    "F22": "half frames, single bytes, wrong lengths, unknown messages, short or extra fields, bad UTF-8",
    "F23": "stalled, slow or half-open connections",
    "F24": "lists of positions or orders that are empty, not whole, or never end",
    "F25": "numbers that are none: bid -1, size 0, last 0, vega -2, the largest double; halts and limits",
    "F26": "contract unknown (200), ambiguous, or another one",
    "F27": "the gateway's clock is wrong",
}
