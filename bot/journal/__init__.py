"""Keep the append-only journal: what the bot saw, decided, intended, sent and was told, in order."""

from bot.journal.entry import Entry, Kind
from bot.journal.projections import Projection, hedge_state, orders
from bot.journal.shelf import Shelf, Wakeup, record_wakeup
from bot.journal.store import Journal, JournalReader, journal_path

__all__ = [
    "Entry",
    "Journal",
    "JournalReader",
    "Kind",
    "Projection",
    "Shelf",
    "Wakeup",
    "hedge_state",
    "journal_path",
    "orders",
    "record_wakeup",
]
