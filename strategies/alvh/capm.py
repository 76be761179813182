"""Recalibrate the portfolio's CAPM beta for the planned purchase, and scale a purchase that would make it worse."""

from __future__ import annotations

from datetime import date
from math import floor

from strategies.alvh.permit import Permit
from strategies.alvh.policy import CapmPolicy
from strategies.alvh.readiness import number
from strategies.alvh.reading import Reading
from strategies.alvh.records import Check, MarketView
from strategies.alvh.rounding import TOLERANCE
from strategies.alvh.tranches import LAST_TRANCHE, Plan

MINI_USD_PER_POINT = 100.0


def future_beta(view: MarketView, settles_on: date, rules: CapmPolicy) -> float:
    """Return the equity beta of one VX month by its rank among the listed months; beyond the last it stays there."""
    months = sorted({future.settles_on for future in view.futures})
    rank = sum(month < settles_on for month in months)
    return rules.future_betas[min(rank, len(rules.future_betas) - 1)]


def mini_beta(reading: Reading) -> float | None:
    """Return what one more mini of the traded month adds to the portfolio's beta, a negative number."""
    worth, front, price = number(reading.book.account.net_liquidation), reading.front, reading.price
    if worth is None or worth <= 0.0 or front is None or price is None:
        return None
    return MINI_USD_PER_POINT * price * future_beta(reading.view, front.settles_on, reading.policy.capm) / worth


def portfolio_beta(reading: Reading) -> float | None:
    """Return the beta of SPX options and VIX futures together: dollar delta over net liquidation.

    `None` when the account's worth, SPX, a leg or the price of a future that is held is not known.
    """
    worth, spx = number(reading.book.account.net_liquidation), number(reading.view.spx.last)
    delta = number(reading.exposure.delta_usd)
    if worth is None or worth <= 0.0 or spx is None or delta is None or reading.exposure.unknown_legs:
        return None
    dollars = delta * spx
    prices = {future.con_id: future.quote.mid for future in reading.view.futures}
    for held in reading.book.futures:
        price = prices.get(held.con_id)
        if price is None:
            return None
        beta = future_beta(reading.view, held.settles_on, reading.policy.capm)
        dollars += held.quantity * held.multiplier * price * beta
    return number(dollars / worth)


def recalibrated(reading: Reading, planned: Plan) -> Permit:
    """Return how many of the planned minis keep |beta| at most what it is now, or the floor if that is larger."""
    rules, before, step = reading.policy.capm, portfolio_beta(reading), mini_beta(reading)
    if before is None or step is None:
        why = "account value, SPX, a leg or a future's price is not known: no opening"
        return Permit(minis=0, checks=(Check(name="beta: room", observed=None, threshold=None, passed=False, why=why),))
    limit = max(abs(before), rules.floor)
    room = planned.minis if step == 0.0 else floor((limit + before) / -step + TOLERANCE)
    allowed = max(0, min(planned.minis, room))
    after = before + step * allowed
    expected = reading.view.rate + after * rules.equity_premium
    what = f"{allowed} of {planned.minis} planned minis" if planned.minis else "nothing is planned"
    cut = Check(
        name="beta: room",
        observed=after,
        threshold=-limit,
        passed=allowed > 0 or planned.minis == 0,
        why=f"beta to SPX {before:+.2f} before and {after:+.2f} after {what}; |beta| may reach {limit:.2f}",
    )
    earns = Check(
        name="beta: expected return",
        observed=expected,
        threshold=None,
        passed=True,
        why=f"CAPM asks {expected:+.1%} a year of this portfolio: cash plus beta times {rules.equity_premium:.1%}",
    )
    return Permit(tranche=LAST_TRANCHE, minis=allowed, checks=(cut, earns))
