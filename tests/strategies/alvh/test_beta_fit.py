"""The beta of VX is re-estimated from daily settlements, and used only inside its band."""

from __future__ import annotations

import gzip
import os
from collections import defaultdict
from csv import DictReader
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from builders import at as minute
from builders import book, exposure, memory, sample, spike_view, state

from strategies.alvh.beta_fit import CHECK, FEWEST, beta_in_force, estimate, refitted, with_refitted_beta
from strategies.alvh.judge import judge
from strategies.alvh.policy import Policy, SizingPolicy
from strategies.alvh.records import BetaFit, Decision
from strategies.alvh.sizing import beta

SIZING = SizingPolicy()
ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("ALVH_SHARED_DATA", ROOT.parent / "shared" / "data")) / "daily"
FIT = BetaFit(k=0.9, r2=0.7, observations=FEWEST, first=date(2017, 2, 1), last=date(2018, 2, 2))
Settlements = dict[date, dict[date, float]]


def sessions(count: int) -> list[date]:
    return [date(2018, 1, 1) + timedelta(days=n) for n in range(count)]


def made(k: float, noise: float = 0.0) -> tuple[Settlements, dict[date, float]]:
    """Return one contract that moves k times its beta with VIX, plus or minus `noise` in turns."""
    days, settles_on = sessions(60), date(2018, 1, 1) + timedelta(days=66)
    vix = {day: 20.0 + (n % 7) * 0.5 - (n % 3) for n, day in enumerate(days)}
    price, closes = 20.0, {days[0]: 20.0}
    for n, day in enumerate(days[1:], 1):
        move = vix[day] - vix[days[n - 1]]
        price += k * beta((settles_on - day).days, SIZING) * move + (noise if n % 2 else -noise)
        closes[day] = price
    return {settles_on: closes}, vix


@pytest.mark.parametrize("k", [0.8, 1.0, 1.25])
def test_a_contract_that_moves_with_vix_gives_back_its_factor(k: float) -> None:
    fit = estimate(*made(k), SIZING)
    assert fit is not None
    assert fit.k == pytest.approx(k)
    assert fit.r2 == pytest.approx(1.0)
    assert fit.observations == 53  # 66 - 6 = 60 days at the sixth session, 66 - 59 = 7 at the last, which is too near
    assert (fit.first, fit.last) == (date(2018, 1, 7), date(2018, 2, 28))


def test_the_regression_agrees_with_least_squares_of_numpy() -> None:
    settlements, vix = made(0.9, noise=0.2)
    fit = estimate(settlements, vix, SIZING)
    (settles_on, closes), days = next(iter(settlements.items())), sessions(60)
    pairs = [
        (beta((settles_on - day).days, SIZING) * (vix[day] - vix[before]), closes[day] - closes[before])
        for before, day in pairwise(days)
        if 8 <= (settles_on - day).days <= 60
    ]
    x, y = (np.array(column) for column in zip(*pairs, strict=True))
    (k,), (missed,), _, _ = np.linalg.lstsq(x[:, None], y, rcond=None)
    assert fit is not None
    assert fit.k == pytest.approx(float(k))
    assert fit.r2 == pytest.approx(1.0 - float(missed) / float(y @ y))


def test_a_missing_or_broken_close_costs_the_two_days_that_need_it() -> None:
    settlements, vix = made(1.0)
    closes = next(iter(settlements.values()))
    closes[sessions(60)[30]] = float("nan")
    fit = estimate(settlements, vix, SIZING)
    assert fit is not None
    assert fit.observations == 51
    assert fit.k == pytest.approx(1.0)


def test_nothing_to_estimate_from_is_none() -> None:
    assert estimate({}, {}, SIZING) is None
    flat = dict.fromkeys(sessions(30), 20.0)
    assert estimate({date(2018, 2, 20): flat}, flat, SIZING) is None


@pytest.mark.parametrize(
    ("fit", "words"),
    [
        (replace(FIT, observations=FEWEST - 1), "fewer than 40 observations"),
        (replace(FIT, k=0.69), "outside its band"),
        (replace(FIT, k=1.31), "outside its band"),
        (replace(FIT, k=float("nan")), "outside its band"),
        (replace(FIT, r2=-0.1), "explains nothing"),
    ],
)
def test_a_poor_estimate_leaves_the_closed_form(fit: BetaFit, words: str) -> None:
    view = spike_view(beta_fit=fit)
    assert refitted(view, SIZING) is SIZING
    check = beta_in_force(view, Policy())
    assert check.passed
    assert check.why.startswith("closed form: ")
    assert words in check.why


