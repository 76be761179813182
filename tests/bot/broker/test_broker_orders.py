from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from harness import endpoint, stage

from bot.broker.ib import IbBroker
from bot.broker.port import OrderState, OrderTicket, Query
from bot.errors import NotSent, Refuse
from bot.gateway.records import OrderRequest
from strategies.alvh.records import Side

OPEN = datetime(2018, 2, 5, 14, 35, tzinfo=UTC)
VX = Query(symbol="VIX", sec_type="FUT", exchange="CFE", trading_class="VX")
FAR = Decimal("5.00")
SALE_OF_OTHERS = OrderRequest(
    client_id=99,
    order_id=1000,
    con_id=0,
    legs=(),
    action="SELL",
    quantity=2.0,
    order_type="LMT",
    limit=99.0,
    stop=None,
    tif="DAY",
    good_till=None,
    account="",
    order_ref="",
    outside_rth=False,
    what_if=False,
)


class Heard:
    def __init__(self, broker):
        self.orders, self.fills, self.notices = [], [], []
        broker.listen(self.orders.append, self.fills.append, self.notices.append)

    def states(self, ref):
        return [update.state for update in self.orders if update.ref == ref]


async def prepared(s):
    """Return the March future, quoted, with positions confirmed and listeners in place."""
    future = (await s.broker.instruments(VX))[1]
    s.broker.subscribe(future)
    await s.broker.positions()
    await s.settle()
    return future, Heard(s.broker)


def ticket(s, future, ref, side, quantity, limit):
    return OrderTicket(
        ref=ref, account=s.broker.account, instrument=future, side=side, quantity=quantity, limit=Decimal(limit)
    )


def touch(s, future, side):
    quote = s.broker.quote(future.con_id)
    price = quote.ask if side is Side.BUY else quote.bid
    return Decimal(str(round(price, 2)))


async def bought(s, future, quantity=2):
    s.broker.place(ticket(s, future, "buy", Side.BUY, quantity, touch(s, future, Side.BUY)))
    await s.settle()
    await s.after(seconds=30)


async def test_a_buy_at_the_ask_fills_and_is_reported_once_with_its_commission():
    async with stage(at=OPEN) as s:
        future, heard = await prepared(s)
        await bought(s, future)
        assert heard.states("buy")[-1] is OrderState.FILLED
        assert {fill.exec_id for fill in heard.fills} == {fill.exec_id for fill in await s.broker.executions()}
        last = heard.fills[-1]
        assert (last.ref, last.side, last.quantity, last.account) == ("buy", Side.BUY, 2, s.broker.account)
        assert last.commission is not None
        held = {row.instrument.con_id: row for row in (await s.broker.positions()).rows}[future.con_id]
        assert (held.quantity, held.avg_price) == (2, pytest.approx(last.price, abs=0.01))


async def test_every_field_that_a_preset_could_fill_is_sent():
    async with stage(at=OPEN) as s:
        future, _ = await prepared(s)
        s.broker.place(ticket(s, future, "rest", Side.BUY, 1, FAR))
        await s.settle()
        (report,) = s.exchange.open_orders()
        sent = report.request
        assert (sent.tif, sent.account, sent.order_ref, sent.order_type) == ("DAY", s.broker.account, "rest", "LMT")
        assert (sent.con_id, sent.limit, sent.quantity, sent.what_if) == (future.con_id, 5.0, 1, False)


async def test_a_resting_order_is_repriced_and_cancelled():
    async with stage(at=OPEN) as s:
        future, heard = await prepared(s)
        s.broker.place(ticket(s, future, "rest", Side.BUY, 1, FAR))
        await s.settle()
        s.broker.reprice("rest", Decimal("5.05"))
        await s.settle()
        (working,) = await s.broker.open_orders()
        assert (working.ref, working.limit, working.state) == ("rest", 5.05, OrderState.WORKING)
        s.broker.cancel("rest")
        await s.settle()
        assert not await s.broker.open_orders()
        assert heard.states("rest")[-1] is OrderState.CANCELLED
        (done,) = await s.broker.completed_orders()
        assert (done.ref, done.state, done.filled) == ("rest", OrderState.CANCELLED, 0)


async def test_the_same_ref_is_never_sent_twice():
    async with stage(at=OPEN) as s:
        future, _ = await prepared(s)
        s.broker.place(ticket(s, future, "once", Side.BUY, 1, FAR))
        with pytest.raises(Refuse, match="never sent twice"):
            s.broker.place(ticket(s, future, "once", Side.BUY, 1, FAR))
        await s.settle()
        assert s.gateway.frames[3] == 1


async def test_a_sell_without_a_holding_never_reaches_the_wire():
    async with stage(at=OPEN) as s:
        future, _ = await prepared(s)
        with pytest.raises(NotSent, match="long only"):
            s.broker.place(ticket(s, future, "short", Side.SELL, 1, "30.00"))
        await s.settle()
        assert s.gateway.frames[3] == 0


