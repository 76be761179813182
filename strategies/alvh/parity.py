"""Compare VX with the options on VIX that settle with it: conversion, reversal, and a gate on quotes that disagree.

Options on VIX are European and settle on the same opening quotation as the VX of their day, so a call less a put is a
forward: F = K + e^(rT) (C - P) (docs/method.md, "Parity"). The bot never trades the difference; it is told of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from math import exp, isfinite

from strategies.alvh.policy import ParityPolicy, Policy
from strategies.alvh.readiness import ABSURD, number
from strategies.alvh.reading import Reading
from strategies.alvh.records import ChainQuote, Check, FutureQuote, MarketView, ParityWatch, Right
from strategies.alvh.wall_time import NEW_YORK
from strategies.pricing import years_until

MONTHLY = "VIX"
OPTION_MULTIPLIER = 100
CONVERSION, REVERSAL = "conversion", "reversal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Hold call and put of one strike."""

    strike: float
    call: ChainQuote
    put: ChainQuote


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthetic:
    """Hold the future that options make: best bid and ask in points, and the pairs displayed at each."""

    bid: float
    ask: float
    bid_pairs: int
    ask_pairs: int
    strikes: int

    @property
    def mid(self) -> float:
        """Return the middle of the best bid and the best ask, which may cross between strikes."""
        return 0.5 * (self.bid + self.ask)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Hold what one side of the trade would leave: points a future after costs, and futures at the displayed sizes."""

    kind: str
    trading_class: str
    points: float
    contracts: int
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """Hold one poll: may the VX quote be believed, what the checks say, whom to alert, and what to remember."""

    connected: bool
    checks: tuple[Check, ...]
    alerts: tuple[str, ...]
    watch: ParityWatch


def synthetic(pairs: Iterable[Pair], *, years: float, rate: float, strikes: int) -> Synthetic | None:
    """Return the best synthetic bid and ask of the `strikes` pairs whose call and put are closest in price.

    Which strikes are at the money is asked of the options alone: the future is what is doubted.
    """
    growth = exp(rate * years) if abs(rate * years) < 1.0 else float("nan")
    nearest = sorted(pairs, key=lambda pair: (abs(_mid(pair.call) - _mid(pair.put)), pair.strike))[:strikes]
    if not nearest or not isfinite(growth):
        return None
    bids = [(pair.strike + growth * (_bid(pair.call) - _ask(pair.put)), _bid_pairs(pair)) for pair in nearest]
    asks = [(pair.strike + growth * (_ask(pair.call) - _bid(pair.put)), _ask_pairs(pair)) for pair in nearest]
    bid, bid_pairs = max(bids)
    ask, ask_pairs = min(asks, key=lambda quote: (quote[0], -quote[1]))
    return Synthetic(bid=bid, ask=ask, bid_pairs=bid_pairs, ask_pairs=ask_pairs, strikes=len(nearest))


def pairs_of(view: MarketView, settles_on: date, rules: ParityPolicy) -> tuple[Pair, ...]:
    """Return the whole pairs of monthly options on VIX that settle on a day, fresh and with sound markets."""
    sides: dict[tuple[float, Right], ChainQuote] = {}
    for option in view.vix_chain:
        if option.trading_class == MONTHLY and _settles_on(option) == settles_on and usable(option, rules):
            sides[option.strike, option.right] = option
    return tuple(
        Pair(strike=strike, call=call, put=sides[strike, Right.PUT])
        for (strike, right), call in sorted(sides.items())
        if right is Right.CALL and (strike, Right.PUT) in sides
    )


def usable(option: ChainQuote, rules: ParityPolicy) -> bool:
    """Say whether an option has a live, fresh, two-sided and uncrossed market and a possible strike."""
    quote = option.quote
    age_s, bid, ask = number(quote.age_s), number(quote.bid), number(quote.ask)
    if quote.delayed or quote.halted or age_s is None or age_s > rules.max_age_s:
        return False
    return bid is not None and ask is not None and 0.0 < bid <= ask and 0.0 < option.strike < ABSURD


def edges(found: Synthetic, future: FutureQuote, policy: Policy) -> tuple[Edge, ...]:
    """Return conversion (buy the future, sell the synthetic one) and reversal, each after the costs of one future.

    Costs are the fees of one future and of ten pairs of options for a VX, one for a VXM.
    """
    quote = future.quote
    bid, ask = number(quote.bid), number(quote.ask)
    if bid is None or ask is None or not 0.0 < bid <= ask:
        return ()
    per_future = max(1, future.multiplier // OPTION_MULTIPLIER)
    fee_usd = policy.economics.vx_fee_usd if per_future > 1 else policy.economics.vxm_fee_usd
    costs = (2 * per_future * policy.parity.option_fee_usd + fee_usd) / future.multiplier
    sides = (
        (CONVERSION, found.bid - ask - costs, quote.ask_size, found.bid_pairs),
        (REVERSAL, bid - found.ask - costs, quote.bid_size, found.ask_pairs),
    )
    return tuple(
        Edge(
            kind=kind,
            trading_class=future.trading_class,
            points=points,
            contracts=(count := min(_whole(size), pairs // per_future)),
            usd=max(0.0, points) * count * future.multiplier,
        )
        for kind, points, size, pairs in sides
    )


def monitor(reading: Reading) -> Parity:
    """Poll parity of the traded month: the gate, both edges, and the alerts that are due now."""
    before, rules = reading.memory.parity, reading.policy.parity
    found, missing = _measured(reading)
    if found is None or reading.front is None or reading.price is None:
        gate = _unmeasured(reading, missing)
        return Parity(connected=gate.passed, checks=(gate,), alerts=(), watch=before)
    gate = _gate(reading.price, found, rules)
    quoted = [future for future in (reading.vx, reading.vxm) if future is not None]
    every = [edge for future in quoted for edge in edges(found, future, reading.policy)]
    best = {kind: _best(every, kind) for kind in (CONVERSION, REVERSAL)}
    suspect_on = None if gate.passed else reading.view.session.day
    after = ParityWatch(
        conversion_polls=_polls(best[CONVERSION], before.conversion_polls, rules),
        reversal_polls=_polls(best[REVERSAL], before.reversal_polls, rules),
        suspect_on=suspect_on,
    )
    counts = {CONVERSION: after.conversion_polls, REVERSAL: after.reversal_polls}
    alerts = [
        f"parity: {edge.kind}: {_words(edge, reading.front)}, seen {rules.alert_polls} times in a row; "
        "the bot does not trade it"
        for kind, edge in best.items()
        if edge is not None and counts[kind] == rules.alert_polls
    ]
    if suspect_on is not None and before.suspect_on != suspect_on:
        alerts.append(f"parity: {gate.why}")
    shown = (_edge_check(kind, edge, reading.front, rules) for kind, edge in best.items())
    return Parity(connected=gate.passed, checks=(gate, *shown), alerts=tuple(alerts), watch=after)


def _measured(reading: Reading) -> tuple[Synthetic | None, str]:
    """Return what the options imply for the traded month, or why that cannot be said."""
    front, rules = reading.front, reading.policy.parity
    if front is None or reading.price is None:
        return None, "no fresh VX quote"
    pairs = pairs_of(reading.view, front.settles_on, rules)
    if not pairs:
        return None, f"no fresh pair of options on VIX settles on {front.settles_on}"
    years = years_until(pairs[0].call.settles_at, reading.view.now)
    found = synthetic(pairs, years=years, rate=reading.view.rate, strikes=rules.strikes)
    if found is None or number(found.mid) is None or found.mid <= 0.0:
        return None, "the options on VIX imply no price"
    if found.bid - found.ask > rules.gate_points:
        return None, f"the options on VIX contradict each other by {found.bid - found.ask:.2f} points"
    return found, ""


def _gate(price: float, found: Synthetic, rules: ParityPolicy) -> Check:
    """Judge VX against the synthetic future; a VX inside the options' own market contradicts nothing."""
    gap, limit = price - found.mid, max(rules.gate_points, rules.gate_share * price)
    inside = found.bid <= price <= found.ask
    passed = abs(gap) <= limit or inside
    market = f"{found.mid:.2f} that options on VIX imply ({found.bid:.2f} to {found.ask:.2f}, {found.strikes} strikes)"
    if passed:
        why = f"VX {price:.2f} agrees with the {market}"
    else:
        why = f"VX {price:.2f} is suspect: it stands {gap:+.2f} from the {market}, limit {limit:.2f}: no opening"
    return Check(name="parity: gate", observed=abs(gap), threshold=limit, passed=passed, why=why)


