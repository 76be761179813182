"""Write a scenario's series from tables of published figures: the tool that made the shipped scenarios."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from bot.gateway.errors import ScenarioError
from bot.gateway.market.sessions import NEW_YORK, Hours, Timetable
from bot.gateway.market.tables import stamp

Cells = Mapping[str, str]
BAR_HEADER = ("time_utc", "open", "high", "low", "close")
VX_HEADER = ("time_utc", "expiry", "open", "high", "low", "close", "settle", "volume", "open_interest")
DAILY_HOURS = {"SPX": Hours.CASH, "VIX": Hours.VIX, "VIX9D": Hours.TERM, "VIX3M": Hours.TERM, "VVIX": Hours.TERM}


def import_anchors(daily: Path, hourly: Path, scenario_name: str, out: Path) -> Path:
    """Write the series of one episode into folder `out` and return it.

    `daily` has the columns scenario, date, series, expiry, open, high, low, close, settle, volume, oi; `hourly` has
    scenario, series, ts_et, open, high, low, close, stamped at the start of the bar. `session.toml` is written by hand.
    """
    days = [row for row in read_table(daily) if row["scenario"] == scenario_name]
    hours = [row for row in read_table(hourly) if row["scenario"] == scenario_name]
    if not days or not hours:
        seen = sorted({row["scenario"] for row in read_table(daily)})
        raise ScenarioError(f"{daily.name}: no rows of {scenario_name!r}; choose one of {', '.join(seen)}")
    timetable = timetable_of(row["date"] for row in days)
    out.mkdir(parents=True, exist_ok=True)
    for name in DAILY_HOURS:
        rows = [row for row in days if row["series"] == name]
        write_rows(out / f"{name.lower()}_daily.csv", BAR_HEADER, daily_rows(name, rows, timetable))
    for name in ("SPX", "VIX"):
        rows = [row for row in hours if row["series"] == name]
        write_rows(out / f"{name.lower()}.csv", BAR_HEADER, bar_rows(name, rows, timetable))
    write_rows(out / "vx.csv", VX_HEADER, vx_rows([row for row in days if row["series"] == "VX"], timetable))
    return out


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file, gzipped or not."""
    if not path.is_file():
        raise ScenarioError(f"{path}: no such file; give the path of a CSV or CSV.GZ file")
    with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def timetable_of(days: Iterable[str]) -> Timetable:
    """Return the timetable that covers the given dates."""
    ordered = sorted(days)
    return Timetable(date.fromisoformat(ordered[0]), date.fromisoformat(ordered[-1]))


def daily_rows(name: str, rows: Sequence[Cells], timetable: Timetable) -> list[tuple[str, ...]]:
    """Return daily rows stamped with the instant at which that index publishes its close."""
    found = []
    for row in sorted(rows, key=lambda item: item["date"]):
        day = date.fromisoformat(row["date"])
        if timetable.is_session(day):
            at = stamp(timetable.close(DAILY_HOURS[name], day))
            found.append((at, *(positive(row.get(cell, "")) for cell in BAR_HEADER[1:])))
    return found


def bar_rows(name: str, rows: Sequence[Cells], timetable: Timetable) -> list[tuple[str, ...]]:
    """Return intraday bars in UTC, leaving out those outside the hours of the index (padding of half days)."""
    found = []
    for row in rows:
        at = datetime.fromisoformat(row["ts_et"])
        spans = timetable.spans(DAILY_HOURS[name], at.astimezone(NEW_YORK).date())
        if spans and at < spans[-1].closes:
            found.append((stamp(at), *(positive(row[cell]) for cell in BAR_HEADER[1:])))
    return sorted(found)


def vx_rows(rows: Sequence[Cells], timetable: Timetable) -> list[tuple[str, ...]]:
    """Return VX rows stamped at the settlement of their date; on the last day the final settlement stands there."""
    found = []
    for row in rows:
        day = date.fromisoformat(row.get("date") or row["trade_date"])
        if timetable.is_session(day):
            at = stamp(timetable.close(Hours.VX, day))
            prices = (positive(row[cell]) for cell in ("open", "high", "low", "close", "settle"))
            sizes = (whole(row[cell]) for cell in ("volume", "oi"))
            found.append((at, row["expiry"], *prices, *sizes))
    return sorted(found)


def positive(text: str) -> str:
    """Return a price as written; empty where there was none (a zero price means that nothing traded)."""
    return "" if not text or float(text) <= 0 else f"{float(text):.10g}"


def whole(text: str) -> str:
    """Return a size as a whole number, empty where there was none."""
    return "" if not text else str(int(float(text)))


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV file with Unix line ends."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
