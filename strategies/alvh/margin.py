"""Ask before every tranche whether the account carries the hedge, also when VX falls hard the next moment."""

from __future__ import annotations

from strategies.alvh.readiness import number
from strategies.alvh.reading import Reading
from strategies.alvh.records import Check

NAME = "account: excess liquidity"
MARGIN_SHARE = 0.35  # of the notional; brokers have asked 10 to 26 thousand dollars of margin for one VX
MINI_USD_PER_POINT = 100.0


def margin_usd(reading: Reading, minis: int) -> float | None:
    """Return the initial margin in dollars of this many minis of the traded month; `None` without a price.

    What the broker said of one contract counts, the VXM's word before a tenth of the VX's; without its word,
    `MARGIN_SHARE` of the notional.
    """
    told = broker_margin(reading)
    if told is not None:
        return told * minis
    return None if reading.price is None else MARGIN_SHARE * reading.price * MINI_USD_PER_POINT * minis


def broker_margin(reading: Reading) -> float | None:
    """Return the initial margin of one mini as the broker gave it, in dollars; `None` while it did not."""
    for future in (reading.vxm, reading.vx):
        told = number(future.margin_usd) if future is not None else None
        if future is not None and told is not None and told > 0.0:
            return told * MINI_USD_PER_POINT / future.multiplier
    return None


def affordable(reading: Reading, minis: int) -> Check:
    """Return whether excess liquidity stays above its share of the account after buying `minis` and a fall of VX.

    The purchase ties up its margin (`margin_usd`); the fall by `stress_drop` hits it and all that the bot owns or is
    buying. An account that did not say what it has carries nothing (docs/method.md, section 8).
    """
    account, rules, price = reading.book.account, reading.policy.unwind, reading.price
    excess, worth = number(account.excess_liquidity), number(account.net_liquidation)
    margin = margin_usd(reading, minis)
    if excess is None or worth is None or worth <= 0.0 or price is None or margin is None:
        why = "excess liquidity, account value or VX price is not known: no opening"
        return Check(name=NAME, observed=None, threshold=None, passed=False, why=why)
    held = reading.own + reading.buying + minis
    mini = price * MINI_USD_PER_POINT
    left = excess - margin - rules.stress_drop * mini * held
    limit = rules.min_excess_liquidity_share * worth
    source = "the broker's margin" if broker_margin(reading) is not None else "an estimated margin"
    fall = f"VX {-rules.stress_drop:+.0%}"
    why = f"{source} of ${margin:,.0f} and {fall} leave ${left:,.0f} of excess liquidity (needs ${limit:,.0f})"
    return Check(name=NAME, observed=left, threshold=limit, passed=left >= limit, why=why)
