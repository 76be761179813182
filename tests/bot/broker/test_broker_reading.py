import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from harness import CLIENT_ID, endpoint, stage

from bot.broker.ib import IbBroker
from bot.broker.port import LinkState, Query
from bot.broker.quotes import Line
from bot.broker.readonly import ReadOnlyBroker
from bot.clock import SteppedClock
from bot.errors import Halt, Refuse, Retry, Unreachable
from bot.gateway.messages import inbound
from bot.passage import QUIET_TURNS
from strategies.alvh.records import GreeksSource

OPEN = datetime(2018, 2, 5, 14, 35, tzinfo=UTC)
SPX = Query(symbol="SPX", sec_type="IND", exchange="CBOE")
BREADTH = Query(symbol="AD-NYSE", sec_type="IND", exchange="NYSE")
VX = Query(symbol="VIX", sec_type="FUT", exchange="CFE", trading_class="VX")


async def one(broker, query):
    (found,) = await broker.instruments(query)
    return found


async def test_positions_are_complete_and_averages_are_in_points():
    async with stage() as s:
        positions = await s.broker.positions()
        opening = s.market.opening_account()
        assert positions.complete
        assert positions.taken_at == s.clock.now()
        assert {row.instrument.con_id: (row.quantity, row.avg_price) for row in positions.rows} == {
            row.con_id: (row.quantity, pytest.approx(row.price)) for row in opening.positions
        }


async def test_positions_whose_end_never_comes_are_incomplete_and_not_flat(monkeypatch):
    async with stage() as s:
        s.broker._connection.endpoint = endpoint(s.endpoint.port, timeout_s=0.05)
        monkeypatch.setattr(s.broker._ib, "reqPositionsAsync", lambda: asyncio.get_running_loop().create_future())
        assert not (await s.broker.positions()).complete


async def test_after_an_unanswered_request_two_reads_must_agree(monkeypatch):
    async with stage() as s:
        true_rows = await s.broker._position_rows()
        answers = [true_rows[:3], true_rows, true_rows, true_rows, true_rows]

        async def rows():
            return answers.pop(0)

        s.broker._holdings._doubtful = True
        monkeypatch.setattr(s.broker, "_position_rows", rows)
        assert not (await s.broker.positions()).complete
        assert (await s.broker.positions()).complete
        assert (await s.broker.positions()).rows == true_rows


async def test_an_unknown_contract_is_nothing_and_not_an_error():
    async with stage() as s:
        assert await s.broker.instruments(Query(symbol="NOPE", sec_type="IND", exchange="CBOE")) == ()


async def test_futures_come_in_order_of_settlement_with_tick_and_hours():
    async with stage() as s:
        futures = await s.broker.instruments(VX)
        assert [row.expires_on for row in futures] == sorted(row.expires_on for row in futures)
        first = futures[0]
        assert (first.expires_on, first.multiplier, str(first.tick)) == (date(2018, 2, 14), 1000, "0.05")
        assert first.liquid_hours[0][0] == datetime(2018, 2, 1, 14, 30, tzinfo=UTC)


async def test_breadth_keeps_advancers_and_decliners_when_a_size_is_zero():
    async with stage(at=OPEN - timedelta(minutes=10)) as s:
        breadth = await one(s.broker, BREADTH)
        s.broker.subscribe(breadth)
        await s.move(OPEN)
        shown, seen = s.market.quote(breadth.con_id), s.broker.quote(breadth.con_id)
        assert not shown.ask_size
        assert (seen.bid, seen.ask, seen.last) == (shown.bid, shown.ask, None)


async def test_a_quote_carries_the_bots_clock_and_grows_old_with_it():
    async with stage(at=OPEN) as s:
        spx = await one(s.broker, SPX)
        s.broker.subscribe(spx)
        await s.settle()
        assert s.broker.quote(spx.con_id).age_s == 0.0
        s.clock.move(OPEN + timedelta(seconds=90))
        assert s.broker.quote(spx.con_id).age_s == 90.0


async def test_a_snapshot_confirms_a_quiet_line_without_calling_it_changed():
    async with stage(at=OPEN) as s:
        future = (await s.broker.instruments(VX))[0]
        s.broker.subscribe(future)
        await s.settle()
        s.clock.move(OPEN + timedelta(seconds=90))
        await s.broker.confirm([future.con_id])
        assert s.broker.quote(future.con_id).age_s == 0.0
        assert s.broker.unchanged_s(future.con_id) == 90.0


