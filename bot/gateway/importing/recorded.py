"""Turn a folder of recorded quotes of one session into a scenario: what was recorded is shown as of its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from bot.gateway.errors import ScenarioError
from bot.gateway.importing.anchors import (
    BAR_HEADER,
    DAILY_HOURS,
    VX_HEADER,
    daily_rows,
    positive,
    read_table,
    vx_rows,
    write_rows,
)
from bot.gateway.market.sessions import NEW_YORK, Hours, Timetable
from bot.gateway.market.tables import stamp, utc
from bot.gateway.market.toml_table import SESSION_FILE

QUOTE_HEADER = ("time_utc", "expiry", "right", "strike", "bid", "bid_size", "ask", "ask_size")
HISTORY_DAYS = timedelta(days=75)
_LOTS = ((21, 45, 0.10, 50), (14, 42, 0.13, 75), (7, 40, 0.16, 100))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Hold the tables of a recorded session and its day."""

    day: date
    spx: Sequence[dict[str, str]]
    vix: Sequence[dict[str, str]]
    vx: Sequence[dict[str, str]]
    quotes: Sequence[dict[str, str]]


def import_session(source: Path, out: Path, *, name: str, history: Path | None = None) -> Path:
    """Write scenario `out`/`name` from a recorded session and return its folder.

    `source` holds spx_1min.csv and vix_hourly.csv (time_utc, open, high, low, close), vx_daily.csv (trade_date, expiry,
    open, high, low, close, settle, volume, oi) and, if there are any, spxw_quotes_1min.csv (time_utc, expiry, right,
    strike, bid, bid_size, ask, ask_size). `history` holds the daily tables of the sessions before: vix, vix9d, vix3m,
    vvix, spx and vx. Each table may be a .csv or a .csv.gz. The scenario runs from ten minutes before the close of the
    session before to the close of the futures.
    """
    if history is None:
        raise ScenarioError(
            f"{source}: one session alone has no history; give --history with a folder of daily tables "
            "(vix, vix9d, vix3m, vvix, spx, vx)"
        )
    recorded = _recorded(source)
    timetable = Timetable(recorded.day - HISTORY_DAYS, recorded.day)
    if not timetable.is_session(recorded.day):
        raise ScenarioError(f"{source.name}: {recorded.day} is no session; expected quotes of a trading day")
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    _write_history(history, folder, recorded, timetable)
    write_rows(folder / "spx.csv", BAR_HEADER, _bars(recorded.spx))
    write_rows(folder / "vix.csv", BAR_HEADER, _bars(recorded.vix))
    if recorded.quotes:
        write_rows(folder / "spxw_quotes.csv", QUOTE_HEADER, _quotes(recorded.quotes))
    text = _session_toml(name, recorded, timetable)
    (folder / SESSION_FILE).write_text(text, encoding="utf-8")
    return folder


def _recorded(source: Path) -> Recorded:
    spx = read_table(_table(source, "spx_1min"))
    if not spx:
        raise ScenarioError(f"spx_1min.csv in {source}: it has no rows; expected the minutes of one session")
    days = {
        utc(f"spx_1min.csv, row {line}", row["time_utc"]).astimezone(NEW_YORK).date() for line, row in enumerate(spx, 2)
    }
    if len(days) != 1:
        raise ScenarioError(f"spx_1min.csv in {source}: {len(days)} dates; expected the minutes of one session")
    quotes = _find(source, "spxw_quotes_1min")
    return Recorded(
        day=days.pop(),
        spx=spx,
        vix=read_table(_table(source, "vix_hourly")),
        vx=read_table(_table(source, "vx_daily")),
        quotes=read_table(quotes) if quotes else (),
    )


def _find(folder: Path, stem: str) -> Path | None:
    return next((path for path in (folder / f"{stem}.csv", folder / f"{stem}.csv.gz") if path.is_file()), None)


def _table(folder: Path, stem: str) -> Path:
    found = _find(folder, stem)
    if found is None:
        raise ScenarioError(f"{folder}: no {stem}.csv or {stem}.csv.gz; expected one, see alvh data import --help")
    return found


def _write_history(history: Path, folder: Path, recorded: Recorded, timetable: Timetable) -> None:
    """Write the daily files of the weeks before the session and of the session itself."""
    first, last = timetable.days[0].isoformat(), recorded.day.isoformat()
    for name in DAILY_HOURS:
        rows = [row for row in read_table(_table(history, name.lower())) if first <= row["date"] <= last]
        write_rows(folder / f"{name.lower()}_daily.csv", BAR_HEADER, daily_rows(name, rows, timetable))
    known = {(row["trade_date"], row["expiry"]) for row in recorded.vx}
    curve = [
        row
        for row in read_table(_table(history, "vx"))
        if first <= row["trade_date"] <= last and (row["trade_date"], row["expiry"]) not in known
    ]
    curve += [row for row in recorded.vx if first <= row["trade_date"] <= last]
    write_rows(folder / "vx.csv", VX_HEADER, vx_rows([row for row in curve if positive(row["settle"])], timetable))