def _unmeasured(reading: Reading, missing: str) -> Check:
    """Pass what cannot be measured, unless the settings require it or VX was suspect when last measured today."""
    was_suspect = reading.memory.parity.suspect_on == reading.view.session.day
    passed = not reading.policy.parity.require and not was_suspect
    why = f"not measurable: {missing}"
    if was_suspect:
        why += "; VX was suspect when last measured: no opening"
    elif not passed:
        why += ", and parity.require asks for it: no opening"
    return Check(name="parity: gate", observed=None, threshold=None, passed=passed, why=why)


def _best(every: Iterable[Edge], kind: str) -> Edge | None:
    """Return the edge of a kind that could be done in size, by points; of none, the largest there is."""
    found = [edge for edge in every if edge.kind == kind]
    return max(found, key=lambda edge: (edge.contracts > 0, edge.points), default=None)


def _polls(edge: Edge | None, before: int, rules: ParityPolicy) -> int:
    """Count the polls in a row with an edge that could be done; beyond the alert the count stands."""
    if edge is None or edge.contracts < 1 or edge.points <= rules.alert_points:
        return 0
    return min(before + 1, rules.alert_polls + 1)


def _edge_check(kind: str, edge: Edge | None, front: FutureQuote, rules: ParityPolicy) -> Check:
    """Show one edge; it never holds a purchase back."""
    why = f"{front.trading_class} has no two-sided market" if edge is None else _words(edge, front)
    points = None if edge is None else edge.points
    return Check(name=f"parity: {kind}", observed=points, threshold=rules.alert_points, passed=True, why=why)


