from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from typing import Any

from builders import (
    DAY,
    NEXT,
    OPEN,
    SETTLES,
    VX,
    VX_FAR,
    VXM,
    VXM_FAR,
    at,
    bars,
    book,
    condor,
    exposure,
    lot,
    memory,
    order,
    position,
    sample,
    session,
    spike_view,
    surface,
)
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from strategies.alvh.decide import decide
from strategies.alvh.holdings import owned, sellable
from strategies.alvh.judge import judge
from strategies.alvh.policy import CapPolicy, Policy
from strategies.alvh.records import (
    Account,
    Book,
    Decision,
    Episode,
    Exposure,
    FutureQuote,
    HedgeState,
    IndexQuote,
    MarketView,
    Memory,
    Phase,
    Purpose,
    Quote,
    Side,
    SurfaceSource,
    Window,
)

POLICY = Policy()
CONTRACTS = (VX, VXM, VX_FAR, VXM_FAR)
OPENING = frozenset({Purpose.TRANCHE, Purpose.ROLL_BUY})

anything = st.one_of(
    st.none(),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, -1.0, 5e-324, 1e-300, 1e300]),
    st.floats(min_value=1.0, max_value=90.0),
)
age = st.one_of(st.sampled_from([1.0, 5.0, 9.0]), st.none(), st.floats(allow_nan=True))
small = st.integers(min_value=0, max_value=12)


@st.composite
def quotes(draw: st.DrawFn) -> Quote:
    if draw(st.booleans()):
        mid = draw(st.floats(min_value=8.0, max_value=80.0))
        half = draw(st.sampled_from([0.01, 0.05, 0.10, 0.50]))
        size = draw(st.floats(min_value=0.0, max_value=300.0))
        return Quote(bid=mid - half, ask=mid + half, bid_size=size, ask_size=size, age_s=draw(age))
    return Quote(
        bid=draw(anything),
        ask=draw(anything),
        bid_size=draw(anything),
        ask_size=draw(anything),
        age_s=draw(age),
        delayed=draw(st.booleans()),
        halted=draw(st.booleans()),
    )


@st.composite
def months(draw: st.DrawFn) -> tuple[FutureQuote, ...]:
    known = spike_view().futures
    found = []
    for item in known:
        if draw(st.integers(0, 9)) == 0:
            continue
        good = draw(st.booleans())
        found.append(
            replace(
                item,
                quote=item.quote if good else draw(quotes()),
                prior_settle=item.prior_settle if good else draw(anything),
                tick=item.tick if good else draw(st.sampled_from([item.tick, 0.0, float("nan")])),
                dte=draw(st.sampled_from([item.dte, item.dte, 0, 1, 7, 12, 50, -3])),
                business_days=draw(st.sampled_from([item.business_days, 0, 1, 5])),
                bars=item.bars if draw(st.booleans()) else bars([18.0, float("nan"), 0.0], at(30)),
                quick_ratio_median=draw(anything),
            )
        )
    return tuple(found)


def index(symbol: str, good: IndexQuote) -> st.SearchStrategy[IndexQuote]:
    wild = st.builds(IndexQuote, symbol=st.just(symbol), last=anything, age_s=age, prev_close=anything, open=anything)
    return st.one_of(st.just(good), wild)


