"""What is watched of the options on VIX, how often it is asked for, and what is said when lines run out."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from math import log

import pytest
from harness import stage
from scipy.stats import norm

from bot.errors import Retry
from bot.observe import Observer, Sight
from bot.observe.vix_options import strike_of_delta
from bot.session import NEW_YORK, session_at
from strategies.alvh.records import Right

OPEN = datetime(2018, 2, 5, 14, 40, tzinfo=UTC)
TRADED = date(2018, 3, 21)


async def look(s, observer):
    session = session_at(s.clock.now())
    assert session is not None
    return await observer.look(session)


def settles_on(option):
    return option.settles_at.astimezone(NEW_YORK).date()


async def test_the_traded_month_has_three_whole_pairs_about_its_price():
    async with stage(at=OPEN) as s:
        view, _ = await look(s, Observer(s.broker, s.clock, Sight(rate=0.0145)))
        vx = next(row for row in view.futures if row.settles_on == TRADED)
        pairs = [row for row in view.vix_chain if settles_on(row) == TRADED]
        puts = {row.strike for row in pairs if row.right is Right.PUT}
        assert puts <= {row.strike for row in pairs if row.right is Right.CALL}
        assert len(puts) == 3
        assert max(abs(strike - vx.quote.mid) for strike in puts) <= 1.0
        assert {row.trading_class for row in pairs} == {"VIX"}
        assert {row.expires_on for row in pairs} == {date(2018, 3, 20)}
        assert all(row.quote.bid < row.quote.ask and row.quote.age_s == 0.0 and row.iv > 0.0 for row in pairs)


async def test_a_strip_of_calls_covers_the_deltas_of_the_near_expiry():
    async with stage(at=OPEN) as s:
        view, _ = await look(s, Observer(s.broker, s.clock, Sight(rate=0.0145, event_calls=True)))
        calls = [row for row in view.vix_chain if settles_on(row) == date(2018, 2, 14)]
        assert {row.right for row in calls} == {Right.CALL}
        deltas = sorted(s.market.greeks(row.con_id).delta for row in calls)
        assert deltas[0] < 0.30
        assert deltas[-1] > 0.45
        assert max(b - a for a, b in itertools.pairwise(deltas)) < 0.20


async def test_vvix_is_seen_and_costs_no_stream():
    async with stage(at=OPEN) as s:
        observer = Observer(s.broker, s.clock, Sight(rate=0.0145, event_calls=True))
        view, _ = await look(s, observer)
        shown = s.market.quote(104672519)
        assert (view.vvix.last, view.vvix.prev_close) == (shown.last, shown.close)
        assert 104672519 not in s.broker._lines._streaming


async def test_the_strip_is_asked_for_every_five_minutes_and_says_its_age_in_between():
    async with stage(at=OPEN) as s:
        observer = Observer(s.broker, s.clock, Sight(rate=0.0145))
        ages = []
        for _ in range(6):
            view, _ = await look(s, observer)
            ages.append(
                {
                    "pairs": max(row.quote.age_s for row in view.vix_chain if settles_on(row) == TRADED),
                    "vvix": view.vvix.age_s,
                }
            )
            await s.after(minutes=1)
        assert [row["vvix"] for row in ages] == [0.0, 60.0, 120.0, 180.0, 240.0, 0.0]
        assert all(row["pairs"] <= 30.0 for row in ages)


async def test_a_month_that_ran_away_from_its_strikes_gets_others():
    async with stage(at=OPEN) as s:
        observer = Observer(s.broker, s.clock, Sight(rate=0.0145))
        await look(s, observer)
        await s.move(datetime(2018, 2, 5, 20, 50, tzinfo=UTC))
        view, _ = await look(s, observer)
        vx = next(row for row in view.futures if row.settles_on == TRADED)
        pairs = [row.strike for row in view.vix_chain if settles_on(row) == TRADED and row.right is Right.PUT]
        assert max(abs(strike - vx.quote.mid) for strike in pairs) <= 1.0


@pytest.mark.parametrize(("lines", "said"), [(100, False), (60, True)])
async def test_what_finds_no_line_is_left_out_and_said(lines, said):
    async with stage(at=OPEN) as s:
        observer = Observer(s.broker, s.clock, Sight(rate=0.0145, lines=lines))
        view, _ = await look(s, observer)
        assert len(observer._focus.lines) <= lines
        assert any("options on VIX are not watched" in fault for fault in view.faults) is said


async def test_no_answer_about_the_options_leaves_the_rest_of_the_view_whole(monkeypatch):
    async with stage(at=OPEN) as s:
        observer, real = Observer(s.broker, s.clock, Sight(rate=0.0145)), s.broker.instruments

        async def deaf(query):
            if query.sec_type == "OPT" and query.symbol == "VIX":
                raise Retry("no answer")
            return await real(query)

        monkeypatch.setattr(s.broker, "instruments", deaf)
        view, _ = await look(s, observer)
        assert view.vix_chain == ()
        assert view.chain
        assert any(fault.startswith("options on VIX 2018-03-20") for fault in view.faults)


async def test_an_account_without_option_data_is_told_once(monkeypatch):
    async with stage(at=OPEN) as s:
        observer, real = Observer(s.broker, s.clock, Sight(rate=0.0145)), s.broker.subscribe

        def unquoted(instrument, *, stream=True):
            if instrument.symbol != "VIX" or instrument.sec_type != "OPT":
                real(instrument, stream=stream)

        monkeypatch.setattr(s.broker, "subscribe", unquoted)
        view, _ = await look(s, observer)
        assert [fault for fault in view.faults if "VIX" in fault] == ["options on VIX are not quoted"]


@pytest.mark.parametrize("delta", [0.55, 0.35, 0.15])
def test_the_strike_of_a_delta_has_that_delta(delta):
    strike = strike_of_delta(delta, 15.0, 0.9, 16 / 365)
    stdev = 0.9 * (16 / 365) ** 0.5
    d1 = -log(strike / 15.0) / stdev + 0.5 * stdev
    assert norm.cdf(d1) == pytest.approx(delta, abs=1e-9)


async def test_strikes_that_an_expiry_lacks_are_passed_over(monkeypatch):
    async with stage(at=OPEN) as s:
        observer, real = Observer(s.broker, s.clock, Sight(rate=0.0145)), s.broker.instruments

        async def holes(query):
            if query.sec_type == "OPT" and query.symbol == "VIX" and query.strike % 1.0:
                return ()
            return await real(query)

        monkeypatch.setattr(s.broker, "instruments", holes)
        view, _ = await look(s, observer)
        puts = {row.strike for row in view.vix_chain if row.right is Right.PUT}
        assert len(puts) >= 2
        assert all(strike % 1.0 == 0.0 for strike in puts)


async def test_a_day_later_the_strip_is_chosen_anew():
    async with stage(at=OPEN) as s:
        observer = Observer(s.broker, s.clock, Sight(rate=0.0145))
        first, _ = await look(s, observer)
        await s.move(OPEN + timedelta(days=1))
        second, _ = await look(s, observer)
        assert {row.con_id for row in first.vix_chain} != {row.con_id for row in second.vix_chain}
