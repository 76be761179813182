from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest
from builders import BAR, at, bars

from strategies.alvh.indicators import closed_bars, macd, rsi

# Wilder's worked series; the values are the ones printed with it, at the published two decimals.
WILDER = (
    44.34, 44.09, 44.15, 43.61, 44.33, 44.83, 45.10, 45.42, 45.84, 46.08, 45.89, 46.03, 45.61, 46.28, 46.28, 46.00,
    46.03, 46.41, 46.22, 45.64,
)  # fmt: skip


def golden() -> dict[str, dict[str, list[float]]]:
    root = Path(os.environ.get("ALVH_SHARED_DATA", Path(__file__).parents[3] / "../shared/data"))
    path = root / "golden" / "indicators.json"
    if not path.is_file():
        pytest.skip(f"golden indicator values are not at {path}; set ALVH_SHARED_DATA")
    return dict(json.loads(path.read_text()))


def test_rsi_of_wilders_series_has_the_published_values() -> None:
    values = rsi(bars(WILDER, at(60)), 14)
    assert values is not None
    assert [round(float(v), 2) for v in values] == [70.46, 66.25, 66.48, 69.35, 66.29, 57.92]


def test_rsi_agrees_with_the_published_chart_school_table() -> None:
    data = golden()["rsi_wilder_14"]
    values = rsi(bars(data["closes"], at(300)), 14)
    assert values is not None
    # The published table rounds its averages on the way, hence the tolerance.
    assert [float(v) for v in values] == pytest.approx(data["published_stockcharts_2dp"], abs=0.1)


def test_macd_agrees_with_the_recorded_library_values() -> None:
    data = golden()["macd_12_26_9_sma_seeded_talib"]
    value = macd(bars(data["closes"], at(600)), 12, 26, 9)
    assert value is not None
    assert value.line == pytest.approx(data["macd"][-1], abs=1e-6)
    assert value.signal == pytest.approx(data["signal"][-1], abs=1e-6)
    assert list(value.histogram) == pytest.approx(data["hist"][-3:], abs=1e-6)


def test_a_flat_market_has_no_rsi() -> None:
    assert rsi(bars([16.0] * 40, at(60)), 14) is None


def test_a_flat_market_has_a_macd_of_zero() -> None:
    value = macd(bars([16.0] * 60, at(60)), 12, 26, 9)
    assert value is not None
    assert value.histogram == pytest.approx((0.0, 0.0, 0.0))


@pytest.mark.parametrize("bad", [math.nan, math.inf, 0.0, -1.0])
def test_a_close_that_is_no_price_makes_both_indicators_missing(bad: float) -> None:
    series = bars([*[16.0 + 0.1 * (n % 5) for n in range(59)], bad], at(60))
    assert rsi(series, 14) is None
    assert macd(series, 12, 26, 9) is None


def test_too_few_bars_make_both_indicators_missing() -> None:
    assert rsi(bars(WILDER[:14], at(60)), 14) is None
    assert macd(bars([16.0, 16.1] * 17, at(60)), 12, 26, 9) is None
    assert rsi((), 14) is None


def test_a_bar_still_open_is_left_out() -> None:
    series = bars([1.0, 2.0, 3.0], at(30))
    assert closed_bars(series, at(28)) == series[:2]


def test_bars_two_lengths_old_are_missing() -> None:
    series = bars([1.0, 2.0], at(20))
    assert closed_bars(series, at(20) + 2 * BAR) == ()
    assert closed_bars(series, at(29.9)) == series
