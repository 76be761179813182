"""Read the four signs of a spike on closed bars, and the momentum that confirms or denies it.

Every signal says what it saw and why it counts or not. One that cannot be computed is `ok=False` and never confirmed:
a missing number is not a quiet market.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from strategies.alvh.breadth import breadth_fault, breadth_readings, broken_down, divergent
from strategies.alvh.indicators import closed_bars, macd, rsi
from strategies.alvh.policy import Policy
from strategies.alvh.readiness import fresh_price, number
from strategies.alvh.records import Bar, Check, FutureQuote, IndexQuote, MarketView

MIN_RTH_BARS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Hold one signal: its value, whether it could be computed (`ok`), whether it says yes, how old it is and why."""

    name: str
    value: float | None
    threshold: float | str | None
    ok: bool
    confirmed: bool
    age_s: float | None
    reason: str

    def check(self) -> Check:
        """Return the signal as one line of a decision."""
        name = f"signal: {self.name}"
        return Check(name=name, observed=self.value, threshold=self.threshold, passed=self.confirmed, why=self.reason)


def breadth_stress(view: MarketView, policy: Policy) -> Signal:
    """Judge the advance/decline line against SPX, as divergence or as breakdown (method note, 3.1).

    Needs a plausible, moving, fresh count; closed bars of this session only; a gap between bars ends the look-back.
    """
    name, limit, age_s = "breadth", policy.signals.breadth_divergence, number(view.breadth.age_s)
    readings = breadth_readings(view, policy)
    fault = breadth_fault(view, policy) or (
        "" if readings else "no closed bar with breadth, SPX and its expected range"
    )
    if fault:
        return _missing(name, limit, fault, age_s)
    last = readings[-1]
    value, level = last.gap, last.level
    if broken_down(readings, view, policy):
        value, limit = level, policy.signals.breadth_breakdown
        reason, confirmed = f"breakdown: breadth {level:+.2f} while SPX is {last.spx_pct:+.2f}%", True
    elif divergent(readings, policy):
        reason, confirmed = f"divergence: breadth {level:+.2f} is {-value:.1f} sigma weaker than SPX", True
    else:
        reason, confirmed = f"breadth {level:+.2f} fits SPX {last.spx_pct:+.2f}%", False
    return Signal(name=name, value=value, threshold=limit, ok=True, confirmed=confirmed, age_s=age_s, reason=reason)


def vix_rsi(view: MarketView, policy: Policy) -> Signal:
    """Judge a sharp rise of Wilder's RSI on five-minute VIX closes (method note, 3.2).

    The overnight gap is one bar of the series, so at least three bars of this session must have closed; a series with
    no movement has no RSI; a last bar that is ten minutes old or more is missing.
    """
    rules, name = policy.signals, "VIX RSI"
    bars = closed_bars(view.vix_bars, view.now)
    today = sum(bar.end > view.session.opens_at for bar in bars[-MIN_RTH_BARS:])
    if today < MIN_RTH_BARS:
        return _missing(name, rules.rsi_level, f"fewer than {MIN_RTH_BARS} VIX bars closed in this session")
    values = rsi(bars, rules.rsi_length)
    if values is None or len(values) <= rules.rsi_jump_bars:
        return _missing(name, rules.rsi_level, "too few moving VIX bars for an RSI")
    jumped = _vix_jumped(view, bars[-1].close, policy)
    if jumped is None:
        return _missing(name, rules.rsi_level, "VIX has neither a previous close nor an open to compare with")
    last = float(values[-1])
    rise = last - float(values[-rules.rsi_jump_bars - 1 : -1].min())
    confirmed = last >= rules.rsi_level and rise >= rules.rsi_jump and jumped
    wanted = "" if rise >= rules.rsi_jump else f" (at least {rules.rsi_jump:g})"
    moved = "jumped" if jumped else "has not jumped"
    reason = f"RSI {last:.0f}, up {rise:.0f}{wanted} in {rules.rsi_jump_bars} bars, VIX {moved}"
    return Signal(
        name=name,
        value=last,
        threshold=rules.rsi_level,
        ok=True,
        confirmed=confirmed,
        age_s=_age_s(bars, view.now),
        reason=reason,
    )


def vx_jump(front: FutureQuote | None, policy: Policy) -> Signal:
    """Judge the rise of the traded VX contract over its prior daily settlement (method note, 3.4)."""
    name, limit = "VX jump", policy.signals.vx_jump
    price, settle = fresh_price(front, policy), number(front.prior_settle) if front else None
    if front is None or price is None or settle is None or settle <= 0.0:
        return _missing(name, limit, "VX has no fresh price or no prior settlement")
    rise = price / settle - 1.0
    reason = f"VX {price:.2f} is {rise:+.1%} from its settlement {settle:.2f}"
    age_s = number(front.quote.age_s)
    return Signal(name=name, value=rise, threshold=limit, ok=True, confirmed=rise >= limit, age_s=age_s, reason=reason)


