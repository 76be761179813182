import math
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from harness import stage

from bot.broker.port import LinkState, OrderTicket
from bot.broker.quotes import Line
from bot.broker.readonly import ReadOnlyBroker
from bot.errors import Retry
from bot.observe import Observer, Sight
from bot.session import session_at
from strategies.alvh.records import GreeksSource, Right, Side

REQ_HISTORY = 20
OPEN = datetime(2018, 2, 5, 14, 40, tzinfo=UTC)
FRONT = date(2018, 2, 14)
SIGHT = Sight(rate=0.0145)


async def look(s, observer):
    session = session_at(s.clock.now())
    assert session is not None
    return await observer.look(session)


def observer_of(s, sight=SIGHT):
    return Observer(s.broker, s.clock, sight)


def numbers(value):
    """Yield every float inside a record."""
    if isinstance(value, float):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from numbers(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from numbers(getattr(value, field.name))


async def test_a_first_look_sees_the_whole_market_and_says_no_fault():
    async with stage(at=OPEN) as s:
        view, book = await look(s, observer_of(s))
        assert view.faults == ()
        assert (view.feed_ok, view.hours_agree, view.now) == (True, True, OPEN)
        assert None not in (view.spx.last, view.vix.last, view.vix9d.last, view.vix3m.last, view.hv20_pct)
        assert (len(view.spx_bars), len(view.vix_bars)) == (500, 500)
        assert view.spx_bars[-1].end == view.vix_bars[-1].end == view.breadth_bars[-1].end == OPEN
        assert view.breadth_stdev is not None
        assert book.complete


async def test_the_view_shows_what_the_market_displays():
    async with stage(at=OPEN) as s:
        view, _ = await look(s, observer_of(s))
        for future in view.futures:
            shown = s.market.quote(future.con_id)
            assert (future.quote.bid, future.quote.ask) == (shown.bid, shown.ask)
            assert future.prior_settle == shown.close
        assert view.spx.last == s.market.quote(416904).last
        assert view.spx.prev_close == s.market.quote(416904).close


async def test_futures_are_the_pinned_monthlies_and_only_the_tradable_ones_carry_bars():
    async with stage(at=OPEN) as s:
        view, _ = await look(s, observer_of(s))
        assert {(row.trading_class, row.multiplier) for row in view.futures} == {("VX", 1000), ("VXM", 100)}
        front = view.futures[0]
        assert (front.settles_on, front.dte, front.business_days) == (date(2018, 2, 14), 9, 7)
        with_bars = {row.dte for row in view.futures if row.bars}
        assert with_bars == {row.dte for row in view.futures if 12 <= row.dte <= 50}
        assert all(len(row.bars) == 500 for row in view.futures if row.bars)


async def test_a_held_mini_brings_the_bars_of_the_vx_of_its_month():
    async with stage(at=OPEN) as s:
        observer = observer_of(s)
        await look(s, observer)
        mini = next(
            row for row in observer.tradable().values() if (row.trading_class, row.expires_on) == ("VXM", FRONT)
        )
        ask = Decimal(str(s.broker.quote(mini.con_id).ask))
        s.broker.place(
            OrderTicket(ref="t", account=s.broker.account, instrument=mini, side=Side.BUY, quantity=1, limit=ask)
        )
        await s.after(seconds=60)
        view, book = await look(s, observer)
        assert [(row.trading_class, row.quantity) for row in book.futures] == [("VXM", 1)]
        assert {f.trading_class for f in view.futures if f.settles_on == FRONT and f.bars} == {"VX"}


async def test_legs_carry_quotes_greeks_settlement_and_their_usual_spread():
    async with stage(at=OPEN) as s:
        _, book = await look(s, observer_of(s))
        opening = {row.con_id: row.quantity for row in s.market.opening_account().positions}
        assert {leg.con_id: leg.quantity for leg in book.legs} == opening
        for leg in book.legs:
            assert leg.greeks is not None
            assert leg.greeks.source is GreeksSource.IB
            assert leg.quote.mid is not None
            assert leg.spread_median is not None
            assert leg.settles_at.astimezone(UTC).hour == 21


async def test_every_chosen_expiry_has_a_fresh_pair_at_the_money():
    async with stage(at=OPEN) as s:
        view, book = await look(s, observer_of(s))
        by_expiry = {}
        for option in view.chain:
            by_expiry.setdefault(option.settles_at, []).append(option)
        assert {leg.settles_at for leg in book.legs} <= set(by_expiry)
        for options in by_expiry.values():
            pairs = {row.strike for row in options if row.right is Right.CALL} & {
                row.strike for row in options if row.right is Right.PUT
            }
            assert any(abs(strike / view.spx.last - 1) < 0.01 for strike in pairs)
            assert all(row.quote.age_s == 0.0 and row.iv is not None for row in options)


async def test_lines_stay_within_the_budget_and_the_book_comes_first():
    async with stage(at=OPEN) as s:
        observer = observer_of(s, Sight(rate=0.0145, lines=40))
        _, book = await look(s, observer)
        assert len(observer._focus.lines) <= 40
        assert all(leg.greeks is not None for leg in book.legs)


async def test_a_minute_later_nothing_is_stale_and_no_bar_is_asked_for_twice():
    async with stage(at=OPEN) as s:
        observer = observer_of(s)
        await look(s, observer)
        asked = s.gateway.frames[20]
        await s.after(minutes=1)
        view, book = await look(s, observer)
        assert s.gateway.frames[20] == asked
        limits = SIGHT.freshness
        assert view.spx.age_s <= limits.spx_s
        assert view.vix.age_s <= limits.vix_s
        assert all(row.quote.age_s <= limits.vx_s for row in view.futures)
        assert all(leg.quote.age_s <= limits.greeks_s for leg in book.legs)


async def test_bars_grow_with_the_session_and_stay_those_of_the_history():
    async with stage(at=OPEN) as s:
        observer = observer_of(s)
        await look(s, observer)
        for _ in range(10):
            await s.after(minutes=1)
            view, _ = await look(s, observer)
        fresh, _ = await look(s, observer_of(s))
        assert view.spx_bars[-1].end == OPEN + timedelta(minutes=10)
        assert view.spx_bars == fresh.spx_bars
        assert view.futures[2].bars == fresh.futures[2].bars
        assert view.breadth_bars == fresh.breadth_bars


async def test_the_same_seed_gives_the_same_views():
    seen = []
    for _ in range(2):
        async with stage("spike-2018-02", at=OPEN) as s:
            observer = observer_of(s)
            views = []
            for _ in range(3):
                views.append(await look(s, observer))
                await s.after(minutes=1)
            seen.append(views)
    assert seen[0] == seen[1]


async def test_no_number_in_a_view_is_nan_or_a_sentinel():
    async with stage(at=OPEN) as s:
        view, book = await look(s, observer_of(s))
        found = [*numbers(view), *numbers(book)]
        assert found
        assert all(math.isfinite(number) and abs(number) < 1e100 for number in found)


async def test_a_lost_line_is_said_and_forbids():
    async with stage(at=OPEN) as s:
        observer = observer_of(s)
        await look(s, observer)
        await s.say(1100, "Connectivity between IB and Trader Workstation has been lost.")
        view, _ = await look(s, observer)
        assert not view.feed_ok
        assert any(LinkState.LOST.value in fault for fault in view.faults)


async def test_a_broken_farm_is_said_and_forbids_until_it_is_good():
    async with stage(at=OPEN) as s:
        observer = observer_of(s)
        await look(s, observer)
        await s.say(2103, "Market data farm connection is broken:usfarm")
        assert not (await look(s, observer))[0].feed_ok
        await s.say(2104, "Market data farm connection is OK:usfarm")
        await s.settle()
        assert (await look(s, observer))[0].feed_ok


async def test_a_broker_that_is_gone_asks_for_another_try():
    async with stage(at=OPEN) as s:
        observer = observer_of(s)
        await s.broker.disconnect()
        with pytest.raises(Retry):
            await look(s, observer)


async def test_positions_without_an_end_leave_an_incomplete_book(monkeypatch):
    async with stage(at=OPEN) as s:

        async def unanswered():
            raise Retry("positions: no answer")

        monkeypatch.setattr(s.broker, "_position_rows", unanswered)
        view, book = await look(s, observer_of(s))
        assert not book.complete
        assert any("not confirmed" in fault for fault in view.faults)


async def test_hours_that_differ_from_the_calendar_are_said(monkeypatch):
    async with stage(at=OPEN) as s:
        real = s.market.hours

        def half_days(con_id, first, days):
            return tuple(text.replace("1500", "1200") for text in real(con_id, first, days))

        monkeypatch.setattr(s.market, "hours", half_days)
        view, _ = await look(s, observer_of(s))
        assert not view.hours_agree
        assert any("SPX" in fault and "calendar" in fault for fault in view.faults)


async def test_an_index_without_ticks_is_missing_and_not_zero():
    async with stage(at=OPEN) as s:
        observer = observer_of(s)
        await look(s, observer)
        s.broker._lines._lines[13455763] = Line(con_id=13455763)
        monkey = s.broker.confirm

        async def silent(con_ids):
            await monkey([con_id for con_id in con_ids if con_id != 13455763])

        s.broker.confirm = silent
        view, _ = await look(s, observer)
        assert view.vix.last is None
        assert view.vix.age_s is None
        assert any(fault.startswith("VIX is not quoted") for fault in view.faults)


async def test_only_pinned_futures_may_be_traded():
    async with stage(at=OPEN) as s:
        observer = observer_of(s)
        view, _ = await look(s, observer)
        assert set(observer.tradable()) == {row.con_id for row in view.futures}


async def test_a_new_session_is_warmed_up_afresh():
    async with stage(at=OPEN) as s:
        observer = observer_of(s)
        first, _ = await look(s, observer)
        await s.move(OPEN + timedelta(days=1))
        second, _ = await look(s, observer)
        assert second.session.day == date(2018, 2, 6)
        assert second.spx.prev_close != first.spx.prev_close
        assert second.futures[0].dte == first.futures[0].dte - 1
        assert second.hv20_pct != first.hv20_pct


async def test_bars_that_were_kept_overnight_are_those_that_a_fresh_start_reads():
    async with stage(at=OPEN) as s:
        observer = observer_of(s)
        await look(s, observer)
        asked = s.gateway.frames[REQ_HISTORY]
        await s.move(OPEN + timedelta(days=1))
        kept, _ = await look(s, observer)
        fresh, _ = await look(s, observer_of(s))
        assert s.gateway.frames[REQ_HISTORY] > asked
        assert (kept.spx_bars, kept.vix_bars) == (fresh.spx_bars, fresh.vix_bars)
        assert (kept.breadth_bars, kept.breadth_stdev) == (fresh.breadth_bars, fresh.breadth_stdev)
        assert [future.bars for future in kept.futures] == [future.bars for future in fresh.futures]


async def test_a_read_only_broker_is_all_it_needs():
    async with stage(at=OPEN, broker=ReadOnlyBroker, mode="dry-run") as s:
        view, book = await look(s, observer_of(s))
        assert view.faults == ()
        assert book.legs
        assert {3, 4, 5}.isdisjoint(s.gateway.frames)


async def test_what_could_not_be_looked_up_is_tried_again_after_five_minutes(monkeypatch):
    async with stage(at=OPEN) as s:
        observer, real = observer_of(s), s.broker.chains

        async def unanswered(_underlying):
            raise Retry("option chains: no answer")

        monkeypatch.setattr(s.broker, "chains", unanswered)
        view, _ = await look(s, observer)
        assert view.chain == ()
        assert view.faults == (
            "SPX option chains: option chains: no answer",
            "VIX option chains: option chains: no answer",
        )
        monkeypatch.setattr(s.broker, "chains", real)
        await s.after(minutes=4)
        assert (await look(s, observer))[0].chain == ()
        await s.after(minutes=1)
        view, _ = await look(s, observer)
        assert view.chain
        assert view.faults == ()
        assert len(view.spx_bars) == 500