@st.composite
def views(draw: st.DrawFn) -> MarketView:
    if draw(st.booleans()):
        return spike_view(
            draw(st.sampled_from([30, 40, 85, 340, 374, 380])), vx=draw(st.sampled_from([17.0, 18.5, 24.0]))
        )
    minute = draw(st.integers(min_value=-5, max_value=395))
    view = spike_view(minute, vx=draw(st.floats(min_value=9.0, max_value=60.0)))
    return replace(
        view,
        session=session(
            view.now,
            window=draw(st.sampled_from(list(Window))),
            day=draw(st.sampled_from([DAY, DAY, DAY, NEXT])),
            next_day=draw(st.sampled_from([NEXT, SETTLES])),
        ),
        spx=draw(index("SPX", view.spx)),
        vix=draw(index("VIX", view.vix)),
        vix9d=draw(index("VIX9D", view.vix9d)),
        vix3m=draw(index("VIX3M", view.vix3m)),
        futures=draw(st.one_of(st.just(view.futures), months())),
        spx_bars=draw(st.sampled_from([view.spx_bars, (), view.vix_bars])),
        vix_bars=draw(st.sampled_from([view.vix_bars, (), bars([float("inf")] * 40, view.now)])),
        breadth_bars=draw(st.sampled_from([view.breadth_bars, ()])),
        hv20_pct=draw(st.one_of(st.just(12.0), anything)),
        breadth_stdev=draw(anything),
        feed_ok=draw(st.sampled_from([True, True, True, False])),
        hours_agree=draw(st.sampled_from([True, True, True, False])),
    )


@st.composite
def exposures(draw: st.DrawFn) -> Exposure:
    if draw(st.booleans()):
        return exposure()
    made = exposure(condors=draw(st.sampled_from([20, 20, 20, 0])), unknown_legs=draw(st.sampled_from([0, 0, 0, 1])))
    changed: dict[str, Any] = {}
    for name in ("inflation", "vega30_usd", "vega_delta_usd", "iv_only", "side_vega30_baseline_usd", "ceiling"):
        if draw(st.integers(0, 4)) == 0:
            changed[name] = draw(anything)
    return replace(made, **changed)


@st.composite
def books(draw: st.DrawFn) -> tuple[Book, HedgeState]:
    if draw(st.booleans()):
        return draw(ordinary())
    lots = tuple(
        lot(
            draw(st.sampled_from(CONTRACTS)),
            draw(st.integers(1, 6)),
            tranche=draw(st.integers(1, 3)),
            price=draw(st.floats(min_value=9.0, max_value=60.0)),
            settles_on=SETTLES,
        )
        for _ in range(draw(st.integers(0, 3)))
    )
    lots = tuple(replace(item, settles_on=lot(item.con_id).settles_on) for item in lots)
    known = HedgeState(
        memory=draw(memories()),
        lots=lots,
        working=tuple(
            order(
                draw(st.sampled_from(CONTRACTS)),
                draw(st.sampled_from(list(Side))),
                draw(small),
                unknown=draw(st.booleans()),
            )
            for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2])))
        ),
        last_fill_at=draw(st.sampled_from([None, at(0), at(29)])),
        locked=draw(st.sampled_from([(), (), ("positions differ",)])),
    )
    held = book(
        *lots,
        legs=draw(st.sampled_from([condor(), condor(), ()])),
        complete=draw(st.sampled_from([True, True, True, False])),
        age_s=draw(st.sampled_from([5.0, 5.0, 500.0])),
        account=draw(st.sampled_from([Account(), Account(net_liquidation=5e5, excess_liquidity=3e5)])),
    )
    if draw(st.integers(0, 4)) == 0:
        held = replace(held, futures=tuple(position(con_id, draw(st.integers(-3, 5))) for con_id in CONTRACTS))
    return held, known


@st.composite
def ordinary(draw: st.DrawFn) -> tuple[Book, HedgeState]:
    """Return a state that the bot itself could have reached: nothing held and calm bars, or a first tranche held."""
    calm = memory(samples=(sample(at(20)), sample(at(25))))
    if draw(st.booleans()):
        return book(), HedgeState(memory=calm)
    held = lot(
        draw(st.sampled_from([VX, VXM])), draw(st.integers(1, 2)), price=draw(st.sampled_from([16.5, 18.0, 21.0]))
    )
    followed = replace(
        draw(episodes()),
        con_id=VX,
        tranches_proposed=1,
        tranche_goal_minis=1,
        selling=False,
        buying_over=False,
        roll_from=None,
        first_fill_on=DAY,
    )
    known = HedgeState(memory=replace(calm, episode=followed, phase=Phase.T1), lots=(held,), last_fill_at=at(5))
    return book(held), known


