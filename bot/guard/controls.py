"""Ask every pre-trade question about one order, purely; each answer is a `Check`.

The set follows SEC rule 15c3-5 (financial limits, prevention of erroneous and duplicate orders) and the FIA's
"Best Practices for Automated Trading Risk Controls and System Safeguards" (2024). An order that opens must pass all
of them. An order that reduces risk (a sale of what the bot owns) is exempt from those that guard against opening on
bad information: it must pass the contract, long-only, size-by-position, collar and throttle checks, and the throttle
keeps room for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

from bot.broker.port import Instrument
from bot.guard import calls
from bot.guard.limits import MINI, OPENING, GuardSettings, PastOrder, Situation
from strategies.alvh.records import Check, Proposal, Purpose, Quote, Side

MULTIPLIERS = {"VX": 1000, "VXM": 100}

__all__ = ["MINI", "OPENING", "GuardSettings", "PastOrder", "Situation", "collar", "failures", "review"]

Control = Callable[[Situation, GuardSettings], Check]


def review(situation: Situation, settings: GuardSettings) -> tuple[Check, ...]:
    """Return the answers of every control that applies to this order; whatever a sale calls itself, it stays long."""
    proposal, controls = situation.proposal, ALWAYS
    if situation.opening:
        controls += (CALLS_SIZED if proposal.call is not None else FUTURES_SIZED) + WHEN_OPENING
    if proposal.side is Side.SELL:
        controls += WHEN_SELLING
    return tuple(control(situation, settings) for control in controls)


def failures(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """Return the checks that did not pass."""
    return tuple(check for check in checks if not check.passed)


def contract_known(s: Situation, settings: GuardSettings) -> Check:
    """Ask whether the contract is allow-listed and is what the proposal says it is, notional included."""
    faults = tuple(_contract_faults(s, settings))
    seen = f"{s.proposal.con_id} {s.proposal.trading_class} x{s.proposal.multiplier}"
    return Check(name="contract", observed=seen, threshold="allow-list", passed=not faults, why="; ".join(faults))


def _contract_faults(s: Situation, settings: GuardSettings) -> Iterator[str]:
    p, i = s.proposal, s.instrument
    if i is None:
        yield f"contract {p.con_id} is not on the allow-list"
        return
    if i.con_id != p.con_id:
        yield f"the instrument is {i.con_id}"
    if p.call is not None:
        yield from calls.contract_faults(p, p.call, i, s.today, s.limit)
    else:
        yield from _future_faults(p, i, s, settings)


def _future_faults(p: Proposal, i: Instrument, s: Situation, settings: GuardSettings) -> Iterator[str]:
    if (i.trading_class, i.multiplier) != (p.trading_class, p.multiplier):
        yield f"the broker defines {i.trading_class} x{i.multiplier}"
    if MULTIPLIERS.get(i.trading_class) != i.multiplier:
        yield f"{i.trading_class} x{i.multiplier} is no monthly VX or VXM"
    if i.sec_type != "FUT" or i.tick <= 0:
        yield f"{i.sec_type} with tick {i.tick} is no future"
    if i.expires_on is None or i.expires_on <= s.today:
        yield f"it settles on {i.expires_on}, today is {s.today}"
    if s.limit is not None and not 0 < s.limit < Decimal(str(settings.max_price)):
        yield f"a limit of {s.limit} is no price of a volatility future"


def quantity_positive(s: Situation, settings: GuardSettings) -> Check:
    """Ask whether the quantity is a positive whole number."""
    n = s.proposal.quantity
    return Check(name="quantity", observed=n, threshold=1, passed=n >= 1, why="" if n >= 1 else "nothing to trade")


def reference_new(s: Situation, settings: GuardSettings) -> Check:
    """Ask whether this intent was never sent before."""
    seen = any(past.ref == s.ref for past in s.past)
    why = f"{s.ref} was sent before: the same intent is sent once for ever" if seen else ""
    return Check(name="same intent", observed=s.ref, threshold="never sent", passed=not seen, why=why)


def price_collar(s: Situation, settings: GuardSettings) -> Check:
    """Ask whether the limit stays inside the collar around the market and the prior settlement.

    A purchase that the collar holds below the bid would only wait and climb in vain: it is refused.
    """
    if s.limit is None:
        return Check(name="collar", observed=None, threshold=None, passed=False, why="no price can be formed")
    if s.proposal.call is not None:
        low, high = calls.collar(s.proposal.side, s.quote, settings.collar_ticks, settings.call_mid_share)
    else:
        low, high = collar(s.proposal.side, s.quote, s.prior_settle, _tick(s), settings)
    limit = float(s.limit)
    bound = high if s.proposal.side is Side.BUY else low
    unbounded = s.proposal.call is not None and not s.opening  # a call that nobody asks for must stay sellable
    passed = (
        (bound is not None or unbounded)
        and (low is None or limit >= low - 1e-9)
        and (high is None or limit <= high + 1e-9)
    )
    why = "" if passed else f"{limit:g} is outside {_range(low, high)}"
    if passed and s.proposal.side is Side.BUY and s.quote.bid is not None and limit < s.quote.bid - 1e-9:
        passed, why = False, f"the collar ends at {limit:g}, below the bid of {s.quote.bid:g}: VX has run too far today"
    return Check(name="collar", observed=limit, threshold=bound, passed=passed, why=why)


def collar(
    side: Side, quote: Quote, prior_settle: float | None, tick: float, settings: GuardSettings
) -> tuple[float | None, float | None]:
    """Return the lowest and the highest limit allowed, in points; `None` where nothing bounds it.

    A buy may pay up to two ticks over the ask and 3% over the mid, a sale accept 3% under the mid; both stay within
    40% of the prior settlement, except a sale in a two-sided market that has fallen
    below that. A sale without a two-sided market falls back on that settlement alone, a buy has
    then no upper bound and is refused.
    """
    mid = quote.mid
    if side is Side.BUY:
        if mid is None or quote.ask is None:
            return None, None
        high = min(quote.ask + settings.collar_ticks * tick, mid * (1 + settings.collar_mid_share))
        if prior_settle is not None:
            high = min(high, prior_settle * (1 + settings.collar_settle_share))
        return None, high
    low = None if mid is None else mid * (1 - settings.collar_mid_share)
    if prior_settle is not None:
        floor = prior_settle * (1 - settings.collar_settle_share)
        if low is None or mid is None:
            low = floor
        elif floor <= mid:
            low = max(low, floor)
    return low, None


def message_throttle(s: Situation, settings: GuardSettings) -> Check:
    """Ask whether there is room for another order; those that open leave a reserve, a flatten always passes."""
    minute = sum(at > s.now - timedelta(seconds=60) for at in s.messages)
    day = sum(at > s.now - timedelta(hours=24) for at in s.messages)
    per_minute, per_day = settings.messages_per_minute, settings.messages_per_day
    if s.opening:
        per_minute, per_day = per_minute - settings.reserve_per_minute, per_day - settings.reserve_per_day
    passed = s.proposal.purpose is Purpose.FLATTEN or (minute < per_minute and day < per_day)
    why = "" if passed else f"{minute} messages in a minute (limit {per_minute}), {day} in a day (limit {per_day})"
    return Check(name="throttle", observed=minute, threshold=per_minute, passed=passed, why=why)


def long_only(s: Situation, settings: GuardSettings) -> Check:
    """Ask whether a sale stays within what the bot owns and the account shows, less what is being sold already."""
    selling = being_sold(s)
    room = min(s.account_long, s.own_long) - selling
    why = f"own {s.own_long}, account {s.account_long}, already being sold {selling}"
    if s.proposal.call is not None and s.proposal.call.layer:
        own = calls.left_of_layer(s, s.proposal.call.layer)
        room, why = min(room, own), f"{why}, not being sold of layer {s.proposal.call.layer} {own}"
    passed = s.proposal.quantity <= room
    return Check(
        name="long only", observed=s.proposal.quantity, threshold=room, passed=passed, why="" if passed else why
    )


def being_sold(s: Situation) -> int:
    """Return the contracts of this future or call that working sales of the account may still sell."""
    live = (*s.working, *s.call_orders)
    return sum(w.remaining for w in live if w.con_id == s.proposal.con_id and w.side is Side.SELL)


def order_size(s: Situation, settings: GuardSettings) -> Check:
    """Ask whether the order is no larger than the largest allowed."""
    limit = settings.max_order_minis
    why = "" if s.minis <= limit else "larger than any single order may be"
    return Check(name="order size", observed=s.minis, threshold=limit, passed=s.minis <= limit, why=why)


def position_cap(s: Situation, settings: GuardSettings) -> Check:
    """Ask whether the hedge stays under its cap when everything that works is filled, foreign lots included."""
    buying = sum(w.remaining * w.multiplier for w in s.working if w.side is Side.BUY) // MINI
    event_calls = calls.held(s.calls, s.call_orders, calls.EVENT)  # each moves by no more than a mini of its month
    after = max(s.account_minis, s.own_minis) + buying + event_calls + s.minis
    cap = settings.max_position_minis if s.cap_minis is None else min(settings.max_position_minis, s.cap_minis)
    why = "" if after <= cap else f"{max(s.account_minis, s.own_minis)} held, {buying} being bought, {s.minis} proposed"
    if event_calls and why:
        why = f"{why}, {event_calls} event calls beside them"
    return Check(name="position cap", observed=after, threshold=cap, passed=after <= cap, why=why)


def bought_today(s: Situation, settings: GuardSettings) -> Check:
    """Ask whether the day's purchases stay under twice the largest position."""
    buying = sum(w.remaining * w.multiplier for w in s.working if w.side is Side.BUY) // MINI
    after, limit = s.bought_today_minis + buying + s.minis, int(settings.max_bought_share * settings.max_position_minis)
    why = "" if after <= limit else "the day's purchases would be too many"
    return Check(name="bought today", observed=after, threshold=limit, passed=after <= limit, why=why)


