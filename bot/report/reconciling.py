"""Say how journal and account compare, and what an operator can do where they differ, from the journal alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.journal import Kind, Projection
from bot.journal.reading import Reading
from bot.orders.pen import POSITIONS_LOCK

NEW_YORK = ZoneInfo("America/New_York")


def reconciliation(journal: Reading) -> dict[str, Any]:
    """Return the last comparison with the account and what it locks; times in New York."""
    projection, last = Projection(), None
    journal.recollect(projection)
    for entry in journal.entries(kinds={Kind.RECONCILE}):
        if "positions" in entry.body:
            last = entry
    return {
        "compared": None if last is None else f"{_clock(last.at)} ({last.body.get('because', 'not said')})",
        "complete": None if last is None else last.body["complete"],
        "contracts": [] if last is None else [_row(row) for row in last.body["positions"]],
        "locks_everything": projection.locks.get(POSITIONS_LOCK, ("", None))[0],
        "locks": [
            {"contract": con_id, "since": _clock(projection.locked_since[con_id]), "why": why}
            for con_id, why in sorted(projection.contract_locks.items())
        ],
    }


def as_lines(facts: dict[str, Any]) -> Iterator[str]:
    """Yield the facts as a person reads them, with the choices where something differs."""
    if facts["compared"] is None:
        yield "journal and account were not compared yet"
        return
    yield f"last compared {facts['compared']}{'' if facts['complete'] else ': the positions were not whole'}"
    for row in facts["contracts"]:
        second = "not read" if row["account_updates"] is None else row["account_updates"]
        yield f"  contract {row['contract']}: journal {row['journal']}, positions {row['positions']}, updates {second}"
    if not facts["contracts"]:
        yield "  the bot owns nothing"
    if facts["locks_everything"]:
        yield f"nothing is opened: {facts['locks_everything']}"
    for lock in facts["locks"]:
        yield f"locked since {lock['since']}: {lock['why']}"
        yield from _choices(lock["contract"])
    if not facts["locks"] and not facts["locks_everything"]:
        yield "nothing differs"


def _choices(con_id: int) -> Iterator[str]:
    yield "  wait: it is compared again by itself and unlocked when all agree"
    yield f"  alvh reconcile --accept {con_id}: what the account shows is what is left of the bot's lots"
    yield "  alvh flatten: sell what is left of everything the bot owns"


def _row(row: list[Any]) -> dict[str, Any]:
    """Return one contract; journals of version 0.1.0 hold no second reading."""
    con_id, own, first, *second = row
    return {
        "contract": con_id,
        "journal": own,
        "positions": first,
        "account_updates": second[0] if second else None,
    }


def _clock(at: datetime) -> str:
    return f"{at.astimezone(NEW_YORK):%a %Y-%m-%d %H:%M:%S}"