async def test_a_line_that_is_refused_does_not_keep_the_others_from_being_confirmed():
    async with stage(at=OPEN) as s:
        spx, futures = await one(s.broker, SPX), await s.broker.instruments(VX)
        unknown = replace(futures[0], con_id=999)
        for row in (spx, *futures, unknown):
            s.broker.subscribe(row, stream=False)
        for minute in (1, 2):
            await s.after(minutes=minute)
            await s.broker.confirm([spx.con_id, unknown.con_id, *(row.con_id for row in futures)])
            await s.settle()
            assert {s.broker.quote(row.con_id).age_s for row in (spx, *futures)} == {0.0}
            assert s.broker.quote(unknown.con_id).age_s is None
        assert "200" in s.broker.refused(unknown.con_id)
        assert {s.broker.refused(row.con_id) for row in (spx, *futures)} == {""}


async def test_a_line_that_does_not_answer_in_time_keeps_its_age_and_is_named_alone(monkeypatch):
    async with stage(at=OPEN) as s:
        spx, future = await one(s.broker, SPX), (await s.broker.instruments(VX))[0]
        ask, silent = s.broker._ib.reqTickersAsync, asyncio.get_running_loop().create_future()

        async def all_but_the_future(*contracts):
            await asyncio.gather(ask(*(row for row in contracts if row.conId != future.con_id)), silent)

        for row in (spx, future):
            s.broker.subscribe(row, stream=False)
        await s.broker.confirm([spx.con_id, future.con_id])
        await s.after(minutes=1)
        s.broker._connection.endpoint = endpoint(s.endpoint.port, timeout_s=0.2)
        monkeypatch.setattr(s.broker._ib, "reqTickersAsync", all_but_the_future)
        await s.broker.confirm([spx.con_id, future.con_id])
        assert (s.broker.quote(spx.con_id).age_s, s.broker.quote(future.con_id).age_s) == (0.0, 60.0)
        assert (s.broker.refused(spx.con_id), "no answer" in s.broker.refused(future.con_id)) == ("", True)


async def test_only_the_models_computation_of_an_option_reaches_the_library():
    async with stage(at=OPEN) as s:
        leg = (await s.broker.positions()).rows[0].instrument
        s.broker.subscribe(leg)
        await s.settle()
        ticker = next(ticker for ticker in s.broker._ib.tickers() if ticker.contract.conId == leg.con_id)
        assert (ticker.bidGreeks, ticker.askGreeks, ticker.lastGreeks) == (None, None, None)
        assert s.broker.greeks(leg.con_id) is not None


async def test_a_line_that_does_not_stream_moves_only_when_confirmed():
    async with stage(at=OPEN) as s:
        spx = await one(s.broker, SPX)
        s.broker.subscribe(spx, stream=False)
        await s.after(minutes=1)
        assert s.broker.quote(spx.con_id).last is None
        await s.broker.confirm([spx.con_id])
        assert s.broker.quote(spx.con_id).last == s.market.quote(spx.con_id).last


async def test_an_unsubscribed_line_is_forgotten():
    async with stage(at=OPEN) as s:
        spx = await one(s.broker, SPX)
        s.broker.subscribe(spx)
        await s.settle()
        s.broker.unsubscribe(spx.con_id)
        s.broker.unsubscribe(spx.con_id)
        await s.after(minutes=1)
        assert s.broker.quote(spx.con_id).age_s is None


async def test_model_greeks_of_a_held_option_arrive():
    async with stage(at=OPEN) as s:
        leg = (await s.broker.positions()).rows[0].instrument
        s.broker.subscribe(leg)
        await s.settle()
        greeks, truth = s.broker.greeks(leg.con_id), s.market.greeks(leg.con_id)
        assert greeks is not None
        assert greeks.source is GreeksSource.IB
        assert (greeks.vega, greeks.iv) == (pytest.approx(truth.vega), pytest.approx(truth.iv))
        assert s.broker.implied_volatility(leg.con_id) == greeks.iv
        assert s.broker.implied_volatility(-1) is None


