"""What holds whatever clients and markets do."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.gateway.records import FillReport, OrderReport

ACCOUNT = "DU1234567"
VX_FEB, VX_MAR = 101, 102
TICKS = st.integers(380, 420)  # prices in ticks of 0.05: 19.00 to 21.00

placing = st.tuples(
    st.just("place"), st.sampled_from(["BUY", "SELL"]), st.integers(1, 12), st.none() | TICKS,
    st.sampled_from(["DAY", "IOC", "GTC"]), st.sampled_from([VX_FEB, 0]),
)  # fmt: skip
quoting = st.tuples(st.just("quote"), TICKS, st.integers(1, 6), st.integers(1, 30), st.integers(1, 30))
cancelling = st.tuples(st.just("cancel"), st.integers(1, 10))
modifying = st.tuples(st.just("modify"), st.integers(1, 10), st.integers(1, 20), TICKS)
settling = st.tuples(st.just("settle"), TICKS)
days = st.lists(st.one_of(placing, quoting, cancelling, modifying, settling, st.tuples(st.just("tick"))), max_size=40)
relaxed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def play(bench, events):
    """Run a list of events and return every report."""
    reports, number, placed = [], 0, {}
    for kind, *rest in events:
        if kind == "place":
            action, size, ticks, tif, con_id = rest
            number += 1
            limit = None if ticks is None else round(ticks * 0.05, 2)
            if con_id == 0:
                limit = None if limit is None else round(limit - 18.0, 2)
                request = bench.calendar(action, size, limit, order_id=number, tif=tif)
            else:
                request = bench.order(action, size, limit, order_id=number, tif=tif)
            placed[number] = request
            reports += bench.exchange.place(request)
        elif kind == "quote":
            bid, width, bid_size, ask_size = rest
            bench.market.show(VX_FEB, bid=round(bid * 0.05, 2), ask=round((bid + width) * 0.05, 2))
            bench.market.show(VX_FEB, bid_size=bid_size, ask_size=ask_size)
            reports += bench.tick()
        elif kind == "cancel":
            reports += bench.exchange.cancel(1, rest[0])
        elif kind == "modify" and rest[0] in placed and placed[rest[0]].con_id:
            old = placed[rest[0]]
            reports += bench.exchange.place(
                bench.order(old.action, rest[1], round(rest[2] * 0.05, 2), order_id=rest[0], tif=old.tif)
            )
        elif kind == "settle":
            bench.market.show(VX_FEB, close=round(rest[0] * 0.05, 2))
            reports += bench.tick()
        else:
            reports += bench.tick()
    return reports


def value(bench, tag):
    return next(float(v) for t, v, currency in bench.exchange.values(ACCOUNT) if t == tag and currency == "USD")


@relaxed
@given(events=days)
def test_equity_is_the_opening_cash_and_all_profit(make_bench, events):
    bench = make_bench(cash=5_000_000.0)
    play(bench, events)
    pnl = bench.exchange.pnl(ACCOUNT)
    assert value(bench, "NetLiquidation") == pytest.approx(5_000_000 + pnl.realized + pnl.unrealized, abs=0.02)
    assert pnl.daily == pytest.approx(pnl.realized + pnl.unrealized, abs=0.02)


@relaxed
@given(events=days)
def test_positions_are_the_sum_of_fills_and_never_exceed_what_was_ordered(make_bench, events):
    bench = make_bench(cash=5_000_000.0)
    reports = play(bench, events)
    signed, filled = defaultdict(float), defaultdict(float)
    for report in reports:
        if isinstance(report, FillReport):
            sign = 1 if report.side == "BOT" else -1
            if not report.is_combo:
                signed[report.con_id] += sign * report.shares
            if report.is_combo or report.request.con_id:
                filled[report.request.order_id] += report.shares
                assert filled[report.request.order_id] == report.cumulative
        elif isinstance(report, OrderReport):
            assert report.filled <= report.request.quantity
            assert report.filled + report.remaining == report.request.quantity
    held = {p.con_id: p.quantity for p in bench.exchange.positions(ACCOUNT)}
    assert held == dict(signed)


@relaxed
@given(events=days)
def test_no_fill_is_worse_than_its_limit_and_legs_add_up_to_the_net_price(make_bench, events):
    bench = make_bench(cash=5_000_000.0)
    legs, nets = defaultdict(float), {}
    for fill in play(bench, events):
        if not isinstance(fill, FillReport):
            continue
        stem = fill.exec_id[:-6]
        if fill.is_combo:
            nets[stem] = fill.price
        elif fill.request.con_id == 0:
            legs[stem] += fill.price * (1 if fill.con_id == VX_FEB else -1)
        limit = fill.request.limit
        if limit is not None and (fill.is_combo or fill.request.con_id):
            better = limit - fill.price if fill.request.action == "BUY" else fill.price - limit
            assert better >= -1e-9
    assert dict(legs) == pytest.approx(nets)


@relaxed
@given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=8), shown=st.integers(1, 40))
def test_the_displayed_size_is_never_sold_twice(make_bench, sizes, shown):
    bench = make_bench(cash=50_000_000.0)
    bench.market.show(VX_FEB, ask_size=shown)
    for number, size in enumerate(sizes, start=1):
        bench.exchange.place(bench.order("BUY", size, 20.1, order_id=number, tif="IOC"))
    assert sum(fill.shares for fill in bench.exchange.executions()) == min(sum(sizes), shown)


@relaxed
@given(small=st.integers(1, 200), more=st.integers(1, 200))
def test_a_larger_order_pays_no_less_on_average(make_bench, small, more):
    averages = []
    for size in (small, small + more):
        bench = make_bench(cash=500_000_000.0)
        reports = bench.exchange.place(bench.order("BUY", size, 22.1, tif="IOC"))
        averages.append(next(r for r in reversed(reports) if isinstance(r, OrderReport)).avg_price)
    assert averages[0] <= averages[1] + 1e-9


@relaxed
@given(events=days)
def test_the_same_day_twice_gives_the_same_reports(make_bench, events):
    assert play(make_bench(), events) == play(make_bench(), events)
