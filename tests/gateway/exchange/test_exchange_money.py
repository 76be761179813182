"""What trades do to cash, cost, profit and margin; every expectation is arithmetic written out here."""

from __future__ import annotations

import pytest

from bot.gateway.records import FillReport, OpeningPosition

ACCOUNT = "DU1234567"
VX_FEB, VX_MAR, VXM_FEB = 101, 102, 201
LONG_PUT, SHORT_PUT, SHORT_CALL, LONG_CALL = 302, 301, 303, 304
VX_FEE, VXM_FEE, SPX_FEE = 2.38, 0.55, 1.45
CONDORS = tuple(
    OpeningPosition(con_id=con_id, quantity=quantity, price=price)
    for con_id, quantity, price in ((302, 10, 7.0), (301, -10, 10.0), (303, -10, 6.0), (304, 10, 4.0))
)


def value(bench, tag):
    return next(float(v) for t, v, currency in bench.exchange.values(ACCOUNT) if t == tag and currency in ("USD", ""))


def test_average_cost_holds_multiplier_and_commission(bench):
    bench.exchange.place(bench.order("BUY", 2, 20.1))
    [position] = bench.exchange.positions(ACCOUNT)
    assert position.avg_cost == pytest.approx(20.1 * 1000 + VX_FEE)
    assert bench.exchange.executions()[0].commission == 2 * VX_FEE
    assert bench.exchange.executions()[0].realized_pnl is None


def test_a_round_trip_realises_the_difference_less_both_fees(bench):
    bench.exchange.place(bench.order("BUY", 2, 20.1, order_id=1))
    bench.market.show(VX_FEB, bid=23.0, ask=23.1)
    reports = bench.exchange.place(bench.order("SELL", 2, order_id=2))
    fill = next(r for r in reports if isinstance(r, FillReport))
    expected = 2 * (23.0 - 20.1) * 1000 - 4 * VX_FEE
    assert fill.realized_pnl == pytest.approx(expected)
    assert value(bench, "TotalCashValue") == pytest.approx(500_000 + expected)
    assert bench.exchange.pnl(ACCOUNT).realized == pytest.approx(expected)
    assert bench.exchange.pnl(ACCOUNT).daily == pytest.approx(expected)
    assert [(p.quantity, p.avg_cost) for p in bench.exchange.positions(ACCOUNT)] == [(0, 0)]


def test_selling_through_zero_closes_the_long_and_opens_a_short(bench):
    bench.exchange.place(bench.order("BUY", 1, 20.1, order_id=1))
    bench.exchange.place(bench.order("SELL", 3, 20.0, order_id=2))
    [position] = bench.exchange.positions(ACCOUNT)
    assert position.quantity == -2
    assert position.avg_cost == pytest.approx(20.0 * 1000 - VX_FEE)
    assert bench.exchange.pnl(ACCOUNT).realized == pytest.approx(-100 - 2 * VX_FEE)


def test_variation_is_paid_at_settlement_and_profit_does_not_change_by_it(bench):
    bench.exchange.place(bench.order("BUY", 1, 20.1))
    bench.tick()
    bench.market.show(VX_FEB, bid=24.0, ask=24.1)
    bench.tick()
    assert value(bench, "FuturesPNL") == pytest.approx((24.05 - 20.1) * 1000)
    before = value(bench, "NetLiquidation")
    bench.market.show(VX_FEB, close=23.9)
    bench.tick()
    assert value(bench, "TotalCashValue") == pytest.approx(500_000 - VX_FEE + (23.9 - 20.1) * 1000)
    assert value(bench, "FuturesPNL") == pytest.approx((24.05 - 23.9) * 1000)
    assert value(bench, "NetLiquidation") == pytest.approx(before)
    assert bench.exchange.pnl(ACCOUNT, VX_FEB).unrealized == pytest.approx((24.05 - 20.1) * 1000 - VX_FEE)


