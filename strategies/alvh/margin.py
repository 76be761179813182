"""Ask before every tranche whether the account carries the hedge, also when VX falls hard the next moment."""

from __future__ import annotations

from strategies.alvh.readiness import number
from strategies.alvh.reading import Reading
from strategies.alvh.records import Check

NAME = "account: excess liquidity"
MARGIN_SHARE = 0.35  # of the notional; brokers have asked 10 to 26 thousand dollars of margin for one VX
MINI_USD_PER_POINT = 100.0


def affordable(reading: Reading, minis: int) -> Check:
    """Return whether excess liquidity stays above its share of the account after buying `minis` and a fall of VX.

    The purchase ties up a margin of `MARGIN_SHARE` of its notional; the fall by `stress_drop` hits it and all that
    the bot owns or is buying. An account that did not say what it has carries nothing (docs/method.md, section 8).
    """
    account, rules, price = reading.book.account, reading.policy.unwind, reading.price
    excess, worth = number(account.excess_liquidity), number(account.net_liquidation)
    if excess is None or worth is None or worth <= 0.0 or price is None:
        why = "excess liquidity, account value or VX price is not known: no opening"
        return Check(name=NAME, observed=None, threshold=None, passed=False, why=why)
    held = reading.own + reading.buying + minis
    mini = price * MINI_USD_PER_POINT
    left = excess - MARGIN_SHARE * mini * minis - rules.stress_drop * mini * held
    limit = rules.min_excess_liquidity_share * worth
    why = f"margin and VX {-rules.stress_drop:+.0%} leave ${left:,.0f} of excess liquidity (needs ${limit:,.0f})"
    return Check(name=NAME, observed=left, threshold=limit, passed=left >= limit, why=why)
