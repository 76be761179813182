"""Measure what holding the hedge costs: basis, roll, and the interest on its margin.

VIX cannot be stored, so no interest rate follows from VX against VIX. The rate comes from SPX options instead: a box
(long call and short put at one strike, the reverse at a higher one) pays the distance of its strikes for certain, and
what it costs today is that distance discounted.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from strategies.alvh.margin import margin_usd
from strategies.alvh.policy import Policy
from strategies.alvh.readiness import fresh_price, number
from strategies.alvh.reading import Reading, month_price, pair
from strategies.alvh.records import ChainQuote, Check, MarketView, Right
from strategies.alvh.surface import SPX_CLASSES, quoted_mid
from strategies.pricing import years_until

TERM_STRUCTURE = "carry: term structure"
LEAST_ROLL_POINTS = 0.05
BOX_WIDTH = 500.0
BOX_YEARS = 60 / 365
MOST_ERROR = 0.01
MOST_STRIKE = 1e7
DAYS_IN_MONEY_YEAR = 360.0
DAYS_PER_YEAR = 365.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Hold an interest rate read from SPX options, a yearly fraction, and how far wrong the spreads allow it to be."""

    rate: float
    error: float
    width: float
    years: float


def box_rate(price: float, width: float, years: float) -> float | None:
    """Return r = -ln(price / width) / T of a box (width in points, T in years of 365 days), a fraction."""
    if not (0.0 < price < math.inf and 0.0 < width < math.inf and 0.0 < years < math.inf):
        return None
    return number((math.log(width) - math.log(price)) / years)


def quoted_box(view: MarketView, policy: Policy) -> Box | None:
    """Return the rate of the SPX chain whose spreads allow the smallest error; `None` if every one is too coarse.

    Of each expiry with quoted pairs the outermost two strikes make a box when they are 500 points and 60 days wide;
    otherwise all pairs count through the slope of call less put on the strike, which is -e^(-rT).
    """
    found = (_box(pairs, years_until(settles_at, view.now)) for settles_at, pairs in _pairs(view, policy).items())
    best = min((box for box in found if box is not None), key=lambda box: box.error, default=None)
    return best if best is not None and best.error <= MOST_ERROR else None


def credit_rate(reading: Reading) -> float:
    """Return what the broker pays on idle money: the cash rate less its spread, never below zero."""
    rate = number(reading.view.rate)
    return 0.0 if rate is None else max(0.0, rate - reading.policy.economics.credit_spread)


def differential(reading: Reading) -> float:
    """Return the interest a year that a dollar of margin forgoes: box rate less credited rate, at least zero.

    Without a usable box the cash rate stands in for it.
    """
    return _forgone(reading, quoted_box(reading.view, reading.policy))


def financing_usd(margin: float, differential_rate: float, nights: int) -> float:
    """Return the dollars that this margin forgoes over these nights: margin * max(d, 0) * nights / 360."""
    return margin * max(0.0, differential_rate) * max(0, nights) / DAYS_IN_MONEY_YEAR


def daily_roll_points(price: float | None, vix: float | None, business_days: int) -> float | None:
    """Return (VX - VIX) / business days to settlement (Simon and Campasano, 2014); negative in backwardation."""
    if price is None or vix is None or business_days <= 0:
        return None
    return (price - vix) / business_days


def expected_roll_points(reading: Reading, settles_on: date | None = None) -> float | None:
    """Return what a month is expected to lose a business day at an unchanged VIX, at least 0.05 points.

    `settles_on` names the month, by default the traded one. Backwardation is no income for a long: the spot falls
    faster than the roll accrues.
    """
    future, price = reading.front, reading.price
    if settles_on is not None and (future is None or settles_on != future.settles_on):
        big, small = pair(reading.view, settles_on)
        future, price = big or small, month_price(reading, settles_on)
    vix = number(reading.view.vix.last)
    roll = None if future is None else daily_roll_points(price, vix, future.business_days)
    return None if roll is None else max(LEAST_ROLL_POINTS, roll)


def roll_yield(view: MarketView, policy: Policy) -> float | None:
    """Return ln(F1 / F2) / (T2 - T1) of the two nearest months a year; negative in contango."""
    found = _first_two(view, policy)
    if found is None:
        return None
    first, second, days = found
    return (math.log(first) - math.log(second)) / (days / DAYS_PER_YEAR)


def _first_two(view: MarketView, policy: Policy) -> tuple[float, float, int] | None:
    """Return the prices of the two nearest months and the days between them."""
    months = sorted({future.settles_on: future for future in reversed(view.futures) if future.dte >= 0}.items())
    if len(months) < 2:
        return None
    (_, near), (_, far) = months[:2]
    first, second = fresh_price(near, policy), fresh_price(far, policy)
    if first is None or second is None or far.dte <= near.dte:
        return None
    return first, second, far.dte - near.dte


def term_structure(reading: Reading) -> Check:
    """Return the state of the term structure at every wake-up, for the record: second month over first, and basis."""
    found, vix = _first_two(reading.view, reading.policy), number(reading.view.vix.last)
    if found is None:
        why = "not known: two VX months with fresh prices are needed"
        return Check(name=TERM_STRUCTURE, observed=None, threshold=1.0, passed=True, why=why)
    first, second, days = found
    state = "contango" if second > first else "backwardation" if second < first else "flat"
    why = f"{state}: VX {first:.2f} and {days} days later {second:.2f}"
    if vix is not None and reading.price is not None:
        why += f"; the traded month stands {reading.price - vix:+.2f} from VIX"
    return Check(name=TERM_STRUCTURE, observed=second / first, threshold=1.0, passed=True, why=why)