def test_an_opening_future_is_already_settled_to_the_previous_close(make_bench):
    bench = make_bench(opening=(OpeningPosition(con_id=VX_FEB, quantity=2, price=15.0),))
    assert value(bench, "FuturesPNL") == pytest.approx(2 * (20.05 - 18.0) * 1000)
    assert bench.exchange.pnl(ACCOUNT).daily == pytest.approx(2 * (20.05 - 18.0) * 1000)
    assert bench.exchange.pnl(ACCOUNT).unrealized == pytest.approx(2 * (20.05 - 15.0) * 1000)


def test_a_final_settlement_pays_the_difference_and_empties_the_position(bench):
    bench.exchange.place(bench.order("BUY", 1, 20.1))
    bench.market.settlements[VX_FEB] = 25.36
    bench.market.advance(bench.market.contract(VX_FEB).settles_at)
    [report] = bench.exchange.step()
    assert (report.con_id, report.quantity) == (VX_FEB, 0)
    assert value(bench, "TotalCashValue") == pytest.approx(500_000 + (25.36 - 20.1) * 1000 - VX_FEE)


def test_an_option_s_premium_moves_cash_and_its_value_is_held_apart(bench):
    bench.exchange.place(bench.order("BUY", 2, 3.75, con_id=LONG_CALL))
    assert value(bench, "TotalCashValue") == pytest.approx(500_000 - 2 * 375 - 2 * SPX_FEE)
    assert value(bench, "OptionMarketValue") == pytest.approx(2 * 350)
    assert value(bench, "NetLiquidation") == pytest.approx(500_000 - 2 * 25 - 2 * SPX_FEE)
    assert value(bench, "EquityWithLoanValue") == value(bench, "TotalCashValue")


def test_a_condor_book_pays_its_wider_wing(make_bench):
    bench = make_bench(opening=CONDORS)
    assert value(bench, "InitMarginReq") == pytest.approx(10 * 50 * 100)  # puts 50 wide, calls 25
    assert value(bench, "MaintMarginReq") == pytest.approx(10 * 50 * 100)
    assert value(bench, "OptionMarketValue") == pytest.approx(10 * 100 * (8 - 11 - 5 + 3.5))
    # the previous closes were one point lower on every leg: nothing was made or lost
    assert bench.exchange.pnl(ACCOUNT).daily == pytest.approx(0.0)
    gain_per_share = (8 - 7) - (11 - 10) - (5 - 6) + (3.5 - 4)
    assert bench.exchange.pnl(ACCOUNT).unrealized == pytest.approx(10 * 100 * gain_per_share)


def test_a_naked_call_pays_the_broad_index_formula(make_bench):
    bench = make_bench(opening=(OpeningPosition(con_id=SHORT_CALL, quantity=-1, price=6.0),))
    # premium 5, and the larger of 15% of 2650 less 150 out of the money, and 10% of 2650
    assert value(bench, "InitMarginReq") == pytest.approx(100 * (5 + max(0.15 * 2650 - 150, 0.10 * 2650)))


def test_a_what_if_of_long_vx_asks_thirty_percent_and_a_mini_a_tenth_of_it(bench):
    [vx] = bench.exchange.place(bench.order("BUY", 1, 20.1, what_if=True))
    [mini] = bench.exchange.place(bench.order("BUY", 1, 20.1, what_if=True, con_id=VXM_FEB))
    assert vx.init_change == pytest.approx(0.30 * 20.05 * 1000)
    assert vx.maint_change == pytest.approx(0.80 * 0.30 * 20.05 * 1000)
    assert (vx.init_before, vx.equity_before, vx.commission) == (0, 500_000, VX_FEE)
    assert vx.equity_after == pytest.approx(500_000 - VX_FEE)
    assert mini.init_change == pytest.approx(vx.init_change / 10)


