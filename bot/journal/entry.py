"""State what one line of the journal is: its kind, its instant and its body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """Name what an entry records."""

    START = "start"
    STOP = "stop"
    WAKEUP = "wakeup"  # view, book, state and decision of one wake-up, without what the next three hold
    BARS = "bars"  # bars closed and samples taken since the previous such entry, by series
    CONTRACTS = "contracts"  # what is constant about options that later wake-ups name by number
    SURFACE = "surface"  # an option surface that later wake-ups name by its digest
    INTENT = "intent"  # an order that is about to be sent
    SENT = "sent"  # that order was handed to the broker
    CHANGE = "change"  # a new limit or a cancellation is about to be asked for
    ORDER = "order"  # what the broker said about an order, or what reading it showed
    FILL = "fill"
    REFUSAL = "refusal"
    TICKET = "ticket"  # an order that waits for a human's yes
    CONSENT = "consent"  # yes, no, or too late
    OPERATOR = "operator"  # a word from the inbox and whether it was valid
    ALERT = "alert"
    KILL = "kill"
    REARM = "rearm"
    LOCK = "lock"  # a reason not to open appears, or goes when `why` is empty
    RECONCILE = "reconcile"
    ADJUST = "adjust"  # the operator accepted that the account holds less of a contract than the bot bought
    MISSED = "missed"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Hold one line of the journal.

    `body` is what equal runs repeat exactly; `wall` holds what they cannot: wall-clock latency, process ids, the
    broker's session numbers. Neither contains NaN. `record` is what the body was made from, given only to those who
    follow a journal while it is written, so that they need not read back what was never away.
    """

    seq: int
    at: datetime
    kind: Kind
    body: Mapping[str, Any]
    wall: Mapping[str, Any] | None = None
    record: object = field(default=None, compare=False, repr=False)