@st.composite
def memories(draw: st.DrawFn) -> Memory:
    followed = draw(st.one_of(st.none(), episodes()))
    ends = [OPEN + timedelta(minutes=5 * n) for n in range(draw(st.integers(0, 12)))]
    return memory(
        episode=followed,
        phase=draw(st.sampled_from(list(Phase))),
        baseline=draw(st.sampled_from([surface(), None, surface(SurfaceSource.MODELLED)])),
        samples=tuple(sample(end, retraced=draw(anything), vix_implied=draw(anything)) for end in ends),
        cooldown_until=draw(st.sampled_from([None, at(60)])),
        round_trips=draw(st.sampled_from([0, 1, 2])),
    )


@st.composite
def episodes(draw: st.DrawFn) -> Episode:
    return Episode(
        id="E",
        armed_at=at(0),
        armed_on=DAY,
        baseline=surface(),
        con_id=draw(st.sampled_from(CONTRACTS)),
        base=draw(st.floats(min_value=9.0, max_value=30.0)),
        peak=draw(st.floats(min_value=9.0, max_value=60.0)),
        target_minis=draw(st.integers(0, 60)),
        tranches_proposed=draw(st.integers(0, 3)),
        stages_done=draw(st.integers(0, 3)),
        selling=draw(st.booleans()),
        was_inverted=draw(st.booleans()),
        peak_position_minis=draw(st.integers(0, 60)),
        first_fill_on=draw(st.sampled_from([None, DAY])),
        tranche_goal_minis=draw(st.integers(0, 30)),
        buying_over=draw(st.booleans()),
        roll_from=draw(st.sampled_from([None, None, SETTLES])),
        roll_minis=draw(st.integers(0, 30)),
    )


caps = st.builds(CapPolicy, max_position_minis=st.integers(0, 40), max_order_minis=st.integers(10, 40))
many = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def judged(view: MarketView, pair: tuple[Book, HedgeState], valued: Exposure, policy: Policy = POLICY) -> Decision:
    held, known = pair
    return judge(view, held, known, policy, memory=known.memory, exposure=valued)


def contracts(decision: Decision, side: Side) -> dict[int, int]:
    found: dict[int, int] = {}
    for proposal in decision.proposals:
        if proposal.side is side:
            found[proposal.con_id] = found.get(proposal.con_id, 0) + proposal.quantity
    return found