def _bars(rows: Sequence[dict[str, str]]) -> list[tuple[str, ...]]:
    return sorted((row["time_utc"], *(positive(row[cell]) for cell in BAR_HEADER[1:])) for row in rows)


def _quotes(rows: Sequence[dict[str, str]]) -> list[tuple[str, ...]]:
    """Return quotes sorted by time and key, strikes without needless zeros."""
    return sorted(
        (
            row["time_utc"],
            row["expiry"],
            row["right"],
            f"{float(row['strike']):g}",
            *(row[cell] for cell in QUOTE_HEADER[4:]),
        )
        for row in rows
    )


def _session_toml(name: str, recorded: Recorded, timetable: Timetable) -> str:
    """Return the description of a recorded session: what is recorded, what is modelled, and an ordinary book."""
    before = timetable.before(recorded.day)
    start = timetable.close(Hours.CASH, before) - timedelta(minutes=10)
    end = max(timetable.close(Hours.VX, recorded.day), timetable.close(Hours.TERM, recorded.day)) + timedelta(
        minutes=15
    )
    parts = [_head(name, recorded, start, end), _series(bool(recorded.quotes)), *_lots(before, timetable)]
    parts += _recorded_condors(recorded, timetable.before(before))
    return "\n".join(parts)


def _head(name: str, recorded: Recorded, start: datetime, end: datetime) -> str:
    return f'''title = "Recorded session of {recorded.day}"
text = """
Imported as {name}: SPX minutes and option quotes as they were recorded, VIX hourly, the futures' daily prices;
everything else is modelled between published values.
"""
start = "{stamp(start)}"
end = "{stamp(end)}"
seed = {recorded.day:%Y%m%d}
rate = 0.001
dividend_yield = 0.016
history_sessions = 25

[account]
id = "DU{recorded.day:%y%m%d}1"
cash = 1000000.0
'''


def _series(with_quotes: bool) -> str:
    """Return the tables of the series."""
    options = 'quotes = "spxw_quotes.csv"\n' if with_quotes else ""
    kind = "recorded" if with_quotes else "modelled"
    daily = "".join(
        f'[series.{name}]\nkind = "anchors"\ndaily = "{name.lower()}_daily.csv"\n'
        'source = "imported daily values; inside the day it follows VIX"\n\n'
        for name in ("VIX9D", "VIX3M", "VVIX")
    )
    return f'''[series.SPX]
kind = "recorded"
bars = "spx.csv"
bar_minutes = 1
daily = "spx_daily.csv"
source = "recorded minutes; the sessions before from daily high, low and close"

[series.VIX]
kind = "anchors"
bars = "vix.csv"
bar_minutes = 60
daily = "vix_daily.csv"
source = "recorded hourly open, high, low, close; the path inside the bars is modelled"

{daily}[series.VX]
kind = "anchors"
daily = "vx.csv"
source = "recorded daily prices and settlements; inside the day it follows VIX by the beta of its maturity"

[series.VXM]
kind = "modelled"
source = "quoted around the VX of the same expiry"

[series."AD-NYSE"]
kind = "modelled"
source = "from the move of SPX; advances and declines are not published intraday"

[series."TICK-NYSE"]
kind = "modelled"
source = "from the moves of SPX"

[series."SPX options"]
kind = "{kind}"
{options}source = "recorded quotes where there are any, else Black-76 on a surface from VIX9D, VIX and VIX3M"

[series."VIX options"]
kind = "modelled"
source = "Black-76 on the VX of the same expiry with volatility from VVIX"
'''


def _lots(before: date, timetable: Timetable) -> list[str]:
    """Return the ordinary book of every scenario: three equal lots, three, two and one week before the start."""
    return [
        f'[[book]]\nopened = "{timetable.on_or_before(before - timedelta(days=back))}"\n'
        f"days = {days}\nput_delta = {delta:.2f}\ncall_delta = {delta:.2f}\nwidth = {width}.0\nquantity = 10\n"
        for back, days, delta, width in _LOTS
    ]


def _recorded_condors(recorded: Recorded, opened: date) -> list[str]:
    """Return one small condor whose shorts are recorded strikes of the last expiry, with modelled wings."""
    strikes = {float(row["strike"]) for row in recorded.quotes}
    expiries = {row["expiry"] for row in recorded.quotes}
    if len(strikes) < 2:
        return []
    return [
        f'[[condor]]\nopened = "{opened}"\nexpiry = "{max(expiries)}"\nput_strike = {min(strikes)}\n'
        f"call_strike = {max(strikes)}\nwidth = 50.0\nquantity = 2\n"
    ]
