"""Find one wake-up in a journal and take it off the shelf in full."""

from __future__ import annotations

from bot.errors import UsageProblem
from bot.journal.entry import Entry, Kind
from bot.journal.projections import Projection
from bot.journal.reading import Reading
from bot.journal.shelf import Wakeup


def wakeup_entry(journal: Reading, seq: int | None) -> Entry:
    """Return the entry of the wake-up with this sequence number, or of the last; `UsageProblem` when there is none."""
    if seq is None:
        found = next(iter(journal.latest(Kind.WAKEUP)), None)
    else:
        found = next(journal.entries(kinds={Kind.WAKEUP}, after=seq - 1, limit=1), None)
    if found is None or seq not in (None, found.seq):
        wanted = "holds no wake-up yet" if seq is None else f"holds no wake-up with sequence number {seq}"
        raise UsageProblem(f"the journal {wanted}: alvh explain --story lists what it holds")
    return found


def restored(journal: Reading, found: Entry) -> Wakeup:
    """Return the wake-up of an entry, with everything that it only names."""
    projection = Projection()
    journal.recollect(projection, through=found.seq)
    return projection.shelf.restore(found.body)
