"""Know how large the sectors of the S&P 500 are, and on which side of a flight from risk each stands."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from math import isfinite
from pathlib import Path

import config
from bot.errors import UsageProblem

SHIPPED = Path(config.__file__).parent / "sectors.csv"
COLUMNS = ("symbol", "side", "weight_pct", "as_of", "source")
CYCLICAL, DEFENSIVE = "cyclical", "defensive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sector:
    """Hold the fund of a sector and the share of the index that the sector was on a day, in percent."""

    symbol: str
    side: str
    weight_pct: float
    as_of: date
    source: str


@cache
def read_sectors(path: Path = SHIPPED) -> tuple[Sector, ...]:
    """Read the weights; raises `UsageProblem` that names the line that is wrong, or the side without a sector."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise UsageProblem(f"{path}: columns are {reader.fieldnames}, expected {', '.join(COLUMNS)}")
            sectors = tuple(_sector(row, f"{path}, line {reader.line_num}") for row in reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageProblem(f"{path}: not readable ({error}), expected the weights of the sectors") from None
    symbols = [sector.symbol for sector in sectors]
    if len(set(symbols)) != len(symbols):
        raise UsageProblem(f"{path}: a symbol stands twice among {', '.join(symbols)}, expected each once")
    for side in (CYCLICAL, DEFENSIVE):
        if side not in {sector.side for sector in sectors}:
            raise UsageProblem(f"{path}: no {side} sector, expected at least one")
    return sectors


def _sector(row: dict[str, str], where: str) -> Sector:
    try:
        weight, as_of = float(row["weight_pct"]), date.fromisoformat(row["as_of"])
    except (ValueError, TypeError) as error:
        raise UsageProblem(f"{where}: {error}, expected a weight in percent and a day as 2021-12-31") from None
    if not isfinite(weight) or not 0.0 < weight < 100.0:
        raise UsageProblem(f"{where}: weight_pct is {weight}, expected a share between 0 and 100")
    if row["side"] not in (CYCLICAL, DEFENSIVE) or not row["symbol"]:
        raise UsageProblem(f"{where}: {row['symbol']} is '{row['side']}', expected {CYCLICAL} or {DEFENSIVE}")
    return Sector(symbol=row["symbol"], side=row["side"], weight_pct=weight, as_of=as_of, source=row["source"])


def tilt(sectors: tuple[Sector, ...]) -> dict[str, float]:
    """Return by symbol how much each sector counts: cyclicals add up to 1, defensives to -1, by capitalisation."""
    totals = {side: sum(row.weight_pct for row in sectors if row.side == side) for side in (CYCLICAL, DEFENSIVE)}
    signs = {CYCLICAL: 1.0, DEFENSIVE: -1.0}
    return {row.symbol: signs[row.side] * row.weight_pct / totals[row.side] for row in sectors}
