"""Write a check's numbers as a trader reads them: with their unit, and the limit with the side it bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from strategies.alvh.records import Check

MOST, LEAST, ABOVE, BELOW = "at most", "at least", "above", "below"
TOLD = (
    "parity: conversion",
    "parity: reversal",
    "strip: ",
    "carry: ",
    "engine: ",
    "context: ",
    "hurdle: IRR",
    "hurdle: stressed IRR",
    "beta: expected return",
    "sizing: VX beta",
    "method: profile",
)
"""Names, or beginnings of names, of checks that inform and can refuse nothing."""
SMALL = 1e-4  # below it a plain number is written with all its zeros


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Say how a check's numbers are written, which side its limit bounds, and its name where that needs help."""

    unit: Callable[[float], str]
    side: str = ""
    label: str = ""
    crossed: str = ""  # the name while the check refuses, where the usual one would say the opposite
    bare: bool = False  # the reason has the numbers already


def show(value: float | str | None) -> str:
    """Return a value as a trader reads it: thousands apart, never an exponent; a missing one is a dash."""
    if value is None or isinstance(value, str):
        return "-" if value is None else value
    if abs(value) >= 1000.0:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) >= SMALL or value == 0.0 else f"{value:.6f}"


def label(check: Check) -> str:
    """Return the check's name, in plainer words where it has them."""
    words = _words(check)
    if words is None:
        return check.name
    return (not check.passed and words.crossed) or words.label or check.name


def told(check: Check) -> bool:
    """Say whether the check only tells something and decides nothing, whatever it finds."""
    return check.name.startswith(TOLD)


def seen(check: Check) -> str:
    """Return what was observed, with its unit."""
    return _written(check.observed, _words(check))


def limit(check: Check) -> str:
    """Return the limit with its unit and the side it bounds; what is only told has none."""
    if told(check):
        return show(None)
    words = _words(check)
    side = f"{words.side} " if words is not None and words.side and check.threshold is not None else ""
    return f"{side}{_written(check.threshold, words)}"


def line(check: Check) -> str:
    """Return a check as one line: name, reason, and the numbers where there are any that the reason lacks."""
    return f"{label(check)}: {check.why}{_numbers(check)}"


def _numbers(check: Check) -> str:
    words = _words(check)
    if told(check) or (words is not None and words.bare):
        return ""
    if check.observed is None:
        return "" if check.threshold is None or check.passed else f" (needs {limit(check)})"
    return f" ({seen(check)}{'' if check.threshold is None else f'; {limit(check)}'})"


def _words(check: Check) -> Words | None:
    name = check.name.removeprefix("tranche ") if check.name.startswith("tranche overnight") else check.name
    return WORDS.get(name.partition(", ")[0])


def _written(value: float | str | None, words: Words | None) -> str:
    if words is None or value is None or isinstance(value, str):
        return show(value)
    return words.unit(value)


def _usd(value: float) -> str:
    return f"-${-value:,.0f}" if round(value) < 0 else f"${abs(value):,.0f}"


def _points(value: float) -> str:
    return f"{value:.2f} points"


def _share(value: float) -> str:
    return f"{value:.1%}"


def _percent(value: float) -> str:
    return f"{value:.2f}%"


def _plain(value: float) -> str:
    return show(round(value, 3) + 0.0)  # of minus nothing it makes nothing


def _counted(one: str) -> Callable[[float], str]:
    return lambda value: f"{value:,.0f} {one if round(value) == 1 else f'{one}s'}"


MINUTES, DAYS, MINIS, BARS = (_counted(unit) for unit in ("minute", "day", "mini", "bar"))
TIMES = Words(unit=lambda value: f"{value:.2f} times", side=LEAST)
AGE = Words(unit=lambda value: f"{value:,.0f} s", side=MOST)
NONE_OF_THEM = Words(unit=show, side=MOST)