def crossing(s: Situation, settings: GuardSettings) -> Check:
    """Ask whether no sale of the same contract works: the account must not trade with itself."""
    selling = being_sold(s)
    why = "" if selling == 0 else f"{selling} of this contract are being sold: the account would trade with itself"
    return Check(name="crossing", observed=selling, threshold=0, passed=selling == 0, why=why)


def duplicate(s: Situation, settings: GuardSettings) -> Check:
    """Ask whether no order of the same contract and side was sent within the last minute."""
    since = s.now - timedelta(seconds=settings.duplicate_s)
    twins = [p for p in s.past if (p.con_id, p.side) == (s.proposal.con_id, s.proposal.side) and p.at > since]
    why = f"{twins[-1].ref} went out at {twins[-1].at:%H:%M:%S}" if twins else ""
    return Check(name="duplicate", observed=len(twins), threshold=0, passed=not twins, why=why)


def repetition(s: Situation, settings: GuardSettings) -> Check:
    """Ask whether not too many orders of the same side were filled in the last ten minutes."""
    since = s.now - timedelta(seconds=settings.repeat_s)
    filled = sum(p.side is s.proposal.side and p.filled_at is not None and p.filled_at > since for p in s.past)
    passed = filled <= settings.repeat_fills
    why = "" if passed else f"pause: {filled} orders filled on this side within {settings.repeat_s:g} s"
    return Check(name="repetition", observed=filled, threshold=settings.repeat_fills, passed=passed, why=why)


