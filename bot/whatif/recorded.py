"""Take the last wake-up of a journal and move its market: the live book at a market that has not come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np

from bot.errors import UsageProblem
from bot.gateway.market.surface import term_volatility
from bot.journal import Kind
from bot.journal.codec import from_json
from bot.journal.reading import Reading
from bot.journal.wakeups import restored, wakeup_entry
from bot.whatif.bars import last_closed, steady, steady_breadth, with_macd, with_rsi
from bot.whatif.market import Wake
from bot.whatif.told import VIX3M_PER_VIX, VIX9D_PER_VIX, Given, traded
from strategies.alvh.indicators import BAR
from strategies.alvh.policy import Policy
from strategies.alvh.records import (
    Breadth,
    ChainQuote,
    FutureQuote,
    IndexQuote,
    MarketView,
    OptionLeg,
    ParityWatch,
    Quote,
    Sample,
    Smile,
)
from strategies.alvh.sizing import beta
from strategies.alvh.surface import fit_smiles, is_spx, quoted_smiles, smile_sigma
from strategies.pricing import DAYS_PER_YEAR, black76_price

LEAST_PRICE = 1e-4  # points; what is worth less has no market


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Hold a recorded wake-up, its sequence number and the policy that was in force."""

    seq: int
    wake: Wake
    policy: Policy


def recorded_wake(journal: Reading, seq: int | None) -> Recorded:
    """Return the wake-up with this sequence number, or the last one; raises `UsageProblem` when there is none."""
    try:
        found = wakeup_entry(journal, seq)
    except UsageProblem as problem:
        raise UsageProblem(f"{problem}; or use --book FILE") from None
    policy = Policy()
    for start in journal.entries(kinds={Kind.START}):
        if start.seq < found.seq:
            policy = from_json(Policy, start.body["policy"])
    then = restored(journal, found)
    return Recorded(seq=found.seq, wake=Wake(view=then.view, book=then.book, state=then.state), policy=policy)