def _words(edge: Edge, front: FutureQuote) -> str:
    trade = "bought against options" if edge.kind == CONVERSION else "sold against options"
    result = f"{edge.trading_class} {front.settles_on} {trade} leaves {edge.points:+.2f} points after costs"
    return f"{result}, {edge.contracts} contracts at the displayed sizes (${edge.usd:,.0f})"


def _settles_on(option: ChainQuote) -> date:
    return option.settles_at.astimezone(NEW_YORK).date()


def _bid(option: ChainQuote) -> float:
    return option.quote.bid or 0.0


def _ask(option: ChainQuote) -> float:
    return option.quote.ask or 0.0


def _mid(option: ChainQuote) -> float:
    return 0.5 * (_bid(option) + _ask(option))


def _bid_pairs(pair: Pair) -> int:
    """Return the pairs that could be sold: calls at their bid, puts at their ask."""
    return min(_whole(pair.call.quote.bid_size), _whole(pair.put.quote.ask_size))


def _ask_pairs(pair: Pair) -> int:
    return min(_whole(pair.call.quote.ask_size), _whole(pair.put.quote.bid_size))


def _whole(size: float | None) -> int:
    """Return a displayed size in whole contracts; one that is missing or absurd can be counted on for nothing."""
    found = number(size)
    return int(found) if found is not None and found >= 1.0 else 0
