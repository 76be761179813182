"""Measure how much of the account's risk and income rests on its condors.

The authors of the method call the condors one engine and ask for a second one, so that no account lives on one source
of income. That is a principle of portfolios, not of orders: these lines inform and can refuse nothing.
"""

from __future__ import annotations

from strategies.alvh.carry import credit_rate
from strategies.alvh.hurdle import usd
from strategies.alvh.readiness import number
from strategies.alvh.reading import Reading
from strategies.alvh.records import Check

CONDOR_CAP = 0.10
"""Share of the account that the authors of the method give to condors at most."""

DAYS_PER_YEAR = 365.0
RISK, INCOME = "engine: risk", "engine: income"


def second_engine(reading: Reading) -> tuple[Check, Check]:
    """Return the condors' share of the account's risk (their margin over its worth) and of its income."""
    return _risk(reading), _income(reading)


def _risk(reading: Reading) -> Check:
    """Return the Regulation T margin of the condors over the account's worth, with margin and vega beside it."""
    account, margin = reading.book.account, reading.found.margin_usd
    worth = number(account.net_liquidation)
    if worth is None or worth <= 0.0:
        return _told(RISK, None, CONDOR_CAP, "what the account is worth is not known")
    share = margin / worth
    side = "above" if share > CONDOR_CAP else "inside"
    parts = [
        f"condors tie up {usd(margin)}, {share:.1%} of the account, {side} the {CONDOR_CAP:.0%} their authors allow"
    ]
    maintenance, vega = number(account.maintenance_margin), number(reading.exposure.vega30_usd)
    if maintenance is not None and maintenance > 0.0:
        parts.append(f"{margin / maintenance:.0%} of its maintenance margin")
    if vega is not None:
        parts.append(f"a VIX point moves it by {abs(vega) / worth:.2%}")
    return _told(RISK, share, CONDOR_CAP, "; ".join(parts))


def _income(reading: Reading) -> Check:
    """Return the condors' theta over theta and the interest on cash, both a year at today's rates."""
    theta, cash = number(reading.exposure.theta_usd), number(reading.book.account.cash)
    if theta is None or cash is None:
        missing = "theta" if theta is None else "the account's cash"
        return _told(INCOME, None, None, f"{missing} is not known")
    yearly, interest = theta * DAYS_PER_YEAR, max(0.0, cash) * credit_rate(reading)
    if yearly <= 0.0:
        return _told(INCOME, 0.0, None, f"time earns nothing in the condors; cash earns {usd(interest)} a year")
    share = yearly / (yearly + interest)
    why = (
        f"theta of {usd(theta)} a day is {usd(yearly)} a year beside {usd(interest)} on cash: "
        f"{share:.0%} of what comes in by waiting rests on the condors"
    )
    return _told(INCOME, share, None, why)


def _told(name: str, observed: float | None, threshold: float | None, why: str) -> Check:
    return Check(name=name, observed=observed, threshold=threshold, passed=True, why=why)