def moved(recorded: Recorded, given: Given, policy: Policy) -> tuple[Wake, tuple[str, ...]]:
    """Return the wake-up at the given market, and what was assumed.

    Indices that are not given follow VIX by their elasticity, VX months by their beta. Each expiry keeps its shape in
    ln(K/F): its level goes with the term structure of VIX9D, VIX and VIX3M, its forward with SPX.
    """
    wake = recorded.wake
    view = wake.view
    assumed = [f"book, session and history of wake-up {recorded.seq}, {view.now:%Y-%m-%d %H:%M} UTC"]
    indices = _indices(view, given, assumed)
    futures = _futures(view, indices["vix"], given, policy, assumed)
    priced = _repriced(wake, indices, policy)
    lost = sum(leg.quote.mid is None for leg in priced.legs if is_spx(leg))
    assumed.append("each option expiry keeps its skew; its level follows VIX9D, VIX and VIX3M, its forward SPX")
    if lost:
        assumed.append(f"{lost} legs had no quoted smile and cannot be repriced: they count as not valued")
    stands = futures == view.futures
    if not stands:
        assumed.append("VX has moved, so the recorded options on VIX are left out: parity is not measured")
    made = replace(
        view,
        spx=indices["spx"],
        vix=indices["vix"],
        vix9d=indices["vix9d"],
        vix3m=indices["vix3m"],
        futures=futures,
        chain=priced.chain,
        vix_chain=view.vix_chain if stands else (),
    )
    made = _with_signs(made, given, policy, assumed)
    memory = wake.state.memory if stands else replace(wake.state.memory, parity=ParityWatch())
    if given.persisted:
        memory = replace(memory, samples=_stood(memory.samples, made))
        assumed.append("the conditions stood on the last two closed bars (--no-persisted: as recorded)")
    book = replace(wake.book, legs=priced.legs)
    return Wake(view=made, book=book, state=replace(wake.state, memory=memory)), tuple(assumed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Priced:
    legs: tuple[OptionLeg, ...]
    chain: tuple[ChainQuote, ...]


def _indices(view: MarketView, given: Given, assumed: list[str]) -> dict[str, IndexQuote]:
    if view.vix.last is None or view.spx.last is None:
        raise UsageProblem("the last wake-up saw no VIX or no SPX: choose another journal, or use --book FILE")
    vix = view.vix.last if given.vix is None else given.vix
    move = vix - view.vix.last
    near, far = _followed(view.vix9d, VIX9D_PER_VIX * move), _followed(view.vix3m, VIX3M_PER_VIX * move)
    if move and (given.vix9d is None or given.vix3m is None):
        assumed.append("VIX9D and VIX3M move 1.52 and 0.64 points for each point of VIX (--vix9d, --vix3m)")
    values = {"spx": given.spx or view.spx.last, "vix": vix, "vix9d": given.vix9d or near, "vix3m": given.vix3m or far}
    if given.spx is None and move:
        assumed.append(f"SPX stays at {view.spx.last:,.0f} (--spx)")
    return {name: replace(getattr(view, name), last=value) for name, value in values.items()}


def _followed(index: IndexQuote, move: float) -> float | None:
    return None if index.last is None else max(1.0, index.last + move)


def _futures(
    view: MarketView, vix: IndexQuote, given: Given, policy: Policy, assumed: list[str]
) -> tuple[FutureQuote, ...]:
    move = (vix.last or 0.0) - (view.vix.last or 0.0)
    if given.vx:
        move, month = _implied_move(view, given.vx, policy)
        assumed.append(f"--vx is VX {month:%b%y}, the traded month; the other months move by their beta with it")
    elif move:
        assumed.append("every VX month moves by its beta times the move of VIX (--vx)")
    return tuple(
        _shifted(future, beta(future.dte, policy.sizing) * move, given, view, policy) for future in view.futures
    )


def _implied_move(view: MarketView, vx: tuple[float, ...], policy: Policy) -> tuple[float, date]:
    """Return the points of VIX that the given price of the traded month amounts to, and that month."""
    months = sorted({(future.settles_on, future.dte) for future in view.futures})
    place = traded(months, policy)
    if len(vx) != 1 or place is None:
        raise UsageProblem("with a journal --vx takes one price, of the month that the bot trades")
    day, dte = months[place]
    mids = [future.quote.mid for future in view.futures if future.settles_on == day and future.quote.mid is not None]
    if not mids:
        raise UsageProblem(
            f"the last wake-up saw no market in VX {day:%b%y}: choose another journal, or use --book FILE"
        )
    return (vx[0] - mids[0]) / beta(dte, policy.sizing), day


def _shifted(future: FutureQuote, points: float, given: Given, view: MarketView, policy: Policy) -> FutureQuote:
    quote = future.quote
    bid, ask, last = (
        None if price is None else max(1.0, price + points) for price in (quote.bid, quote.ask, quote.last)
    )
    bars = future.bars
    if given.macd is not None and bid is not None and ask is not None:
        end = last_closed(view.now, view.session.opens_at)
        bars = with_macd(0.5 * (bid + ask), given.macd, policy.signals.min_bars, end)
    return replace(future, quote=replace(quote, bid=bid, ask=ask, last=last), bars=bars)


def _with_signs(view: MarketView, given: Given, policy: Policy, assumed: list[str]) -> MarketView:
    """Return the view with the bars that the flags for signals ask for; `view` has its new indices already."""
    end = last_closed(view.now, view.session.opens_at)
    if given.breadth is None or given.rsi is None:
        assumed.append("breadth and RSI of VIX as recorded, unless given (--breadth, --rsi)")
    if given.breadth is not None:
        bars = steady_breadth(given.breadth, end)
        up, down = bars[-1].advancers, bars[-1].decliners
        count = Breadth(advancers=up, decliners=down, age_s=1.0, unchanged_s=1.0)
        view = replace(view, breadth=count, breadth_bars=bars, spx_bars=steady(view.spx.last or 0.0, end))
    if given.rsi is not None:
        bars_of_vix = with_rsi(view.vix.last or 0.0, given.rsi, policy.signals.rsi_length, end)
        view = replace(view, vix_bars=bars_of_vix)
    return view


def _stood(samples: tuple[Sample, ...], view: MarketView) -> tuple[Sample, ...]:
    """Return samples whose last two closed bars say that the conditions stood."""
    end = last_closed(view.now, view.session.opens_at)
    kept = {sample.end: sample for sample in samples if sample.end <= end}
    blank = Sample(
        end=end,
        inflation=None,
        armable=True,
        retraced=None,
        term_inverted=None,
        vix_implied=None,
        breadth_divergent=False,
        macd_hist=None,
    )
    for instant in (end - BAR, end):
        if instant > view.session.opens_at:
            kept[instant] = replace(kept.get(instant, replace(blank, end=instant)), armable=True)
    return tuple(kept[instant] for instant in sorted(kept))


def _repriced(wake: Wake, indices: dict[str, IndexQuote], policy: Policy) -> _Priced:
    """Return legs and chain at the new market; what has no smile loses its quote."""
    view = wake.view
    smiles = {smile.settles_at: smile for smile in fit_smiles(quoted_smiles(view, wake.book, policy), view)}
    growth = (indices["spx"].last or 0.0) / (view.spx.last or 1.0)
    before = (view.vix9d.last, view.vix.last, view.vix3m.last)
    after = tuple(indices[name].last for name in ("vix9d", "vix", "vix3m"))
    legs = tuple(
        replace(leg, quote=_quote(leg, smiles, growth, before, after), greeks=None) if is_spx(leg) else leg
        for leg in wake.book.legs
    )
    chain = tuple(replace(row, quote=_quote(row, smiles, growth, before, after), iv=None) for row in view.chain)
    return _Priced(legs=legs, chain=chain)


def _quote(
    option: OptionLeg | ChainQuote,
    smiles: dict[datetime, Smile],
    growth: float,
    before: tuple[float | None, ...],
    after: tuple[float | None, ...],
) -> Quote:
    """Return the option's market at the new forward and level, as wide as it was against its price."""
    smile, old = smiles.get(option.settles_at), option.quote
    if smile is None or None in (*before, *after):
        return replace(old, bid=None, ask=None, last=None)
    forward = smile.forward * growth
    days = np.array(smile.years * DAYS_PER_YEAR)
    level = term_volatility(days, *_arrays(after)) / term_volatility(days, *_arrays(before))
    sigma = smile_sigma(smile, np.log(option.strike / forward)) * level
    is_call = str(option.right) == "C"
    price = float(black76_price(forward, option.strike, smile.years, smile.rate, sigma, is_call))
    if not price > LEAST_PRICE:
        return replace(old, bid=None, ask=None, last=None)
    mid = old.mid
    share = 0.03 if mid is None or mid <= 0.0 or old.ask is None or old.bid is None else (old.ask - old.bid) / mid
    half = 0.5 * min(share, 1.0) * price
    return replace(old, bid=price - half, ask=price + half, last=None)


def _arrays(values: tuple[float | None, ...]) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], ...]:
    return tuple(np.array(value, dtype=np.float64) for value in values)