def test_a_calendar_spread_needs_less_than_its_long_leg(bench):
    [outright] = bench.exchange.place(bench.order("BUY", 1, 20.1, what_if=True))
    [spread] = bench.exchange.place(bench.calendar("BUY", 1, 2.1, what_if=True))
    assert spread.init_change == pytest.approx(0.10 * 20.05 * 1000)
    assert spread.init_change < outright.init_change
    assert spread.commission == 2 * VX_FEE


def test_a_short_vx_needs_a_third_of_what_three_times_the_price_loses(bench):
    [short] = bench.exchange.place(bench.order("SELL", 1, 20.0, what_if=True))
    assert short.init_change == pytest.approx(0.35 * 3 * 20.05 * 1000)


def test_closing_passes_when_margin_is_short(make_bench):
    bench = make_bench(cash=1_000.0, opening=(OpeningPosition(con_id=VX_FEB, quantity=2, price=18.0),))
    assert value(bench, "AvailableFunds") < 0
    assert bench.exchange.place(bench.order("SELL", 1, 20.0))[-1].quantity == 1


def test_the_account_s_tags_are_complete_and_add_up(make_bench):
    bench = make_bench(opening=CONDORS)
    tags = {(tag, currency): v for tag, v, currency in bench.exchange.values(ACCOUNT)}
    for prefix in ("", "Full", "LookAhead"):
        for name in ("InitMarginReq", "MaintMarginReq", "AvailableFunds", "ExcessLiquidity"):
            whole, parts = tags[prefix + name, "USD"], [tags[prefix + name + s, "USD"] for s in ("-S", "-C")]
            assert float(whole) == pytest.approx(sum(map(float, parts)))
            assert whole == f"{float(whole):.2f}"
    assert float(tags["NetLiquidation", "USD"]) == pytest.approx(
        float(tags["TotalCashBalance", "BASE"]) + float(tags["OptionMarketValue", "BASE"])
    )
    assert tags["AccountType", ""] == "INDIVIDUAL"
    assert {"Cushion", "BuyingPower", "Leverage-S", "LookAheadNextChange"} <= {tag for tag, _ in tags}


def test_an_unknown_account_has_nothing(bench):
    assert not bench.exchange.positions("U1")
    assert not bench.exchange.values("U1")
    assert bench.exchange.accounts() == (ACCOUNT,)


def test_a_future_bought_after_a_flat_night_is_not_settled_at_an_older_price(bench):
    bench.exchange.place(bench.order("BUY", 1, 20.1, order_id=1))
    bench.tick()
    bench.exchange.place(bench.order("SELL", 1, order_id=2))
    bench.tick()
    bench.market.show(VX_FEB, close=19.0, ask_size=9)
    bench.exchange.place(bench.order("BUY", 1, 20.1, order_id=3))
    bench.tick()
    assert value(bench, "FuturesPNL") == pytest.approx((20.05 - 20.1) * 1000)


def test_a_partial_close_realises_its_share_and_leaves_the_average_cost(bench):
    bench.exchange.place(bench.order("BUY", 4, 20.1, order_id=1))
    fill = next(r for r in bench.exchange.place(bench.order("SELL", 1, order_id=2)) if isinstance(r, FillReport))
    assert fill.realized_pnl == pytest.approx((20.0 - 20.1) * 1000 - 2 * VX_FEE)
    [position] = bench.exchange.positions(ACCOUNT)
    assert (position.quantity, position.avg_cost) == (3, pytest.approx(20.1 * 1000 + VX_FEE))


def test_of_two_shorts_the_farther_one_is_naked_and_the_nearer_one_is_covered(make_bench):
    far_call = 305
    held = ((SHORT_CALL, -1, 5.0), (LONG_CALL, 1, 3.5), (far_call, -1, 1.0))
    bench = make_bench(opening=tuple(OpeningPosition(con_id=c, quantity=q, price=p) for c, q, p in held))
    # the spread from 2800 to 2825 risks 25 points; 2900 pays its mark, 1, and 10% of 2650 (more than 15% less 250)
    assert value(bench, "InitMarginReq") == pytest.approx(100 * 25 + 100 * (1.0 + 265.0))