def test_a_good_estimate_scales_every_beta_and_caps_the_coverage() -> None:
    found = refitted(spike_view(beta_fit=FIT), SIZING)
    for days in (8, 16, 30, 60):
        assert beta(days, found) == pytest.approx(0.9 * beta(days, SIZING))
    assert found.coverage_max == 0.7
    assert refitted(spike_view(beta_fit=replace(FIT, r2=0.9)), SIZING).coverage_max == SIZING.coverage_max


def test_it_can_be_switched_off_and_says_so() -> None:
    view, off = spike_view(beta_fit=FIT), Policy(sizing=SizingPolicy(beta_refit=False))
    assert with_refitted_beta(view, off) is off
    assert "switched off" in beta_in_force(view, off).why
    assert "no daily settlements" in beta_in_force(spike_view(), off).why


def bought(fit: BetaFit | None) -> Decision:
    known = state()
    known = replace(known, memory=memory(samples=(sample(minute(25)), sample(minute(30)))))
    view = spike_view(30.0, beta_fit=fit)
    return judge(view, book(), known, Policy(), memory=known.memory, exposure=exposure())


def test_a_wake_up_sizes_with_the_estimate_and_records_which_was_used() -> None:
    """By hand: 0.60 * 1300 / (0.5058 * 100) is 15.4; with k = 0.9 it is 17.1, with k = 1.2 12.8."""
    targets = {k: bought(replace(FIT, k=k)).target_minis for k in (0.9, 1.2)}
    assert (bought(None).target_minis, targets) == (15, {0.9: 17, 1.2: 12})
    (told,) = (check for check in bought(FIT).checks if check.name == CHECK)
    assert told.observed == 0.9
    assert told.why.startswith("0.90 times the closed form over 40 days of contracts, 2017-02-01 to 2018-02-02")


@cache
def published() -> tuple[Settlements, dict[date, float]]:
    settlements: defaultdict[date, dict[date, float]] = defaultdict(dict)
    with gzip.open(SHARED / "vx.csv.gz", "rt") as stream:
        for row in DictReader(stream):
            settlements[date.fromisoformat(row["expiry"])][date.fromisoformat(row["trade_date"])] = float(row["settle"])
    with (SHARED / "vix.csv").open() as stream:
        vix = {date.fromisoformat(row["date"]): float(row["close"]) for row in DictReader(stream)}
    return dict(settlements), vix


@pytest.mark.skipif(not (SHARED / "vx.csv.gz").is_file(), reason="needs the daily settlements of VX (ALVH_SHARED_DATA)")
@pytest.mark.parametrize("year", range(2013, 2022))
def test_real_years_stay_inside_the_band(year: int) -> None:
    """The closed form was fitted on these years, so k is near 1; R2 of maturities of 8 to 60 days is 0.66 to 0.88."""
    settlements, vix = published()
    fit = estimate(settlements, {day: close for day, close in vix.items() if day <= date(year, 12, 31)}, SIZING)
    assert fit is not None
    assert 0.70 <= fit.k <= 1.30
    assert 0.60 <= fit.r2 <= 0.95
    assert fit.observations > 300


def test_only_the_last_252_changes_of_vix_count() -> None:
    days = sessions(300)
    vix = {day: 20.0 + (n % 7) * 0.5 for n, day in enumerate(days)}
    settles_on = days[0] + timedelta(days=60)  # of its days 8 and more before settlement, 48 to 52 are recent enough
    fit = estimate({settles_on: {day: 15.0 + (n % 5) for n, day in enumerate(days[:60])}}, vix, SIZING)
    assert fit is not None
    assert (fit.observations, fit.first, fit.last) == (5, days[48], days[52])


def test_moves_of_a_cent_are_enough_to_estimate_from() -> None:
    settlements, vix = made(1.0)
    small = {day: 20.0 + (close - 20.0) / 100.0 for day, close in vix.items()}
    closes = {
        month: {day: 20.0 + (price - 20.0) / 100.0 for day, price in of_month.items()}
        for month, of_month in settlements.items()
    }
    fit = estimate(closes, small, SIZING)
    assert fit is not None
    assert fit.k == pytest.approx(1.0)


@pytest.mark.parametrize(("k", "used"), [(0.70, True), (0.699, False), (1.30, True), (1.301, False)])
def test_the_band_includes_its_ends(k: float, used: bool) -> None:
    assert (refitted(spike_view(beta_fit=replace(FIT, k=k)), SIZING) is not SIZING) is used


@pytest.mark.parametrize(("r2", "used"), [(1.0, True), (1.01, False), (0.0, False), (0.01, True)])
def test_an_estimate_must_explain_something_and_not_more_than_all(r2: float, used: bool) -> None:
    assert (refitted(spike_view(beta_fit=replace(FIT, r2=r2)), SIZING) is not SIZING) is used
