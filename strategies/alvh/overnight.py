"""Decide a quarter of an hour before the close whether the hedge is worth carrying through the night."""

from __future__ import annotations

from strategies.alvh.readiness import number
from strategies.alvh.reading import Reading, minutes_to_close
from strategies.alvh.records import Check, Episode, Lot, OptionLeg

ROLL_MIN_POINTS = 0.05
MINI_USD_PER_POINT = 100.0


def overnight_due(reading: Reading) -> bool:
    """Say whether the overnight decision stands now: from fifteen minutes before the close until the close."""
    return 0.0 <= minutes_to_close(reading.view) <= reading.policy.unwind.overnight_decide_minutes


def keep_overnight(reading: Reading, episode: Episode | None, lots: tuple[Lot, ...], minis: int) -> tuple[Check, ...]:
    """Return what must all hold for `minis` to stay overnight (method note, 3.15).

    An answer that needs a missing number is no: a hedge that cannot be judged is not carried. Financing of the margin
    (about two dollars a night per $15,000) is left out of the cost.
    """
    return (
        _condors(reading),
        _still_inflated(reading),
        _stages(episode),
        _cost(reading, minis),
        _nights(reading, episode),
        _margin(reading, minis),
        _expiry(reading, lots),
    )


def sessions_held(reading: Reading, episode: Episode | None) -> int:
    """Return the number of sessions since the first fill, counting that day as one; zero before it."""
    if episode is None or episode.first_fill_on is None:
        return 0
    first = episode.first_fill_on
    return sum(first <= day <= reading.view.session.day for day in reading.view.session.recent_days)


def credit_remaining_usd(legs: tuple[OptionLeg, ...]) -> float | None:
    """Return what closing these legs at their mids would cost in dollars; `None` when a mid is missing."""
    total = 0.0
    for leg in legs:
        mid = number(leg.quote.mid)
        if mid is None:
            return None
        total -= leg.quantity * leg.multiplier * mid
    return total


def roll_points_per_day(reading: Reading) -> float | None:
    """Return what the front contract loses to VIX per business day at an unchanged VIX, at least 0.05 points.

    Backwardation is no income for a long: spot falls faster than the roll accrues (method note, 3.7).
    """
    vix, front = number(reading.view.vix.last), reading.front
    if reading.price is None or vix is None or front is None or front.business_days <= 0:
        return None
    return max(ROLL_MIN_POINTS, (reading.price - vix) / front.business_days)


def _condors(reading: Reading) -> Check:
    vega = number(reading.exposure.vega30_usd)
    passed = reading.exposure.condors > 0 and vega is not None and vega < 0.0
    why = "condors are open and short vega" if passed else "no condor that is short vega, or it cannot be valued"
    return Check(name="overnight: book", observed=vega, threshold=0.0, passed=passed, why=why)


def _still_inflated(reading: Reading) -> Check:
    inflation, limit = number(reading.exposure.inflation), reading.policy.unwind.overnight_inflation
    near, spot = number(reading.view.vix9d.last), number(reading.view.vix.last)
    inverted = near is not None and spot is not None and near > spot
    passed = inverted or (inflation is not None and inflation >= limit)
    why = "VIX term structure is inverted" if inverted else "inflation stands" if passed else "the spike has faded"
    return Check(name="overnight: spike", observed=inflation, threshold=limit, passed=passed, why=why)


def _stages(episode: Episode | None) -> Check:
    done = episode.stages_done if episode else 0
    why = "no unwind stage has fired" if done == 0 else f"unwind stage {done} has fired: the collapse is under way"
    return Check(name="overnight: stages", observed=float(done), threshold=0.0, passed=done == 0, why=why)


def _cost(reading: Reading, minis: int) -> Check:
    roll, credit = roll_points_per_day(reading), credit_remaining_usd(reading.book.legs)
    share = reading.policy.unwind.overnight_cost_share
    if roll is None or credit is None or credit <= 0.0:
        why = "roll or remaining credit is not known"
        return Check(name="overnight: cost", observed=None, threshold=None, passed=False, why=why)
    cost, limit = roll * minis * MINI_USD_PER_POINT, share * credit
    why = f"one night costs about ${cost:,.0f} of ${credit:,.0f} credit remaining (limit {share:.1%})"
    return Check(name="overnight: cost", observed=cost, threshold=limit, passed=cost <= limit, why=why)


def _nights(reading: Reading, episode: Episode | None) -> Check:
    held, limit = sessions_held(reading, episode), reading.policy.unwind.max_sessions
    why = f"session {held} of {limit}"
    return Check(name="overnight: nights", observed=float(held), threshold=float(limit), passed=held < limit, why=why)


def _margin(reading: Reading, minis: int) -> Check:
    account, rules = reading.book.account, reading.policy.unwind
    excess, worth = number(account.excess_liquidity), number(account.net_liquidation)
    if excess is None or worth is None or worth <= 0.0 or reading.price is None:
        why = "excess liquidity, account value or VX price is not known"
        return Check(name="overnight: margin", observed=None, threshold=None, passed=False, why=why)
    left = excess - rules.stress_drop * reading.price * MINI_USD_PER_POINT * minis
    limit = rules.min_excess_liquidity_share * worth
    why = f"VX {-rules.stress_drop:+.0%} leaves ${left:,.0f} of excess liquidity (needs ${limit:,.0f})"
    return Check(name="overnight: margin", observed=left, threshold=limit, passed=left >= limit, why=why)


def _expiry(reading: Reading, lots: tuple[Lot, ...]) -> Check:
    day, near = reading.view.session, reading.policy.contract.roll_dte
    if lots:
        days = min((lot.settles_on - day.day).days for lot in lots)
        tomorrow = any(lot.settles_on <= day.next_day for lot in lots)
    elif reading.front is not None:
        days, tomorrow = reading.front.dte, reading.front.settles_on <= day.next_day
    else:
        days, tomorrow = 0, True
    passed = days > near and not tomorrow
    why = f"the contract settles in {days} days" + ("" if passed else ": too near for a night")
    return Check(name="overnight: expiry", observed=float(days), threshold=float(near), passed=passed, why=why)
