"""The background: from the broker's funds, from the operator's file, and missing without stopping anything."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import mean, stdev
from typing import Any, cast

import pytest
from harness import stage

from bot.broker.port import Instrument, LinkState, Query, Reader
from bot.errors import Refuse, Retry, UsageProblem
from bot.observe import Observer, Sight
from bot.observe.context import Background, background_of, differences, standardised
from bot.observe.sectors import read_sectors, tilt
from bot.observe.spreads import REQUESTS_A_WINDOW, Pace
from bot.session import session_at
from strategies.alvh.records import Bar, ContextValue, Quote, Session

NOW = datetime(2018, 2, 5, 15, 0, 5, tzinfo=UTC)
DAY = date(2018, 2, 5)
CYCLICAL = {"XLK": 29.2, "XLY": 12.5, "XLF": 10.7, "XLI": 7.8}
DEFENSIVE = {"XLU": 2.5, "XLP": 5.9, "XLV": 13.3}
FUNDS = (*CYCLICAL, *DEFENSIVE, "HYG", "LQD")


def session(now: datetime = NOW) -> Session:
    found = session_at(now)
    assert found is not None
    return found


class Fund:
    """Serve nine funds as a broker does: 100 yesterday, and today what `moved` says in percent."""

    def __init__(self, moved: dict[str, float] | None = None, history: int = 61) -> None:
        self.moved = {symbol: 0.0 for symbol in FUNDS} | (moved or {})
        self.history = history
        self.queries: list[Query] = []
        self.asked: list[str] = []
        self.confirmed: list[tuple[int, ...]] = []
        self.streams: list[str] = []
        self.left: list[int] = []
        self.unknown: dict[str, Exception | int] = {}
        self.silent: dict[str, Exception] = {}
        self.quotes: dict[str, Quote] = {}
        self.reason = ""
        self.age_s = 3.0

    async def instruments(self, query: Query) -> Sequence[Instrument]:
        self.queries.append(query)
        told = self.unknown.get(query.symbol, 1)
        if isinstance(told, Exception):
            raise told
        row = Instrument(con_id=FUNDS.index(query.symbol), symbol=query.symbol, sec_type="STK", exchange="SMART")
        return [row] * told

    async def bars(self, row: Instrument, **asked: Any) -> Sequence[Bar]:
        self.asked.append(row.symbol)
        assert (asked["minutes"], asked["count"], asked["what"]) == (1440, 61, "TRADES")
        if row.symbol in self.silent:
            raise self.silent[row.symbol]
        closes = [100.0 + self.swing(row.symbol, n) for n in range(self.history)]
        days = [DAY - timedelta(days=self.history - n) for n in range(self.history)]
        ends = [datetime.combine(day, time(21), UTC) for day in days]
        return [Bar(end=end, open=c, high=c, low=c, close=c) for end, c in zip(ends, closes, strict=True)]

    @staticmethod
    def swing(symbol: str, n: int) -> float:
        return (n % 3 - 1.0) * (1.0 if symbol in CYCLICAL else 0.5)

    def subscribe(self, row: Instrument, *, stream: bool = True) -> None:
        if stream:
            self.streams.append(row.symbol)

    def unsubscribe(self, con_id: int) -> None:
        self.left.append(con_id)

    async def confirm(self, con_ids: Sequence[int]) -> None:
        self.confirmed.append(tuple(con_ids))

    def quote(self, con_id: int) -> Quote:
        symbol = FUNDS[con_id]
        price = 100.0 * (1.0 + self.moved[symbol] / 100.0)
        return self.quotes.get(symbol, Quote(bid=price - 0.01, ask=price + 0.01, last=price, age_s=self.age_s + con_id))

    def day_values(self, con_id: int) -> tuple[float | None, float | None]:
        return None, None if FUNDS[con_id] == "LQD" and self.reason == "no close" else 100.0

    def refused(self, con_id: int) -> str:
        return self.reason


class Watch:
    """Let a background look again and again, and keep what it said."""

    def __init__(self, broker: Fund, background: Background | None = None) -> None:
        self.broker, self.background = broker, background or Background()
        self.pace = Pace()
        self.said: list[str] = []

    def look(self, now: datetime = NOW) -> dict[str, ContextValue]:
        reader = cast(Reader, self.broker)
        self.said += asyncio.run(self.background.refresh(reader, self.pace, session(now), now))
        found: dict[str, ContextValue] = {}
        for row in self.background.values(reader):
            found.setdefault(row.name, row)
        return found


def test_sectors_are_cyclicals_less_defensives_by_their_weight_in_the_index() -> None:
    moved = dict(zip(FUNDS, (-3.0, -2.0, -4.0, -2.5, -0.5, -1.0, -1.5, -0.7, 0.2), strict=True))
    found = Watch(Fund(moved)).look()
    cyclical = (29.2 * -3.0 + 12.5 * -2.0 + 10.7 * -4.0 + 7.8 * -2.5) / 60.2
    defensive = (2.5 * -0.5 + 5.9 * -1.0 + 13.3 * -1.5) / 21.7
    assert found["sectors"].value == pytest.approx(cyclical - defensive, abs=1e-9)
    assert found["credit"].value == pytest.approx(-0.7, abs=1e-9)
    assert found["credit_spread"].value == pytest.approx(-0.9, abs=1e-9)


def test_z_stands_against_sixty_daily_differences() -> None:
    broker = Fund({symbol: -2.0 for symbol in CYCLICAL})
    found = Watch(broker).look()["sectors"]
    prices = {kind: [100.0 + Fund.swing(kind, n) for n in range(61)] for kind in ("XLK", "XLU")}
    returns = {kind: [100.0 * (b / a - 1.0) for a, b in pairwise(row)] for kind, row in prices.items()}
    daily = [a - b for a, b in zip(returns["XLK"], returns["XLU"], strict=True)]
    assert len(daily) == 60
    assert found.z == pytest.approx((-2.0 - mean(daily)) / stdev(daily))


def test_under_twenty_differences_there_is_no_z_and_the_line_says_so() -> None:
    assert Watch(Fund(history=21)).look()["sectors"].z is not None
    found = Watch(Fund(history=20)).look()["sectors"]
    assert found.z is None and "under 20 days of history" in found.source


def test_a_number_is_as_old_as_its_oldest_part() -> None:
    found = Watch(Fund()).look()
    assert found["sectors"].age_s == 3.0 + FUNDS.index("XLV")
    assert found["credit"].age_s == 3.0 + FUNDS.index("HYG")


def test_funds_are_looked_up_and_learnt_once_a_session_and_priced_every_five_minutes() -> None:
    broker = Fund()
    watch = Watch(broker)
    for minute in range(11):
        watch.look(NOW + timedelta(minutes=minute))
    assert [query.symbol for query in broker.queries] == list(FUNDS) == broker.asked
    assert {(query.sec_type, query.exchange, query.listed_on) for query in broker.queries} == {("STK", "SMART", "ARCA")}
    assert len(broker.confirmed) == 3
    assert broker.streams == [] and watch.said == []
    watch.look(NOW + timedelta(days=1))
    assert len(broker.asked) == 18
    assert sorted(broker.left) == list(range(9))


def test_daily_bars_wait_for_room_in_the_pace_of_history() -> None:
    watch = Watch(Fund())
    for _ in range(REQUESTS_A_WINDOW - 4):
        watch.pace.count(NOW)
    watch.look()
    assert len(watch.broker.asked) == 4
    watch.look(NOW + timedelta(minutes=10))
    assert len(watch.broker.asked) == 9


@pytest.mark.parametrize(
    ("quote", "said"),
    [
        (Quote(), "XLU is not quoted: not subscribed"),
        (Quote(bid=1.0, ask=1.1, last=1.0, age_s=1.0, delayed=True), "XLU is delayed: not subscribed"),
        (Quote(bid=1.0, ask=1.1, last=1.0, age_s=1.0, halted=True), "XLU is halted: not subscribed"),
        (Quote(bid=1.0, ask=1.1, last=1.0), "XLU is not quoted: not subscribed"),
    ],
)
def test_one_fund_without_a_price_leaves_the_sectors_missing_with_the_reason(quote: Quote, said: str) -> None:
    broker = Fund()
    broker.quotes["XLU"], broker.reason = quote, "not subscribed"
    found = Watch(broker).look()
    assert found["sectors"] == ContextValue(name="sectors", source=said)
    assert found["credit"].value is not None


def test_without_a_previous_close_there_is_no_return() -> None:
    broker = Fund()
    broker.reason = "no close"
    found = Watch(broker).look()
    assert found["credit_spread"].value is None and found["credit"].value is not None


def test_what_cannot_be_looked_up_is_said_once_and_a_refusal_is_not_asked_again() -> None:
    broker = Fund()
    broker.unknown |= {"XLK": 2, "XLY": 0, "HYG": Refuse("no permission"), "LQD": Retry("no answer")}
    watch = Watch(broker)
    for minute in range(0, 16, 5):
        found = watch.look(NOW + timedelta(minutes=minute))
    assert found["sectors"].source == "XLK on ARCA: 2 contracts fit, expected 1"
    assert sorted(watch.said) == [
        "context: HYG could not be looked up: no permission",
        "context: LQD could not be looked up: no answer",
        "context: XLK on ARCA: 2 contracts fit, expected 1",
        "context: XLY on ARCA: 0 contracts fit, expected 1",
    ]
    asked = [query.symbol for query in broker.queries]
    assert (asked.count("XLK"), asked.count("HYG"), asked.count("LQD")) == (1, 1, 4)


def test_daily_bars_that_fail_cost_the_z_and_come_later_when_they_may() -> None:
    broker = Fund()
    broker.silent["XLF"] = Retry("no answer in time")
    watch = Watch(broker)
    first = watch.look()["sectors"]
    assert first.value is not None and first.z is None
    assert watch.said == ["context: daily bars of XLF: no answer in time"]
    del broker.silent["XLF"]
    assert watch.look(NOW + timedelta(minutes=5))["sectors"].z is not None


def test_a_foreign_contract_of_the_same_name_does_not_fit() -> None:
    class Foreign(Fund):
        async def instruments(self, query: Query) -> Sequence[Instrument]:
            return [replace(row, currency="MXN") for row in await super().instruments(query)]

    watch = Watch(Foreign())
    assert watch.look()["credit"].value is None
    assert "0 contracts fit" in watch.said[0]


def context_file(folder: Path, *lines: str) -> Path:
    path = folder / "own.csv"
    path.write_text("\n".join(("name,value,z,as_of,source", *lines)) + "\n", encoding="utf-8")
    return path


def test_the_broker_wins_over_the_file_and_the_file_fills_what_the_broker_lacks(tmp_path: Path) -> None:
    path = context_file(
        tmp_path, "sectors,,-2.2,2018-02-02,own", "credit,-0.9,,2018-02-02,own", "earnings,1.3,,2018-01-31,own"
    )
    broker = Fund({"HYG": -0.6})
    broker.quotes["XLK"] = Quote()
    found = Watch(broker, Background(file=path)).look()
    assert found["credit"].source == "broker"
    assert (found["sectors"].z, found["sectors"].source) == (-2.2, "own.csv: own")
    assert (found["earnings"].value, found["earnings"].as_of) == (1.3, date(2018, 1, 31))


def test_with_the_broker_switched_off_nothing_is_asked(tmp_path: Path) -> None:
    broker = Fund()
    path = context_file(tmp_path, "credit,-0.9,,2018-02-02,own")
    found = Watch(broker, Background(from_broker=False, file=path)).look()
    assert set(found) == {"credit"}
    assert (broker.queries, broker.asked, broker.confirmed) == ([], [], [])
    assert Watch(broker, Background(from_broker=False)).look() == {}


def test_the_file_is_read_once_a_session_and_its_errors_are_said_once(tmp_path: Path) -> None:
    path = context_file(tmp_path, "credit,abc,,2018-02-02,own", "earnings,1.3,,2018-01-31,own")
    watch = Watch(Fund(), Background(from_broker=False, file=path))
    assert set(watch.look()) == {"earnings"}
    context_file(tmp_path, "earnings,2.6,,2018-01-31,own")
    assert watch.look(NOW + timedelta(minutes=5))["earnings"].value == 1.3
    assert len(watch.said) == 1 and f"{path}:2" in watch.said[0]
    assert watch.look(NOW + timedelta(days=1))["earnings"].value == 2.6


def test_a_bot_does_not_start_on_a_file_that_is_wrong(tmp_path: Path) -> None:
    wrong = context_file(tmp_path, "credit,,,2018-02-02,own", "sectors,,-1,2019-02-02,own")
    with pytest.raises(UsageProblem, match=r"own\.csv:2: credit has no value.*own\.csv:3: as_of is 2019-02-02"):
        background_of(wrong, NOW, from_broker=False)
    with pytest.raises(UsageProblem, match="not readable"):
        background_of(tmp_path / "none.csv", NOW, from_broker=True)
    assert background_of(context_file(tmp_path, "credit,-1,,2018-02-05,own"), NOW, from_broker=False)


def test_only_days_that_all_funds_share_make_a_difference() -> None:
    days = [date(2018, 1, n) for n in (2, 3, 4, 5)]
    closes = {"A": dict(zip(days, (100.0, 110.0, 121.0, 121.0), strict=True)), "B": dict.fromkeys(days[:2], 50.0)}
    closes["B"][days[3]] = 55.0
    assert differences({"A": 1.0, "B": -1.0}, closes) == pytest.approx((10.0, 0.0))


def test_a_history_that_never_moved_gives_no_z() -> None:
    assert standardised(1.0, [0.0] * 60) is None


def test_the_shipped_weights_are_dated_and_sum_to_one_on_each_side() -> None:
    rows = read_sectors()
    shares = tilt(rows)
    assert sum(shares[symbol] for symbol in CYCLICAL) == pytest.approx(1.0)
    assert sum(shares[symbol] for symbol in DEFENSIVE) == pytest.approx(-1.0)
    assert {(row.symbol, row.weight_pct) for row in rows} == set((CYCLICAL | DEFENSIVE).items())
    assert {row.as_of for row in rows} == {date(2021, 12, 31)} and all(row.source for row in rows)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("XLK,cyclical,nan,2021-12-31,s", "weight_pct is nan"),
        ("XLK,cyclical,0,2021-12-31,s", "weight_pct is 0"),
        ("XLK,growth,29,2021-12-31,s", "'growth', expected cyclical or defensive"),
        ("XLK,cyclical,29,31.12.2021,s", "expected a weight"),
        ("XLK,cyclical,29,2021-12-31,s", "no defensive sector"),
        ("XLK,cyclical,2,2021-12-31,s\nXLK,defensive,2,2021-12-31,s", "stands twice"),
    ],
)
def test_a_table_of_weights_that_is_wrong_is_refused_in_one_line(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "sectors.csv"
    path.write_text(f"symbol,side,weight_pct,as_of,source\n{line}\n", encoding="utf-8")
    with pytest.raises(UsageProblem, match=said):
        read_sectors(path)


async def test_over_the_real_wire_every_number_is_known_and_no_line_is_held() -> None:
    async with stage(at=NOW) as s:
        plain = Observer(s.broker, s.clock, Sight(rate=0.0145))
        await plain.look(session())
        held = len(s.gateway._quotes._held)
        observer = Observer(s.broker, s.clock, Sight(rate=0.0145), background=Background())
        view, _ = await observer.look(session())
        assert view.faults == ()
        found = {row.name: row for row in view.context}
        assert found["sectors"].z is not None and found["credit"].value is not None
        assert all(row.age_s == 0.0 for row in view.context)
        assert len(s.gateway._quotes._held) == held > 0
        await s.after(minutes=3)
        view, _ = await observer.look(session(s.clock.now()))
        assert {row.age_s for row in view.context} == {180.0}


async def test_a_fund_that_is_only_shown_delayed_does_not_stop_opening() -> None:
    async with stage(at=NOW) as s:
        fund = (await s.broker.instruments(Query(symbol="HYG", sec_type="STK", exchange="SMART", listed_on="ARCA")))[0]
        s.broker.subscribe(fund, stream=False)
        line = s.broker._lines.get(fund.con_id)
        assert line is not None
        line.set_delayed(True)
        assert s.broker.link is LinkState.UP
