"""The story that a journal tells: marks, profit and loss, trades, moments and refusals, by hand arithmetic."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import builders
import pytest
from fake_broker import VX
from small_day import LOW_GAUGE, SmallDay, buying, decided, hedged_day, legs, market_view, quoted

from bot.journal import Kind
from bot.report.story import Teller, leg_mark, net_breadth, refusing
from strategies.alvh.explain import explain
from strategies.alvh.records import Breadth, Check, Phase, Purpose, Quote, Right, Side


def test_the_book_s_profit_is_size_times_the_move_of_each_leg(tmp_path: Path) -> None:
    # 20 condors of 100: (11-9) - (18-13) - (3-6) + (1-2) = -1 point, times 2000
    assert hedged_day(tmp_path).teller().book_pnl() == pytest.approx(-2000.0)


def test_the_hedge_s_profit_is_cash_plus_open_lots_at_the_mid_less_fees(tmp_path: Path) -> None:
    teller = hedged_day(tmp_path).teller()
    # VXM: 100 x (-2 x 18 + 20 + 19) = 300; VX: 1000 x (19.10 - 18.50) = 600; fees 2.40 + 2.58 + 1.20
    assert teller.fees == pytest.approx(6.18)
    assert teller.hedge_pnl() == pytest.approx(893.82)


def test_each_point_holds_the_profit_as_it_stood_then(tmp_path: Path) -> None:
    points = hedged_day(tmp_path).teller().points
    assert [point.minis for point in points] == [0, 0, 2, 12, 12, 11]
    # before any order nothing; 2 VXM at 18.00 still at 18.00 less 2.40; then VX bought half a point too dear
    assert [point.hedge_pnl for point in points] == pytest.approx([0.0, 0.0, -2.40, -504.98, -504.98, 893.82])
    assert [point.book_pnl for point in points] == pytest.approx([0.0, 0.0, 0.0, 0.0, 0.0, -2000.0])


def test_the_largest_hedge_is_counted_in_minis_also_between_wakeups(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    bought, sold = buying("b", 1, VX), buying("s", 1, VX, side=Side.SELL, purpose=Purpose.FLATTEN, tranche=None)
    day.send(31, bought)
    day.fill(31.2, bought, 1, 18.0)
    day.send(31.4, sold)
    day.fill(31.6, sold, 1, 18.0)
    day.wake(market_view(32))
    teller = day.teller()
    assert (teller.max_minis, teller.minis, teller.points[0].minis) == (10, 0, 0)


def test_an_open_lot_that_was_never_quoted_has_no_profit_rather_than_a_wrong_one(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    bought = buying("b", 1)
    day.wake(market_view(30, futures=()))
    assert day.teller().hedge_pnl() == 0.0
    day.send(30, bought)
    day.fill(30.5, bought, 1, 18.0)
    assert day.teller().hedge_pnl() is None
    unquoted = builders.future(builders.VXM, quote=Quote(bid=18.0))
    day.wake(market_view(31, futures=(unquoted,)))
    assert day.teller().points[-1].hedge_pnl is None
    day.wake(market_view(32, futures=(replace(unquoted, quote=quoted(18.5)),)))
    assert day.teller().hedge_pnl() == pytest.approx(50.0)
    day.wake(market_view(33, futures=(unquoted,)))
    assert day.teller().hedge_pnl() == pytest.approx(50.0)  # the last mark stands


def test_what_a_human_should_know_is_a_moment_of_its_wakeup(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    view = market_view(30)
    seq = day.wake(view, replace(decided(view), alerts=("VX is suspect",)))
    (moment,) = day.teller().moments
    assert (moment.seq, moment.at, moment.kind, moment.title) == (seq, view.now, "refused", "Alert: VX is suspect")


def test_there_is_no_book_profit_before_the_first_mark(tmp_path: Path) -> None:
    assert SmallDay(folder=tmp_path).teller().book_pnl() is None


@pytest.mark.parametrize(
    ("quote", "mark"),
    [
        (Quote(bid=1.0, ask=1.4), 1.2),
        (Quote(ask=0.10), 0.05),  # nobody bids
        (Quote(bid=1.0), None),
        (Quote(), None),
        (Quote(bid=1.5, ask=1.4), None),  # crossed
    ],
)
def test_a_leg_is_marked_at_its_mid_or_at_half_the_ask_where_nobody_bids(quote: Quote, mark: float | None) -> None:
    assert leg_mark(builders.leg(1, 2600.0, Right.PUT, -1, 1.0, quote=quote)) == pytest.approx(mark)


def test_a_leg_that_loses_its_ask_keeps_its_last_mark(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    put, *others = legs()
    day.wake(market_view(30))
    day.wake(market_view(31), book=builders.book(legs=(replace(put, quote=quoted(10)), *others)))
    day.wake(market_view(32), book=builders.book(legs=(replace(put, quote=Quote(bid=10.0)), *others)))
    assert [point.book_pnl for point in day.teller().points] == pytest.approx([0.0, 2000.0, 2000.0])


def test_trades_carry_the_vega_before_the_decision_and_after_the_last_fill(tmp_path: Path) -> None:
    first, second, sale = hedged_day(tmp_path).teller().trades()
    assert (first.contract, first.quantity, first.price, first.side) == ("VXM Mar18", 2, 18.0, Side.BUY)
    assert (first.vega_before, first.vega_after) == (-2500.0, -2300.0)  # 2 minis at 100 a point
    assert (second.contract, second.vega_before, second.vega_after) == ("VX Mar18", -2300.0, -1300.0)
    assert (sale.side, sale.vega_before, sale.vega_after) == (Side.SELL, -1300.0, -1400.0)
    assert (first.stage_name, sale.stage_name) == ("tranche", "stage 1")


def test_a_partly_filled_order_is_a_trade_of_what_filled_at_its_average_price(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    bought = buying("b", 5)
    day.send(30, bought)
    day.fill(30.1, bought, 1, 18.0)
    day.fill(30.2, bought, 3, 18.4)
    teller = day.teller()
    (trade,) = teller.trades()
    assert (trade.quantity, trade.price, trade.at) == (4, pytest.approx(18.3), builders.at(30.2))
    assert trade.vega_before is None
    assert trade.vega_after is None
    (moment,) = teller.moments  # one marker for one order, however many fills
    assert moment.at == builders.at(30.1)
    assert moment.text == bought.reason  # no wake-up decided it, so its reason stands for the explanation


def test_moments_are_arming_purchases_and_sales_with_the_words_of_explain(tmp_path: Path) -> None:
    day = hedged_day(tmp_path)
    teller = day.teller()
    assert [moment.kind for moment in teller.moments] == ["armed", "tranche", "tranche", "unwind"]
    assert [moment.label for moment in teller.moments] == ["armed", "+2 VXM", "+1 VX", "-1 VXM"]
    armed, bought, *_ = teller.moments
    assert armed.title == "Armed: the put side is up by half"
    assert bought.title == "Buy 2 VXM Mar18: the put side is inflated"
    by_seq = {entry.seq: entry for entry in day.entries()}
    for moment in teller.moments:
        assert by_seq[moment.seq].kind is Kind.WAKEUP
        assert moment.text == explain(day.shelf.restore(by_seq[moment.seq].body).decision, everything=True)


def test_refusals_are_counted_by_the_obstacle_or_by_the_control_that_failed(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    breadth = Check(name="arm: breadth", observed=None, threshold=None, passed=False, why="breadth is broad")
    for minutes in (30, 31):
        day.wake(market_view(minutes))
    view = market_view(32)
    day.wake(view, decided(view, checks=[breadth]))
    view = market_view(33)
    day.wake(view, decided(view, buying("b", 1), after=Phase.T1))  # it opens: nothing stood against it
    checks = [{"name": "size", "passed": True}, {"name": "collar", "passed": False}, {"name": "tick", "passed": False}]
    day.write(Kind.REFUSAL, 33, by="guard", why="too far from the market", checks=checks)
    teller = day.teller()
    assert dict(teller.refusals) == {"gauge: inflation": 2, "arm: breadth": 1, "guard: collar": 1}
    assert teller.example("guard: collar") == "too far from the market"
    assert [point.obstacle for point in teller.points[:3]] == ["gauge: inflation"] * 2 + ["arm: breadth"]


def test_a_refusal_without_a_failed_check_is_named_after_nobody() -> None:
    assert refusing({"checks": [{"name": "size", "passed": True}]}) == "refused"


@pytest.mark.parametrize(
    ("up", "down", "net"),
    [(1500.0, 500.0, 0.5), (0.0, 3000.0, -1.0), (None, 3000.0, None), (1500.0, None, None), (0.0, 0.0, None)],
)
def test_breadth_is_advancers_less_decliners_over_both(up: float | None, down: float | None, net: float | None) -> None:
    assert net_breadth(Breadth(advancers=up, decliners=down)) == net


def test_the_chart_follows_the_nearest_large_future(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    far = builders.future(builders.VX_FAR, 17.0, settles_on=builders.FAR_SETTLES)
    near, mini = builders.future(builders.VX, 18.0), builders.future(builders.VXM, 18.3)
    day.wake(market_view(30, futures=(far, mini, near)))
    day.wake(market_view(31, futures=()))
    assert [point.vx for point in day.teller().points] == [pytest.approx(18.0), None]


def test_vega_is_missing_where_the_book_could_not_be_valued(tmp_path: Path) -> None:
    day = SmallDay(folder=tmp_path)
    view = market_view(30)
    day.wake(view, replace(decided(view), exposure=None))
    view = market_view(31)
    day.wake(view, decided(view, hedge=700.0))
    blind, seeing = day.teller().points
    assert (blind.vega, blind.baseline, blind.inflation, blind.net_vega) == (None, None, None, None)
    assert seeing.net_vega == -1800.0
    assert LOW_GAUGE.name == seeing.obstacle


def test_the_words_of_a_reason_are_those_most_often_said() -> None:
    teller = Teller()
    for words in ("VIX 19.50 is stale", "between the windows", "VIX 20 is stale", "VIX -1,021.5 is stale", "too early"):
        teller._refuse("time: window", words)
    assert teller.example("time: window") == "VIX -1,021.5 is stale"