async def test_bars_are_closed_and_equal_the_markets_own():
    async with stage(at=OPEN + timedelta(minutes=3)) as s:
        spx = await one(s.broker, SPX)
        bars = await s.broker.bars(spx, what="TRADES", minutes=5, count=40, end=s.clock.now(), rth=True)
        assert len(bars) == 40
        assert bars[-1].end == OPEN
        start = OPEN - timedelta(minutes=5)
        (truth,) = s.market.bars(spx.con_id, "TRADES", start, OPEN, 300, rth=True)
        assert (bars[-1].open, bars[-1].close) == (pytest.approx(truth.open), pytest.approx(truth.close))


async def test_account_values_are_those_of_the_account():
    async with stage() as s:
        values = await s.broker.account_values()
        told = {tag: value for tag, value, _ in s.exchange.values(s.broker.account)}
        assert values.net_liquidation == float(told["NetLiquidation"])
        assert values.excess_liquidity == float(told["ExcessLiquidity"])
        assert values.cash == float(told["TotalCashValue"])


async def test_the_broker_time_is_the_markets():
    async with stage(at=OPEN) as s:
        assert await s.broker.heartbeat() == OPEN


async def test_wire_bytes_agree_with_the_gateways_and_are_zero_when_closed():
    async with stage() as s:
        received, sent = s.broker.wire_bytes()
        assert s.gateway.traffic()[CLIENT_ID] == (sent, received)
        await s.broker.disconnect()
        assert s.broker.wire_bytes() == (0, 0)
        assert s.broker.link is LinkState.DISCONNECTED


async def test_a_closed_connection_asks_for_another_try():
    async with stage() as s:
        await s.broker.disconnect()
        with pytest.raises(Retry, match="not connected"):
            await s.broker.heartbeat()


async def test_a_silent_gateway_is_noticed_within_the_bounded_wait(monkeypatch):
    async with stage() as s:
        monkeypatch.setattr(s.broker._ib.client, "reqCurrentTime", lambda: None)
        s.broker._connection.endpoint = endpoint(s.endpoint.port, timeout_s=0.05, attempts=1)
        with pytest.raises(Retry, match="no answer"):
            await s.broker.heartbeat()


async def test_a_handler_that_fails_surfaces_at_the_next_heartbeat():
    async with stage() as s:

        def broken(_notice):
            raise RuntimeError("cannot digest this")

        s.broker.listen(lambda _: None, lambda _: None, broken)
        await s.say(2104, "Market data farm connection is OK:usfarm")
        with pytest.raises(Halt, match="cannot digest this"):
            await s.broker.heartbeat()


@pytest.mark.parametrize(
    ("broken", "tell", "tick", "handler"),
    [("tick", "priceSizeTick", (1, 123.25, 7.0), "_price_tick"), ("size_tick", "tickSize", (0, 7.0), "_size_tick")],
)
async def test_a_tick_we_cannot_take_reaches_the_library_and_surfaces(monkeypatch, broken, tell, tick, handler):
    def unwelcome(*_):
        raise ValueError("unwelcome")

    async with stage(at=OPEN) as s:
        s.broker.subscribe(await one(s.broker, BREADTH))
        wrapper = s.broker._ib.wrapper
        ((req_id, ticker),) = wrapper.reqId2Ticker.items()
        monkeypatch.setattr(Line, broken, unwelcome)
        getattr(wrapper, tell)(req_id, *tick)
        assert ticker.bidSize == 7.0
        with pytest.raises(Halt, match=f"{handler} failed: .*unwelcome"):
            await s.broker.heartbeat()


async def test_a_client_id_in_use_is_said_at_once_and_not_retried():
    async with stage() as s:
        second = IbBroker(s.endpoint, s.clock, mode="demo")
        with pytest.raises(Unreachable, match="client id 7 is in use"):
            await second.connect()
        assert s.broker.link is LinkState.UP


async def test_nothing_listening_is_one_clear_line():
    async with stage() as s:
        port = s.endpoint.port
    broker = IbBroker(endpoint(port), SteppedClock(OPEN), mode="demo")
    with pytest.raises(Unreachable, match="nothing listens at"):
        await broker.connect()


async def test_a_server_that_is_no_gateway_is_one_clear_line():
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    broker = IbBroker(endpoint(port, timeout_s=2.0, attempts=1), SteppedClock(OPEN), mode="demo")
    with pytest.raises(Unreachable, match="did not start the API"):
        await broker.connect()
    server.close()