def carry_checks(reading: Reading, minis: int) -> tuple[Check, ...]:
    """Return basis, roll, roll yield, rate and the cost of a night of `minis`, for the record: none can refuse."""
    vix, front = number(reading.view.vix.last), reading.front
    price = reading.price
    basis = None if price is None or vix is None else price - vix
    roll = None if front is None else daily_roll_points(price, vix, front.business_days)
    yearly, box = roll_yield(reading.view, reading.policy), quoted_box(reading.view, reading.policy)
    cash, nights = number(reading.view.rate), nights_ahead(reading)
    margin = margin_usd(reading, minis)
    cost = None if margin is None else financing_usd(margin, _forgone(reading, box), nights)
    return (
        _told("basis", basis, "VX stands {:+.2f} points from VIX"),
        _told("daily roll", roll, "a business day at an unchanged VIX costs a long VX {:+.3f} points"),
        _told("roll yield", yearly, "the first two months roll at {:+.0%} a year"),
        _rate(box, cash),
        _told("financing", cost, f"{nights} night(s) of margin for {minis} minis forgo ${{:,.2f}} of interest"),
    )


def nights_ahead(reading: Reading) -> int:
    """Return the nights until the next session: one, or three over a weekend."""
    return max(1, (reading.view.session.next_day - reading.view.session.day).days)


def _forgone(reading: Reading, box: Box | None) -> float:
    rate = box.rate if box is not None else number(reading.view.rate)
    return 0.0 if rate is None else max(0.0, rate - credit_rate(reading))


def _told(name: str, value: float | None, sentence: str) -> Check:
    why = "not known: a price it needs is missing" if value is None else sentence.format(value)
    return Check(name=f"carry: {name}", observed=value, threshold=None, passed=True, why=why)


def _rate(box: Box | None, cash: float | None) -> Check:
    if box is None or cash is None:
        why = "no SPX pairs so wide and so tight that they tell an interest rate: the cash rate is used"
        return Check(name="carry: box rate", observed=None, threshold=cash, passed=True, why=why)
    why = (
        f"SPX boxes of {box.width:g} points lend at {box.rate:.2%} (within {box.error:.2%}); "
        f"cash {cash:.2%}, difference {box.rate - cash:+.2%}"
    )
    return Check(name="carry: box rate", observed=box.rate, threshold=cash, passed=True, why=why)


_Pair = tuple[float, float, float]  # strike, call less put, half of both spreads


def _pairs(view: MarketView, policy: Policy) -> dict[datetime, list[_Pair]]:
    calls: dict[tuple[datetime, str, float], ChainQuote] = {}
    puts: dict[tuple[datetime, str, float], ChainQuote] = {}
    for quote in view.chain:
        if quote.trading_class in SPX_CLASSES and quote.settles_at > view.now and 0.0 < quote.strike < MOST_STRIKE:
            side = calls if quote.right is Right.CALL else puts
            side[quote.settles_at, quote.trading_class, quote.strike] = quote
    found: defaultdict[datetime, list[_Pair]] = defaultdict(list)
    for key in sorted(calls.keys() & puts.keys()):
        pair = _pair(key[2], calls[key], puts[key], policy)
        if pair is not None:
            found[key[0]].append(pair)
    return found


def _pair(strike: float, call: ChainQuote, put: ChainQuote, policy: Policy) -> _Pair | None:
    limit = policy.freshness.greeks_s
    above, below = quoted_mid(call.quote, limit), quoted_mid(put.quote, limit)
    spreads = [_spread(option) for option in (call, put)]
    if above is None or below is None or None in spreads:
        return None
    return strike, above - below, 0.5 * sum(spread for spread in spreads if spread is not None)


def _spread(option: ChainQuote) -> float | None:
    bid, ask = option.quote.bid, option.quote.ask
    return None if bid is None or ask is None else ask - bid


def _box(pairs: Sequence[_Pair], years: float) -> Box | None:
    if len(pairs) < 2:
        return None
    low, high = min(pairs), max(pairs)
    width = high[0] - low[0]
    if not width > 0.0:
        return None
    wide = width >= BOX_WIDTH and years >= BOX_YEARS
    price = low[1] - high[1] if wide else -_slope(pairs) * width
    rate = box_rate(price, width, years)
    error = (low[2] + high[2]) / (width * years)
    return None if rate is None else Box(rate=rate, error=error, width=width, years=years)


def _slope(pairs: Iterable[_Pair]) -> float:
    """Return the least-squares slope of call less put on the strike."""
    points = [(strike, difference) for strike, difference, _ in pairs]
    middle = sum(strike for strike, _ in points) / len(points)
    level = sum(difference for _, difference in points) / len(points)
    over = sum((strike - middle) * (difference - level) for strike, difference in points)
    under = sum((strike - middle) * (strike - middle) for strike, _ in points)
    return over / under if under > 0.0 else math.nan