WORDS: Mapping[str, Words] = {
    "data: positions": AGE,
    "data: legs": NONE_OF_THEM,
    "data: VX": AGE,
    "data: SPX": AGE,
    "data: VIX": AGE,
    "data: breadth": AGE,
    "data: lock": NONE_OF_THEM,
    "strip: bound": Words(unit=_points, side=MOST),
    "signal: breadth": Words(unit=_plain, side=MOST),
    "signal: VIX RSI": Words(unit=_plain, side=LEAST),
    "signal: VX jump": Words(unit=_share, side=LEAST),
    "signal: term inversion": Words(unit=_points, side=ABOVE),
    "signal: VX MACD": Words(unit=_plain, side=ABOVE),
    "book: condors": Words(unit=show, side=LEAST),
    "book: net vega": Words(unit=_usd, side=BELOW),
    "book: put side": Words(unit=_usd, side="in size at least"),
    "book: days left": Words(unit=_share, side=MOST),
    "gauge: SPX down": Words(unit=_percent, side=MOST),
    "gauge: VIX up": Words(unit=_points, side=ABOVE),
    "gauge: IV part": Words(unit=_share, side=ABOVE),
    "gauge: inflation": Words(unit=_share, side=LEAST),
    "gauge: ceiling": Words(unit=_share, side=LEAST),
    "arm: quorum": Words(unit=show, side=LEAST),
    "filter: credibility": Words(unit=_points, side=MOST),
    "filter: VX confirms": Words(unit=_points, side=LEAST),
    "filter: option spreads": Words(unit=TIMES.unit, side=MOST),
    "filter: persistence": Words(unit=BARS, side=LEAST),
    "tranche: round trips": Words(unit=show, side=BELOW),
    "tranche: cooldown": Words(unit=MINUTES, side="for"),
    "tranche: gap": Words(unit=MINUTES, side=LEAST),
    "tranche: still inflated": Words(unit=_share, side=LEAST),
    "tranche: one at a time": NONE_OF_THEM,
    "tranche: own contract": NONE_OF_THEM,
    "tranche: number": Words(unit=show, side=MOST),
    "tranche: trigger": Words(unit=_plain),
    "tranche: size": Words(unit=MINIS, side=LEAST, bare=True),
    "account: excess liquidity": Words(unit=_usd, side=LEAST),
    "beta: room": Words(unit=_plain, side="not beyond"),
    "beta: expected return": Words(unit=_share),
    "overnight: book": Words(unit=_usd, side=BELOW),
    "overnight: spike": Words(unit=_share, side=LEAST),
    "overnight: stages": NONE_OF_THEM,
    "overnight: cost": Words(unit=_usd, side=MOST),
    "overnight: nights": Words(unit=show, side=BELOW),
    "overnight: margin": Words(unit=_usd, side=LEAST),
    "overnight: expiry": Words(unit=DAYS, side="more than"),
    "liquidity: VX": TIMES,
    "liquidity: VXM": TIMES,
    "roll": Words(unit=DAYS),
    "hold: no-condors": Words(unit=show, side=LEAST, label="hold: while condors are open"),
    "hold: settlement": Words(unit=DAYS, side="more than", label="hold: not into settlement"),
    "hold: hard-cap": Words(unit=MINIS, side=MOST, label="hold: within the cap"),
    "hold: excess": Words(unit=MINIS, side=MOST, label="hold: no more than the book needs"),
    "hold: loss-stop": Words(
        unit=_points, side=ABOVE, label="hold: over the loss stop", crossed="hold: loss stop crossed", bare=True
    ),
    "hold: time-stop": Words(unit=show, side=MOST, label="hold: no more sessions than allowed"),
    "hold: stage": Words(unit=_share, side=BELOW, label="hold: until VX gives its rise back", bare=True),
    "hold: overnight": Words(unit=show, label="hold: through the night"),
    "context: sectors": Words(unit=_plain, side=MOST),
    "context: credit": Words(unit=_percent, side=MOST),
    "context: earnings": Words(unit=_plain, side=LEAST),
    "hurdle: return": Words(unit=_share, side=LEAST, bare=True),
    "hurdle: stress": Words(unit=_usd, side=LEAST, bare=True),
    "hurdle: saving": Words(unit=TIMES.unit, side=LEAST, bare=True),
    "hurdle: IRR": Words(unit=_share),
    "hurdle: stressed IRR": Words(unit=_share, side=ABOVE),
    "reer: realised": Words(unit=_share, side=BELOW),
    "reer: expected": Words(unit=_share, side=BELOW),
    "engine: risk": Words(unit=_share, side=MOST),
    "engine: income": Words(unit=_share),
    "carry: term structure": Words(unit=_plain, side="in contango above"),
    "carry: basis": Words(unit=_points),
    "carry: daily roll": Words(unit=_points),
    "carry: roll yield": Words(unit=_share),
    "carry: box rate": Words(unit=_share, side="cash rate"),
    "carry: financing": Words(unit=lambda value: f"${value:,.2f}"),
    "sizing: VX beta": Words(unit=TIMES.unit, side="from"),
}
"""How each check is written; one that is not named here shows its plain numbers."""
