"""Build small markets, books and states of one spike morning, each number stated where a test needs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from strategies.alvh.records import (
    Account,
    Bar,
    Book,
    Breadth,
    BreadthBar,
    Episode,
    Exposure,
    FuturePosition,
    FutureQuote,
    HedgeState,
    IndexQuote,
    Lot,
    MarketView,
    Memory,
    OptionLeg,
    Quote,
    Right,
    Sample,
    Session,
    Side,
    Smile,
    SmilePoint,
    Surface,
    SurfaceSource,
    Window,
    Working,
)
from strategies.alvh.records import Purpose as _Purpose

DAY = date(2018, 2, 5)
DAYS = (date(2018, 1, 29), date(2018, 1, 30), date(2018, 1, 31), date(2018, 2, 1), date(2018, 2, 2), DAY)
NEXT = date(2018, 2, 6)
OPEN = datetime(2018, 2, 5, 14, 30, tzinfo=UTC)
CLOSE = datetime(2018, 2, 5, 21, 0, tzinfo=UTC)
YESTERDAY_CLOSE = datetime(2018, 2, 2, 21, 0, tzinfo=UTC)
SETTLES = date(2018, 3, 7)
FAR_SETTLES = date(2018, 4, 4)
VX, VXM, VX_FAR, VXM_FAR = 11, 12, 21, 22
BAR = timedelta(minutes=5)


def at(minutes: float) -> datetime:
    """Return the instant this many minutes after the open."""
    return OPEN + timedelta(minutes=minutes)


def window_at(now: datetime) -> Window:
    if now <= OPEN + timedelta(minutes=90):
        return Window.OPENING
    return Window.CLOSING if now >= CLOSE - timedelta(minutes=60) else Window.GUARDIAN


def session(now: datetime, **changes: Any) -> Session:
    made = Session(
        day=DAY,
        opens_at=OPEN,
        closes_at=CLOSE,
        early_close=False,
        window=window_at(now),
        previous_close_at=YESTERDAY_CLOSE,
        next_day=NEXT,
        recent_days=DAYS,
    )
    return replace(made, **changes)


def bars(closes: Sequence[float], end: datetime) -> tuple[Bar, ...]:
    """Return bars with these closes, the last one ending at `end`."""
    first = end - BAR * (len(closes) - 1)
    return tuple(
        Bar(end=first + BAR * n, open=close, high=close, low=close, close=close) for n, close in enumerate(closes)
    )


def breadth_bars(levels: Sequence[float], end: datetime, issues: float = 3000.0) -> tuple[BreadthBar, ...]:
    first = end - BAR * (len(levels) - 1)
    return tuple(
        BreadthBar(end=first + BAR * n, advancers=issues * (1 + b) / 2, decliners=issues * (1 - b) / 2)
        for n, b in enumerate(levels)
    )


def market(mid: float, tick: float, *, size: float = 200.0, ticks: float = 2.0, age_s: float = 1.0) -> Quote:
    half = tick * ticks / 2
    return Quote(bid=mid - half, ask=mid + half, last=mid, bid_size=size, ask_size=size, age_s=age_s)


def future(
    con_id: int = VX,
    mid: float = 18.0,
    *,
    settles_on: date = SETTLES,
    dte: int = 30,
    settle: float | None = 16.0,
    closes: tuple[Bar, ...] = (),
    **changes: Any,
) -> FutureQuote:
    big = con_id in (VX, VX_FAR)
    tick = 0.05 if big else 0.01
    made = FutureQuote(
        con_id=con_id,
        trading_class="VX" if big else "VXM",
        multiplier=1000 if big else 100,
        tick=tick,
        settles_on=settles_on,
        dte=dte,
        business_days=max(1, dte * 5 // 7),
        quote=market(mid, tick),
        prior_settle=settle,
        bars=closes,
    )
    return replace(made, **changes)


def rising(count: int, base: float, last: Sequence[float]) -> list[float]:
    """Return a quiet series of `count` closes around `base` that ends with `last`."""
    quiet = [base + 0.02 * (1 if n % 2 else -1) for n in range(count - len(last))]
    return quiet + list(last)


def spike_view(
    minutes: float = 30.0, *, vx: float = 18.5, vix: float = 20.0, spx: float = 2700.0, **changes: Any
) -> MarketView:
    """Return a morning on which everything says spike: the gauge apart, which is the book's."""
    now = at(minutes)
    end = OPEN + BAR * int(minutes // 5)
    climb = (16.2, 16.4, 16.7, 17.1, 17.6, vx)
    made = MarketView(
        now=now,
        session=session(now),
        spx=IndexQuote(symbol="SPX", last=spx, age_s=1.0, prev_close=2762.0, open=2741.0),
        vix=IndexQuote(symbol="VIX", last=vix, age_s=5.0, prev_close=16.0, open=17.0),
        vix9d=IndexQuote(symbol="VIX9D", last=vix + 1.0, age_s=5.0, prev_close=15.0),
        vix3m=IndexQuote(symbol="VIX3M", last=vix - 1.0, age_s=5.0, prev_close=17.0),
        breadth=Breadth(advancers=450.0, decliners=2550.0, age_s=5.0, unchanged_s=5.0),
        futures=(
            future(VX, vx, closes=bars(rising(520, 16.0, climb), end)),
            future(VXM, vx, closes=bars(rising(520, 16.0, climb), end)),
            future(VX_FAR, vx - 1.0, settles_on=FAR_SETTLES, dte=58, settle=15.5),
            future(VXM_FAR, vx - 1.0, settles_on=FAR_SETTLES, dte=58, settle=15.5),
        ),
        chain=(),
        spx_bars=bars([2755.0, 2750.0, 2740.0, 2730.0, 2720.0, 2710.0, spx], end),
        vix_bars=bars(rising(60, 16.0, (16.5, 17.2, 18.0, 18.8, 19.5, vix)), end),
        breadth_bars=breadth_bars([-0.5, -0.55, -0.6, -0.62, -0.65, -0.68, -0.7], end),
        rate=0.015,
        hv20_pct=12.0,
        breadth_stdev=0.35,
    )
    return replace(made, **changes)


def leg(con_id: int, strike: float, right: Right, quantity: int, mid: float, **changes: Any) -> OptionLeg:
    made = OptionLeg(
        con_id=con_id,
        symbol="SPX",
        trading_class="SPXW",
        right=right,
        strike=strike,
        expires_on=date(2018, 3, 9),
        settles_at=datetime(2018, 3, 9, 21, 0, tzinfo=UTC),
        quantity=quantity,
        multiplier=100,
        quote=Quote(bid=mid * 0.97, ask=mid * 1.03, age_s=2.0),
        spread_median=0.05,
    )
    return replace(made, **changes)


def condor(count: int = 20) -> tuple[OptionLeg, ...]:
    return (
        leg(101, 2550.0, Right.PUT, count, 9.0),
        leg(102, 2600.0, Right.PUT, -count, 13.0),
        leg(103, 2850.0, Right.CALL, -count, 6.0),
        leg(104, 2900.0, Right.CALL, count, 2.0),
    )


def book(*lots: Lot, legs: tuple[OptionLeg, ...] | None = None, **changes: Any) -> Book:
    """Return the account that holds a condor and exactly the bot's lots."""
    held: dict[int, Lot] = {}
    for lot in lots:
        before = held.get(lot.con_id)
        held[lot.con_id] = replace(lot, quantity=lot.quantity + (before.quantity if before else 0))
    made = Book(
        legs=condor() if legs is None else legs,
        futures=tuple(position(lot.con_id, lot.quantity, lot.settles_on) for lot in held.values()),
        vix_options=(),
        others=(),
        account=Account(net_liquidation=500_000.0, excess_liquidity=300_000.0),
        complete=True,
        age_s=5.0,
    )
    return replace(made, **changes)


def position(con_id: int, quantity: int, settles_on: date = SETTLES) -> FuturePosition:
    big = con_id in (VX, VX_FAR)
    return FuturePosition(
        con_id=con_id,
        trading_class="VX" if big else "VXM",
        multiplier=1000 if big else 100,
        settles_on=settles_on,
        dte=(settles_on - DAY).days,
        quantity=quantity,
    )


def exposure(**changes: Any) -> Exposure:
    """Return a book of 20 condors whose short puts' vega is inflated by half."""
    made = Exposure(
        condors=20,
        legs=4,
        unknown_legs=0,
        vega_usd=-2600.0,
        vega30_usd=-2500.0,
        vega30_baseline_usd=-2600.0,
        side_vega30_usd=-4500.0,
        side_vega30_baseline_usd=-3000.0,
        inflation=0.50,
        iv_only=0.20,
        ceiling=0.70,
        short_dated_share=0.0,
        vega_delta_usd=1300.0,
        delta_usd=500.0,
        gamma_usd=-100.0,
        theta_usd=900.0,
    )
    return replace(made, **changes)


def surface(source: SurfaceSource = SurfaceSource.STORED, **changes: Any) -> Surface:
    smile = Smile(
        settles_at=datetime(2018, 3, 9, 21, 0, tzinfo=UTC),
        forward=2762.0,
        rate=0.015,
        years=35 / 365,
        points=(SmilePoint(x=-0.1, sigma=0.20), SmilePoint(x=0.0, sigma=0.15), SmilePoint(x=0.1, sigma=0.12)),
    )
    made = Surface(
        taken_at=YESTERDAY_CLOSE - timedelta(minutes=1), session_day=DAYS[-2], source=source, smiles=(smile,)
    )
    return replace(made, **changes)


def sample(end: datetime, **changes: Any) -> Sample:
    made = Sample(
        end=end,
        inflation=0.5,
        armable=True,
        retraced=None,
        term_inverted=None,
        vix_implied=20.0,
        breadth_divergent=True,
        macd_hist=0.1,
    )
    return replace(made, **changes)


def memory(**changes: Any) -> Memory:
    """Return the memory of a session under way with its baseline."""
    return replace(Memory(baseline=surface(), session_on=DAY, round_trips_on=DAY), **changes)


def episode(**changes: Any) -> Episode:
    """Return a spike of this morning, followed on VX, whose first tranche is bought."""
    made = Episode(
        id="20180205T1450",
        armed_at=at(20),
        armed_on=DAY,
        baseline=surface(),
        con_id=VX,
        base=16.0,
        peak=18.5,
        target_minis=8,
        tranches_proposed=1,
        stages_done=0,
        selling=False,
        was_inverted=False,
        peak_position_minis=6,
        first_fill_on=DAY,
    )
    return replace(made, **changes)


def lot(con_id: int = VXM, quantity: int = 3, *, tranche: int = 1, price: float = 18.0, **changes: Any) -> Lot:
    big = con_id in (VX, VX_FAR)
    made = Lot(
        con_id=con_id,
        trading_class="VX" if big else "VXM",
        multiplier=1000 if big else 100,
        settles_on=FAR_SETTLES if con_id in (VX_FAR, VXM_FAR) else SETTLES,
        tranche=tranche,
        quantity=quantity,
        price=price,
        bought_at=at(20),
        bought_on=DAY,
    )
    return replace(made, **changes)


def order(con_id: int = VXM, side: Side = Side.BUY, remaining: int = 2, **changes: Any) -> Working:
    made = Working(
        ref=f"ref-{con_id}-{side}",
        con_id=con_id,
        side=side,
        purpose=_Purpose.TRANCHE if side is Side.BUY else _Purpose.STAGE,
        tranche=1,
        stage=None,
        remaining=remaining,
        multiplier=1000 if con_id in (VX, VX_FAR) else 100,
        sent_at=at(20),
    )
    return replace(made, **changes)


def state(*lots: Lot, **changes: Any) -> HedgeState:
    return replace(HedgeState(memory=memory(), lots=lots), **changes)
