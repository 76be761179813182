"""A wake-up restored from the journal is the one that was written; bars and surfaces are written once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import builders
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import Bug
from bot.journal import Entry, Journal, JournalReader, Kind, Shelf, Wakeup, journal_path, record_wakeup
from strategies.alvh.decide import decide
from strategies.alvh.policy import Policy
from strategies.alvh.records import Bar


def wakeup(minutes: float, **view: object) -> Wakeup:
    seen = replace(builders.spike_view(minutes), **view)  # type: ignore[arg-type]
    book, state = builders.book(), builders.state(memory=builders.memory())
    return Wakeup(view=seen, book=book, state=state, decision=decide(seen, book, state, Policy()))


def restored(path: Path) -> list[Wakeup]:
    shelf, found = Shelf(), []
    for entry in JournalReader.open(path).entries():
        if entry.kind is Kind.WAKEUP:
            found.append(shelf.restore(entry.body))
        shelf.apply(entry)
    return found


def written(folder: Path, wakeups: list[Wakeup], *, restart_after: int = -1) -> Path:
    path = journal_path(folder, "demo", "DU1")
    journal = Journal.open(path, mode="demo", account="DU1", durable=False)
    shelf = Shelf()
    journal.follow(shelf.apply)
    for number, one in enumerate(wakeups):
        record_wakeup(journal, shelf, one, at=one.view.now)
        if number == restart_after:
            journal.close()
            journal, shelf = Journal.open(path, mode="demo", account="DU1", durable=False), Shelf()
            journal.follow(shelf.apply)
    journal.close()
    return path


@pytest.mark.parametrize("restart_after", [-1, 0, 3])
def test_every_wakeup_comes_back_equal(tmp_path: Path, restart_after: int) -> None:
    wakeups = [wakeup(30 + minute) for minute in range(8)]
    assert restored(written(tmp_path, wakeups, restart_after=restart_after)) == wakeups


def test_unchanged_bars_and_surfaces_are_written_once(tmp_path: Path) -> None:
    one = wakeup(30)
    path = written(tmp_path, [one, one, replace(one, view=replace(one.view))])
    kinds = [entry.kind for entry in JournalReader.open(path).entries()]
    assert kinds.count(Kind.BARS) == 1
    assert kinds.count(Kind.WAKEUP) == 3
    assert kinds.count(Kind.SURFACE) == len(
        {
            id(s)
            for s in (one.state.memory.baseline, one.state.memory.closing_surface, one.decision.memory.closing_surface)
            if s
        }
    )


def bar(number: int, close: float = 20.0) -> Bar:
    return Bar(end=builders.at(5 * number), open=close, high=close, low=close, close=close)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12), st.sampled_from([20.0, 21.0])), min_size=1, max_size=6)
)
def test_bars_come_back_whether_they_slide_grow_shrink_or_are_revised(cuts: list[tuple[int, int, float]]) -> None:
    base = wakeup(30)
    writer, reader = Shelf(), Shelf()
    seq = 0
    for first, count, close in cuts:
        bars = tuple(bar(n, close) for n in range(first, first + count))
        one = replace(base, view=replace(base.view, spx_bars=bars))
        for kind, body in writer.drafts(one):
            seq += 1
            for shelf in (writer, reader):
                shelf.apply(_entry(seq, one.view.now, kind, body))
        assert reader.restore(body).view == one.view


def test_a_wakeup_without_its_bars_cannot_be_restored() -> None:
    one = wakeup(30)
    shelf = Shelf()
    *_, (_, body) = shelf.drafts(one)
    with pytest.raises(Bug, match="feed the shelf"):
        Shelf().restore(body)


def _entry(seq: int, at: datetime, kind: Kind, body: dict[str, object]) -> Entry:
    return Entry(seq=seq, at=at, kind=kind, body=body)
