"""Fill in a market that is told in a few numbers, and list every number that was assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot import session as calendar
from bot.errors import UsageProblem
from bot.whatif.bars import Macd
from bot.whatif.book_file import BookFile
from strategies.alvh.policy import Policy
from strategies.alvh.records import Session
from strategies.alvh.sizing import beta

# Medians of daily closes 2011-2021.
VIX9D_OVER_VIX, VIX3M_OVER_VIX, HV20_OVER_VIX = 0.94, 1.13, 0.73
# Points of each index per point of VIX (docs/method.md, section 2.2).
VIX9D_PER_VIX, VIX3M_PER_VIX = 1.52, 0.64
EXCESS_OF_WORTH = 0.6
LISTED_DAYS = 300
FEWEST_VOLATILITY = 5.0  # an index never falls lower than this by assumption


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Hold what the command line says; `None` and an empty tuple mean that it does not say."""

    day: date | None = None
    at: time | None = None
    spx: float | None = None
    vix: float | None = None
    vix9d: float | None = None
    vix3m: float | None = None
    vx: tuple[float, ...] = ()
    spx_prev: float | None = None
    vix_prev: float | None = None
    vix9d_prev: float | None = None
    vix3m_prev: float | None = None
    vx_prev: tuple[float, ...] = ()
    hv20: float | None = None
    breadth: float | None = None
    rsi: float | None = None
    macd: Macd | None = None
    persisted: bool = True
    baseline: str = "stored"
    peak: float | None = None
    net_liquidation: float | None = None
    excess_liquidity: float | None = None
    rate: float = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """Hold one listed VX month: settlement day, prior settlement and price now, in points."""

    settles_on: date
    dte: int
    prior: float
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Indices:
    """Hold the indices at one instant, in points."""

    spx: float
    vix: float
    vix9d: float
    vix3m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Hold a market told in full: session and instant, closes before, values now, VX months, and what was assumed."""

    now: datetime
    session: Session
    before: Indices
    after: Indices
    hv20_pct: float
    months: tuple[Month, ...]
    breadth: float
    rsi: float
    macd: Macd
    net_liquidation: float | None
    excess_liquidity: float | None
    cash: float | None
    assumed: tuple[str, ...]


def tell(book: BookFile, given: Given, policy: Policy) -> Told:
    """Return the market in full; raises `UsageProblem` naming the flag or the key that is missing."""
    assumed: list[str] = []
    session, now = _instant(book, given, assumed)
    before = _before(book, given, assumed)
    after = _after(before, given, policy, assumed)
    hv20 = given.hv20 or book.prior.hv20
    if hv20 is None:
        hv20 = round(HV20_OVER_VIX * before.vix, 2)
        assumed.append(f"20-day volatility of SPX {hv20:.1f}% (0.73 of the VIX before)")
    worth = given.net_liquidation or book.account.net_liquidation
    excess = given.excess_liquidity or book.account.excess_liquidity
    if excess is None and worth is not None:
        excess = EXCESS_OF_WORTH * worth
        assumed.append(f"excess liquidity ${excess:,.0f} (0.6 of net liquidation; --excess)")
    if any(leg.price is None for leg in book.legs()):
        assumed.append("the condors were opened at the prices of the session before (credit = ..., or price = ...)")
    months = _months(book, given, session.day, after.vix - before.vix, policy, assumed)
    return Told(
        now=now,
        session=session,
        before=before,
        after=after,
        hv20_pct=hv20,
        months=months,
        breadth=_or(given.breadth, 0.0, "breadth 0.00: neither side leads (--breadth)", assumed),
        rsi=_or(given.rsi, 50.0, "RSI of VIX 50: neither rising nor falling (--rsi)", assumed),
        macd=given.macd or Macd.FLAT,
        net_liquidation=worth,
        excess_liquidity=excess,
        cash=worth if book.account.cash is None else book.account.cash,
        assumed=(*assumed, *_of_the_bars(given)),
    )


def _of_the_bars(given: Given) -> tuple[str, ...]:
    """Return what the made-up bars say beside the numbers that were given."""
    stood = (
        "the last two closed bars stood where the market stands now (--no-persisted: they did not)"
        if given.persisted
        else "the last two closed bars did not stand like this (--no-persisted)"
    )
    macd = () if given.macd else ("MACD of VX is flat (--macd)",)
    jump = () if given.rsi is None else (f"RSI of VIX went to {given.rsi:g} in the last bar, from about 50 before it",)
    return (*macd, *jump, stood)


def traded(months: Sequence[tuple[date, int]], policy: Policy) -> int | None:
    """Return the place of the month that the bot would trade: the nearest with the allowed days to settlement."""
    rules = policy.contract
    return next((place for place, (_, dte) in enumerate(months) if rules.min_dte <= dte <= rules.max_dte), None)


def _or(value: float | None, otherwise: float, words: str, assumed: list[str]) -> float:
    if value is not None:
        return value
    assumed.append(words)
    return otherwise


def _instant(book: BookFile, given: Given, assumed: list[str]) -> tuple[Session, datetime]:
    day = given.day or book.day
    if day is None:
        raise UsageProblem("which session? give --day 2026-03-17, or put day = 2026-03-17 at the top of the file")
    if given.at is None:
        assumed.append("15:10 New York time (--at)")
    clock = given.at or time(15, 10)
    now = datetime.combine(day, clock, calendar.NEW_YORK).astimezone(UTC)
    session = calendar.session_at(now)
    if session is None:
        hours = calendar.hours_on(day)
        when = (
            "which is no trading day"
            if hours is None
            else f"and the session runs from {hours.opens_at.astimezone(calendar.NEW_YORK):%H:%M} "
            f"to {hours.closes_at.astimezone(calendar.NEW_YORK):%H:%M}"
        )
        raise UsageProblem(f"the market is asked about at {clock:%H:%M} on {day}, {when}: choose --day and --at inside")
    return session, now


def _needed(name: str, value: float | None) -> float:
    if value is None:
        raise UsageProblem(
            f"the previous close of {name.upper()} is missing: give --{name}-prev, or {name} = ... under [prior]"
        )
    return value


def _before(book: BookFile, given: Given, assumed: list[str]) -> Indices:
    prior = book.prior
    spx = _needed("spx", given.spx_prev or prior.spx)
    vix = _needed("vix", given.vix_prev or prior.vix)
    near, far = round(VIX9D_OVER_VIX * vix, 2), round(VIX3M_OVER_VIX * vix, 2)
    vix9d, vix3m = given.vix9d_prev or prior.vix9d, given.vix3m_prev or prior.vix3m
    return Indices(
        spx=spx,
        vix=vix,
        vix9d=_or(vix9d, near, f"VIX9D closed at {near:.2f} before (0.94 of VIX)", assumed),
        vix3m=_or(vix3m, far, f"VIX3M closed at {far:.2f} before (1.13 of VIX)", assumed),
    )


def _after(before: Indices, given: Given, policy: Policy, assumed: list[str]) -> Indices:
    if given.vix is None:
        raise UsageProblem("which VIX? give --vix 30, the value to ask about")
    move = given.vix - before.vix
    share = policy.sizing.scenario_spx_pct_per_vix / 100.0
    spx = round(before.spx * max(0.01, 1.0 + share * move), 2)
    near = round(max(FEWEST_VOLATILITY, before.vix9d + VIX9D_PER_VIX * move), 2)
    far = round(max(FEWEST_VOLATILITY, before.vix3m + VIX3M_PER_VIX * move), 2)
    return Indices(
        spx=_or(given.spx, spx, f"SPX at {spx:,.0f} ({100.0 * share:+.2f}% for each point of VIX; --spx)", assumed),
        vix=given.vix,
        vix9d=_or(given.vix9d, near, f"VIX9D at {near:.2f} (1.52 points for each point of VIX; --vix9d)", assumed),
        vix3m=_or(given.vix3m, far, f"VIX3M at {far:.2f} (0.64 points for each point of VIX; --vix3m)", assumed),
    )


def _months(
    book: BookFile, given: Given, day: date, move: float, policy: Policy, assumed: list[str]
) -> tuple[Month, ...]:
    prior = given.vx_prev or book.prior.vx
    if not prior:
        raise UsageProblem(
            "the settlements of VX before are missing: give --vx-prev 18.1,19.0 (nearest listed month first), or "
            "vx = [18.1, 19.0] under [prior] of the file"
        )
    listed = calendar.vx_settlement_days(day + timedelta(days=1), day + timedelta(days=LISTED_DAYS))[: len(prior)]
    if len(listed) < len(prior):
        raise UsageProblem(f"{len(prior)} VX settlements were given: give at most {len(listed)}, nearest month first")
    days = [(settles_on, (settles_on - day).days) for settles_on in listed]
    place = traded(days, policy)
    if place is None:
        raise UsageProblem(
            f"of the VX months given ({', '.join(f'{d:%b%y}' for d in listed)}) none has {policy.contract.min_dte} to "
            f"{policy.contract.max_dte} days left: give the settlements of more months"
        )
    prices = _prices(given.vx, prior, [dte for _, dte in days], place, move, policy, assumed)
    return tuple(
        Month(settles_on=settles_on, dte=dte, prior=before, price=price)
        for (settles_on, dte), before, price in zip(days, prior, prices, strict=True)
    )


def _prices(
    vx: tuple[float, ...],
    prior: tuple[float, ...],
    days: list[int],
    place: int,
    move: float,
    policy: Policy,
    assumed: list[str],
) -> tuple[float, ...]:
    """Return every month's price: as given, or moved by its beta as the traded month or VIX moved."""
    if len(vx) == len(prior):
        return vx
    if len(vx) > 1:
        raise UsageProblem(
            f"--vx has {len(vx)} prices: give one, of the month the bot trades, or {len(prior)}, one for each month"
        )
    betas = [beta(dte, policy.sizing) for dte in days]
    if vx:
        move = (vx[0] - prior[place]) / betas[place]
        words = "the other VX months moved by their beta with it (--vx takes one price for each month)"
    else:
        words = "every VX month moved by its beta times the move of VIX (--vx)"
    assumed.append(words)
    made = [round(max(FEWEST_VOLATILITY, before + b * move), 2) for before, b in zip(prior, betas, strict=True)]
    if vx:
        made[place] = vx[0]
    return tuple(made)