async def test_sells_together_never_exceed_the_holding():
    async with stage(at=OPEN) as s:
        future, _ = await prepared(s)
        await bought(s, future)
        s.broker.place(ticket(s, future, "s1", Side.SELL, 1, "40.00"))
        with pytest.raises(NotSent, match="long only"):
            s.broker.place(ticket(s, future, "s2", Side.SELL, 2, "40.00"))
        s.broker.place(ticket(s, future, "s3", Side.SELL, 1, "40.00"))
        await s.settle()
        assert sorted(update.ref for update in await s.broker.open_orders()) == ["s1", "s3"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"limit": Decimal("5.03")}, "tick"),
        ({"limit": Decimal("-1")}, "above 0"),
        ({"quantity": 0}, "above 0"),
        ({"account": "U1"}, "account"),
        ({"ref": ""}, "order ''"),
    ],
)
async def test_a_wrong_ticket_is_refused_before_the_wire(changes, words):
    async with stage(at=OPEN) as s:
        future, _ = await prepared(s)
        good = {
            "ref": "r",
            "account": s.broker.account,
            "instrument": future,
            "side": Side.BUY,
            "quantity": 1,
            "limit": FAR,
        }
        with pytest.raises(NotSent, match=words):
            s.broker.place(OrderTicket(**{**good, **changes}))
        await s.settle()
        assert s.gateway.frames[3] == 0


async def test_a_phantom_cancel_is_marked_and_the_order_stays_counted():
    async with stage(at=OPEN) as s:
        future, heard = await prepared(s)
        await bought(s, future)
        s.broker.place(ticket(s, future, "sell", Side.SELL, 2, "40.00"))
        await s.settle()
        order_id = heard.orders[-1].order_id
        await s.say(10349, "Order TIF was set to DAY based on order preset.", order_id)
        last = heard.orders[-1]
        assert (last.ref, last.state, last.by_error, last.code) == ("sell", OrderState.WORKING, True, 10349)
        assert OrderState.CANCELLED not in heard.states("sell")
        with pytest.raises(NotSent, match="long only"):
            s.broker.place(ticket(s, future, "again", Side.SELL, 1, "40.00"))
        (alive,) = await s.broker.open_orders()
        assert alive.ref == "sell"


async def test_a_phantom_cancelled_order_can_still_be_cancelled():
    async with stage(at=OPEN) as s:
        future, heard = await prepared(s)
        s.broker.place(ticket(s, future, "rest", Side.BUY, 1, FAR))
        await s.settle()
        await s.say(462, "Cannot cancel.", heard.orders[-1].order_id)
        s.broker.cancel("rest")
        await s.settle()
        assert not s.exchange.open_orders()


async def test_a_reject_of_a_change_does_not_kill_the_working_order():
    async with stage(at=OPEN) as s:
        future, heard = await prepared(s)
        s.broker.place(ticket(s, future, "rest", Side.BUY, 1, FAR))
        await s.settle()
        await s.say(201, "Order rejected - reason: change refused", heard.orders[-1].order_id)
        last = heard.orders[-1]
        assert (last.state, last.by_error, last.code) == (OrderState.WORKING, True, 201)


async def test_a_rejected_new_order_is_rejected_for_certain():
    async with stage(at=OPEN) as s:
        future, heard = await prepared(s)
        s.broker.place(ticket(s, future, "huge", Side.BUY, 50_000, touch(s, future, Side.BUY)))
        await s.settle()
        certain = [update for update in heard.orders if not update.by_error]
        assert certain[-1].state is OrderState.REJECTED
        assert certain[-1].code is not None


async def test_a_what_if_gives_a_margin_and_sends_nothing():
    async with stage(at=OPEN) as s:
        future, heard = await prepared(s)
        margin = await s.broker.what_if(ticket(s, future, "ask", Side.BUY, 2, touch(s, future, Side.BUY)))
        assert margin.initial_change > margin.maintenance_change > 0
        assert margin.commission > 0
        assert heard.orders == []
        assert not s.exchange.open_orders()


async def test_the_margin_of_one_contract_is_that_of_a_what_if_and_sends_nothing():
    async with stage(at=OPEN) as s:
        future, heard = await prepared(s)
        told = await s.broker.what_if(ticket(s, future, "ask", Side.BUY, 1, touch(s, future, Side.BUY)))
        assert await s.broker.margin_of(future) == pytest.approx(told.initial_change, abs=0.005)
        assert heard.orders == []
        assert not s.exchange.open_orders()


async def test_a_future_without_a_bid_has_no_margin_and_asks_nothing():
    async with stage(at=OPEN) as s:
        future, _ = await prepared(s)
        asked = s.gateway.frames[3]
        assert await s.broker.margin_of(replace(future, con_id=999_999)) is None
        assert s.gateway.frames[3] == asked


