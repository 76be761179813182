"""The variance strip against the published VIX example, and what it says of VX."""

from __future__ import annotations

import csv
import math
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import book, exposure, memory, spike_view, state
from hypothesis import given
from hypothesis import strategies as st

from strategies.alvh import variance_strip
from strategies.alvh.policy import ParityPolicy, Policy
from strategies.alvh.reading import Reading, read
from strategies.alvh.records import ChainQuote, Check, IndexQuote, Quote, Right
from strategies.alvh.variance_strip import chain_term, forward_volatility, index_term, informed, strip_variance
from strategies.pricing import black76_price

SHARED = Path(os.environ.get("ALVH_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))
PAPER = SHARED / "golden" / "vix_whitepaper_2009_options.csv"
COLUMNS = ("Strike", "Call Bid", "Call Ask", "Put Bid", "Put Ask")
Table = list[list[float]]


@pytest.fixture(scope="module")
def paper() -> dict[int, Table]:
    """Return the white paper's chains by days to expiry, column by column."""
    if not PAPER.exists():
        pytest.skip(f"the VIX white paper's chain is not at {PAPER}; set ALVH_SHARED_DATA")
    rows = list(csv.DictReader(PAPER.read_text().splitlines()))
    return {
        days: [[float(row[name]) for row in rows if int(row["Days"]) == days] for name in COLUMNS] for days in (9, 37)
    }


def strip(table: Table, years: float, rate: float) -> float:
    strikes, call_bid, call_ask, put_bid, put_ask = table
    return strip_variance(strikes, call_bid, call_ask, put_bid, put_ask, years, rate)


def test_the_white_paper_chain_gives_its_vix(paper: dict[int, Table]) -> None:
    near, far = (strip(paper[days], days / 365, 0.0038) for days in (9, 37))
    assert near == pytest.approx(0.4727672, abs=5e-6)
    assert far == pytest.approx(0.3668180, abs=5e-6)
    month = (near * 9 * (37 - 30) + far * 37 * (30 - 9)) / (37 - 9)
    assert 100 * math.sqrt(month / 30) == pytest.approx(61.22, abs=0.005)


def test_a_strike_far_out_behind_two_without_a_bid_counts_for_nothing(paper: dict[int, Table]) -> None:
    table = [list(column) for column in paper[9]]
    before = strip(table, 9 / 365, 0.0038)
    far_put = [20.0, 900.0, 905.0, 3.0, 4.0]
    assert strip([[value, *column] for value, column in zip(far_put, table, strict=True)], 9 / 365, 0.0038) == before


def flat(sigma: float, *, forward: float = 2700.0, years: float = 30 / 365, rate: float = 0.02) -> Table:
    """Return a dense chain at one volatility, in bids and asks of one value."""
    strikes = np.arange(1500.0, 4200.0, 5.0)
    call, put = (black76_price(forward, strikes, years, rate, sigma, is_call) for is_call in (True, False))
    return [list(map(float, column)) for column in (strikes, call, call, put, put)]


@pytest.mark.parametrize("sigma", [0.10, 0.20, 0.45])
def test_a_flat_smile_gives_its_own_volatility(sigma: float) -> None:
    assert math.sqrt(strip(flat(sigma), 30 / 365, 0.02)) == pytest.approx(sigma, rel=2e-3)


def test_holes_and_crossed_markets_are_left_out() -> None:
    table = flat(0.20)
    whole = strip(table, 30 / 365, 0.02)
    broken = [list(column) for column in table]
    for place, (bid, ask) in {
        100: (math.nan, 3.0),
        160: (5.0, 4.0),
        170: (1.0, math.nan),
        180: (1.0, math.inf),
    }.items():
        broken[3][place], broken[4][place] = bid, ask
    assert strip(broken, 30 / 365, 0.02) == pytest.approx(whole, rel=5e-3)


@pytest.mark.parametrize("years", [0.0, -1.0, math.nan, math.inf])
def test_a_time_that_cannot_be_gives_no_variance(years: float) -> None:
    assert math.isnan(strip(flat(0.2), years, 0.02))


def test_too_little_of_a_chain_gives_no_variance() -> None:
    assert math.isnan(strip([[], [], [], [], []], 0.1, 0.0))
    assert math.isnan(strip([[2700.0], [10.0], [11.0], [10.0], [11.0]], 0.1, 0.0))
    lonely = [
        [2600.0, 2700.0, 2800.0],
        [100.0, 20.0, 0.0],
        [110.0, 21.0, 0.05],
        [0.0, 20.0, 100.0],
        [0.05, 21.0, 110.0],
    ]
    assert math.isnan(strip(lonely, 0.1, 0.0))
    above = [[2700.0, 2705.0], [9.0, 8.0], [10.0, 9.0], [500.0, 505.0], [501.0, 506.0]]  # their forward is 2,208
    assert math.isnan(strip(above, 0.1, 0.0))
    dead = [[2600.0, 2700.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    assert math.isnan(strip(dead, 0.1, 0.0))


odd = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.0, -1.0, 1e300]), st.floats(0.05, 90.0)
)


@given(st.lists(st.tuples(odd, odd, odd, odd), max_size=12), odd, odd)
def test_no_chain_raises(rows: list[tuple[float, float, float, float]], years: float, rate: float) -> None:
    strikes = [100.0 + 5.0 * n for n in range(len(rows))]
    columns = [[row[n] for row in rows] for n in range(4)]
    with np.errstate(all="raise"):
        found = strip([strikes, *columns], years, rate)
    assert isinstance(found, float)


def test_forward_volatility_is_the_published_example() -> None:
    assert forward_volatility(18.0, 30.0, 19.0, 60.0) == pytest.approx(19.950, abs=5e-4)


@pytest.mark.parametrize(
    ("near", "near_days", "far", "far_days"),
    [(30.0, 30.0, 20.0, 60.0), (18.0, 60.0, 19.0, 30.0), (math.nan, 30.0, 19.0, 60.0), (18.0, 30.0, math.inf, 60.0)],
)
def test_falling_variance_and_nonsense_have_no_forward(
    near: float, near_days: float, far: float, far_days: float
) -> None:
    assert forward_volatility(near, near_days, far, far_days) is None


def seen(*, vx: float = 18.5, indices: tuple[float, float, float] = (21.0, 20.0, 19.0), **changes: Any) -> Reading:
    names = ("VIX9D", "VIX", "VIX3M")
    short, middle, long = (
        IndexQuote(symbol=name, last=value, age_s=5.0, prev_close=16.0)
        for name, value in zip(names, indices, strict=True)
    )
    view = replace(spike_view(vx=vx), vix9d=short, vix=middle, vix3m=long, **changes)
    return read(view, book(), state(), Policy(), memory(), exposure())


def checks(reading: Reading) -> dict[str, Check]:
    found = {check.name: check for check in informed(reading)}
    assert all(check.passed for check in found.values())
    return found


def test_the_indices_bound_a_future_thirty_days_out() -> None:
    # 30 and 60 days: 20^2 * 30 = 12000; 19^2 * 93 = 33573; at 60 days 12000 + 21573 * 30/63 = 22272.9; forward
    # sqrt((22272.9 - 12000) / 30) = 18.505
    found = checks(seen(vx=18.5))["strip: bound"]
    assert found.threshold == pytest.approx(18.505 + 0.5 + 1.0, abs=1e-3)
    assert "RICH" not in found.why
    assert "proxy" in found.why
    assert "RICH" in checks(seen(vx=20.1))["strip: bound"].why


def test_a_future_far_under_its_bound_is_cheap_against_vvix() -> None:
    # a point less than the bound, for the proxy: sqrt(2 ln(17.505 / 15.6) * 365 / 30) = 1.675
    vvix = IndexQuote(symbol="VVIX", last=100.0, age_s=60.0)
    found = checks(seen(vx=15.6, vvix=vvix))["strip: vol of vol"]
    assert found.observed == pytest.approx(167.5, abs=0.5)
    assert found.threshold == 125.0
    assert "CHEAP" in found.why
    calm = checks(seen(vx=15.6, vvix=replace(vvix, last=150.0)))["strip: vol of vol"]
    assert "CHEAP" not in calm.why
    assert "not known" in checks(seen(vx=15.6))["strip: vol of vol"].why


def test_stale_and_missing_indices_measure_nothing() -> None:
    reading = seen()
    stale = replace(reading.view, vix3m=replace(reading.view.vix3m, age_s=61.0))
    found = informed(replace(reading, view=stale))
    assert [check.name for check in found] == ["strip: bound"]
    assert found[0].passed
    assert "not measurable" in found[0].why
    assert index_term(stale, 60.0).days == ()
    assert "no fresh VX" in informed(replace(reading, price=None))[0].why


def listed(table: Table, settles_at: datetime, *, age_s: float | None = 1.0, every: int = 4) -> list[ChainQuote]:
    found = []
    for strike, call_bid, call_ask, put_bid, put_ask in list(zip(*table, strict=True))[::every]:
        for right, bid, ask in ((Right.CALL, call_bid, call_ask), (Right.PUT, put_bid, put_ask)):
            quote = Quote(bid=bid if bid >= 0.05 else None, ask=max(ask, 0.05), age_s=age_s)
            found.append(
                ChainQuote(
                    con_id=1,
                    trading_class="SPXW",
                    right=right,
                    strike=strike,
                    expires_on=settles_at.date(),
                    settles_at=settles_at,
                    quote=quote,
                )
            )
    return found


def strips(age_s: float | None = 1.0) -> tuple[ChainQuote, ...]:
    now = spike_view().now
    found: list[ChainQuote] = []
    for days, sigma in ((20, 0.30), (70, 0.25)):
        table = flat(sigma, years=days / 365, rate=0.015)
        found += listed(table, now + timedelta(days=days), age_s=age_s)
    return tuple(found)


def test_a_chain_with_enough_strikes_wins_over_the_indices() -> None:
    # total variance 900 * 20 = 18000 and 625 * 70 = 43750: 515 a day in between, forward sqrt(515) = 22.69
    found = checks(seen(chain=strips()))["strip: bound"]
    assert found.threshold == pytest.approx(22.69 + 0.5, abs=0.06)
    assert "strips of SPX options" in found.why


def test_a_thin_or_stale_chain_is_not_believed() -> None:
    view = seen(chain=strips()).view
    assert len(chain_term(view, 12, 60.0).days) == 2
    assert chain_term(view, 1000, 60.0).days == ()
    assert chain_term(seen(chain=strips(age_s=None)).view, 12, 60.0).days == ()
    assert chain_term(seen(chain=strips(age_s=61.0)).view, 12, 60.0).days == ()
    assert ParityPolicy().strip_strikes == 12


def test_a_chain_without_quotes_has_no_strip() -> None:
    empty = tuple(replace(row, quote=Quote(age_s=1.0)) for row in strips())
    assert chain_term(seen(chain=empty).view, 12, 60.0).days == ()


def test_where_the_variance_of_the_chain_would_fall_the_indices_answer() -> None:
    now = spike_view().now
    falling: list[ChainQuote] = []
    for days, sigma in ((20, 0.80), (70, 0.10)):
        falling += listed(flat(sigma, years=days / 365, rate=0.015), now + timedelta(days=days))
    assert "proxy" in checks(seen(chain=tuple(falling)))["strip: bound"].why


def test_an_expiry_that_has_settled_has_no_strip() -> None:
    view = seen().view
    settled = replace(view, chain=tuple(listed(flat(0.2), datetime(2018, 2, 2, 21, tzinfo=UTC))))
    assert chain_term(settled, 12, 60.0).days == ()


def test_a_term_in_which_nothing_would_happen_has_no_volatility() -> None:
    # 20 for 40 days and 10 for 160 days hold the same variance
    assert forward_volatility(20.0, 40.0, 10.0, 160.0) is None
    assert forward_volatility(20.0, 40.0, 10.0, 161.0) is not None


def test_a_wing_ends_at_two_strikes_in_a_row_without_a_bid() -> None:
    assert variance_strip._wing(np.array([1.0, 0.0, 1.0, 0.0, 0.0, 1.0])).tolist() == [0, 2]
    assert variance_strip._wing(np.array([1.0, 1.0, 0.0])).tolist() == [0, 1]
