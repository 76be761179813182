"""State what every client library must be able to do against a gateway, whatever scenario it serves.

A conversation (one per library) has a method for each step; it returns a line to print and raises `Failed` when the
gateway's answer is not what the step demands. The market may stand still or move meanwhile.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import traceback
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

STEPS = (
    "connect",
    "contract_details",
    "quotes",
    "what_if",
    "place",
    "cancel",
    "partial_fill",
    "executions",
    "history",
    "account",
    "search",
    "streams",
    "groups",
    "refusals",
)
PATIENCE_S = 10.0
SLOW_S = 45.0  # for bars of five seconds, which come at the market's own pace
BAR_S = 5
ATTEMPTS = 4  # at an order that must fill in part: a market that falls meanwhile fills it whole
ORDER_REF = "conformance"
UNKNOWN_CONTRACT = 200
CANCELLED = 202
MONTHLY = "VX"
# What is not modelled, and the code with which it is refused.
REFUSED = {"fundamentals": 430, "news": 10276, "article": 10172, "scanner": 162}
FAMILIES = (("VIX", MONTHLY, "1000"), ("VXM", "VXM", "100"))  # the last one is traded: small enough for any account


class Failed(Exception):
    """Say what a step expected and what came instead."""


def demand(holds: object, what: str, *seen: object) -> None:
    """Raise `Failed` unless it holds."""
    if not holds:
        raise Failed(f"{what}; seen {', '.join(repr(item) for item in seen)}" if seen else what)


def front_monthly(listed: Sequence[tuple[str, int]]) -> int:
    """Return the index of the second monthly (the first may settle soon) among (expiry, conId) pairs."""
    demand(len(listed) >= 2, "at least two monthlies are listed", listed)
    demand(len({con_id for _, con_id in listed}) == len(listed), "conIds differ", listed)
    return sorted(range(len(listed)), key=lambda index: listed[index][0])[1]


def check_two_sided(bid: float, ask: float, bid_size: float, ask_size: float) -> None:
    """Demand a market that an order can meet."""
    demand(0 < bid < ask, "bid stands below ask", bid, ask)
    demand(bid_size > 0 and ask_size > 0, "both sides have size", bid_size, ask_size)


def resting_price(bid: float, tick: float) -> float:
    """Return a limit that buys nothing now: a tenth below the bid, on the grid."""
    return round(round(bid * 0.9 / tick) * tick, 2)


def more_than_displayed(size: float) -> float:
    """Return a quantity that the displayed size cannot fill, even if the market moves a little meanwhile."""
    return 3 * size + 50


def check_partial(filled: float, remaining: float, wanted: float) -> None:
    """Demand that an order larger than the displayed size was filled in part."""
    demand(0 < filled < wanted, "the order is filled in part", filled, remaining)
    demand(filled + remaining == wanted, "filled and remaining add up", filled, remaining, wanted)


def check_bars(starts: Sequence[Any], ranges: Sequence[tuple[float, float, float, float]]) -> None:
    """Demand a rising sequence of bars whose high and low enclose open and close."""
    demand(len(starts) >= 2, "there are bars", len(starts))
    demand(all(one < next_one for one, next_one in pairwise(starts)), "bars rise in time", *starts[:3])
    for opened, high, low, close in ranges:
        demand(
            low <= min(opened, close) and max(opened, close) <= high, "high and low enclose", opened, high, low, close
        )


def check_real_time(starts: Sequence[float], prices: Sequence[tuple[float, ...]]) -> None:
    """Demand at least two real-time bars, five seconds apart, whose high and low enclose open and close."""
    demand(len(starts) >= 2, "real-time bars come", starts)
    demand(all(later - one == BAR_S for one, later in pairwise(starts)), "they are five seconds apart", starts)
    for opened, high, low, close in prices:
        demand(low <= min(opened, close) and max(opened, close) <= high, "high and low enclose", opened, high, low)


def check_ladder(bids: Sequence[float], asks: Sequence[float]) -> None:
    """Demand five levels a side, from the touch outwards, that do not cross."""
    demand(len(bids) == len(asks) == 5, "there are five levels a side", bids, asks)
    demand(list(bids) == sorted(bids, reverse=True) and list(asks) == sorted(asks), "they lead outwards", bids, asks)
    demand(bids[0] < asks[0], "they do not cross", bids[0], asks[0])


def arguments(description: str) -> argparse.Namespace:
    """Read the command line of a conformance script."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--client-id", type=int, default=77)
    return parser.parse_args()


async def walk(conversation: Any, name: str) -> int:
    """Take every step in order, print one line each, and return 0, or 1 at the first that fails."""
    try:
        for step in STEPS:
            try:
                outcome = getattr(conversation, step)()
                line = await outcome if inspect.isawaitable(outcome) else outcome
            except (Failed, TimeoutError, ConnectionError, OSError) as problem:
                print(f"FAIL {name} {step}: {problem or type(problem).__name__}", flush=True)
                return 1
            except Exception:
                print(f"FAIL {name} {step}: {traceback.format_exc()}", file=sys.stderr, flush=True)
                return 1
            print(f"ok   {name} {step}: {line}", flush=True)
    finally:
        conversation.hang_up()
    return 0