def term_inversion(view: MarketView, policy: Policy) -> Signal:
    """Judge whether the near end stands above the far one: VIX9D over VIX, or the first VX month over the second."""
    name = "term inversion"
    spread = _fresh(view.vix9d, policy), _fresh(view.vix, policy)
    months = future_inversion(view, policy)
    parts: list[tuple[float, str]] = []
    if spread[0] is not None and spread[1] is not None:
        parts.append((spread[0] - spread[1], f"VIX9D-VIX {spread[0] - spread[1]:+.2f}"))
    if months is not None:
        parts.append((months, f"M1-M2 {months:+.2f}"))
    if not parts:
        return _missing(name, 0.0, "neither VIX9D and VIX nor two VX months have fresh prices")
    value = max(part[0] for part in parts)
    reason = ", ".join(part[1] for part in parts) + (": inverted" if value > 0.0 else ": in order")
    age_s = number(view.vix.age_s)
    return Signal(name=name, value=value, threshold=0.0, ok=True, confirmed=value > 0.0, age_s=age_s, reason=reason)


def future_inversion(view: MarketView, policy: Policy) -> float | None:
    """Return the first VX month minus the second in points; minis stand in when there is no VX of that month."""
    nearest = sorted(
        (future for future in view.futures if future.dte > 0),
        key=lambda future: (future.settles_on, -future.multiplier),
    )
    months: dict[object, float | None] = {}
    for future in nearest:
        if months.get(future.settles_on) is None:
            months[future.settles_on] = fresh_price(future, policy)
    first_two = list(months.values())[:2]
    if len(first_two) < 2 or first_two[0] is None or first_two[1] is None:
        return None
    return first_two[0] - first_two[1]


def vx_momentum(front: FutureQuote | None, now: datetime, policy: Policy, *, last_buy: float | None) -> Signal:
    """Judge whether MACD on the traded contract confirms more upward momentum (method note, 3.3).

    Confirmed: line over signal, histogram positive and higher on each of the last two closed bars (on the last one
    alone with `macd_rising_bars` 1), and the market above the last purchase. Fewer bars than the warm-up, a stale last
    bar or a price that never moved are not confirmed.
    """
    rules, name = policy.signals, "VX MACD"
    bars = closed_bars(front.bars, now) if front else ()
    if len(bars) < rules.min_bars:
        return _missing(name, 0.0, f"{len(bars)} of {rules.min_bars} warm-up bars of VX")
    value = macd(bars, rules.macd_fast, rules.macd_slow, rules.macd_signal)
    price = fresh_price(front, policy)
    if value is None or price is None:
        return _missing(name, 0.0, "VX has no usable closes or no fresh price")
    older, middle, last = value.histogram
    climbs = last > middle and (middle > older or rules.macd_rising_bars == 1)
    rising = climbs and last > 0.0 and value.line > value.signal
    above = last_buy is None or price > last_buy
    told = ", ".join(_signed(bar) for bar in value.histogram)
    if not rising:
        reason = f"histogram {told} is not above zero and rising on {rules.macd_rising_bars} closed bars"
    elif not above:
        reason = f"VX {price:.2f} is not above the last purchase at {last_buy:.2f}"
    else:
        bought = "nothing was bought before" if last_buy is None else f"VX {price:.2f} is above the last purchase"
        reason = f"histogram {told} rises and {bought}"
    return Signal(
        name=name,
        value=last,
        threshold=0.0,
        ok=True,
        confirmed=rising and above,
        age_s=_age_s(bars, now),
        reason=reason,
    )


def quorum(signals: tuple[Signal, ...], policy: Policy) -> Check:
    """Count the signals that say yes; the source's own reading wants breadth and RSI and nothing else."""
    yes = [signal.name for signal in signals if signal.confirmed]
    named = ", ".join(yes) or "none"
    if policy.signals.quorum_source_and:
        passed = {"breadth", "VIX RSI"} <= set(yes)
        return Check(
            name="arm: quorum",
            observed=float(len(yes)),
            threshold="breadth and VIX RSI",
            passed=passed,
            why=f"confirmed: {named}",
        )
    need = policy.signals.quorum
    return Check(
        name="arm: quorum",
        observed=float(len(yes)),
        threshold=float(need),
        passed=len(yes) >= need,
        why=f"{len(yes)} of {len(signals)} signals confirmed ({need} needed): {named}",
    )


def _vix_jumped(view: MarketView, close: float, policy: Policy) -> bool | None:
    previous, opened = number(view.vix.prev_close), number(view.vix.open)
    rises = [
        close / reference - 1.0 >= limit
        for reference, limit in (
            (previous, policy.signals.vix_jump),
            (opened, policy.signals.vix_jump_from_open),
        )
        if reference is not None and reference > 0.0
    ]
    return any(rises) if rises else None


def _fresh(index: IndexQuote, policy: Policy) -> float | None:
    age_s = number(index.age_s)
    return number(index.last) if age_s is not None and age_s <= policy.freshness.vix_s else None


def _age_s(bars: tuple[Bar, ...], now: datetime) -> float:
    return (now - bars[-1].end) / timedelta(seconds=1)


def _signed(value: float) -> str:
    """Return a number with its sign; one that rounds to nothing has none."""
    return f"{value:+.3f}" if round(value, 3) else "0"


def _missing(name: str, threshold: float, reason: str, age_s: float | None = None) -> Signal:
    return Signal(name=name, value=None, threshold=threshold, ok=False, confirmed=False, age_s=age_s, reason=reason)