def minis(decision: Decision, side: Side) -> int:
    return sum(p.quantity * p.multiplier // 100 for p in decision.proposals if p.side is side)


@many
@given(views(), books())
def test_no_market_input_raises(view: MarketView, pair: tuple[Book, HedgeState]) -> None:
    decision = decide(view, *pair, POLICY)
    assert decision.checks
    assert decision.summary


@many
@given(views(), books(), exposures())
def test_a_decision_depends_on_nothing_but_its_inputs(
    view: MarketView, pair: tuple[Book, HedgeState], valued: Exposure
) -> None:
    assert repr(judged(view, pair, valued)) == repr(judged(view, pair, valued))


@many
@given(views(), books(), exposures())
def test_no_sale_exceeds_the_lots_or_the_account(
    view: MarketView, pair: tuple[Book, HedgeState], valued: Exposure
) -> None:
    held, known = pair
    for con_id, quantity in contracts(judged(view, pair, valued), Side.SELL).items():
        assert 0 < quantity <= sellable(held, known, con_id)
        assert quantity <= sum(item.quantity for item in known.lots if item.con_id == con_id)
        assert quantity <= sum(item.quantity for item in held.futures if item.con_id == con_id)


@many
@given(views(), books(), exposures(), caps)
def test_purchases_stay_within_the_caps(
    view: MarketView, pair: tuple[Book, HedgeState], valued: Exposure, cap: CapPolicy
) -> None:
    decision = judged(view, pair, valued, Policy(caps=cap))
    bought = minis(decision, Side.BUY)
    if bought:
        assert owned(pair[1].lots) + bought <= cap.max_position_minis
    for proposal in decision.proposals:
        assert 0 < proposal.quantity * proposal.multiplier // 100 <= cap.max_order_minis


@many
@given(views(), books(), exposures())
def test_nothing_opens_against_data_clock_or_phase(
    view: MarketView, pair: tuple[Book, HedgeState], valued: Exposure
) -> None:
    decision = judged(view, pair, valued)
    buys = [proposal for proposal in decision.proposals if proposal.side is Side.BUY]
    event(f"orders: {sorted({str(proposal.purpose) for proposal in decision.proposals})}")
    assert {proposal.purpose for proposal in buys} <= OPENING
    if not buys:
        return
    assert all(check.passed for check in decision.checks if check.name.startswith("data: "))
    assert view.session.window is not Window.GUARDIAN
    assert decision.memory.episode is not None
    assert not decision.memory.episode.selling
    assert valued.condors > 0
    assert not pair[1].locked
    if any(proposal.purpose is Purpose.TRANCHE for proposal in buys):
        assert all(
            check.passed for check in decision.checks if check.name.startswith(("filter: V", "filter: c", "tranche: "))
        )
        assert not any(item.remaining for item in pair[1].working)


@many
@given(views(), books(), exposures())
def test_without_condors_everything_goes(view: MarketView, pair: tuple[Book, HedgeState], valued: Exposure) -> None:
    held = replace(pair[0], complete=True, age_s=5.0)
    known = replace(pair[1], working=())
    decision = judged(view, (held, known), replace(valued, condors=0), Policy(caps=CapPolicy(max_order_minis=500)))
    assert contracts(decision, Side.BUY) == {}
    wanted = {item.con_id: sellable(held, known, item.con_id) for item in known.lots}
    assert contracts(decision, Side.SELL) == {con_id: count for con_id, count in wanted.items() if count}


@many
@given(views(), books(), exposures())
def test_one_order_per_contract_and_one_key_per_order(
    view: MarketView, pair: tuple[Book, HedgeState], valued: Exposure
) -> None:
    decision = judged(view, pair, valued)
    ids = [proposal.con_id for proposal in decision.proposals]
    assert len(set(ids)) == len(ids)
    assert len({proposal.key for proposal in decision.proposals}) == len(ids)
    assert not set(ids) & {item.con_id for item in pair[1].working if item.remaining}


def numbers(value: object) -> Iterator[float]:
    """Yield every float in nested records and tuples."""
    if isinstance(value, float):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from numbers(item)
    elif is_dataclass(value):
        for item in fields(value):
            yield from numbers(getattr(value, item.name))


@many
@given(views(), books(), exposures())
def test_the_journal_can_write_every_number(view: MarketView, pair: tuple[Book, HedgeState], valued: Exposure) -> None:
    held, known = pair
    tidy = replace(known, memory=replace(known.memory, samples=()))
    decision = judge(view, held, tidy, POLICY, memory=tidy.memory, exposure=valued)
    assert all(
        math.isfinite(value) for value in numbers((decision.checks, decision.memory, decision.hedge_usd_per_point))
    )


@many
@given(views(), books(), exposures())
def test_memory_is_made_of_what_the_journal_can_keep(
    view: MarketView, pair: tuple[Book, HedgeState], valued: Exposure
) -> None:
    left = judged(view, pair, valued).memory
    assert len(left.samples) <= 12
    rebuilt = Memory(**{item.name: getattr(left, item.name) for item in fields(left)})
    assert repr(rebuilt) == repr(left)
    assert hash(left.phase) is not None
