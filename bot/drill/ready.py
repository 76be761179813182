"""Load what every process of a drill needs, once: a process that is forked from here starts in milliseconds."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import bot.drill.child  # noqa: F401  (loaded for those who come after)
from bot.broker.client import load
from bot.journal import Journal, Shelf, journal_path
from bot.session import hours_on

load()
Shelf.prepare()
hours_on(date(2020, 1, 2))
with TemporaryDirectory() as folder:
    Journal.open(journal_path(Path(folder), "paper", "DU0"), mode="paper", account="DU0", durable=False).close()