async def test_live_mode_refuses_a_paper_account_and_hangs_up():
    async with stage() as s:
        broker = IbBroker(endpoint(s.endpoint.port, client_id=8), s.clock, mode="live")
        with pytest.raises(Refuse, match="paper account"):
            await broker.connect()
        assert broker.link is LinkState.DISCONNECTED


async def test_another_account_than_the_named_one_is_refused():
    async with stage() as s:
        broker = IbBroker(endpoint(s.endpoint.port, client_id=8, account="U7"), s.clock, mode="live")
        with pytest.raises(Refuse, match="expected U7"):
            await broker.connect()


async def test_after_a_reconnect_the_lines_are_live_again():
    async with stage(at=OPEN) as s:
        spx = await one(s.broker, SPX)
        s.broker.subscribe(spx)
        await s.settle()
        await s.broker.disconnect()
        await s.broker.connect()
        await s.settle()
        await s.after(minutes=1)
        assert s.broker.link is LinkState.UP
        assert s.broker.quote(spx.con_id).age_s < 60.0
        assert s.broker.quote(spx.con_id).last == s.market.quote(spx.con_id).last


async def test_lost_connectivity_shows_in_the_link_and_restoring_renews_every_line():
    async with stage(at=OPEN) as s:
        s.broker.subscribe(await one(s.broker, SPX))
        await s.settle()
        before = s.gateway.frames[1]
        await s.say(1100, "Connectivity between IB and Trader Workstation has been lost.")
        assert s.broker.link is LinkState.LOST
        await s.say(1101, "Connectivity between IB and Trader Workstation has been restored- data lost.")
        assert s.broker.link is LinkState.UP
        assert s.gateway.frames[1] == before + 1


async def test_the_read_only_broker_has_no_method_that_writes():
    for name in ("place", "reprice", "cancel", "what_if"):
        assert not hasattr(ReadOnlyBroker, name)
        assert hasattr(IbBroker, name)


async def test_a_read_only_session_sends_no_order_frame_and_asks_for_no_order_stream():
    async with stage(at=OPEN, broker=ReadOnlyBroker, mode="dry-run") as s:
        s.broker.subscribe(await one(s.broker, SPX))
        await s.broker.positions()
        await s.broker.open_orders()
        await s.broker.executions()
        await s.after(minutes=1)
        assert {3, 4, 5, 58}.isdisjoint(s.gateway.frames)


@pytest.mark.parametrize("attempts", [1, 2, 3])
async def test_what_fails_for_the_moment_is_tried_as_often_as_allowed_and_then_said(attempts):
    async with stage() as s:
        s.broker._connection.endpoint = endpoint(s.endpoint.port, attempts=attempts)
        tried = []

        async def attempt(succeed_at=0):
            tried.append(len(tried) + 1)
            if len(tried) != succeed_at:
                raise Retry(f"try {len(tried)}")
            return "answer"

        with pytest.raises(Retry, match=f"try {attempts}"):
            await s.broker._connection.retrying(attempt)
        assert len(tried) == attempts
        tried.clear()
        assert await s.broker._connection.retrying(lambda: attempt(succeed_at=attempts)) == "answer"
        assert len(tried) == attempts


@pytest.mark.parametrize("unanswered", ["REQ_COMPLETED_ORDERS", "REQ_POSITIONS", "REQ_OPEN_ORDERS"])
async def test_a_gateway_that_never_answers_one_of_the_first_readings_is_connected_all_the_same(unanswered):
    async with stage(at=OPEN) as s:
        await s.broker.disconnect()
        asked, waits = asyncio.Event(), SteppedClock(OPEN)
        s.gateway._routes[getattr(inbound, unanswered).id] = lambda *request: asked.set()
        broker = IbBroker(s.endpoint, s.clock, mode="demo", waits=waits)
        connecting = asyncio.ensure_future(broker.connect())
        await asked.wait()
        for _ in range(QUIET_TURNS):
            await asyncio.sleep(0)
        assert not connecting.done()
        waits.move(OPEN + timedelta(seconds=s.endpoint.timeout_s))
        async with asyncio.timeout(60):  # so that it fails instead of hanging
            await connecting
        assert broker.link is LinkState.UP
        await broker.disconnect()
