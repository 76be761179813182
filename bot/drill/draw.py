"""Draw a day of trouble from a number: market, book, faults, crashes and people, the same for the same number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from bot.drill.setup import Crash, Does, Hand, Setup
from bot.gateway.errors import FaultError
from bot.gateway.faults.catalogue import KINDS, check
from bot.gateway.faults.keys import Key
from bot.gateway.faults.records import Fault, Value
from bot.gateway.importing.made_up import Hour, MadeUp, made_up
from bot.gateway.market.catalogue import MADE_UP
from bot.journal import Kind

T = TypeVar("T")

DAYS_A_MARKET = 20  # so many days in a row share a market, which takes longer to compute than one of them to play
LINES = 26  # of market data: condors, futures and indices come first, wings and options on VIX get what is left
SAID = 0.4  # how often a fault says something other than its kind's default
TRIES = 20
LATEST_CRASH = timedelta(minutes=2)
MODES = (("paper", 7), ("live", 2), ("dry-run", 1))
FAULTS = ((0, 1), (1, 3), (2, 4), (3, 4), (4, 3), (6, 2))
CRASHES = ((0, 3), (1, 3), (2, 1))
HANDS = ((0, 4), (1, 3), (2, 2), (3, 1))
ANSWERS_S = (5.0, 20.0, 100.0, 170.0, 250.0, -1.0)
DOWN_S = (1.0, 30.0, 120.0, 600.0)
ENTRIES = (
    (Kind.INTENT, 4),
    (Kind.SENT, 4),
    (Kind.CHANGE, 3),
    (Kind.ORDER, 4),
    (Kind.FILL, 4),
    (Kind.WAKEUP, 1),
    (Kind.TICKET, 1),
    (Kind.CONSENT, 1),
    (Kind.LOCK, 1),
    (Kind.RECONCILE, 1),
    (Kind.START, 1),
    (Kind.OPERATOR, 1),
)
DEEDS = (
    (Does.TRADE, 4),
    (Does.REST, 3),
    (Does.FLATTEN, 2),
    (Does.KILL, 2),
    (Does.REARM, 2),
    (Does.CLOSE_CONDORS, 2),
)


def drawn(number: int) -> Setup:
    """Return the day of a number."""
    market = made_up(number // DAYS_A_MARKET)
    draw, times = Random(f"day {number}"), _Times(market)
    mode = _one(draw, MODES)
    return Setup(
        scenario=f"{MADE_UP}{market.number}",
        mode=mode,
        answer_s=draw.choice(ANSWERS_S) if mode == "live" else Setup(scenario="").answer_s,
        fault_seed=number % 1000,
        lines=LINES,
        faults=tuple(fault(draw, times.some) for _ in range(_one(draw, FAULTS))),
        crashes=tuple(_crash(draw, times) for _ in range(_one(draw, CRASHES))),
        hands=tuple(_hand(draw, times) for _ in range(_one(draw, HANDS))),
    )


@dataclass(frozen=True, slots=True)
class _Times:
    """Draw times at which something may begin: mostly while the market of the day is open."""

    market: MadeUp

    def some(self, draw: Random) -> str:
        market = self.market
        begins = market.start
        if market.hour is Hour.EVE and draw.random() > 0.08:
            begins = market.opens - timedelta(minutes=1)
        span = (market.end - begins - LATEST_CRASH).total_seconds()
        return _written(begins + timedelta(seconds=round(draw.random() * span)))


def _written(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def fault(draw: Random, some_time: Callable[[Random], str]) -> Fault:
    """Return a fault of any kind, saying typical things; what says nothing or too much is drawn again."""
    for _ in range(TRIES):
        kind = KINDS[draw.choice(sorted(KINDS))]
        said: dict[str, Value] = {"at": some_time(draw)}
        for key in kind.keys.known:
            if key.typical and (key.needed or key.name == "lasts_s" or draw.random() < SAID):
                said[key.name] = _typical(draw, key)
        try:
            return check(Fault(kind.name, tuple(sorted(said.items()))))
        except FaultError:
            continue
    return Fault.of("hang-up", at=some_time(draw))


def _typical(draw: Random, key: Key) -> Value:
    return draw.choice(key.typical)


def _crash(draw: Random, times: _Times) -> Crash:
    at, down_s = times.some(draw), draw.choice(DOWN_S)
    if draw.random() < 0.25:
        return Crash(at=at, down_s=down_s)
    return Crash(at=at, entry=str(_one(draw, ENTRIES)), nth=draw.randint(1, 4), down_s=down_s)


def _hand(draw: Random, times: _Times) -> Hand:
    does, at = _one(draw, DEEDS), times.some(draw)
    if does is Does.TRADE:
        return Hand(at=at, does=does, quantity=draw.choice((-6, -2, -1, 1, 2, 6)))
    return Hand(at=at, does=does, quantity=draw.randint(1, 5) if does is Does.REST else 0)


def _one(draw: Random, weighed: Sequence[tuple[T, int]]) -> T:
    return draw.choices([each for each, _ in weighed], [weight for _, weight in weighed])[0]