def quote_fresh(s: Situation, settings: GuardSettings) -> Check:
    """Ask whether the traded contract has a live, recent, two-sided, uncrossed market that is not halted."""
    q, faults = s.quote, []
    if q.mid is None:
        faults.append("bid or ask is missing or crossed")
    if q.age_s is None or q.age_s > settings.quote_age_s:
        faults.append(f"the quote is {_age(q.age_s)} old (limit {settings.quote_age_s:g} s)")
    if q.delayed:
        faults.append("the quote is delayed: check the CFE subscription of the account")
    if q.halted:
        faults.append("the contract is halted")
    if not s.feed_ok:
        faults.append("the broker reports a broken line or data farm")
    return Check(
        name="fresh quote", observed=q.age_s, threshold=settings.quote_age_s, passed=not faults, why="; ".join(faults)
    )


def daily_loss(s: Situation, settings: GuardSettings) -> Check:
    """Ask whether the hedge lost less today than the share of the account at which only unwinding is allowed."""
    if s.net_liquidation is None or s.net_liquidation <= 0 or s.loss_usd is None:
        return Check(
            name="daily loss", observed=None, threshold=None, passed=False, why="loss or account value unknown"
        )
    limit = settings.loss_unwind_share * s.net_liquidation
    passed = s.loss_usd < limit
    why = "" if passed else f"the hedge lost {s.loss_usd:,.0f} USD today: unwinding only"
    return Check(name="daily loss", observed=s.loss_usd, threshold=limit, passed=passed, why=why)


def unlocked(s: Situation, settings: GuardSettings) -> Check:
    """Ask whether nothing forbids opening."""
    return Check(name="locks", observed=len(s.locked), threshold=0, passed=not s.locked, why="; ".join(s.locked))


def book_whole(s: Situation, settings: GuardSettings) -> Check:
    """Ask whether the broker's positions were confirmed as whole."""
    why = "" if s.book_complete else "the broker's positions were not confirmed as whole"
    seen = "whole" if s.book_complete else "partial"
    return Check(name="positions", observed=seen, threshold="whole", passed=s.book_complete, why=why)


ALWAYS: tuple[Control, ...] = (contract_known, quantity_positive, reference_new, price_collar, message_throttle)
WHEN_SELLING: tuple[Control, ...] = (long_only,)
FUTURES_SIZED: tuple[Control, ...] = (order_size, position_cap, bought_today)
CALLS_SIZED: tuple[Control, ...] = calls.SIZED
WHEN_OPENING: tuple[Control, ...] = (
    crossing,
    duplicate,
    repetition,
    quote_fresh,
    daily_loss,
    unlocked,
    book_whole,
)


def _tick(s: Situation) -> float:
    return float(s.instrument.tick) if s.instrument is not None else 0.0


def _range(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return "any bound, because there is no two-sided market"
    return f"[{'-' if low is None else f'{low:.4g}'}, {'-' if high is None else f'{high:.4g}'}]"


def _age(age_s: float | None) -> str:
    return "of unknown age, not known to be" if age_s is None else f"{age_s:.0f} s"
