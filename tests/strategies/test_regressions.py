"""Recompute from daily closes the numbers that the method takes as given."""

from __future__ import annotations

import csv
import gzip
import itertools
import math
import os
from collections import defaultdict
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from strategies.alvh.hedgeable import SPX_VIX_CORRELATION, TERM_R2
from strategies.alvh.policy import SizingPolicy
from strategies.alvh.sizing import beta

ROOT = Path(__file__).resolve().parents[2]
DAILY = Path(os.environ.get("ALVH_SHARED_DATA", ROOT / ".." / "shared" / "data")) / "daily"
pytestmark = pytest.mark.skipif(not DAILY.is_dir(), reason="needs the shared daily closes: set ALVH_SHARED_DATA")
POLICY = SizingPolicy()


def closes(name: str, first: str) -> dict[str, float]:
    with (DAILY / f"{name}.csv").open(encoding="utf-8") as file:
        return {row["date"]: float(row["close"]) for row in csv.DictReader(file) if row["date"] >= first}


def changes(name: str, first: str) -> dict[str, float]:
    found = sorted(closes(name, first).items())
    return {day: now - before for (_, before), (day, now) in itertools.pairwise(found)}


def joined(y: dict[str, float], x: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
    days = sorted(y.keys() & x.keys())
    return np.array([y[day] for day in days]), np.array([x[day] for day in days])


def spx_returns_pct(first: str) -> dict[str, float]:
    found = sorted(closes("spx", first).items())
    return {day: 100.0 * (now / before - 1.0) for (_, before), (day, now) in itertools.pairwise(found)}


@pytest.mark.parametrize(("name", "days", "expected"), [("vix9d", 9.0, 1.52), ("vix3m", 93.0, 0.64)])
def test_the_term_exponent_lies_between_what_short_and_long_volatility_say(
    name: str, days: float, expected: float
) -> None:
    y, x = joined(changes(name, "2011-01-01"), changes("vix", "2011-01-01"))
    slope = np.polyfit(x, y, 1)[0]
    assert slope == pytest.approx(expected, abs=0.04)  # published for 2011 to 2026, these closes end with 2021
    assert math.log(slope) / math.log(30.0 / days) == pytest.approx(POLICY.term_exponent, abs=0.04)
    assert np.corrcoef(x, y)[0, 1] ** 2 == pytest.approx(TERM_R2, abs=0.01)


def test_spx_and_vix_move_together_as_the_model_says() -> None:
    spx, vix = joined(spx_returns_pct("2004-01-01"), changes("vix", "2004-01-01"))
    assert np.corrcoef(spx, vix)[0, 1] == pytest.approx(SPX_VIX_CORRELATION, abs=0.01)
    jumps = vix >= 2.0
    through_origin = (vix[jumps] @ spx[jumps]) / (vix[jumps] @ vix[jumps])
    assert through_origin == pytest.approx(POLICY.scenario_spx_pct_per_vix, abs=0.02)


def test_the_curve_of_betas_follows_the_settlements() -> None:
    vix = changes("vix", "2013-01-01")
    pairs: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
    with gzip.open(DAILY / "vx.csv.gz", "rt", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (row["expiry"], row["trade_date"]))
    for before, now in itertools.pairwise(rows):
        days = (date.fromisoformat(now["expiry"]) - date.fromisoformat(now["trade_date"])).days
        if now["expiry"] == before["expiry"] and now["trade_date"] in vix and 8 <= days <= 60:
            pairs[days // 15].append((vix[now["trade_date"]], float(now["settle"]) - float(before["settle"])))
    assert sorted(pairs) == [0, 1, 2, 3, 4]
    for group in range(4):
        x, y = np.array(pairs[group]).T
        assert (x @ y) / (x @ x) == pytest.approx(beta(15 * group + 7, POLICY), abs=0.12), group
