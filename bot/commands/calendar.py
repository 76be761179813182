"""Command `alvh calendar`: sessions, windows, early closes, VX settlement days and events, in New York time."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import typer

from bot.errors import UsageProblem
from strategies.alvh.policy import ContractPolicy

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
MAX_DAYS = 3660


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("calendar")(calendar)


def calendar(
    first: Annotated[str, typer.Argument(metavar="FROM", help="First day, as 2026-11-23, or today.")],
    last: Annotated[str, typer.Argument(metavar="TO", help="Last day, included.")],
    as_json: AsJson = False,
) -> None:
    """Print sessions, windows, early closes, VX settlement days and events, in New York time."""
    start, end = _day(first), _day(last)
    if end < start:
        raise UsageProblem(f"the calendar was asked from {start} to {end}: the first day must not come after the last")
    if (end - start).days > MAX_DAYS:
        raise UsageProblem(f"the calendar was asked for {(end - start).days} days, at most {MAX_DAYS}: ask for fewer")
    rows = rows_between(start, end)
    if as_json:
        typer.echo(json.dumps({"time_zone": "America/New_York", "days": rows, "notes": notes(start, end)}, indent=2))
        return
    _print_table(rows)
    for note in notes(start, end):
        typer.echo(f"note: {note}")


def _day(text: str) -> date:
    from bot.clock import RealClock
    from bot.session import NEW_YORK

    if text.lower() == "today":
        return RealClock().now().astimezone(NEW_YORK).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageProblem(f"'{text}' is no day of the calendar: write it as 2026-11-23, or today") from None


def rows_between(first: date, last: date) -> list[dict[str, Any]]:
    """Return one row for each weekday and each day with an event."""
    from bot import events, session

    settlements = set(session.vx_settlement_days(first, last))
    by_day: dict[date, list[str]] = {}
    for event in events.events_between(first, last):
        mark = "?" if event.tentative else ""
        by_day.setdefault(event.day, []).append(f"{event.name} {_clock(event.at)}{mark}")
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return [_row(day, day in settlements, by_day.get(day, [])) for day in days if day.weekday() < 5 or day in by_day]


def _row(day: date, settles: bool, named: list[str]) -> dict[str, Any]:
    from bot import session

    row: dict[str, Any] = {"date": day.isoformat(), "weekday": f"{day:%a}", "session": False, "vx_settlement": settles}
    hours, futures = session.hours_on(day), session.futures_hours_on(day)
    if hours is not None and futures is not None:
        policy = ContractPolicy()
        contract = session.contract_to_trade(day, policy.min_dte, policy.max_dte)
        row |= {
            "session": True,
            "opens": _clock(hours.opens_at),
            "closes": _clock(hours.closes_at),
            "early_close": hours.early_close,
            "opening_window": _span(hours.opens_at, hours.opens_at + session.OPENING_WINDOW),
            "closing_window": _span(hours.closes_at - session.CLOSING_WINDOW, hours.closes_at),
            "vx_closes": _clock(futures.closes_at),
            "vx_contract": contract.isoformat() if contract else None,
            "vx_days": session.days_to_expiry(contract, day) if contract else None,
        }
    row["events"] = named
    return row


def _clock(at: datetime) -> str:
    from bot.session import NEW_YORK

    return f"{at.astimezone(NEW_YORK):%H:%M}"


def _span(start: datetime, end: datetime) -> str:
    return f"{_clock(start)}-{_clock(end)}"


def notes(first: date, last: date) -> list[str]:
    """Say for which events the schedule does not cover the whole span."""
    from bot import events

    return [
        f"{name}: dates are known from {start} to {end} only"
        for name, (start, end) in sorted(events.known_span().items())
        if first < start or last > end
    ]


HEADINGS = ("day", "", "session", "opening", "closing", "VX until", "VX contract", "remarks")


def _print_table(rows: list[dict[str, Any]]) -> None:
    cells = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    for line in cells:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    remarks = ["VX settles"] if row["vx_settlement"] else []
    if not row["session"]:
        return (row["date"], row["weekday"], "closed", "", "", "", "", ", ".join(remarks + row["events"]))
    if row["early_close"]:
        remarks.insert(0, "early close")
    contract = f"{row['vx_contract']} ({row['vx_days']} days)" if row["vx_contract"] else "none"
    return (
        row["date"],
        row["weekday"],
        f"{row['opens']}-{row['closes']}",
        row["opening_window"],
        row["closing_window"],
        row["vx_closes"],
        contract,
        ", ".join(remarks + row["events"]),
    )
