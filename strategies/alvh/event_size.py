"""Choose the VIX call for an event and size it: premium budgets, the need of the book, caps and excess liquidity."""

from __future__ import annotations

from collections import Counter
from math import floor

from strategies.alvh.policy import EventPolicy
from strategies.alvh.readiness import number
from strategies.alvh.reading import Reading
from strategies.alvh.records import Check, Episode, MacroEvent, Right
from strategies.alvh.rounding import TOLERANCE
from strategies.alvh.sizing import MINI_USD
from strategies.alvh.vix_call import (
    EVENT,
    Candidate,
    business_days_left,
    busy_call,
    buying_calls,
    call_units_usd,
    candidate,
    event_contracts,
    owned_calls,
    room_under_cap,
    settles_on,
    spent_usd,
)


def choose(reading: Reading, event: MacroEvent) -> tuple[Candidate | None, Check]:
    """Return the call to buy: nearest expiry after the event with open interest, delta nearest the band's middle."""
    rules, view = reading.policy.events, reading.view
    middle, refused = 0.5 * (rules.delta_low + rules.delta_high), Counter[str]()
    eligible: list[Candidate] = []
    for option in view.vix_chain:
        dte = (settles_on(option) - view.session.day).days
        if option.right is not Right.CALL or not rules.min_dte <= dte <= rules.max_dte or option.settles_at <= event.at:
            continue
        interest = number(option.open_interest)
        found = candidate(
            reading,
            option,
            max_age_s=rules.quote_age_s,
            max_spread_share=rules.max_spread_share,
            limit_share=rules.limit_spread_share,
        )
        if interest is not None and interest < rules.min_open_interest:
            refused["too little open interest"] += 1
        elif isinstance(found, str):
            refused[found] += 1
        elif business_days_left(reading, option) <= rules.exit_business_days:
            refused["would be sold at once: too near to settlement"] += 1
        elif busy_call(reading.state, option.con_id):
            refused["an order already works in it"] += 1
        elif not rules.delta_low - TOLERANCE <= found.delta <= rules.delta_high + TOLERANCE:
            refused["outside the delta band"] += 1
        else:
            eligible.append(found)
    best = min(eligible, key=lambda one: (one.dte, abs(one.delta - middle), one.quote.con_id), default=None)
    return best, _chosen(best, refused, rules)


def _chosen(best: Candidate | None, refused: Counter[str], rules: EventPolicy) -> Check:
    band = f"{rules.delta_low:g} to {rules.delta_high:g}"
    if best is None:
        why = (
            "; ".join(f"{count} {what}" for what, count in sorted(refused.items())) or "no call of that term is quoted"
        )
        return event_check("call", None, band, False, "", f"no call to buy: {why}")
    option = best.quote
    why = (
        f"{option.trading_class} {option.expires_on:%Y-%m-%d} {option.strike:g} call, {best.dte} days, {best.limit:.2f}"
    )
    return event_check("call", best.delta, band, True, why, "")


def budget(reading: Reading) -> tuple[float, tuple[Check, ...]]:
    """Return the premium this event may still take in dollars, and the two limits behind it."""
    rules, day = reading.policy.events, reading.view.session.day
    worth, credit = number(reading.book.account.net_liquidation), open_credit_usd(reading)
    month = spent_usd(reading.state, EVENT, day.replace(day=1), day)
    if worth is None or worth <= 0.0 or credit is None or credit <= 0.0:
        why = "account value or the condors' credit is not known: nothing is bought"
        return 0.0, (event_check("budget", None, None, False, "", why),)
    event_usd = min(rules.event_nlv_share * worth, rules.event_credit_share * credit)
    left = rules.month_nlv_share * worth - month
    return max(0.0, min(event_usd, left)), (
        event_check(
            "budget",
            event_usd,
            None,
            event_usd > 0.0,
            f"${event_usd:,.0f}: the smaller of {rules.event_nlv_share:.2%} of the account and "
            f"{rules.event_credit_share:.0%} of ${credit:,.0f} credit",
            "no premium is allowed for an event",
        ),
        event_check(
            "month",
            month,
            rules.month_nlv_share * worth,
            left > 0.0,
            f"${month:,.0f} of this month's premium is spent",
            "the month's premium is spent",
        ),
    )


def open_credit_usd(reading: Reading) -> float | None:
    """Return the credit taken in for the open condors in dollars; `None` when a leg's price is not known."""
    total = 0.0
    for part in reading.found.parts:
        price = number(part.leg.avg_price)
        if price is None:
            return None
        total -= part.quantity * part.leg.multiplier * price
    return total


def affordable_contracts(
    reading: Reading, episode: Episode, chosen: Candidate, budget: float
) -> tuple[int, tuple[Check, ...]]:
    """Return how many contracts budget, need, caps and excess liquidity allow; the smallest counts."""
    rules, held = reading.policy.events, event_contracts(reading.state)
    afford = floor(budget / chosen.premium_usd + TOLERANCE)
    need_usd = open_need_usd(reading, episode.target_minis)
    need = floor(need_usd / chosen.units_usd + TOLERANCE) if chosen.units_usd > 0.0 else 0
    cap = min(rules.max_contracts - held, room_under_cap(reading))
    most = max(0, min(afford, need, cap))
    return most, (
        event_check(
            "size",
            float(afford),
            1.0,
            afford >= 1,
            f"the budget pays {afford} of ${chosen.premium_usd:,.0f}",
            f"one call costs ${chosen.premium_usd:,.0f}, the budget is ${budget:,.0f}",
        ),
        event_check(
            "need",
            need_usd,
            chosen.units_usd,
            need >= 1,
            f"${need_usd:,.0f} per VIX point is open; one call adds ${chosen.units_usd:,.0f}",
            "futures and calls already cover what the book needs",
        ),
        event_check(
            "cap",
            float(held),
            float(rules.max_contracts),
            cap >= 1,
            f"{cap} more fit under the caps",
            "the cap is reached",
        ),
        _liquid(reading, most * chosen.premium_usd),
    )


def open_need_usd(reading: Reading, target_minis: int) -> float:
    """Return what the episode's target leaves open after futures and event calls, in dollars per VIX point.

    A call that is still being bought counts as a whole mini of the followed month.
    """
    if reading.beta is None:
        return 0.0
    futures = (target_minis - reading.own - reading.buying) * MINI_USD * reading.beta
    calls = call_units_usd(reading, owned_calls(reading.state, EVENT))
    on_the_way = buying_calls(reading.state, EVENT) * MINI_USD * reading.beta
    return max(0.0, futures - calls - on_the_way)


def _liquid(reading: Reading, premium_usd: float) -> Check:
    account, share = reading.book.account, reading.policy.unwind.min_excess_liquidity_share
    excess, worth = number(account.excess_liquidity), number(account.net_liquidation)
    if excess is None or worth is None or worth <= 0.0:
        return event_check("account", None, None, False, "", "excess liquidity is not known: nothing is bought")
    left, limit = excess - premium_usd, share * worth
    why = f"the premium leaves ${left:,.0f} of excess liquidity (needs ${limit:,.0f})"
    return event_check("account", left, limit, left >= limit, why, why)


def event_check(
    name: str, observed: float | str | None, threshold: float | str | None, passed: bool, yes: str, no: str
) -> Check:
    """Return one answer of the event rules, with the words for a yes or a no."""
    return Check(
        name=f"event: {name}", observed=observed, threshold=threshold, passed=passed, why=yes if passed else no
    )
