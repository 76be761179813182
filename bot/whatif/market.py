"""Build the records of one wake-up from a told market and a book file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from bot import session as calendar
from bot.errors import UsageProblem
from bot.whatif.bars import last_closed, steady, steady_breadth, with_macd, with_rsi
from bot.whatif.begun import Begun, begun
from bot.whatif.book_file import BookFile, HedgeRow
from bot.whatif.options import AGE_S, Market, held_legs, pairs, surface
from bot.whatif.told import Given, Told
from strategies.alvh.holdings import owned
from strategies.alvh.indicators import BAR, macd
from strategies.alvh.policy import Policy
from strategies.alvh.records import (
    Account,
    Book,
    Breadth,
    Episode,
    FuturePosition,
    FutureQuote,
    HedgeState,
    IndexQuote,
    Lot,
    MarketView,
    Memory,
    OptionLeg,
    Phase,
    Quote,
    Sample,
    Surface,
)
from strategies.alvh.sizing import vix_implied
from strategies.alvh.stages import retraced

FIRST_FUTURE = 9000
DEPTH = 200.0  # contracts on each side of VX and VXM
IMPLIED_FALL = 0.5  # points that the implied VIX was higher one bar ago, when VX stands below its peak
PHASES = {1: Phase.T1, 2: Phase.T2, 3: Phase.T3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """Hold what the core is given at one wake-up."""

    view: MarketView
    book: Book
    state: HedgeState


def wake(file: BookFile, told: Told, given: Given, policy: Policy) -> Wake:
    """Return the wake-up of a told market; raises `UsageProblem` for positions that cannot exist on that day."""
    market = Market(now=told.now, indices=told.after, rate=given.rate)
    close = Market(now=told.session.previous_close_at, indices=told.before, rate=given.rate)
    legs = held_legs(file.legs(), market, close)
    futures = _futures(told, policy)
    since = begun(file, legs, told, given)
    lots = tuple(_lot(row, futures, told, since) for row in file.hedge)
    baseline = None  # the bot models one itself
    if legs and given.baseline == "stored":
        baseline = surface(legs, close, told.session.recent_days[-2])
    episode = _episode(file, lots, futures, baseline, given, since)
    memory = Memory(
        baseline=baseline,
        session_on=told.session.day,
        round_trips_on=told.session.day,
        known_legs=tuple(leg.con_id for leg in legs),
        episode=episode,
        phase=PHASES.get(max((lot.tranche for lot in lots), default=0), Phase.WATCH),
        samples=_samples(told, given, futures, episode, policy),
    )
    book = Book(
        legs=legs,
        futures=_positions(lots, told.session.day),
        vix_options=(),
        others=(),
        account=Account(net_liquidation=told.net_liquidation, excess_liquidity=told.excess_liquidity, cash=told.cash),
        complete=True,
        age_s=AGE_S,
    )
    return Wake(
        view=_view(told, futures, legs, market, policy),
        book=book,
        state=HedgeState(memory=memory, lots=lots, last_fill_at=since.filled_at if lots else None),
    )


def _view(
    told: Told, futures: tuple[FutureQuote, ...], legs: tuple[OptionLeg, ...], market: Market, policy: Policy
) -> MarketView:
    before, after, end = told.before, told.after, last_closed(told.now, told.session.opens_at)

    def index(name: str, last: float, close: float) -> IndexQuote:
        return IndexQuote(symbol=name, last=last, age_s=AGE_S, prev_close=close)

    breadth = steady_breadth(told.breadth, end)
    return MarketView(
        now=told.now,
        session=told.session,
        spx=index("SPX", after.spx, before.spx),
        vix=index("VIX", after.vix, before.vix),
        vix9d=index("VIX9D", after.vix9d, before.vix9d),
        vix3m=index("VIX3M", after.vix3m, before.vix3m),
        breadth=Breadth(
            advancers=breadth[-1].advancers, decliners=breadth[-1].decliners, age_s=AGE_S, unchanged_s=AGE_S
        ),
        futures=futures,
        chain=pairs(legs, market),
        spx_bars=steady(after.spx, end),
        vix_bars=with_rsi(after.vix, told.rsi, policy.signals.rsi_length, end),
        breadth_bars=breadth,
        rate=market.rate,
        hv20_pct=told.hv20_pct,
    )


def _futures(told: Told, policy: Policy) -> tuple[FutureQuote, ...]:
    """Return VX and VXM of every month told, one tick wide and deep."""
    end, found = last_closed(told.now, told.session.opens_at), []
    for place, month in enumerate(told.months):
        bars = with_macd(month.price, told.macd, policy.signals.min_bars, end)
        for name, multiplier, tick in (("VX", 1000, 0.05), ("VXM", 100, 0.01)):
            half = 0.5 * tick
            found.append(
                FutureQuote(
                    con_id=FIRST_FUTURE + 10 * place + (name == "VXM"),
                    trading_class=name,
                    multiplier=multiplier,
                    tick=tick,
                    settles_on=month.settles_on,
                    dte=month.dte,
                    business_days=calendar.business_days_between(told.session.day, month.settles_on),
                    quote=Quote(
                        bid=month.price - half,
                        ask=month.price + half,
                        last=month.price,
                        bid_size=DEPTH,
                        ask_size=DEPTH,
                        age_s=AGE_S,
                    ),
                    prior_settle=month.prior,
                    bars=bars,
                )
            )
    return tuple(found)


def _lot(row: HedgeRow, futures: tuple[FutureQuote, ...], told: Told, since: Begun) -> Lot:
    here = [future for future in futures if future.settles_on == row.settles]
    future = next((future for future in here if future.trading_class == row.trading_class), None)
    if future is None:
        listed = ", ".join(str(month.settles_on) for month in told.months)
        raise UsageProblem(f"the hedge settles on {row.settles}, and the VX months given settle on {listed}: mend one")
    return Lot(
        con_id=future.con_id,
        trading_class=future.trading_class,
        multiplier=future.multiplier,
        settles_on=future.settles_on,
        tranche=row.tranche,
        quantity=row.quantity,
        price=row.price,
        bought_at=since.filled_at,
        bought_on=since.day,
    )


def _positions(lots: tuple[Lot, ...], day: date) -> tuple[FuturePosition, ...]:
    held: dict[int, FuturePosition] = {}
    for lot in lots:
        before = held[lot.con_id].quantity if lot.con_id in held else 0
        held[lot.con_id] = FuturePosition(
            con_id=lot.con_id,
            trading_class=lot.trading_class,
            multiplier=lot.multiplier,
            settles_on=lot.settles_on,
            dte=(lot.settles_on - day).days,
            quantity=before + lot.quantity,
        )
    return tuple(held.values())


def _episode(
    file: BookFile,
    lots: tuple[Lot, ...],
    futures: tuple[FutureQuote, ...],
    baseline: Surface | None,
    given: Given,
    since: Begun,
) -> Episode | None:
    """Return the spike that the held lots belong to: begun today at the settlement before, unless the file says."""
    if not lots or baseline is None:
        return None
    month = min(lot.settles_on for lot in lots)
    front = next(future for future in futures if future.settles_on == month)
    price, held = front.quote.mid or 0.0, owned(lots)
    peak = given.peak or file.spike.peak or max(lot.price for lot in lots)
    return Episode(
        id=f"{since.filled_at:%Y%m%dT%H%M}",
        armed_at=since.filled_at,
        armed_on=since.day,
        baseline=since.frozen or baseline,
        con_id=front.con_id,
        base=file.spike.base or front.prior_settle or price,
        peak=max(peak, price),
        target_minis=max(held, file.spike.target or 0),
        tranches_proposed=max(lot.tranche for lot in lots),
        stages_done=0,
        selling=False,
        was_inverted=file.spike.inverted,
        peak_position_minis=held,
        first_fill_on=since.day,
        tranche_goal_minis=held,
    )


def _samples(
    told: Told, given: Given, futures: tuple[FutureQuote, ...], episode: Episode | None, policy: Policy
) -> tuple[Sample, ...]:
    """Return the last two closed bars: the market stood there as it stands now, or did not."""
    end = last_closed(told.now, told.session.opens_at)
    front = next((future for future in futures if episode is not None and future.con_id == episode.con_id), None)
    share = implied = histogram = None
    if episode is not None and front is not None:
        price, settle = front.quote.mid or 0.0, front.prior_settle or 0.0
        share = retraced(price, episode.base, episode.peak, policy.unwind) if given.persisted else None
        implied = vix_implied(told.before.vix, price, settle, front.dte, policy.sizing)
        rules = policy.signals
        found = macd(front.bars, rules.macd_fast, rules.macd_slow, rules.macd_signal)
        histogram = None if found is None else found.histogram[-1]
    months = sorted(told.months, key=lambda month: month.settles_on)[:2]
    inverted = months[0].price > months[1].price if len(months) > 1 else None
    fall = IMPLIED_FALL if share is not None and share > 0.0 else 0.0
    return tuple(
        Sample(
            end=instant,
            inflation=None,
            armable=given.persisted,
            retraced=share,
            term_inverted=inverted,
            vix_implied=None if implied is None else implied + above,
            breadth_divergent=False,
            macd_hist=histogram,
        )
        for instant, above in ((end - BAR, fall), (end, 0.0))
        if instant > told.session.opens_at
    )
