from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from strategies.alvh import records

# What a record says where it is told nothing else; everything that is not listed here is missing, empty, zero or no.
SAID = {
    ("CallTerms", "limit_share"): 0.25,
    ("MarketView", "feed_ok"): True,
    ("MarketView", "hours_agree"): True,
    ("Memory", "phase"): records.Phase.WATCH,
    ("Memory", "parity"): records.ParityWatch(),
    ("Memory", "roll"): records.RollWatch(),
}
NOTHING: tuple[Any, ...] = (None, (), 0, 0.0, False, "")


def defaults() -> dict[tuple[str, str], Any]:
    found = {}
    for name in dir(records):
        kind = getattr(records, name)
        if isinstance(kind, type) and is_dataclass(kind):
            for item in fields(kind):
                if item.default is not MISSING:
                    found[kind.__name__, item.name] = item.default
    return found


def test_what_a_record_is_not_told_is_missing_or_nothing() -> None:
    told = {key: value for key, value in defaults().items() if value not in NOTHING}
    assert told == SAID