async def test_after_a_restart_the_working_order_is_known_again_and_can_be_cancelled():
    async with stage(at=OPEN) as s:
        future, _ = await prepared(s)
        s.broker.place(ticket(s, future, "rest", Side.BUY, 1, FAR))
        await s.settle()
        await s.broker.disconnect()
        successor = IbBroker(s.endpoint, s.clock, mode="demo")
        await successor.connect()
        s.broker = successor
        await s.settle()
        with pytest.raises(Refuse, match="never sent twice"):
            successor.place(ticket(s, future, "rest", Side.BUY, 1, FAR))
        successor.cancel("rest")
        await s.settle()
        assert not s.exchange.open_orders()


async def test_a_sell_that_fills_while_the_line_is_down_is_counted_after_the_reads():
    async with stage(at=OPEN) as s:
        future, _ = await prepared(s)
        await bought(s, future, quantity=3)
        s.broker.place(ticket(s, future, "sell", Side.SELL, 1, touch(s, future, Side.BUY) + Decimal("0.05")))
        await s.settle()
        await s.broker.disconnect()
        s.clock.move(OPEN.replace(hour=15, minute=30))
        for _ in range(200):
            if not s.exchange.open_orders():
                break
            s.gateway.advance(s.market.now.replace(second=0) + timedelta(minutes=1))
        assert not s.exchange.open_orders()
        await s.broker.connect()
        await s.settle()
        await s.broker.executions()
        await s.broker.positions()
        with pytest.raises(NotSent, match="2 are held"):
            s.broker.place(ticket(s, future, "s2", Side.SELL, 3, "40.00"))
        s.broker.place(ticket(s, future, "s3", Side.SELL, 2, "40.00"))
        await s.settle()
        assert [update.ref for update in await s.broker.open_orders()] == ["s3"]


async def test_a_sale_of_others_that_is_no_longer_listed_does_not_block_ours():
    """The next day its end stands in no list: completed orders are those of today."""
    async with stage(at=OPEN) as s:
        future, _ = await prepared(s)
        await bought(s, future)
        theirs = replace(SALE_OF_OTHERS, con_id=future.con_id, account=s.broker.account)
        s.exchange.place(theirs)
        await s.broker.open_orders()
        with pytest.raises(NotSent, match="0 are held and not on offer"):
            s.broker.place(ticket(s, future, "early", Side.SELL, 2, touch(s, future, Side.SELL)))
        s.exchange.cancel(theirs.client_id, theirs.order_id)
        s.exchange.completed_orders = lambda: ()
        await s.broker.open_orders()
        s.broker.place(ticket(s, future, "sell", Side.SELL, 2, touch(s, future, Side.SELL)))


async def test_an_account_that_nobody_named_does_not_change_on_a_reconnection():
    async with stage(at=OPEN) as s:
        first = s.broker.account
        await s.broker.disconnect()
        s.exchange.accounts = lambda: ("DU7777777",)
        with pytest.raises(Refuse, match=f"manages DU7777777, this bot runs on {first}: log in to that one"):
            await s.broker.connect()
        assert s.broker.account == first


async def test_an_order_of_another_client_is_seen_and_cannot_be_touched():
    async with stage(at=OPEN) as s:
        future, _ = await prepared(s)
        other = IbBroker(endpoint(s.endpoint.port, client_id=9), s.clock, mode="demo")
        await other.connect()
        await other.positions()
        other.place(ticket(s, future, "foreign", Side.BUY, 1, FAR))
        await s.settle()
        found = []
        for _ in range(20):
            found = await s.broker.open_orders()
            if found:
                break
        assert [update.ref for update in found] == ["foreign"]
        with pytest.raises(Refuse, match="not known to client id 7"):
            s.broker.cancel("foreign")
        await other.disconnect()


async def test_a_broken_handler_forbids_every_further_order():
    async with stage(at=OPEN) as s:
        future, _ = await prepared(s)
        s.broker._connection.fault = "handler failed"
        with pytest.raises(Exception, match="stop opening"):
            s.broker.place(ticket(s, future, "r", Side.BUY, 1, FAR))


async def test_order_ids_that_the_gateway_rolls_back_are_not_used_again():
    async with stage(at=OPEN) as s:
        future, heard = await prepared(s)
        await bought(s, future)
        first = heard.orders[-1].order_id
        s.broker._ib.client._reqIdSeq = 1  # as after a nightly restart that forgot its count
        s.broker.place(ticket(s, future, "next", Side.BUY, 1, FAR))
        await s.settle()
        assert heard.orders[-1].ref == "next"
        assert heard.orders[-1].order_id > first
        assert heard.states("buy")[-1] is OrderState.FILLED


async def test_after_a_reconnection_an_error_about_a_request_is_not_taken_for_one_about_an_old_order():
    async with stage(at=OPEN) as s:
        future, heard = await prepared(s)
        await bought(s, future)
        old = heard.orders[-1].order_id
        await s.broker.disconnect()
        await s.broker.connect()
        await s.settle()
        heard.orders.clear()
        await s.say(354, "Requested market data is not subscribed", old)
        assert heard.orders == []
        assert heard.notices[-1].code == 354
